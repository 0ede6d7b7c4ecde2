"""The lowest isomers of a study against a reference calculator: energies, their order, bond lengths, structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ase import Atoms
from pydantic import ConfigDict

from deckgen.decks.potentials import Potential, resolve
from deckgen.errors import InputError
from deckgen.files import write_json
from deckgen.processes.executor import TaskExecutor, open_executor
from deckgen.processes.lock import LOCK, lock
from deckgen.records import read_record
from deckgen.reference.calculator import check
from deckgen.reference.settings import ReferenceChoice
from deckgen.runs.evaluate import evaluate
from deckgen.structures import read_structures
from deckgen.study import Study
from deckgen.study.folder import ResultsFolder, StudyFolder
from deckgen.toml import Table, read_toml
from deckgen.training.dataset import bare
from deckgen.training.labels.vasp import VASP_FILES
from deckgen.workflows.compare.calculations import Calculations
from deckgen.workflows.compare.comparison import ReferenceComparison, compared
from deckgen.workflows.compare.files import write_comparison
from deckgen.workflows.compare.read import ReferenceEntry
from deckgen.workflows.compare.relax import relax_all
from deckgen.workflows.compare.relax_vasp import relax_by_folders
from deckgen.workflows.compare.relaxation import Relaxation, RelaxationLimit
from deckgen.workflows.isomers.read import IsomersDocument, read_isomers

__all__ = ["compare_isomers", "read_reference"]

SETTINGS = "reference.json"


class _ReferenceFile(Table):
    """A TOML file with a [reference] table, whatever else is in it."""

    model_config = ConfigDict(extra="ignore")
    reference: ReferenceChoice


def read_reference(path: Path) -> ReferenceChoice:
    """Return the [reference] table of a TOML file: a gap.toml will do.

    Raises
    ------
    InputError
        If there is no such file, or the table is missing or wrong.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file", hint="name a TOML file with a [reference] table: a gap.toml will do")
    return read_toml(path, _ReferenceFile).reference


def compare_isomers(
    study: Study | Path | str,
    reference: Path | str,
    *,
    lowest: int = 10,
    max_steps: int = 20,
    max_force_eV_A: float = 0.01,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    retry_failed: bool = False,
    progress: bool = True,
) -> ReferenceComparison:
    """Compare a study's lowest isomers with a reference; write results/isomers_reference.json, .extxyz and .csv.

    What has been computed is in results/reference/ and is not computed again: after a stop or a crash the same call
    resumes, and more isomers or more steps add to the results. With calculator = "vasp-files" a first call writes
    input folders, later calls collect what VASP has left in them.

    Parameters
    ----------
    study
        A study whose isomers were found, its folder or its file.
    reference
        TOML file with a [reference] table.
    lowest
        How many isomers.
    max_steps
        Steps of the relaxation by the reference, at most; 0: only the energy at the potential's minimum.
    max_force_eV_A
        The relaxation ends when no force on an atom exceeds this.
    workers
        Calculations at once; None: as many as cores.
    executor
        Runs them, in place of one of its own.
    retry_failed
        Try again what failed before.
    progress
        Show the progress on standard error.

    Raises
    ------
    InputError
        If the reference is wrong, or there are no isomers, or they are of another potential than the study's.
    InstallationError
        If the calculator is not there.
    RunError
        If another process compares with the same reference.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM: what is computed is kept.
    """
    study = study if isinstance(study, Study) else Study.read(study)
    choice, potential = read_reference(Path(reference)), resolve(study.potential, study.folder)
    results, limit = StudyFolder(study.folder).results, RelaxationLimit(max_steps, max_force_eV_A)
    found, structures = _isomers(results, potential, lowest)
    potential_e0_eV = _lone_atoms(sorted(set(structures[0].symbols)), potential)
    folder = results.reference_calculations(choice.name)
    with lock(folder / LOCK, f"the folder {folder}"):
        calculations = Calculations.open(folder, choice.name, potential_e0_eV, structures)
        if retry_failed:
            for relaxation in calculations.distinct:
                relaxation.forget_failure()
        waiting = _compute(folder, calculations.distinct, choice, limit, workers, executor, progress)
    zero = calculations.energy_zero(potential_e0_eV)
    comparison = ReferenceComparison(
        isomers=compared(found.isomers[:lowest], structures, calculations.isomers, zero, limit),
        n_isomers=len(found.isomers),
        cluster=found.cluster,
        potential=found.potential,
        reference=asdict(_settings(folder, choice)),
        limit=limit,
        zero=zero,
        waiting=tuple(str(place.relative_to(study.folder)) for place in waiting),
        atom_failures=calculations.atom_failures,
    )
    write_comparison(comparison, results)
    return comparison


def _isomers(results: ResultsFolder, potential: Potential, lowest: int) -> tuple[IsomersDocument, list[Atoms]]:
    """Return the contents of results/isomers.json, and the structures of the lowest."""
    found = read_isomers(results)
    if found is None:
        raise InputError(f"{results.isomers}: no such file", hint="find the isomers first: deckgen isomers")
    if found.potential.sha256 != potential.sha256:
        raise InputError(
            f"{results.isomers}: isomers of another potential than study.toml's, {potential.name}",
            hint="find them again: deckgen isomers",
        )
    try:
        frames = read_structures(results.isomer_structures, slice(lowest), kind="extxyz")
        structures = [bare(atoms) for atoms in frames]
    except InputError as error:
        raise InputError(error.message, hint="deckgen isomers writes it") from error
    if len(structures) != len(found.isomers[:lowest]):
        raise InputError(
            f"{results.isomers} and {results.isomer_structures.name} do not fit together",
            hint="write both again: deckgen isomers",
        )
    return found, structures


def _lone_atoms(symbols: Sequence[str], potential: Potential) -> dict[str, float]:
    """Return the potential's energy of a lone atom of each element."""
    with open_executor(1) as executor:
        futures = {symbol: executor.submit(evaluate, Atoms(symbol), potential) for symbol in symbols}
        return {symbol: future.result()[0] for symbol, future in futures.items()}


def _compute(
    folder: Path,
    relaxations: Sequence[Relaxation],
    choice: ReferenceChoice,
    limit: RelaxationLimit,
    workers: int | None,
    executor: TaskExecutor | None,
    progress: bool,
) -> list[Path]:
    """Compute what is missing; return VASP's folders that have no result so far."""
    if choice.calculator == VASP_FILES:
        _write_settings(folder, choice, {})
        return relax_by_folders(relaxations, choice, limit)
    if not all(relaxation.is_done(limit) for relaxation in relaxations):
        _write_settings(folder, choice, check(choice))
        relax_all(relaxations, choice, limit, workers=workers, executor=executor, progress=progress)
    return []


def _write_settings(folder: Path, choice: ReferenceChoice, versions: dict[str, str]) -> None:
    said = ReferenceEntry(choice.name, choice.model_dump(mode="json"), versions)
    write_json(folder / SETTINGS, asdict(said))


def _settings(folder: Path, choice: ReferenceChoice) -> ReferenceEntry:
    """Return what computed the reference's energies; a file that is damaged is written anew."""
    try:
        return read_record(folder / SETTINGS, ReferenceEntry)
    except (OSError, ValueError):
        _write_settings(folder, choice, {} if choice.calculator == VASP_FILES else check(choice))
        return read_record(folder / SETTINGS, ReferenceEntry)
