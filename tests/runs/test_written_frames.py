"""The frames of a run as ASE reads them: with their energy, and with the temperature of the run's own freedom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from deckgen.decks.manifest import ENERGIES, FRAMES, QUENCHED
from deckgen.frames import read_frames
from deckgen.runs.batch import run


def test_frames_have_the_energies_and_temperatures_of_the_samples_also_after_an_extension(
    make_study: Callable[..., Path],
) -> None:
    for duration_ps in (4, 6):
        folder = make_study(duration_ps=duration_ps, relax="false")
        run(folder, workers=1, progress=False)
    deck = min((folder / "decks" / "nvt").iterdir())
    rows = {int(row[0]): row for row in np.loadtxt(deck / ENERGIES)}
    frames = read(deck / FRAMES, index=":")
    assert [frame.info["Timestep"] for frame in frames] == [1000, 2000, 3000]
    for frame, own in zip(frames, read_frames(deck / FRAMES), strict=True):
        row = rows[frame.info["Timestep"]]
        assert frame.get_potential_energy() == pytest.approx(row[1], abs=1e-7)
        assert frame.info["Potential_energy"] == own.potential_energy_eV == frame.get_potential_energy()
        assert frame.info["Temperature"] == pytest.approx(row[2], abs=1e-3)
    quenched = read(deck / QUENCHED)
    assert quenched.get_potential_energy() < frames[-1].get_potential_energy()
    assert (deck / FRAMES).read_text().count(" energy=") == 3
