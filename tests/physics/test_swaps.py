"""Swaps of unlike atoms in real runs: which homotop how often, the zero momenta, the energies, and resumed runs.

Five Lennard-Jones atoms, a trigonal bipyramid, one of which is of another element: it has two apical and three
equatorial places. Cold enough for both homotops to be harmonic wells, warm enough for swaps to be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

import deckgen
from deckgen.decks.manifest import read_manifest
from deckgen.errors import InputError
from deckgen.frames import Frame, read_frames
from deckgen.runs.journal import read_attempts
from deckgen.runs.quench.frames import frames_of_run
from deckgen.units import KB_EV_K

SIGMA_A = 3.4
EPSILON_eV = {frozenset({"Ar"}): 0.01, frozenset({"Ar", "Kr"}): 0.0102, frozenset({"Kr"}): 0.01}
START_A = np.array([[0, 0, 3.0], [0, 0, -3.0], [2.2, 0, 0], [-1.1, 1.9, 0], [-1.1, -1.9, 0]])
STUDY = """
[cluster]
file = "start.xyz"
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["Ar Ar 0.01 3.4", "Ar Kr 0.0102 3.4", "Kr Kr 0.01 3.4"]
masses_u = {{Ar = 10.0, Kr = 150.0}}
[ladder]
temperatures_K = [1.5, 2.0, 3.0]
[nvt]
thermostat = "{thermostat}"
timestep_fs = 5
duration_ps = {duration_ps}
frame_every = {frame_every}
restart_every = 50000
swap_every = {swap_every}
"""
COLD = {"thermostat": "csvr", "frame_every": 20, "swap_every": 20}
SHORT = {"thermostat": "nose-hoover", "duration_ps": 10, "frame_every": 10, "swap_every": 3}
MOMENTA = """
units metal
atom_style atomic
boundary f f f
read_restart nvt.restart
pair_style zero 40.0
pair_coeff * *
print "momenta $(vcm(all,x)) $(vcm(all,y)) $(vcm(all,z)) $(angmom(all,x)) $(angmom(all,y)) $(angmom(all,z))"
"""


def write(folder: Path, **settings: object) -> str:
    """Put the start structure into a folder, an apical argon atom and four of krypton; return the study."""
    folder.mkdir(exist_ok=True)
    lines = [f"{symbol} {x} {y} {z}" for symbol, (x, y, z) in zip(["Ar", *4 * ["Kr"]], START_A, strict=True)]
    (folder / "start.xyz").write_text("\n".join(["5", "", *lines, ""]))
    return STUDY.format(**settings)


def energy_eV(symbols: Sequence[str], positions_A: np.ndarray) -> float:
    pairs = [(i, j) for i in range(5) for j in range(i)]
    r = [np.linalg.norm(positions_A[i] - positions_A[j]) for i, j in pairs]
    return sum(
        4 * EPSILON_eV[frozenset({symbols[i], symbols[j]})] * ((SIGMA_A / d) ** 12 - (SIGMA_A / d) ** 6)
        for (i, j), d in zip(pairs, r, strict=True)
    )


def well(place: int) -> tuple[float, float]:
    """Return energy and sum of ln omega of the nine vibrations of the homotop with argon at a place, for one mass."""
    symbols = ["Ar" if k == place else "Kr" for k in range(5)]

    def energy(x: np.ndarray) -> float:
        return energy_eV(symbols, x.reshape(5, 3))

    x = minimize(energy, START_A.ravel(), tol=1e-10).x
    h, shifts = 1e-3, 1e-3 * np.eye(15)
    corners = [(p, q) for p in (1, -1) for q in (1, -1)]
    hessian = [
        [sum(p * q * energy(x + p * a + q * b) for p, q in corners) / (2 * h) ** 2 for b in shifts] for a in shifts
    ]
    return energy(x), float(np.log(np.sort(np.linalg.eigvalsh(hessian))[6:]).sum() / 2)


def is_apical(frame: Frame) -> bool:
    """Whether argon is an end of the bipyramid's axis: of the two atoms that are furthest apart."""
    distances = np.linalg.norm(frame.positions_A[:, None] - frame.positions_A[None], axis=2)
    return frame.symbols.index("Ar") in np.unravel_index(distances.argmax(), (5, 5))


