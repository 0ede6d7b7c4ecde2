"""The progress of a batch: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deckgen.processes.display import Display, duration, time_left
from deckgen.runs.status import DeckStatus, ns_per_day

__all__ = ["Progress", "Speeds"]


@dataclass
class Speeds:
    """Steps per second of each deck, from the first and the latest row that were seen: preparation does not count."""

    first: dict[str, tuple[float, int]] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    mean: float | None = None

    def see(self, decks: Sequence[DeckStatus]) -> None:
        """Look at the rows that the decks have reached by now."""
        now = time.monotonic()
        for deck in decks:
            if deck.state == "running" and deck.step:
                began, step = self.first.setdefault(deck.id, (now, deck.step))
                if deck.step > step:
                    self.latest[deck.id] = (deck.step - step) / (now - began)
        if self.latest:
            self.mean = sum(self.latest.values()) / len(self.latest)

    def of(self, deck: DeckStatus) -> float | None:
        """Return a deck's own speed, or, before it has one, the mean of the others."""
        return self.latest.get(deck.id, self.mean)

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


class Progress(Display):
    """Shows a batch on standard error: rewrites a table in a terminal; elsewhere a line now and then.

    Elsewhere a deck that ends gets a line at once, and a line of progress comes every ten seconds at most, and once as
    soon as the whole can be estimated.
    """

    def __init__(self, workers: int, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.workers = workers
        self.speeds = Speeds()
        self._estimated = False

    def show(self, decks: Sequence[DeckStatus]) -> None:
        """Show where the decks are."""
        self.speeds.see(decks)
        first_estimate = not self._estimated and self.speeds.total_s(decks, self.workers) is not None
        self._estimated |= first_estimate
        if first_estimate or self.is_due:  # of ten thousand decks, the words alone take 50 ms
            self.update(self._total(decks), self._table(decks), at_once=first_estimate)

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
                    f"{ns_per_day(speed, deck.timestep_fs):,.1f}" if speed else "",
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
            words.append(time_left(left, self.workers))
        return ", ".join(words)
