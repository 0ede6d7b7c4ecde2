"""`deckgen run STUDY`: all runs of a study, or, where it has a goal, as many as that takes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from deckgen.decks.protocols import Part
from deckgen.decks.render import Prepared, prepare
from deckgen.files import set_aside
from deckgen.processes.executor import TaskExecutor
from deckgen.processes.lock import lock
from deckgen.runs.batch import BatchResult
from deckgen.runs.batch import run as run_batch
from deckgen.runs.harvest import harvest
from deckgen.samples import Samples
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.study.runs import Plan, current_plan, write_plan

if TYPE_CHECKING:
    from deckgen.analysis.results import Thermodynamics

__all__ = ["analysed", "run"]


def run(
    study: Prepared | Study | Path | str = ".",
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    force: bool = False,
    progress: bool = True,
    part: Part = "ladder",
    redo: Collection[str] = (),
) -> BatchResult:
    """Run a study: write the decks that are missing, then run all that are not finished, the longest first.

    A study with a goal then has its runs extended, and others added, until the melting temperature is known as well as
    the goal asks or the budget is used up; the result says which. What is decided stands in decks/plan.json, and each
    step of it are decks as any other.

    A deck that fails does not disturb the others. Started again after a stop, a crash, or a change of the study's
    length, ladder or goal, it resumes from the restarts and runs nothing twice.

    Parameters
    ----------
    study
        A study, its folder or its file.
    workers
        Decks at once; None: as many as cores.
    executor
        Runs them, in place of one of its own.
    force
        Replace decks that were made of another study.
    progress
        Show the progress on standard error.
    part
        The ladder's runs, or the isomers' own.
    redo
        Decks to run afresh, as nvt/T0281.000K-r1; what they have computed is kept in decks.old.

    Raises
    ------
    InputError
        If the study is wrong, its decks are stale, or there is no deck of a name in `redo`.
    RunError
        If another batch runs on this study.
    AnalysisError
        If the samples do not carry the analysis that a goal needs.
    BatchInterrupt
        At Ctrl-C or SIGTERM, once the workers have stopped.
    """
    prepared = prepare(study)

    def batch(*, force: bool = False, redo: Collection[str] = ()) -> BatchResult:
        return run_batch(
            prepared, workers=workers, executor=executor, force=force, progress=progress, part=part, redo=redo
        )

    if prepared.study.goal.melting_K is None or part != "ladder":
        return batch(force=force, redo=redo)
    folder = StudyFolder(prepared.study.folder)
    with lock(folder.plan.with_name(".plan.lock"), f"the goal of {prepared.study.folder}"):
        if force:
            set_aside(folder.plan)
        result = batch(force=force, redo=redo)
        while not result.failed and not result.interrupted:
            plan = _decide(prepared.study)
            if plan.verdict:
                result.verdict = plan.verdict
                break
            _add(result, batch())
    return result


def _decide(study: Study) -> Plan:
    """Look at what the runs of the plan have sampled, and write down what follows."""
    from deckgen.workflows.goal.decide import next_plan  # here: the analysis is large, and only a goal needs it

    samples = harvest(study.folder, moments=False)
    following = next_plan(study, current_plan(study), samples, analysed(study, samples))
    write_plan(study.folder, following)
    return following


def analysed(study: Study, samples: Samples) -> Thermodynamics:
    """Return what `deckgen analyse` finds of the melting temperature."""
    from deckgen.analysis.thermodynamics import thermodynamics  # here: as above
    from deckgen.workflows.analyse.trajectories import evaporations

    settings = study.analysis
    return thermodynamics(
        samples,
        grid_K=settings.grid_K,
        bootstraps=settings.bootstraps,
        rotation=settings.rotation,
        evaporations=evaporations(samples),
    )


def _add(result: BatchResult, more: BatchResult) -> None:
    """Take what became of decks in another batch into a result; a deck that was extended is done once."""
    known = {record.folder: record for record in [*result.done, *more.done]}
    result.done = list(known.values())
    result.skipped = [folder for folder in result.skipped if folder not in known]
    result.failed, result.interrupted = more.failed, more.interrupted
