"""The fit by deckgen itself, from configurations to a potential: sparse points, rows, solution."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deckgen.errors import InputError, RunError
from deckgen.files import write_json
from deckgen.processes.display import Display, duration
from deckgen.processes.executor import open_executor
from deckgen.processes.tasks import Tasks
from deckgen.records import read_record
from deckgen.training.fit.gap_fit import Run, high_water
from deckgen.training.fit.native.gap_xml import read_points, write_gap
from deckgen.training.fit.native.parts import (
    Part,
    PartReport,
    Solution,
    load_points,
    rows_done,
    run_part,
    save_points,
    solve_parts,
)
from deckgen.training.fit.native.points import (
    Draw,
    candidates,
    chosen_points,
    draw,
    joined_draws,
    joined_surveys,
    survey,
    whitening,
)
from deckgen.training.fit.native.targets import Target, elements_of
from deckgen.training.fit.native.terms import Kind, SparsePoints, kinds_of, terms_of
from deckgen.training.fit.native.uncertainty import FACTOR
from deckgen.training.recipe.fit import Fit

__all__ = ["NATIVE_LOG", "fit_natively"]

NATIVE_LOG = "native.log"
SAY_EVERY_S = 20.0
STOP_GRACE_S = 60.0
"""A part folds what it has and writes its factor before it ends."""

Progress = Callable[[str], None]


def fit_natively(
    fit: Fit,
    targets: Sequence[Target],
    e0: Mapping[str, float],
    xml: Path,
    *,
    partial: Path,
    workers: int,
    progress: Progress,
) -> Run:
    """Fit a potential by streamed least squares.

    Parameters
    ----------
    fit
        The settings, all scales numbers.
    targets
        Configurations and labels.
    e0
        Energy of the isolated atom of each element, eV.
    xml
        Where the potential is written.
    partial
        Folder of what is not complete yet: where it exists, the fit continues from there; removed at the end.
    workers
        Processes at once.
    progress
        Called with each stage.

    Returns
    -------
    Run
        Its time, and the sum of the largest memories of all processes at once.
    """
    return _NativeFit(fit, targets, e0, xml, partial, workers, progress).run()


@dataclass(frozen=True)
class _Plan:
    """plan.json: into how many shares the configurations are dealt."""

    parts: int

    def __post_init__(self) -> None:
        """Refuse a plan that would leave all of them out."""
        if self.parts < 1:
            raise ValueError(f"parts is {self.parts}")


class _NativeFit:
    def __init__(
        self,
        fit: Fit,
        targets: Sequence[Target],
        e0: Mapping[str, float],
        xml: Path,
        partial: Path,
        workers: int,
        progress: Progress,
    ) -> None:
        self.fit, self.targets, self.e0, self.xml, self.partial = fit, targets, e0, xml, partial
        self.workers, self._progress = workers, progress
        self.began = time.monotonic()
        self.total = sum(len(target) for target in targets)
        self.elements = elements_of(targets)
        partial.mkdir(parents=True, exist_ok=True)

    def run(self) -> Run:
        points = load_points(self.partial)
        if points is None:
            points = self._points()
            save_points(self.partial, points)
        self.say(", ".join(f"{len(one)} of {kind}" for kind, one in points.items()) + ": sparse points chosen")
        if absent := [str(kind) for kind in kinds_of(self.fit, self.elements) if kind not in points]:
            self.say(f"{', '.join(absent)}: none within the cutoff, no such term")
        reports = self._fold()
        self.say("solving")
        log_sigmas = sum(float(np.log(target.sigmas).sum()) for target in self.targets)
        solution: Solution = self._all([(solve_parts, (self._parts(), log_sigmas, self.xml.with_name(FACTOR)))])[0]
        self.say(
            f"solved: condition number {solution.condition:.1e}, residual {solution.residual:.6g}, "
            f"log marginal likelihood {solution.log_likelihood:.8g}"
        )
        write_gap(self.xml, self.fit, self.e0, terms_of(self.fit, points, self.elements), solution.alpha)
        shutil.rmtree(self.partial)
        of_parts = sum(sorted((report.peak_bytes for report in reports), reverse=True)[: self.workers])
        peak = high_water(os.getpid()) + max(of_parts, solution.peak_bytes)
        return Run(time.monotonic() - self.began, peak)

    def say(self, stage: str) -> None:
        """Report a stage, and keep it in the log."""
        self._progress(stage)
        with self.xml.with_name(NATIVE_LOG).open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {stage}\n")

    def _points(self) -> dict[Kind, SparsePoints]:
        if self.fit.sparse_from:
            return read_points(Path(self.fit.sparse_from), self.fit, self.elements)
        self.say("choosing sparse points")
        numbered = list(enumerate(self.targets))
        shares = [numbered[k :: self.workers] for k in range(self.workers)]
        found = joined_surveys(self._all([(survey, (self.fit, self.elements, share)) for share in shares]))
        if not self.fit.soap.use:
            return chosen_points(self.fit, found, {})
        whiten = {kind: whitening(moment) for kind, moment in found.moments.items()}
        draws: list[dict[Kind, Draw]] = self._all(
            [(draw, (self.fit, self.elements, share, whiten)) for share in shares]
        )
        drawn = {kind: joined_draws([one[kind] for one in draws], candidates(self.fit)) for kind in whiten}
        return chosen_points(self.fit, found, drawn)

    def _parts(self) -> list[Part]:
        """Return the shares: as many as there were workers when the fit began."""
        plan = self.partial / "plan.json"
        if not plan.exists():
            write_json(plan, {"parts": min(self.workers, len(self.targets))})
        try:
            count = read_record(plan, _Plan).parts
        except ValueError as error:
            raise InputError(
                f"{plan}: not the plan of a fit ({error})", hint=f"remove {self.partial} to begin the fit anew"
            ) from error
        shares = (tuple(self.targets[k::count]) for k in range(count))
        return [Part(self.partial, k, self.fit, self.elements, share) for k, share in enumerate(shares)]

    def _fold(self) -> list[PartReport]:
        parts = self._parts()
        before, began, said = sum(map(rows_done, parts)), time.monotonic(), [time.monotonic()]
        if before:
            self.say(f"continuing from {before:,} of {self.total:,} rows")

        def show() -> None:
            done = sum(map(rows_done, parts))
            if done > before and time.monotonic() - said[0] > SAY_EVERY_S:
                said[0] = time.monotonic()
                left = (said[0] - began) / (done - before) * (self.total - done)
                self.say(f"{100 * done / self.total:.0f} % of {self.total:,} rows, about {duration(left)} left")

        reports: list[PartReport] = self._all([(run_part, (part,)) for part in parts], show)
        if not all(report.complete for report in reports):
            raise RunError(f"the fit was stopped; what is done is in {self.partial}", hint="the same command continues")
        return reports

    def _all(
        self, calls: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]], show: Callable[[], None] | None = None
    ) -> list[Any]:
        """Return the answers of calls that run at the same time, each in a process of its own."""
        answers = dict[int, Any]()

        def collect(index: int, future: Future[Any]) -> None:
            answers[index] = future.result()

        with open_executor(self.workers) as executor, Display(quiet=True) as display:
            tasks = Tasks[int, Any](executor, display, collect, show or _nothing, grace_s=STOP_GRACE_S)

            def begin() -> None:
                for index, (function, arguments) in enumerate(calls):
                    tasks.submit(index, function, *arguments)

            tasks.run(begin)
        return [answers[index] for index in range(len(calls))]


def _nothing() -> None:
    """Show nothing."""
