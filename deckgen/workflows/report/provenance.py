"""Where results come from: versions, checksums, and what each deck took."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from deckgen import __version__
from deckgen.contents import text_in
from deckgen.decks.deck import deck_of
from deckgen.decks.manifest import Manifest
from deckgen.decks.protocols import PARTS, Part, protocols_of
from deckgen.decks.render import Prepared, prepare, render
from deckgen.decks.stale import stale_reason
from deckgen.errors import InputError
from deckgen.runs.journal import read_attempts
from deckgen.runs.status import deck_status
from deckgen.study import Study

__all__ = ["DeckRow", "deck_row", "gap_engines", "lammps_versions", "package_versions", "unlike_its_study"]

LOG = "log.lammps"
_ENGINE = re.compile(r"^pair_style quip: engine (\w+)", re.MULTILINE)
PACKAGES = ("lammps", "quippy-ase", "pymbar", "numpy", "scipy", "ase", "matplotlib")


@dataclass(frozen=True)
class DeckRow:
    """One deck: how far it is, what it took, and the hash of what decides what it computes."""

    name: str
    state: str
    length_ps: float
    planned_ps: float
    attempts: int
    seconds: float | None
    identity: str


def deck_row(folder: Path, manifest: Manifest) -> DeckRow:
    """Describe a deck; the wall time is that of all its attempts, None where it ran without deckgen."""
    status, attempts = deck_status(folder, manifest), read_attempts(folder)
    known = [attempt.seconds for attempt in attempts if attempt.seconds is not None]
    return DeckRow(
        name=f"{manifest.protocol}/{manifest.id}",
        state=status.state,
        length_ps=status.step * manifest.timestep_fs / 1000,
        planned_ps=manifest.planned_ps,
        attempts=len(attempts),
        seconds=sum(known) if known else None,
        identity=manifest.identity,
    )


def unlike_its_study(study: Study) -> str:
    """Say in what the runs differ from what study.toml now asks for, or nothing; by the first deck of each protocol.

    The methods text describes study.toml, which may have been changed since.
    """
    try:
        prepared = prepare(study)
        reasons = (reason for part in PARTS for reason in _unlike(prepared, part))
        return next(reasons, "")
    except InputError as error:
        return error.message


def _unlike(prepared: Prepared, part: Part) -> Iterator[str]:
    folder = prepared.study.folder
    left = {protocol.name for protocol in protocols_of(part) if protocol.folder(folder).is_dir()}
    for rendering in render(prepared, part) if left else ():
        deck = deck_of(rendering)
        if rendering.protocol in left and deck.folder(folder).is_dir():
            left.remove(rendering.protocol)
            if reason := stale_reason(deck, deck.folder(folder)):
                yield f"{deck.name}: {reason}"
        if not left:
            return


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that matter, as installed."""
    versions = {"deckgen": __version__}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def lammps_versions(folders: Iterable[Path]) -> str:
    """Return the versions of LAMMPS that wrote the decks' logs; empty without logs."""
    found = set()
    for folder in folders:
        if (folder / LOG).is_file():
            with (folder / LOG).open(encoding="utf-8", errors="replace") as file:
                line = file.readline().strip()
            if line.startswith("LAMMPS (") and line.endswith(")"):
                found.add(line.removeprefix("LAMMPS (").removesuffix(")"))
    return ", ".join(sorted(found))


def gap_engines(folders: Iterable[Path]) -> frozenset[str]:
    """Return what evaluated the GAP in the decks' runs, by their logs: `native`, `quip`, `plain` (QUIP as linked)."""
    engines = set[str]()
    for folder in folders:
        if (folder / LOG).is_file():
            log = text_in(folder / LOG, errors="replace")
            engines |= {match[1] for match in _ENGINE.finditer(log)}
    return frozenset(engines)
