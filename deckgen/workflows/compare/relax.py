"""Structures relaxed by a reference calculator: several at once, each step on disk as soon as it is known.

Every step is a calculation of its own (`deckgen.reference.single_point`). So an interrupted relaxation resumes as if it
had never stopped, a calculator that dies costs one step, and `timeout_s` holds for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from ase import Atoms

from deckgen.processes.attempts import Attempts
from deckgen.processes.display import Display
from deckgen.processes.executor import TaskExecutor, says_nothing, use_executor
from deckgen.processes.tasks import Tasks, why_failed
from deckgen.reference.calculator import Labels, boxed, single_point
from deckgen.reference.settings import ReferenceChoice
from deckgen.workflows.compare.relaxation import Relaxation, RelaxationLimit

__all__ = ["relax_all"]


class _Step(NamedTuple):
    """The next step of a relaxation: the structure to compute."""

    relaxation: Relaxation
    atoms: Atoms


def relax_all(
    relaxations: Sequence[Relaxation],
    choice: ReferenceChoice,
    goal: RelaxationLimit,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    progress: bool = True,
) -> None:
    """Relax each structure until no force exceeds the tolerance or it has taken `max_steps` steps in all.

    What fails is kept aside with its reason.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C or SIGTERM: the steps that are done are kept.
    """
    todo = [relaxation for relaxation in relaxations if not relaxation.is_done(goal)]
    with use_executor(executor, workers) as pool, Display(quiet=not progress) as display:
        _Relaxing(todo, choice, goal, pool, display).run()


class _Relaxing:
    """One call of `relax_all`."""

    def __init__(
        self,
        todo: Sequence[Relaxation],
        choice: ReferenceChoice,
        goal: RelaxationLimit,
        executor: TaskExecutor,
        display: Display,
    ) -> None:
        self.todo, self.choice, self.goal, self.display = todo, choice, goal, display
        self._attempts = Attempts[str]()
        self.tasks = Tasks[_Step, Labels](executor, display, self._collect, self._show)

    def run(self) -> None:
        try:
            self.tasks.run(self._begin)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("interrupted; the same command resumes from the last steps") from None

    def _begin(self) -> None:
        for relaxation in self.todo:
            self._submit_next(relaxation)

    def _submit_next(self, relaxation: Relaxation) -> None:
        atoms = relaxation.next_structure()
        self.tasks.submit(_Step(relaxation, atoms), single_point, atoms, _in_box_of(relaxation.start, self.choice))

    def _collect(self, step: _Step, future: Future[Labels]) -> None:
        relaxation, atoms = step
        try:
            labels = future.result()
        except Exception as error:
            if self.tasks.executor.has_lost(error) and self._attempts.allow(relaxation.name, relaxation.n_steps):
                self._submit_next(relaxation)
                return
            reason = why_failed(error)
            relaxation.fail(atoms, reason, for_good=not says_nothing(error))
            self.display.say(f"{relaxation.name}: failed at step {relaxation.n_steps + 1}: {reason}")
        else:
            relaxation.add(atoms, labels.energy_eV, labels.forces_eV_A, labels.energy_kind)
        if not relaxation.is_done(self.goal):
            self._submit_next(relaxation)

    def _show(self) -> None:
        done = sum(relaxation.is_done(self.goal) for relaxation in self.todo)
        at_work = [
            f"{relaxation.name} at step {relaxation.n_steps} ({relaxation.max_force_eV_A():.3f} eV/A)"
            for relaxation in self.todo
            if relaxation.steps and not relaxation.is_done(self.goal)
        ]
        line = "; ".join([f"{done} of {len(self.todo)} structures done", *at_work])
        self.display.update(line, at_once=done == len(self.todo))


def _in_box_of(start: Atoms, choice: ReferenceChoice) -> ReferenceChoice:
    """Return the choice with the box of the start, which holds while the cluster leaves half of the vacuum free."""
    edge_A = float(boxed(start, choice).cell.lengths()[0])
    return choice.model_copy(update={"min_box_A": edge_A, "vacuum_A": choice.vacuum_A / 2})
