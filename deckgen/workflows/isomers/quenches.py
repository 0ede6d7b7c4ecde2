"""results/quenches.json: what the frames of the ladder's runs were quenched to, run by run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen import __version__
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import Manifest
from deckgen.files import write_json
from deckgen.minima import Minimum
from deckgen.study.folder import StudyFolder
from deckgen.workflows.document import Document, read_document

__all__ = ["QuenchedRun", "read_quenches", "write_quenches"]

SCHEMA = 1
"""Version of the JSON's layout."""


@dataclass(frozen=True)
class QuenchedRun:
    """The quenches of one run.

    Parameters
    ----------
    run, identity
        The deck as `<protocol>/<id>`, and its identity: a deck of the same name may have been replaced since.
    time_ps, energy_eV
        Of each frame whose quench converged: its time, and the energy of its minimum.
    """

    run: str
    identity: str
    time_ps: tuple[float, ...]
    energy_eV: tuple[float, ...]


@dataclass(frozen=True)
class QuenchesDocument(Document):
    """The contents of results/quenches.json."""

    runs: tuple[QuenchedRun, ...]


def write_quenches(study_folder: Path, minima: Iterable[Minimum], about: Manifest) -> None:
    """Write the energies of those minima that are of the ladder's runs; without any, remove an earlier file.

    Parameters
    ----------
    study_folder
        The study's.
    minima
        Quenches; `source` and `frame` say of which run they are.
    about
        Of a deck with the same cluster and potential.
    """
    ladder = {f"{deck.protocol}/{deck.id}": deck for _, deck in read_manifests(study_folder)}
    found = dict[str, list[tuple[float, float]]]()
    for one in minima:
        if one.converged and one.source in ladder:
            time_ps = one.frame * ladder[one.source].timestep_fs / 1000
            found.setdefault(one.source, []).append((time_ps, one.energy_eV))
    file = StudyFolder(study_folder).results.quenches
    if not found:
        file.unlink(missing_ok=True)
        return
    runs = (QuenchedRun(run, ladder[run].identity, *zip(*rows, strict=True)) for run, rows in found.items())
    document = {
        "schema": SCHEMA,
        "deckgen_version": __version__,
        "cluster": {"formula": about.formula, "n_atoms": about.n_atoms},
        "potential": {"name": about.potential_name, "sha256": about.potential_sha256},
        "runs": [asdict(run) for run in runs],
    }
    write_json(file, document)


def read_quenches(study_folder: Path) -> dict[str, QuenchedRun]:
    """Return the quenches of the ladder's runs by the identity of the deck; none where no frames were quenched.

    Raises
    ------
    InputError
        If results/quenches.json is not readable.
    """
    file = StudyFolder(study_folder).results.quenches
    if not file.is_file():
        return {}
    return {run.identity: run for run in read_document(file, QuenchesDocument, "deckgen isomers").runs}
