"""The rungs of a ladder that share this process: one after the other, they run to where the ladder asks for.

A process per rung would be woken at every exchange, for half a millisecond of work where the potential is cheap: waking
it costs more than that. QUIP keeps one potential per process; there each rung has its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from deckgen.decks.manifest import read_manifest
from deckgen.decks.on_disk import inputs_to_disk, require_own_files
from deckgen.errors import DeckgenError, RunError
from deckgen.files import named
from deckgen.processes.lock import LOCK, UNTIL_DEAD_S, lock
from deckgen.runs import journal
from deckgen.runs.engine import RunRecord
from deckgen.runs.exchange.line import call
from deckgen.runs.exchange.rung import Rung, begin_at
from deckgen.runs.outputs import Cut
from deckgen.runs.restarts import Choice
from deckgen.runs.rows import last_step
from deckgen.runs.watch import require_room

__all__ = ["serve_rungs"]


def serve_rungs(rungs: Mapping[int, tuple[Path, int | None]], address: str) -> list[RunRecord]:
    """Run the decks of some rungs as their ladder asks, until it says that this is the end.

    Parameters
    ----------
    rungs
        By their number in the ladder: the deck's folder, and the step that the ladder stands at; None: the rung is new
        to it and begins from its own restart, if any.
    address
        Where the ladder listens.

    Raises
    ------
    RunError
        As `deckgen.runs.engine.run_deck`; if there is no restart of the ladder's step; if the ladder has gone.
    """
    with call(address) as line, contextlib.ExitStack() as stack:
        hosted = {k: stack.enter_context(_hosted(folder, step)) for k, (folder, step) in rungs.items()}
        answers: dict[int, object] = {k: one.rung.from_step for k, one in hosted.items()}
        while True:
            try:
                line.send(answers)
                orders = line.recv()
            except (EOFError, ConnectionError):
                raise _LadderGoneError(f"{hosted[min(hosted)].folder}: its ladder has gone") from None
            if isinstance(orders, str):
                return [one.end(orders) for one in hosted.values()]
            answers = {}
            for k, order in orders.items():
                with hosted[k].in_folder():
                    answers[k] = hosted[k].rung.obey(*order)


class _LadderGoneError(RunError):
    """The ladder's process has died, and this one dies with it: what notes the former notes the latter."""


class _Hosted:
    """A rung, its folder, and how it began."""

    def __init__(self, folder: Path, rung: Rung, choice: Choice, cut: Cut) -> None:
        self.folder, self.rung, self._choice, self._cut = folder, rung, choice, cut
        self._began = time.monotonic()

    @contextlib.contextmanager
    def in_folder(self) -> Iterator[None]:
        """Have the working folder be the deck's."""
        with contextlib.chdir(self.folder), named(self.folder):
            yield

    def end(self, outcome: str) -> RunRecord:
        """Note how it ended."""
        seconds, step = time.monotonic() - self._began, self.rung.step
        with self.in_folder():
            journal.close(Path(), outcome, step, seconds)
        return RunRecord(self.folder, outcome, self._choice.step, step, seconds, self._cut, self._choice.passed_over)

    def fail(self, error: Exception) -> None:
        """Note that it ended with an error, its own or that of a rung beside it."""
        message = error.message if isinstance(error, DeckgenError) else str(error)
        own = message.startswith(str(self.folder)) or not isinstance(error, DeckgenError)
        words = message if own else f"its ladder stopped: {message}"
        with self.in_folder():
            outcome = "failed" if own else "interrupted"
            journal.close(Path(), outcome, last_step(Path()), time.monotonic() - self._began, words)


@contextlib.contextmanager
def _hosted(folder: Path, step: int | None) -> Iterator[_Hosted]:
    """Hold a deck's lock, and have its rung begin at the ladder's step."""
    manifest = read_manifest(folder)
    with lock(folder / LOCK, f"the deck {folder}", patience_s=UNTIL_DEAD_S):
        with contextlib.chdir(folder), named(folder):
            reached = last_step(Path())
            require_own_files(Path(), folder)
            inputs_to_disk(Path())
            require_room(folder)
            choice, cut = begin_at(folder, manifest, step)
            journal.begin(Path(), choice.step, reached, cut, choice.passed_over)
        hosted = _Hosted(folder, Rung(folder, manifest, choice.step), choice, cut)
        try:
            yield hosted
        except _LadderGoneError:
            raise
        except Exception as error:
            hosted.fail(error)
            raise
