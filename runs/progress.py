"""The progress of a batch: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deckgen.runs.status import DeckStatus

__all__ = ["Progress", "Speeds", "duration"]

LINE_EVERY_S = 10.0


def duration(seconds: float | None) -> str:
    """Return a duration in words: 40 s, 12 min, 3.2 h, 5.1 d."""
    if seconds is None:
        return "?"
    for unit, length, digits in (("d", 86400, 1), ("h", 3600, 1), ("min", 60, 0)):
        if seconds >= 2 * length or (unit == "min" and seconds >= length):
            return f"{seconds / length:.{digits}f} {unit}"
    return f"{seconds:.0f} s"


@dataclass
class Speeds:
    """Steps a second of each deck, from the first and the latest row that were seen: preparation does not count."""

    first: dict[str, tuple[float, int]] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)

    def see(self, decks: Sequence[DeckStatus]) -> None:
        """Look at the rows that the decks have reached by now."""
        now = time.monotonic()
        for deck in decks:
            if deck.state == "running" and deck.step:
                began, step = self.first.setdefault(deck.id, (now, deck.step))
                if deck.step > step:
                    self.latest[deck.id] = (deck.step - step) / (now - began)

    def of(self, deck: DeckStatus) -> float | None:
        """Return a deck's own speed, or, before it has one, the mean of the others."""
        speeds = self.latest.values()
        return self.latest.get(deck.id) or (sum(speeds) / len(speeds) if speeds else None)

    def seconds_left(self, deck: DeckStatus) -> float | None:
        """Return the time that a deck still needs on a core of its own."""
        if deck.state in {"done", "failed"} or not deck.n_steps:
            return 0.0
        speed = self.of(deck)
        return (deck.n_steps - deck.step) / speed if speed else None

    def total_s(self, decks: Sequence[DeckStatus], workers: int) -> float | None:
        """Return the time that all decks still need on `workers` cores."""
        left = [self.seconds_left(deck) for deck in decks]
        known = [seconds for seconds in left if seconds is not None]
        return max(sum(known) / workers, max(known, default=0.0)) if len(known) == len(left) else None


class Progress:
    """Shows a batch on standard error: rewrites a table in a terminal; elsewhere a line now and then.

    Elsewhere a deck that ends gets a line at once, and a line of progress comes every ten seconds at most.
    """

    def __init__(self, workers: int, *, quiet: bool = False) -> None:
        self.workers = workers
        self.console = Console(stderr=True, quiet=quiet, soft_wrap=True)
        self.speeds = Speeds()
        live = Live(console=self.console, auto_refresh=False, transient=True)
        self._live = live if self.console.is_terminal else None
        self._last_line = time.monotonic()
        self._estimated = False

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, message: str) -> None:
        """Print a line that stays."""
        self.console.print(Text(message))

    def show(self, decks: Sequence[DeckStatus]) -> None:
        """Show where the decks are."""
        self.speeds.see(decks)
        if self._live:
            self._live.update(Group(self._table(decks), Text(self._total(decks))), refresh=True)
        elif self._due(decks):
            self.say(self._total(decks))

    def _due(self, decks: Sequence[DeckStatus]) -> bool:
        """Whether it is time for a line: every ten seconds, and once as soon as the whole can be estimated."""
        first_estimate = not self._estimated and self.speeds.total_s(decks, self.workers) is not None
        if not first_estimate and time.monotonic() - self._last_line < LINE_EVERY_S:
            return False
        self._estimated |= first_estimate
        self._last_line = time.monotonic()
        return True

    def _table(self, decks: Sequence[DeckStatus]) -> Table:
        table = Table("deck", "", box=None, pad_edge=False)
        for heading in ("step", "ns/day", "left"):
            table.add_column(heading, justify="right")
        for deck in decks:
            if deck.state == "running":
                speed = self.speeds.latest.get(deck.id)
                table.add_row(
                    Text(deck.id),
                    ProgressBar(total=1.0, completed=deck.fraction, width=24),
                    f"{deck.step:,}/{deck.n_steps:,}" if deck.n_steps else "minimising",
                    f"{speed * deck.timestep_fs * 0.0864:,.1f}" if speed else "",
                    duration(self.speeds.seconds_left(deck)) if deck.n_steps else "",
                )
        return table

    def _total(self, decks: Sequence[DeckStatus]) -> str:
        counts = {state: sum(deck.state == state for deck in decks) for state in ("done", "running", "failed")}
        steps = sum(deck.n_steps for deck in decks)
        part = sum(deck.fraction * deck.n_steps for deck in decks) / steps if steps else 0.0
        words = [f"{counts['done']} of {len(decks)} decks done", f"{counts['running']} running"]
        words += [f"{counts['failed']} failed"] if counts["failed"] else []
        left = self.speeds.total_s(decks, self.workers)
        words.append(f"{100 * part:.0f} %")
        if left is not None:
            words.append(f"about {duration(left)} left on {self.workers} worker{'s' * (self.workers > 1)}")
        return ", ".join(words)
