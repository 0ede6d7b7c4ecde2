"""The trajectory of one rung, thinned, for the player on the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers
from ase.data.colors import jmol_colors

from deckgen.decks.manifest import FRAMES, Manifest
from deckgen.frames import read_frames

__all__ = ["colours_of", "trajectory"]

MOST_FRAMES = 200
MOST_NUMBERS = 180_000
"""Coordinates on the page: each takes five characters or so, all together less than 1 MB."""


def trajectory(decks: Sequence[tuple[Path, Manifest]], near_K: float | None) -> dict[str, Any] | None:
    """Return what the player shows of one run: that next to a temperature, or of the middle of the ladder.

    Coordinates are whole hundredths of an angstrom about the centre of the atoms, atoms sorted by element; None without
    frames.
    """
    runs = [
        (deck.temperature_K, folder, deck)
        for folder, deck in decks
        if deck.temperature_K is not None and deck.replica == 1 and (folder / FRAMES).is_file()
    ]
    if not runs:
        return None
    wanted = runs[len(runs) // 2][0] if near_K is None else near_K
    _, folder, manifest = min(runs, key=lambda run: abs(run[0] - wanted))
    frames = list(read_frames(folder / FRAMES))
    if len(frames) < 2:
        return None
    n_shown = min(MOST_FRAMES, max(2, MOST_NUMBERS // (3 * len(frames[0].symbols))), len(frames))
    shown = [frames[k] for k in np.linspace(0, len(frames) - 1, n_shown).round().astype(int)]
    order = np.argsort(np.array(shown[0].symbols), kind="stable")
    symbols = [shown[0].symbols[k] for k in order]
    return {
        "caption": f"Run at {manifest.temperature_K:g} K",
        "symbols": symbols,
        "colours": colours_of(symbols),
        "time_ps": [round(frame.step * manifest.timestep_fs / 1000, 3) for frame in shown],
        "frames": [_hundredths(frame.positions_A[order]) for frame in shown],
    }


def colours_of(symbols: Sequence[str]) -> dict[str, list[int]]:
    """Return Jmol's colour of each element, 0 to 255."""
    return {symbol: [round(255 * part) for part in jmol_colors[atomic_numbers[symbol]]] for symbol in set(symbols)}


def _hundredths(positions_A: np.ndarray[Any, np.dtype[np.float64]]) -> list[int]:
    centred = positions_A - positions_A.mean(axis=0)
    hundredths: list[int] = (100 * centred).round().astype(int).ravel().tolist()
    return hundredths
