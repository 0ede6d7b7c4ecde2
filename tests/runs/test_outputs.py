from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from hypothesis import given
from hypothesis import strategies as st

from deckgen.decks.manifest import Manifest
from deckgen.errors import InputError
from deckgen.frames import find_frames, read_frames, surviving
from deckgen.runs.outputs import Cut, cut_back, resumable_to, whole_to
from deckgen.runs.rows import last_step

HEADER = "# step potential_energy_eV kinetic_temperature_K I1 I2 I3\n"


def row(step: int, mark: float = 0.0) -> str:
    return f"{step} {mark:.8f} 20.0000 1.0000 2.0000 3.0000\n"


def frame(step: int, mark: float = 0.0) -> str:
    comment = (
        f'Timestep={step} Time=1.0 pbc="F F F" Lattice="9 0 0 0 9 0 0 0 9" Potential_energy={mark} Temperature=3.0'
    )
    return f"2\n{comment} Properties=species:S:1:pos:R:3\nAr {mark:.8f} 0.00000000 -1.50000000\nNa 4.0 5.0 6.0\n"


@given(st.lists(st.integers(0, 50)))
def test_what_survives_increases_and_nothing_later_is_below_it(steps):
    keep = surviving(steps)
    kept = np.array(steps)[keep]
    assert (np.diff(kept) > 0).all()
    for i, step in enumerate(steps):
        assert keep[i] == all(later > step for later in steps[i + 1 :])


def test_rows_past_the_restart_are_moved_out(tmp_path):
    kept = HEADER + "".join(row(step) for step in (10, 20, 30))
    (tmp_path / "energies.dat").write_text(kept + row(40) + row(50) + "60 -0.41 2")
    (tmp_path / "frames.extxyz").write_text(frame(20) + frame(40) + frame(60)[:-7])
    assert last_step(tmp_path) == 50
    assert cut_back(tmp_path, 30) == Cut(rows=3, frames=2)
    assert (tmp_path / "energies.dat").read_text() == kept
    assert (tmp_path / "energies.dropped.dat").read_text() == row(40) + row(50) + "60 -0.41 2\n"
    assert (tmp_path / "frames.extxyz").read_text() == frame(20)
    assert (tmp_path / "frames.dropped.extxyz").read_text() == frame(40) + frame(60)[:-7] + "\n"
    assert cut_back(tmp_path, 30) == Cut(rows=0, frames=0)


def test_the_course_that_stays_is_the_one_that_led_to_the_restart(tmp_path):
    """A bare lmp was killed at 50 and resumed from 20: the second rows 30 and 40 lead to the restart at 40."""
    first = HEADER + "".join(row(step, 1) for step in (10, 20))
    lost = "".join(row(step, 1) for step in (30, 40, 50))
    second = "# resumed\n" + "".join(row(step, 2) for step in (30, 40))
    (tmp_path / "energies.dat").write_text(first + lost + second + row(50, 2))
    assert cut_back(tmp_path, 40) == Cut(rows=4, frames=0)
    assert (tmp_path / "energies.dat").read_text() == first + second


def test_a_row_that_runs_into_the_next_attempt_does_not_stay(tmp_path):
    (tmp_path / "energies.dat").write_text(HEADER + row(10) + "20 -0.4# resumed from nvt.restart\n" + row(20))
    assert cut_back(tmp_path, 20) == Cut(rows=1, frames=0)
    assert (tmp_path / "energies.dat").read_text() == HEADER + row(10) + row(20)


def test_two_rows_that_ran_into_each_other_are_moved_out(tmp_path):
    ran_together = row(20)[:-5] + row(30)
    (tmp_path / "energies.dat").write_text(HEADER + row(10) + ran_together + row(40))
    assert cut_back(tmp_path, 50) == Cut(rows=1, frames=0)
    assert (tmp_path / "energies.dat").read_text() == HEADER + row(10) + row(40)
    assert (tmp_path / "energies.dropped.dat").read_text() == ran_together


def test_without_a_restart_everything_is_moved_out(tmp_path):
    (tmp_path / "energies.dat").write_text(HEADER + row(10))
    assert cut_back(tmp_path, 0) == Cut(rows=1, frames=0)
    assert (tmp_path / "energies.dat").read_text() == HEADER


def test_a_run_resumes_from_a_restart_before_its_next_row_or_frame_is_due(tmp_path):
    manifest = Manifest(
        protocol="nvt", id="one", identity="", formula="ArNa", n_atoms=2, potential_name="any", potential_sha256="",
        settings={}, n_steps=1000, temperature_K=20.0, timestep_fs=4.0, sample_every=10, frame_every=50,
    )  # fmt: skip
    (tmp_path / "energies.dat").write_text(HEADER + "".join(row(step) for step in range(10, 110, 10)))
    assert (whole_to(tmp_path, manifest), resumable_to(tmp_path, manifest)) == (100, 109)
    (tmp_path / "frames.extxyz").write_text(frame(50))
    assert resumable_to(tmp_path, manifest) == 99
    zeros = (frame(50) + frame(100)).replace("Na 4.0 5.0", "Na 4\0\0\0\0\0\0")
    (tmp_path / "frames.extxyz").write_text(zeros)  # by a power cut, in the middle
    assert resumable_to(tmp_path, manifest) == 49


def test_the_last_step_of_nothing_is_zero(tmp_path):
    assert last_step(tmp_path) == 0
    (tmp_path / "energies.dat").write_text(HEADER)
    assert last_step(tmp_path) == 0


def test_frames_are_those_that_ase_reads(tmp_path):
    path = tmp_path / "frames.extxyz"
    path.write_text("".join(frame(1000 * k, -0.1 * k) for k in range(1, 8)))
    ours, theirs = list(read_frames(path, every=3)), read(path, "::3")
    assert [f.step for f in ours] == [1000, 4000, 7000] == [atoms.info["Timestep"] for atoms in theirs]
    for f, atoms in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(f.positions_A, atoms.positions)
        np.testing.assert_array_equal(f.atoms().positions, atoms.positions)
        assert list(f.symbols) == list(atoms.symbols)
        assert f.potential_energy_eV == atoms.info["Potential_energy"]


def test_frames_survive_kills_and_rewinds(tmp_path):
    path = tmp_path / "frames.extxyz"
    path.write_text(frame(10, 1) + frame(20, 1) + frame(30, 1)[:-3] + "\n" + frame(20, 2) + frame(30, 2)[:60])
    assert [(f.step, f.potential_energy_eV) for f in read_frames(path)] == [(10, 1.0), (20, 2.0)]


def test_a_frame_cut_short_anywhere_is_not_a_frame():
    for cut in range(1, len(frame(20))):
        assert [span.step for span in find_frames((frame(10) + frame(20)[:-cut]).encode())] == [10]


def test_a_frame_cut_short_does_not_mix_with_what_a_bare_lmp_wrote_behind_it():
    for cut in range(1, len(frame(20))):
        spans = find_frames((frame(10) + frame(20)[:-cut] + frame(30) + frame(40)).encode())
        assert {10, 40} <= {span.step for span in spans} <= {10, 30, 40}


def test_no_frames():
    assert find_frames(b"") == find_frames(frame(10)[:30].encode()) == []


def test_frames_that_are_not_there_or_not_frames(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        list(read_frames(Path("nowhere")))
    path = tmp_path / "other.extxyz"
    path.write_text(frame(10).replace("4.0 5.0", "x"))
    with pytest.raises(InputError, match=r"other\.extxyz: step 10"):
        list(read_frames(path))
