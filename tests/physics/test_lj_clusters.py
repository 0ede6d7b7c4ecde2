"""LJ38 and LJ55 in their containers, short: above melting, what began solid and what began liquid become one liquid.

The long checks are validation/melting/lj/lj38.py and lj55.py. Energies of the minima: Wales and Doye, J. Phys. Chem. A
101, 5111 (1997), and the Cambridge Cluster Database.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from deckgen.units import KB_EV_K

ROOT = Path(__file__).resolve().parents[2]
EPSILON_EV = 119.8 * KB_EV_K


@pytest.mark.parametrize(
    ("size", "minimum", "ladder_K", "apart"),
    [(38, -173.928427, [29.0, 32.0, 35.0], 5.0), (55, -279.248470, [44.0, 47.0, 50.0], 15.0)],
    ids=["lj38", "lj55"],
)
def test_above_melting_the_configurations_of_a_ladder_forget_what_they_began_with(
    size, minimum, ladder_K, apart, tmp_path, run_study
) -> None:
    """Those begun with the solid and with the melt agree to a third of what divides liquid and harmonic solid; epsilon.

    What a configuration is at each rung is its energy less the rung's mean; by "alternate" the first and the third
    begin solid.
    """
    text = (ROOT / "examples" / f"lj{size}" / "study.toml").read_text()
    text = re.sub(r"(?s)\[ladder\].*?\n\n", f"[ladder]\ntemperatures_K = {ladder_K}\n\n", text)
    text = re.sub(r"duration_ps = .*", "duration_ps = 200.0", text).replace("replicas = 2", "replicas = 1")
    samples = run_study(tmp_path, text)
    assert [run.start for run in samples.series] == ["minimum", "melted", "minimum"]
    assert samples.start_energy_eV is not None
    assert samples.start_energy_eV / EPSILON_EV == pytest.approx(minimum, abs=1e-3)
    late = [slice(run.n // 2, None) for run in samples.series]
    U = np.array([run.potential_energy_eV[part] for run, part in zip(samples.series, late, strict=True)]) / EPSILON_EV
    walkers = np.array([run.walkers[part] for run, part in zip(samples.series, late, strict=True)])
    assert len(set(walkers[0].tolist())) == 3
    difference = U - U.mean(axis=1, keepdims=True)
    assert abs(difference[walkers == 1].mean() - difference[walkers != 1].mean()) < apart / 3
    assert U.mean() > minimum + (3 * size - 6) / 2 * np.mean(ladder_K) / 119.8 + apart
