"""`deckgen timestep STUDY`: whether longer time steps give the same energies, by short runs at both ends of the ladder.

Velocity Verlet with a time step dt samples slightly other energies: of each vibration by some (omega dt)^2. What comes
of it is measured, and a longer step is offered with the numbers; nothing is changed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.analysis.uncertainty.correlation import standard_error
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES
from deckgen.decks.protocols import TIMESTEP_TEST_PS
from deckgen.decks.render import Prepared, prepare
from deckgen.errors import InputError, RunError
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
        From the mean with the study's time step; and as the temperature that makes as much of it, by the classical heat
        capacity of the vibrations. None for the study's own.
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
    """All rows, those of the study's own time step first, and what they allow."""

    rows: tuple[StepRow, ...]

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
        own = self.rows[0].timestep_fs
        if self.longest_fs == own:
            return f"no longer time step than {own:g} fs gives the same energies"
        worst = max(abs(row.difference_K or 0.0) for row in self.rows if row.timestep_fs == self.longest_fs)
        return (
            f"[nvt] timestep_fs = {self.longest_fs:g} takes {self.longest_fs / own:.2g} times fewer steps; runs of "
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
    """Run the time steps of `deckgen.decks.protocols.TIMESTEPS_FS` beside the study's own; write results/timestep.json.

    Raises
    ------
    InputError
        If the study is wrong, or its own time step is longer than all that would be tried.
    RunError
        If a run fails.
    """
    prepared = prepare(study)
    folder = StudyFolder(prepared.study.folder)
    result = run(prepared, workers=workers, executor=executor, progress=progress, part="timestep")
    if result.failed:
        raise RunError(result.failed[0].message)
    means = [
        (manifest.timestep_fs, manifest.temperature_K or 0.0, *_mean(deck))
        for deck, manifest in read_manifests(folder.path, "timestep")
    ]
    own_fs = prepared.study.nvt.timestep_fs
    own = {kelvin: (mean, error) for step, kelvin, mean, error in means if step == own_fs}
    if len(means) == len(own):
        raise InputError(f"{prepared.study.file}: [nvt] timestep_fs = {own_fs:g}: no longer time step would be tried")
    n_vibrations = 3 * len(prepared.start) - 6
    rows = [
        StepRow(step, kelvin, mean, error)
        if step == own_fs
        else _compared(step, kelvin, mean, error, own, n_vibrations)
        for step, kelvin, mean, error in sorted(means)
    ]
    found = StepTest(tuple(rows))
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
    own: dict[float, tuple[float, float | None]],
    n_vibrations: int,
) -> StepRow:
    reference, its_error = own[kelvin]
    difference = mean - reference
    both = None if error is None or its_error is None else (error**2 + its_error**2) ** 0.5
    as_K = difference / (n_vibrations / 2 * KB_EV_K) if n_vibrations else None
    return StepRow(step, kelvin, mean, error, difference, as_K, difference / both if both else None)
