"""Runs made elsewhere beside a study's own at the same temperature."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from deckgen.decks.manifest import ENERGIES
from deckgen.study import Study
from deckgen.workflows.analyse.gather import gather, read_external
from deckgen.workflows.analyse.study import analyse


@pytest.fixture
def elsewhere(study: Path, deck, tmp_path: Path) -> Path:
    """A log of another run at 310 K, as long as the study's own: 40 ps, a row every 0.02 ps."""
    energies = np.loadtxt(deck(study, 310) / ENERGIES)[:, 1]
    rows = "".join(f"{5 * k} {energy:.6f}\n" for k, energy in enumerate(energies))
    end = "Loop time of 1 on 1 procs for 1 steps with 13 atoms\n"
    log = tmp_path / "log.lammps"
    log.write_text(f"LAMMPS (22 Jul 2025)\nunits metal\ntimestep 0.004\nStep PotEng\n{rows}{end}")
    return log


def test_no_two_runs_are_the_same_replica_of_a_temperature(study: Path, elsewhere: Path) -> None:
    samples = gather(Study.read(study), study, read_external({310.0: elsewhere, 330.0: elsewhere}), None)
    found = [(run.temperature_K, run.replica) for run in samples.series]
    assert found == [*((T, 1) for T in (150, 190, 230, 270, 310)), (310, 2), (330, 1)]
    by_run = {(run.temperature_K, run.replica): run for run in samples.series}
    assert by_run[310, 1].frames is not None
    assert by_run[310, 2].label == str(elsewhere)


def test_an_evaporation_of_the_studys_own_run_cuts_no_run_made_elsewhere(study: Path, deck, elsewhere: Path) -> None:
    frames = deck(study, 310) / "frames.extxyz"
    _, *parts = re.split(r"(?m)^(?=13\n)", frames.read_text())
    for k in range(25, 40):  # one atom leaves after 25 ps
        lines = parts[k].splitlines()
        lines[-1] = f"Na {20 + k} 0 0"
        parts[k] = "\n".join(lines) + "\n"
    frames.write_text("".join(parts))
    result = analyse(study, external={310.0: elsewhere}, figures=False)
    own, other = (trace for trace in result.traces if trace.temperature_K == 310)
    assert own.time_ps[-1] <= 25
    assert other.time_ps[-1] > 39
