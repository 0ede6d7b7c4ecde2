"""The settings that labels depend on: the functional, the basis, the potentials, in the same words for both files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deckgen.reference.vasp_output.run import element_of

__all__ = ["TAGS", "settings_of"]

_ALWAYS = ("GGA", "ENCUT", "PREC", "EDIFF", "ISMEAR", "SIGMA", "ISPIN")
_OFF = {"LHFCALC": "f", "METAGGA": "none", "LUSE_VDW": "f", "LDAU": "f"}
"""Parts of the functional, and the value of a file that does not mention them."""
_WHERE_ON = {
    "LHFCALC": ("AEXX", "HFSCREEN", "AGGAX", "ALDAC", "AGGAC"),
    "LUSE_VDW": ("ZAB_VDW", "PARAM1", "PARAM2", "BPARAM"),
    "LDAU": ("LDAUTYPE", "LDAUL", "LDAUU", "LDAUJ"),
}
"""What matters only where the part is on."""
_PER_TYPE = frozenset({"LDAUL", "LDAUU", "LDAUJ"})

TAGS = (*_ALWAYS, *_OFF, "IVDW", *(tag for tags in _WHERE_ON.values() for tag in tags))
"""All of them."""

_GGA_OF_POTENTIALS = {"paw_pbe": "pe", "paw_gga": "91", "us_gga": "91", "paw": "ca", "us": "ca"}
_NO_META_GGA = frozenset({"--", "f", "none", ""})


def settings_of(found: Mapping[str, str], titles: Sequence[str]) -> dict[str, str]:
    """Return settings so that they can be compared.

    Parameters
    ----------
    found
        Tag and value as the file has them. A file that cannot tell the value of IVDW lacks it.
    titles
        Title of each type's potential, in the order of the types.

    Raises
    ------
    ValueError
        If a title names no element.
    """
    known = {tag: _plain(value) for tag, value in found.items()}
    settings = {tag: known[tag] for tag in (*_ALWAYS, "IVDW") if tag in known}
    settings |= {tag: known.get(tag, off) for tag, off in _OFF.items()}
    if settings["METAGGA"] in _NO_META_GGA:
        settings["METAGGA"] = "none"
    if settings.get("GGA", "--") == "--" and titles:  # that of the potentials
        kind = titles[0].split()[0].lower() if titles[0].split() else ""
        settings["GGA"] = _GGA_OF_POTENTIALS.get(kind, kind)
    elements = [element_of(title.split()) for title in titles]
    for part, tags in _WHERE_ON.items():
        for tag in tags if settings[part] == "t" else ():
            if tag in known:
                settings |= _by_element(tag, known[tag], elements) if tag in _PER_TYPE else {tag: known[tag]}
    potentials = {
        f"POTCAR of {element}": " ".join(title.split()) for element, title in zip(elements, titles, strict=True)
    }
    return settings | potentials


def _by_element(tag: str, values: str, elements: Sequence[str]) -> dict[str, str]:
    return {f"{tag} of {element}": value for element, value in zip(elements, values.split(), strict=False)}


def _plain(value: str) -> str:
    """Return a value so that both files show it alike: numbers as numbers, words by their first five letters."""
    return " ".join(map(_plain_word, value.split()))


def _plain_word(word: str) -> str:
    try:
        return f"{float(word):g}"
    except ValueError:
        plain = word.lower().strip(".")
        return {"true": "t", "false": "f"}.get(plain, plain[:5])
