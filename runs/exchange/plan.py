"""Which ladders a study has, and which of their rungs have dynamics to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from deckgen.decks.manifest import SCRIPT, Manifest
from deckgen.decks.protocols import NVT
from deckgen.runs.exchange.state import read_state, state_file
from deckgen.runs.opening import needs_quip
from deckgen.runs.rows import last_step
from deckgen.study import Study

__all__ = ["Ladder", "ladders_of"]


@dataclass(frozen=True)
class Ladder:
    """What a ladder's process is told.

    Parameters
    ----------
    decks
        Folders of its rungs' decks, ascending in temperature.
    state
        The file that says where it stands.
    every, pairs
        Of the study's [exchange].
    seed, replica
        Of the swaps; those of a ladder at a step are always drawn alike.
    at_once
        Processes that may run at the same time.
    apart
        Whether each rung needs a process of its own.
    """

    decks: tuple[Path, ...]
    state: Path
    every: int
    pairs: str
    seed: int
    replica: int
    at_once: int = 1
    apart: bool = False

    @property
    def hosts(self) -> tuple[tuple[int, ...], ...]:
        """The rungs (their numbers) of each process: neighbours in different ones."""
        n = len(self.decks) if self.apart else min(self.at_once, len(self.decks))
        return tuple(tuple(range(host, len(self.decks), n)) for host in range(n))


def ladders_of(study: Study, decks: Mapping[Path, Manifest], finished: Collection[Path], workers: int) -> list[Ladder]:
    """Return the study's ladders that have dynamics to do, each with its share of the workers.

    Raises
    ------
    RunError
        If the file that says where a ladder stands is damaged.
    """
    if study.exchange.every is None:
        return []
    of_ladder = dict[int, list[Path]]()
    for folder, manifest in sorted(decks.items(), key=lambda deck: deck[1].temperature_K or 0.0):
        if manifest.protocol == NVT.name and folder not in finished:
            reached = read_state(state_file(study.folder, manifest.replica)).step_of(folder.name)
            if (last_step(folder) if reached is None else reached) < manifest.n_steps:
                of_ladder.setdefault(manifest.replica, []).append(folder)
    every, pairs, seed = study.exchange.every, study.exchange.pairs, study.nvt.seed
    at_once = max(workers // max(len(of_ladder), 1), 1)
    return [
        Ladder(
            decks=tuple(folders),
            state=state_file(study.folder, replica),
            every=every,
            pairs=pairs,
            seed=seed,
            replica=replica,
            at_once=at_once,
            apart=any(needs_quip((folder / SCRIPT).read_text()) for folder in folders),
        )
        for replica, folders in of_ladder.items()
    ]
