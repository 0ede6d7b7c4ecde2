"""The container: a wall that goes with the cluster, conserves energy and leaves the momenta zero; runs that break."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import deckgen
from deckgen.decks.clusters import build

STUDY = """
[cluster]
{cluster}
container_radius_A = {radius_A}
[potential]
kind = "lammps"
pair_style = "lj/cut 40.0"
pair_coeff = ["* * {epsilon_eV} 3.405"]
[ladder]
temperatures_K = [100, 200, 300]
[nvt]
thermostat = "csvr"
timestep_fs = 2
duration_ps = 40
sample_every = 10
start = "{start}"
"""
ARGON = {"cluster": 'element = "Ar"\nsize = 7', "radius_A": 5.5, "epsilon_eV": 0.01032357, "start": "minimum"}
MIXED = ARGON | {"cluster": 'file = "start.xyz"'}
THERMO = "thermo_style    custom step time c_kinetic pe etotal\n"
WATCHED = "thermo_style custom step c_kinetic pe etotal f_container v_px v_lx"


@pytest.fixture(params=[ARGON, MIXED], ids=["Ar7", "Ar5Ne2"])
def deck(request, tmp_path) -> Path:
    """A hot deck with the wall, its dynamics without a thermostat; neon has half the mass of argon."""
    start = build("Ar", 7)
    start.symbols[[0, 3]] = "Ne"
    start.write(tmp_path / "start.xyz")
    (tmp_path / "study.toml").write_text(STUDY.format(**request.param))
    deckgen.write_decks(tmp_path)
    folder = tmp_path / "decks" / "nvt" / "T0300.000K-r1"
    script = (folder / "in.lammps").read_text()
    assert THERMO in script
    script = re.sub(r"(?m)^fix +dynamics_bath .*\n|^fix_modify +dynamics_bath .*\n", "", script)
    script = script.replace(THERMO, THERMO + "variable px equal vcm(all,x)\nvariable lx equal angmom(all,x)\n")
    script = re.sub(r"(?m)^run +\$\{n_steps\}", f"thermo 10\n{WATCHED}\n\\g<0>", script)
    script = re.sub(r"(?m)^undump ", f"{THERMO}\\g<0>", script)
    (folder / "in.lammps").write_text(script)
    return folder


def thermo_rows(output: str) -> np.ndarray:
    """Return the rows of the production run: step, kinetic temperature, pe, etotal, wall, px, lx."""
    table = output.split("v_px", 1)[1].split("\n", 1)[1]
    rows = [line.split() for line in table.splitlines()]
    return np.array([row for row in rows if len(row) == 7 and row[0].isdigit()], dtype=float)


def test_with_the_wall_energy_is_conserved_and_the_momenta_stay_zero(deck, lmp) -> None:
    rows = thermo_rows(lmp(deck))
    total, wall = rows[:, 3], rows[:, 4]
    assert len(rows) > 1900
    assert (wall > 1e-4).mean() > 0.02  # atoms are at the wall
    assert np.ptp(total) < 0.01 * np.ptp(rows[:, 2])
    first, last = np.array_split(total, 2)
    assert abs(first.mean() - last.mean()) < 1e-3 * rows[:, 2].std()
    assert abs(rows[:, 5]).max() < 1e-8  # of some 0.6 A/ps
    assert abs(rows[:, 6]).max() < 1e-5  # of some 300 u A^2/ps


def test_without_the_recoil_the_wall_would_push_the_cluster(deck, lmp) -> None:
    script = re.sub(r"(?m)^(fix|unfix) +recoil.*\n", "", (deck / "in.lammps").read_text())
    (deck / "in.lammps").write_text(script)
    assert abs(thermo_rows(lmp(deck))[:, 5]).max() > 1e-2


def test_a_molten_start_is_kept_in_the_container(tmp_path, run_study) -> None:
    samples = run_study(
        tmp_path, STUDY.format(**ARGON | {"cluster": 'element = "Ar"\nsize = 13', "radius_A": 8.5, "start": "melted"})
    )
    assert len(samples.series) == 3


def test_a_run_whose_energy_is_not_a_number_is_stopped_with_an_error(tmp_path) -> None:
    (tmp_path / "study.toml").write_text(STUDY.format(**ARGON | {"epsilon_eV": 1e300}))
    result = deckgen.run(tmp_path, workers=2, progress=False)
    assert len(result.failed) == 4  # the minimisation, and each rung
    assert not result.done
