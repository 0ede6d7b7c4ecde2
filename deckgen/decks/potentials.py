"""What a potential needs in a deck: its template, its files, its checksum, the elements that it knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from deckgen.decks.script import Arguments, told, word
from deckgen.errors import InputError
from deckgen.quip.gapfile import read_gap
from deckgen.study import PotentialChoice

__all__ = ["BUILTIN", "Builtin", "Potential", "resolve"]

_DATA = Path(str(files("deckgen"))) / "potentials"


@dataclass(frozen=True)
class Potential:
    """A potential as a deck needs it.

    `kind` names its template (`potentials/<kind>.in.j2`), `terms` what that template fills in. An empty `elements`
    means that deckgen does not know which elements the potential has.
    """

    name: str
    kind: str
    sha256: str
    files: tuple[Path, ...] = ()
    elements: frozenset[str] = frozenset()
    terms: Mapping[str, Any] = field(default_factory=dict)
    citation: str = ""


@dataclass(frozen=True)
class Builtin:
    """A potential that comes with deckgen."""

    kind: str
    file: Path
    description: str
    citation: str


BUILTIN: dict[str, Builtin] = {
    "na-gap": Builtin(
        "gap",
        _DATA / "na-gap" / "gap.xml",
        "Gaussian approximation potential of sodium clusters (2-body + SOAP), fitted to PBE",
        "Bartok, Payne, Kondor, Csanyi, Phys. Rev. Lett. 104, 136403 (2010); "
        "Bartok, Kondor, Csanyi, Phys. Rev. B 87, 184115 (2013)",
    ),
    "na-gupta": Builtin(
        "eam",
        _DATA / "na-gupta" / "Na.Li1998.eam.alloy",
        "second-moment (Gupta) potential of sodium",
        "Li, Blaisten-Barojas, Papaconstantopoulos, Phys. Rev. B 57, 15519 (1998)",
    ),
}


def resolve(choice: PotentialChoice, folder: Path) -> Potential:
    """Return the potential that a study names; relative files are looked for in `folder`.

    Raises
    ------
    InputError
        If the name is unknown, or a file is missing, not what it should be, or has a name that no deck can have.
    """
    potential = _resolve(choice, folder)
    for file in potential.files:
        word(file.name, f"[potential] {file}")
    return potential


def _resolve(choice: PotentialChoice, folder: Path) -> Potential:
    if choice.kind == "gap":
        assert choice.file is not None
        return _gap(choice.file.stem, folder / choice.file, choice.engine)
    if choice.kind == "lammps":
        return _lammps(choice, folder)
    builtin = BUILTIN.get(choice.builtin)
    if builtin is None:
        raise InputError(
            f'[potential] name = "{choice.builtin}": no such built-in potential; there are {", ".join(BUILTIN)}',
            hint='for a potential of your own give kind = "gap" or kind = "lammps"',
        )
    if builtin.kind == "gap":
        return _gap(choice.builtin, builtin.file, choice.engine, builtin.citation)
    return Potential(
        name=choice.builtin,
        kind=builtin.kind,
        sha256=hashlib.sha256(builtin.file.read_bytes()).hexdigest(),
        files=(builtin.file,),
        elements=frozenset({"Na"}),
        terms={"file": builtin.file.name},
        citation=builtin.citation,
    )


def _gap(name: str, path: Path, engine: str, citation: str = BUILTIN["na-gap"].citation) -> Potential:
    gap = read_gap(path)
    return Potential(
        name=name,
        kind="gap",
        sha256=gap.sha256,
        files=gap.files,
        elements=frozenset(gap.elements),
        terms={"file": path.name, "label": gap.label, "engine": engine},
        citation=citation,
    )


def _lammps(choice: PotentialChoice, folder: Path) -> Potential:
    style, coefficients = Arguments(choice.pair_style or ""), tuple(map(Arguments, choice.pair_coeff))
    told(style, "[potential] pair_style")
    told(coefficients, "[potential] pair_coeff")
    digest = hashlib.sha256("\n".join((style, *coefficients)).encode())
    paths = [folder / file for file in choice.files]
    for path in paths:
        if not path.is_file():
            raise InputError(f"[potential] files: {path}: no such file")
        digest.update(path.read_bytes())
    return Potential(
        name=style.split()[0],
        kind="lammps",
        sha256=digest.hexdigest(),
        files=tuple(paths),
        terms={"pair_style": style, "pair_coeff": coefficients},
    )
