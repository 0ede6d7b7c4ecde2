"""`deckgen timestep STUDY`: whether longer time steps give the same energies, by short runs at both ends of the ladder.

Velocity Verlet with a time step dt samples slightly other energies: of each vibration by some (omega dt)^2. What comes
of it is measured against the shortest step, and a longer one than the study's is offered with the numbers, or a shorter
one where the study's shows a difference; nothing is changed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.analysis.uncertainty.correlation import standard_error
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES
from deckgen.decks.protocols import TIMESTEP_TEST_PS, timestep_runs
from deckgen.decks.render import Prepared, prepare
from deckgen.errors import RunError
from deckgen.files import write_json
from deckgen.processes.executor import TaskExecutor
from deckgen.runs.batch import run
from deckgen.runs.rows import read_energies
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.units import KB_EV_K

__all__ = ["StepRow", "StepTest", "timestep"]

LEFT_OUT = 0.2
"""Of each run: its equilibration."""

AGREES = 2.0
"""Standard errors of a difference, within which there is none to be seen."""


@dataclass(frozen=True)
class StepRow:
    """The mean energy at one temperature with one time step, and how it differs from that with the study's.

    Parameters
    ----------
    timestep_fs, temperature_K
        Of the run.
    mean_U_eV, error_eV
        Mean potential energy, and its standard error; None where that is not known.
    difference_eV, difference_K
        From the mean with the shortest time step; and as the temperature that makes as much of it, by the classical
        heat capacity of the vibrations. None for the shortest.
    deviation
        The difference in standard errors.
    """

    timestep_fs: float
    temperature_K: float
    mean_U_eV: float
    error_eV: float | None
    difference_eV: float | None = None
    difference_K: float | None = None
    deviation: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether no difference is to be seen."""
        return self.difference_eV is None or (self.deviation is not None and abs(self.deviation) <= AGREES)


@dataclass(frozen=True)
class StepTest:
    """What the time steps give, and what that allows.

    Parameters
    ----------
    rows
        Those of the shortest time step first.
    own_fs
        The study's time step; None: the shortest.
    """

    rows: tuple[StepRow, ...]
    own_fs: float | None = None

    @property
    def longest_fs(self) -> float:
        """The longest time step that shows no difference at either temperature, nor does a shorter one."""
        longest = self.rows[0].timestep_fs
        for timestep in sorted({row.timestep_fs for row in self.rows}):
            if not all(row.agrees for row in self.rows if row.timestep_fs == timestep):
                break
            longest = timestep
        return longest

    @property
    def advice(self) -> str:
        """What follows, in words."""
        shortest, longest = self.rows[0].timestep_fs, self.longest_fs
        own = shortest if self.own_fs is None else self.own_fs
        if longest < own:
            return (
                f"the energies with {own:g} fs are not those with {shortest:g} fs: set [nvt] timestep_fs = {longest:g}"
            )
        if longest == own:
            return f"no longer time step than {own:g} fs gives the same energies"
        worst = max(abs(row.difference_K or 0.0) for row in self.rows if row.timestep_fs == longest)
        return (
            f"[nvt] timestep_fs = {longest:g} takes {longest / own:.2g} times fewer steps; runs of "
            f"{TIMESTEP_TEST_PS} ps show no difference (what chance leaves is {worst:.1g} K). A study that has decks "
            "already needs a new folder for it, or --force"
        )


def timestep(
    study: Prepared | Study | Path | str = ".",
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    progress: bool = True,
) -> StepTest:
    """Run the time steps of `deckgen.decks.protocols.TIMESTEPS_FS` and the study's own; write results/timestep.json.

    Raises
    ------
    InputError
        If the study is wrong.
    RunError
        If a run fails.
    """
    prepared = prepare(study)
    folder, own_fs = StudyFolder(prepared.study.folder), prepared.study.nvt.timestep_fs
    result = run(prepared, workers=workers, executor=executor, progress=progress, part="timestep")
    if result.failed:
        raise RunError(result.failed[0].message)
    shortest = min(timestep_runs(prepared.study))
    means = [
        (manifest.timestep_fs, manifest.temperature_K or 0.0, *_mean(deck))
        for deck, manifest in read_manifests(folder.path, "timestep")
    ]
    reference = {kelvin: (mean, error) for step, kelvin, mean, error in means if step == shortest}
    n_vibrations = 3 * len(prepared.start) - 6
    rows = [
        StepRow(step, kelvin, mean, error)
        if step == shortest
        else _compared(step, kelvin, mean, error, reference[kelvin], n_vibrations)
        for step, kelvin, mean, error in sorted(means)
    ]
    found = StepTest(tuple(rows), own_fs)
    write_json(
        folder.results.timestep,
        {"schema": 1, "longest_fs": found.longest_fs, "rows": [asdict(row) | {"agrees": row.agrees} for row in rows]},
    )
    return found


def _mean(deck: Path) -> tuple[float, float | None]:
    """Return the mean potential energy of a run, and its standard error."""
    rows, _ = read_energies(deck / ENERGIES)
    energies = rows[int(LEFT_OUT * len(rows)) :, 1]
    return float(energies.mean()), standard_error([energies])


def _compared(
    step: float,
    kelvin: float,
    mean: float,
    error: float | None,
    reference: tuple[float, float | None],
    n_vibrations: int,
) -> StepRow:
    its_mean, its_error = reference
    difference = mean - its_mean
    both = None if error is None or its_error is None else (error**2 + its_error**2) ** 0.5
    as_K = difference / (n_vibrations / 2 * KB_EV_K) if n_vibrations else None
    return StepRow(step, kelvin, mean, error, difference, as_K, difference / both if both else None)
