"""The runs that a study has: those of its ladder, or, on the way to a goal, those of its plan so far.

The plan is a file beside the decks. It is replaced at once, before the decks are written: after a kill the next command
finds what was to be run, and how far each deck is says the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from deckgen.errors import InputError
from deckgen.files import reason, write_json
from deckgen.records import read_record
from deckgen.study.folder import StudyFolder
from deckgen.study.nvt import alternate

if TYPE_CHECKING:
    from deckgen.study import Study

__all__ = ["Look", "Plan", "Run", "current_plan", "pilot_runs", "planned_runs", "read_plan", "write_plan"]


@dataclass(frozen=True)
class Run:
    """One run of NVT.

    Parameters
    ----------
    temperature_K, replica
        Its rung, and its number there, from 1.
    n_steps
        Its length.
    melted
        Whether it begins with the melt.
    """

    temperature_K: float
    replica: int
    n_steps: int
    melted: bool


@dataclass(frozen=True)
class Look:
    """What was known when all runs of a plan were done: an entry of the history.

    Parameters
    ----------
    stage
        What the runs since the look before were for: `pilot`, `ladder` (rungs that were laid anew), or `extension`.
    ns
        Dynamics so far, of all runs, with melts and runs that were left out.
    n_runs
        Runs that the analysis used.
    melting_K, ci95_K
        The melting temperature and its 95 % interval; None where there was none.
    forecast_ns
        Dynamics that the goal was then expected to take in all; None where nothing could be said.
    note
        What was decided, in words.
    """

    stage: str
    ns: float
    n_runs: int
    melting_K: float | None
    ci95_K: tuple[float, float] | None
    forecast_ns: float | None
    note: str

    @property
    def width_K(self) -> float | None:
        """Width of the interval."""
        return None if self.ci95_K is None else self.ci95_K[1] - self.ci95_K[0]


@dataclass(frozen=True)
class Plan:
    """The runs that lead to a goal, as far as they are decided.

    Parameters
    ----------
    runs
        All of them, in order of temperature, then replica.
    window_K
        Temperatures between which rungs were laid; None before the pilot is done.
    left_out
        Runs that are not analysed any more, which the budget has paid for.
    stage
        What the latest runs are for; see `Look`.
    history
        The looks, the first one first.
    verdict
        How it ended, in words; empty while it goes on.
    reached
        Whether it ended at the goal.
    schema
        Version of the file's layout.
    """

    runs: tuple[Run, ...]
    window_K: tuple[float, float] | None = None
    left_out: tuple[Run, ...] = ()
    stage: str = "pilot"
    history: tuple[Look, ...] = ()
    verdict: str = ""
    reached: bool = False
    schema: int = 1

    @property
    def rungs_K(self) -> tuple[float, ...]:
        """The temperatures, ascending."""
        return tuple(kelvin for kelvin, _ in groupby(run.temperature_K for run in self.runs))

    @property
    def in_window(self) -> tuple[Run, ...]:
        """The runs at the rungs round the transition."""
        if self.window_K is None:
            return ()
        low, high = self.window_K
        return tuple(run for run in self.runs if low <= run.temperature_K <= high)


def planned_runs(study: Study) -> tuple[Run, ...]:
    """Return the runs of a study, in order of temperature, then replica.

    Raises
    ------
    InputError
        If the file of its plan is damaged.
    """
    if study.goal.melting_K is not None:
        return current_plan(study).runs
    nvt = study.nvt
    return tuple(
        Run(kelvin, replica, nvt.n_steps_at(kelvin), nvt.begins_melted(place, replica))
        for kelvin, place in _places(study)
        for replica in range(1, nvt.replicas + 1)
    )


def current_plan(study: Study) -> Plan:
    """Return the plan of a study with a goal: at first the pilot, later also at rungs that the ladder has since got.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    plan = read_plan(study.folder)
    if plan is None or plan.window_K is None:
        return replace(plan or Plan(()), runs=pilot_runs(study))
    more = (run for run in pilot_runs(study) if run.temperature_K not in plan.rungs_K)
    return replace(plan, runs=tuple(sorted([*plan.runs, *more], key=lambda run: (run.temperature_K, run.replica))))


def pilot_runs(study: Study) -> tuple[Run, ...]:
    """Return the runs that a goal begins with: one at each rung, every second one from the melt."""
    return tuple(Run(kelvin, 1, study.pilot_steps, alternate(place, 1)) for kelvin, place in _places(study))


def _places(study: Study) -> Sequence[tuple[float, int]]:
    """Return each rung with its place among those that the study names."""
    return [(kelvin, study.ladder.named_K.index(kelvin)) for kelvin in study.ladder.rungs_K]


def read_plan(study_folder: Path) -> Plan | None:
    """Return the plan of a study; None where it has none yet.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    file = StudyFolder(study_folder).plan
    try:
        return read_record(file, Plan)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(
            f"{file}: not the plan of a goal ({why})",
            hint="put it back, or move it away: the pilot's rungs are then laid again, and no run is repeated",
        ) from error


def write_plan(study_folder: Path, plan: Plan) -> None:
    """Replace the plan of a study."""
    write_json(StudyFolder(study_folder).plan, asdict(plan))
