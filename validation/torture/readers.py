"""The functions of deckgen that a user's file comes to, each with what else it needs."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deckgen.decks.clusters import start_structure
from deckgen.decks.manifest import RESTART, read_manifest
from deckgen.decks.render import prepare, render
from deckgen.errors import AnalysisError, DeckgenError, RunError
from deckgen.frames import find_frames, read_frames
from deckgen.minima import read_minima
from deckgen.quip.gapfile import read_gap
from deckgen.reference.vasp_output.read import read_output
from deckgen.runs.external.read import read_log_energies, rungs_of
from deckgen.runs.journal import read_attempts
from deckgen.runs.outputs import cut_back
from deckgen.runs.quench.frames import frames_of_file
from deckgen.runs.restarts import RECORDS, Choice, RestartState, choose, put_in_place
from deckgen.runs.rows import last_step, read_energies
from deckgen.samples import Samples
from deckgen.study import Cluster, Study
from deckgen.study.folder import ResultsFolder
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.data import Data
from deckgen.workflows.analyse.read import read_thermodynamics
from deckgen.workflows.isomers.read import read_isomers
from validation.torture import documents, seeds

NA13 = ("Na",) * 13


def study(file: Path) -> None:
    """Read a study and render its first deck; what it says must be what the file has."""
    read = Study.read(file)
    _require_same(tomllib.loads(file.read_bytes().decode("utf-8-sig")), read.model_dump())
    if read.cluster.size is None or read.cluster.size <= 200:
        next(iter(render(prepare(read))))


def recipe(file: Path) -> None:
    """Read a training project's recipe; what it says must be what the file has."""
    read = Recipe.read(file)
    raw = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    raw.pop("fit", None)  # which a preset fills in
    _require_same(raw, read.model_dump())


def _require_same(raw: Any, read: Any) -> None:
    """Make sure that nothing was converted: each value is of the kind that the file gives it."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            _require_same(value, read[key])
    elif isinstance(raw, list):
        for pair in zip(raw, read, strict=True):
            _require_same(*pair)
    elif isinstance(read, Path):
        assert isinstance(raw, str)
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        assert isinstance(read, int | float)
        assert not isinstance(read, bool)
        assert read == raw
    else:
        assert type(read) is type(raw)
        assert read == raw


def cluster(file: Path) -> None:
    """Read a start structure; its positions are finite."""
    atoms = start_structure(Cluster(file=Path(file.name)), file.parent)
    assert abs(atoms.positions).max() < 1e6


def frames_to_quench(file: Path) -> None:
    """Read frames to quench."""
    source = frames_of_file(file, file.parent, NA13)
    list(source.frames(0, source.count))


def frames(file: Path) -> None:
    """Read the frames of a run."""
    find_frames(file.read_bytes())
    list(read_frames(file))


def minima(file: Path) -> None:
    """Read quenched frames."""
    list(read_minima(file))


def labelled(file: Path) -> None:
    """Read labelled frames."""
    read_data(Data(files=(Path(file.name),)), file.parent)


def vasp(file: Path) -> None:
    """Read a vasprun.xml or an OUTCAR."""
    read_output(file)


def potential(file: Path) -> None:
    """Read a GAP, with the file of sparse points that a right one names."""
    (file.parent / "gap.xml.sparseX.a1").write_text("2.5\n3.5\n4.5\n")
    read_gap(file)


def energies_from_elsewhere(file: Path) -> None:
    """Read energies that deckgen did not sample, of every rung that the file names, and make series of them."""
    for kelvin in rungs_of(file) or (None,):
        run = read_log_energies(file, units=None, n_atoms=13, temperature_K=kelvin)
        with contextlib.suppress(AnalysisError):
            Samples.from_arrays([100.0], [run.potential_energy_eV], n_atoms=13, interval_ps=run.interval_ps or 1.0)


def restart(file: Path) -> None:
    """Choose between a restart and none: one that is not what the record says goes to LAMMPS, which refuses it here."""
    (file.parent / RECORDS).write_bytes(seeds.RECORDS[0])
    passed_over = _choose(file.parent, _refused).passed_over
    if passed_over:
        raise RunError(passed_over[0])
    assert file.read_bytes() == seeds.RESTARTS[0]


def records(file: Path) -> None:
    """Choose a restart by its record, which only saves that LAMMPS reads it."""
    (file.parent / RESTART).write_bytes(seeds.RESTARTS[0])
    _choose(file.parent, lambda _: RestartState(seeds.RESTART_STEP, np.ones(3)))


def _choose(folder: Path, read: Callable[[Path], RestartState]) -> Choice:
    with contextlib.chdir(folder):
        choice = choose(documents.deck(), seeds.RESTART_STEP, read)
        put_in_place(choice)
    return choice


def _refused(path: Path) -> RestartState:
    raise RunError(f"{path}: not a restart file")


def energies(file: Path) -> None:
    """Read a deck's energies.dat, and cut it back to a step."""
    last_step(file.parent)
    rows, _ = read_energies(file)
    assert (rows[1:, 0] > rows[:-1, 0]).all()
    cut_back(file.parent, 20)


def manifest(file: Path) -> None:
    """Read a deck's deck.json."""
    read_manifest(file.parent)


def journal(file: Path) -> None:
    """Read a deck's status.json, which decides nothing and so is never refused."""
    try:
        read_attempts(file.parent)
    except DeckgenError as error:
        raise AssertionError("a journal was refused") from error


def results(file: Path) -> None:
    """Read results/isomers.json and results/thermodynamics.json."""
    folder = ResultsFolder(file.parent)
    folder.thermodynamics.write_bytes(file.read_bytes())
    is_isomers = b"n_distinct" in file.read_bytes()
    (read_isomers if is_isomers else read_thermodynamics)(folder)
