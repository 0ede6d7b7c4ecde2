"""Where the walkers of a ladder have been, read back: which configuration each row is of, and round trips.

`exchange-r1.dat` has a line `# step DECK DECK ...` wherever the rungs that take part change, and below it lines with a
step and the walker that each of them holds from that step on, until the next line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import content_of
from deckgen.errors import RunError
from deckgen.files import reason
from deckgen.runs.exchange.plan import Ladder
from deckgen.runs.exchange.state import read_state, walkers_file

__all__ = ["Mixing", "describe", "mixing", "read_walkers", "walkers_at"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Mixing:
    """How well the walkers of a ladder mix.

    Parameters
    ----------
    n_exchanges
        Exchanges.
    changed
        For the rung where it is smallest, the part of the exchanges that brought another configuration.
    round_trips
        How often a walker went from the lowest rung to the highest and back, all walkers together.
    n_walkers
        Walkers.
    slowest
        The deck of the rung where the change is smallest.
    """

    n_exchanges: int
    changed: float
    round_trips: int
    n_walkers: int
    slowest: str


def read_walkers(state: Path) -> dict[str, Integers]:
    """Return, for each deck of a ladder, steps and the walker from each of them on, (n, 2), up to where it stands.

    Parameters
    ----------
    state
        The file that says where the ladder stands.

    Raises
    ------
    RunError
        If that file or the one of the walkers is damaged.
    """
    file, end = walkers_file(state), read_state(state).walkers_bytes
    try:
        said = content_of(file)[:end] if end else b""
        if len(said) < end:
            raise ValueError(f"{len(said)} bytes, where {end} belong to the ladder's steps")
        return _walkers(said.decode())
    except (OSError, ValueError, IndexError, OverflowError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise RunError(f"{file}: not the walkers of a ladder ({why})", hint="put it back") from error


def _walkers(text: str) -> dict[str, Integers]:
    found, decks = dict[str, list[tuple[int, int]]](), list[str]()
    for line in text.splitlines():
        words = line.split()
        if words[0] == "#":
            decks = words[2:]
            continue
        for deck, walker in zip(decks, words[1:], strict=True):
            found.setdefault(deck, []).append((int(words[0]), int(walker)))
    return {deck: np.array(rows, dtype=np.int64) for deck, rows in found.items()}


def walkers_at(noted: Integers, steps: Integers) -> Integers:
    """Return the walker (m,) that a rung held when it wrote rows at some steps (m,).

    A row at the step of an exchange is of the configuration before it.
    """
    place = np.searchsorted(noted[:, 0], steps, side="left") - 1
    return np.asarray(noted[np.maximum(place, 0), 1])


def mixing(noted: dict[str, Integers], ascending: list[str]) -> Mixing:
    """Return how well walkers mix over the decks of a ladder, given in the order of their temperatures."""
    changes = [np.diff(noted[deck][:, 1]) != 0 for deck in ascending]
    changed = [float(change.mean()) if len(change) else 0.0 for change in changes]
    walkers = {int(walker) for deck in ascending for walker in noted[deck][:, 1]}
    return Mixing(
        n_exchanges=max(len(change) for change in changes),
        changed=min(changed),
        round_trips=_round_trips(noted[ascending[0]], noted[ascending[-1]]),
        n_walkers=len(walkers),
        slowest=ascending[int(np.argmin(changed))],
    )


def describe(ladder: Ladder) -> str:
    """Return in words how a ladder has mixed so far."""
    noted, decks = read_walkers(ladder.state), [deck.name for deck in ladder.decks]
    if len(decks) < 2 or not noted.keys() >= set(decks):
        return "no exchanges yet"
    found = mixing(noted, decks)
    return (
        f"{found.n_exchanges:,} exchanges; each rung got another configuration in {found.changed:.0%} of them or more; "
        f"{found.round_trips:,} round trips of {found.n_walkers} configurations from the lowest rung to the highest"
    )


def _round_trips(lowest: Integers, highest: Integers) -> int:
    """Count them from the walkers at either end: each two arrivals at another end than before are a trip."""
    visits = sorted(
        [(int(step), int(walker), end) for end, noted in enumerate((lowest, highest)) for step, walker in noted]
    )
    before, half_trips = dict[int, int](), dict[int, int]()
    for _, walker, end in visits:
        if before.get(walker, end) != end:
            half_trips[walker] = half_trips.get(walker, 0) + 1
        before[walker] = end
    return sum(count // 2 for count in half_trips.values())
