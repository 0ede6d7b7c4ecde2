"""Structures relaxed by a reference calculator: several at once, each step on disk as soon as it is known.

Every step is a calculation of its own (`deckgen.reference.single_point`). So an interrupted relaxation goes on as if it
had never stopped, a calculator that dies costs one step, and `timeout_s` holds for each.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from ase import Atoms
from rich.console import Console
from rich.text import Text

from deckgen.errors import DeckgenError
from deckgen.processes.executor import SubprocessExecutor
from deckgen.processes.signals import sigterm_as_ctrl_c
from deckgen.reference.calculator import Labels, boxed, single_point
from deckgen.reference.settings import ReferenceChoice
from deckgen.workflows.compare.relaxation import Relaxation, RelaxationLimit

__all__ = ["relax_all"]

TICK_S, LINE_EVERY_S = 1.0, 10.0


def relax_all(
    relaxations: Sequence[Relaxation],
    choice: ReferenceChoice,
    goal: RelaxationLimit,
    *,
    workers: int | None = None,
    progress: bool = True,
) -> None:
    """Take each relaxation on, until no force exceeds the tolerance or it has taken so many steps in all.

    What fails is kept aside with its reason.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C or SIGTERM: the steps that are done are kept.
    """
    console = Console(stderr=True, quiet=not progress, soft_wrap=True)
    _Relaxing([relaxation for relaxation in relaxations if not relaxation.is_done(goal)], choice, goal, console).run(
        workers
    )


class _Relaxing:
    """One call of `relax_all`."""

    def __init__(
        self, todo: Sequence[Relaxation], choice: ReferenceChoice, goal: RelaxationLimit, console: Console
    ) -> None:
        self.todo, self.choice, self.goal, self.console = todo, choice, goal, console
        self.futures = dict[Future[Labels], tuple[Relaxation, Atoms]]()

    def run(self, workers: int | None) -> None:
        executor = SubprocessExecutor(workers)
        with sigterm_as_ctrl_c():
            try:
                for relaxation in self.todo:
                    self._submit(executor, relaxation)
                self._watch(executor)
            except KeyboardInterrupt:
                executor.stop(grace_s=0)
                raise KeyboardInterrupt("interrupted; the same command goes on from the last steps") from None
            finally:
                executor.stop(grace_s=0)

    def _submit(self, executor: SubprocessExecutor, relaxation: Relaxation) -> None:
        atoms = relaxation.next_structure()
        future = executor.submit(single_point, atoms, _in_box_of(relaxation.start, self.choice))
        self.futures[future] = relaxation, atoms

    def _watch(self, executor: SubprocessExecutor) -> None:
        news, last_line = False, time.monotonic()
        while self.futures:
            ended, _ = wait(self.futures, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in ended:
                relaxation, atoms = self.futures.pop(future)
                self._collect(relaxation, atoms, future)
                if not relaxation.is_done(self.goal):
                    self._submit(executor, relaxation)
            news |= bool(ended)
            if news and (time.monotonic() - last_line > LINE_EVERY_S or not self.futures):
                news, last_line = False, time.monotonic()
                self._say_how_far()

    def _collect(self, relaxation: Relaxation, atoms: Atoms, future: Future[Labels]) -> None:
        try:
            labels = future.result()
        except Exception as error:
            reason = str(error) if isinstance(error, DeckgenError) else f"{type(error).__name__}: {error}"
            relaxation.fail(atoms, reason)
            self.console.print(Text(f"{relaxation.name}: failed at step {relaxation.n_steps + 1}: {reason}"))
        else:
            relaxation.add(atoms, labels.energy_eV, labels.forces_eV_A, labels.energy_kind)

    def _say_how_far(self) -> None:
        done = sum(relaxation.is_done(self.goal) for relaxation in self.todo)
        at_work = [
            f"{relaxation.name} at step {relaxation.n_steps} ({relaxation.max_force_eV_A():.3f} eV/A)"
            for relaxation in self.todo
            if relaxation.steps and not relaxation.is_done(self.goal)
        ]
        self.console.print(Text("; ".join([f"{done} of {len(self.todo)} structures done", *at_work])))


def _in_box_of(start: Atoms, choice: ReferenceChoice) -> ReferenceChoice:
    """Return the choice with the box of the start, which holds while the cluster leaves half of the vacuum free."""
    edge_A = float(boxed(start, choice).cell.lengths()[0])
    return choice.model_copy(update={"min_box_A": edge_A, "vacuum_A": choice.vacuum_A / 2})
