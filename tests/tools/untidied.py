"""Decks that are done as the first versions left them, and as a kill may: with two restarts and all their records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from small_study import deck_of, small_study

import deckgen
from deckgen.decks.manifest import manifest_text, read_manifest, read_run

Restart = tuple[bytes, list[dict[str, Any]]]


def restarts_of(decks: Iterable[Path]) -> dict[Path, Restart]:
    """Return the restart of each deck, which is done, and its record."""
    return {deck: ((deck / "nvt.restart").read_bytes(), read_run(deck)["restarts"]) for deck in decks}


def untidy(before: dict[Path, Restart]) -> None:
    """Give decks, which are done, the restarts of an earlier step back, and every record a file of its own."""
    for deck, (restart, records) in before.items():
        run = read_run(deck)
        (deck / "nvt.restart.old").write_bytes(restart)
        (deck / "nvt.restart.json").write_text(json.dumps({"restarts": run["restarts"] + records, "schema": 1}))
        (deck / "status.json").write_text(json.dumps({"attempts": run["attempts"], "schema": 1}))
        (deck / "deck.json").write_text(manifest_text(read_manifest(deck)))


def untidied_study(folder: Path, duration_ps: float = 8, restart_every: int = 1000) -> Path:
    """Run a small study to its end, twice an interval of restarts; return its folder."""
    interval_ps = restart_every * 0.002
    small_study(folder, duration_ps=duration_ps - interval_ps, restart_every=restart_every)
    assert not deckgen.run(folder, progress=False).failed
    before = restarts_of(deck_of(folder, kelvin) for kelvin in (20, 25, 30))
    small_study(folder, duration_ps=duration_ps, restart_every=restart_every)
    assert not deckgen.run(folder, progress=False).failed
    untidy(before)
    return folder