@pytest.mark.parametrize("duration_ps", [60, pytest.param(250, marks=pytest.mark.long)])
def test_homotops_are_as_frequent_as_their_harmonic_wells(tmp_path, run_study, duration_ps):
    """At zero angular momentum a well's weight is its number of places / prod omega exp(-V/kT), without sqrt(det I)."""
    samples = run_study(tmp_path, write(tmp_path, duration_ps=duration_ps, **COLD))
    (apical_eV, apical), (equatorial_eV, equatorial) = well(0), well(2)
    for run in samples.series:
        frames = [is_apical(frame) for frame in read_frames(run.frames)]
        T = run.temperature_K
        ratio = 2 / 3 * np.exp(equatorial - apical - (apical_eV - equatorial_eV) / (KB_EV_K * T))
        error = np.std([np.mean(block) for block in np.array_split(frames, 25)]) / 5
        assert error < 0.3 / np.sqrt(duration_ps)
        assert abs(np.mean(frames) - ratio / (1 + ratio)) < 4 * error, T
        assert run.swaps[0] == 10 * duration_ps
        assert 0.3 < run.swaps[1] / run.swaps[0] < 1


def test_swaps_leave_momenta_energies_and_the_count_of_atoms_right_and_resume(tmp_path, run_study, lmp):
    """Also at every step, between elements of very different mass, and in a run that is resumed."""
    run_study(tmp_path, write(tmp_path, **SHORT))
    study = write(tmp_path, **(SHORT | {"duration_ps": 20}))
    for run in run_study(tmp_path, study).series:
        deck = run.frames.parent
        rows = np.loadtxt(deck / "energies.dat")
        assert read_attempts(deck)[-1].from_step == 2000
        assert rows[:, 0].tolist() == list(range(10, 4010, 10))
        assert rows[:, 6].tolist() == [(step - 1) // 3 + 1 for step in range(10, 4010, 10)]  # at 1, 4, 7 ...
        assert run.swaps == (1334, rows[-1, 7])
        assert 0 < rows[-1, 7] < 1334
        frames = list(read_frames(run.frames))
        energies = [energy_eV(frame.symbols, frame.positions_A) for frame in frames]
        assert len({frame.symbols for frame in frames}) == 5
        np.testing.assert_allclose([frame.potential_energy_eV for frame in frames], energies, atol=1e-8)
        np.testing.assert_allclose(rows[:, 1], energies, atol=2e-8)
        symbols = ("Ar", *4 * ["Kr"])  # of the quenches' deck
        starts = frames_of_run(deck, read_manifest(deck), symbols).frames(0, len(frames))
        np.testing.assert_allclose([energy_eV(symbols, start.positions_A) for start in starts], energies, atol=1e-8)
        (deck / "in.momenta").write_text(MOMENTA)
        momenta = re.search(r"^momenta (.*)$", lmp(deck, "in.momenta"), re.MULTILINE)
        assert np.abs([float(word) for word in momenta[1].split()]).max() < 1e-8


def test_one_element_has_no_unlike_atoms_to_swap(tmp_path):
    (tmp_path / "study.toml").write_text('[cluster]\nelement = "Na"\nsize = 13\n[nvt]\nswap_every = 100\n')
    with pytest.raises(InputError, match="swap_every = 100: there are no unlike atoms to swap, all are Na"):
        deckgen.write_decks(tmp_path)


def test_atoms_are_not_swapped_in_rungs_that_exchange(tmp_path):
    (tmp_path / "study.toml").write_text(
        '[cluster]\nformula = "Cu12Ni"\n[potential]\nkind = "lammps"\npair_style = "eam/alloy"\n'
        'files = ["CuNi.eam.alloy"]\npair_coeff = ["* * CuNi.eam.alloy Cu Ni"]\n[nvt]\nswap_every = 100\n'
        "[exchange]\nevery = 100\n"
    )
    with pytest.raises(InputError, match=r"swap_every = 100 and \[exchange\] every = 100"):
        deckgen.write_decks(tmp_path)
