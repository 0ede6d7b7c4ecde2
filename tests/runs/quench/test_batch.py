"""Quenches: the deck and the library agree, frames stream, nothing is done twice."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write

from deckgen.decks.clusters import start_structure
from deckgen.decks.deck import write_quench_deck
from deckgen.decks.gupta import SODIUM
from deckgen.decks.manifest import SCRIPT
from deckgen.errors import InputError, RunError
from deckgen.minima import Minimum, append_minima, read_minima
from deckgen.processes import display
from deckgen.runs.quench.batch import CLAIMS, quench, tighten
from deckgen.runs.quench.chunks import Chunk
from deckgen.runs.quench.frames import frames_of_file
from deckgen.runs.quench.progress import QuenchProgress
from deckgen.runs.quench.worker import ForceTolerance
from deckgen.study import Study

CLUSTER = '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n[isomers]\n'
LOOSE, TIGHT = 1e-2, 1e-5


@pytest.fixture
def make(tmp_path):
    """Write a study of Na13 and a file of displaced icosahedra."""

    def make_study(keys: str = "", n_frames: int = 12, amplitude_A: float = 0.6) -> tuple[Study, Path]:
        (tmp_path / "study.toml").write_text(CLUSTER + keys)
        study = Study.read(tmp_path)
        rng = np.random.default_rng(3)
        atoms = start_structure(study.cluster, study.folder)
        frames = []
        for temperature in range(n_frames):
            frame = atoms.copy()
            frame.positions += rng.normal(scale=amplitude_A, size=frame.positions.shape)
            frame.info["temperature_K"] = 100.0 + temperature
            frames.append(frame)
        write(tmp_path / "frames.extxyz", frames, columns=["symbols", "positions"])
        return study, tmp_path / "frames.extxyz"

    return make_study


def minima_of(study: Study, file: Path, force: float, every: int = 1, **options) -> list[Minimum]:
    deck = write_quench_deck(study, "loose", force)
    source = frames_of_file(file, deck.folder, ("Na",) * study.cluster.size, every)
    return list(quench(deck.folder, [source], ForceTolerance(force), progress=False, **options).minima())


@pytest.mark.parametrize("minimizer", ["fire", "cg"])
def test_the_deck_and_the_library_give_the_same_energies(make, minimizer):
    study, file = make(f'minimizer = "{minimizer}"\n')
    deck = write_quench_deck(study, "loose", TIGHT).folder
    minima = minima_of(study, file, TIGHT)
    words = ["-in", SCRIPT, "-screen", "none", "-var", "frames", str(file), "-var", "n_frames", "12"]
    subprocess.run([Path(sys.executable).with_name("lmp"), *words], cwd=deck, check=True)
    rows = np.loadtxt(deck / "minima.dat")
    assert [minimum.energy_eV for minimum in minima] == pytest.approx(rows[:, 1], abs=1e-8)
    assert rows[:, 0].tolist() == [minimum.frame for minimum in minima] == list(range(12))
    assert rows[:, 2].max() < TIGHT
    for minimum, atoms in zip(minima, read(deck / "minima.extxyz", ":"), strict=True):
        assert atoms.info["Potential_energy"] == pytest.approx(minimum.energy_eV, abs=1e-8)
        assert SODIUM.energy_eV(atoms.get_chemical_symbols(), atoms.positions) == pytest.approx(
            minimum.energy_eV, abs=1e-6
        )


def test_a_minimum_says_where_it_is_from_and_how_well_it_converged(make):
    study, file = make()
    minima = minima_of(study, file, LOOSE, every=5)
    assert [minimum.frame for minimum in minima] == [0, 5, 10]
    assert [minimum.temperature_K for minimum in minima] == [100, 105, 110]
    assert {minimum.source for minimum in minima} == {"frames.extxyz"}
    assert all(minimum.converged and 0 < minimum.max_force_eV_A <= LOOSE for minimum in minima)
    assert all(minimum.n_steps > 5 for minimum in minima)


def test_the_tight_stage_goes_on_from_the_loose_one_and_keeps_the_order(make):
    study, file = make()
    loose = minima_of(study, file, LOOSE)
    deck = write_quench_deck(study, "tight", TIGHT).folder
    tight = tighten(deck, loose, ForceTolerance(TIGHT), progress=False)
    assert [(minimum.source, minimum.frame, minimum.temperature_K) for minimum in tight] == [
        (minimum.source, minimum.frame, minimum.temperature_K) for minimum in loose
    ]
    for before, after in zip(loose, tight, strict=True):
        assert after.max_force_eV_A <= TIGHT
        assert before.energy_eV - 0.2 < after.energy_eV <= before.energy_eV
    assert tighten(deck, [], ForceTolerance(TIGHT)) == []


def test_a_saddle_is_pushed_off(make):
    """The cuboctahedron of 13 atoms is a saddle, on which its symmetry holds a minimisation; the icosahedron is not."""
    study, _ = make()
    shell = np.array([p for p in np.ndindex(3, 3, 3) if sorted(np.abs(np.array(p) - 1)) == [0, 1, 1]]) - 1.0
    saddle = np.vstack([np.zeros(3), shell]) * 3.6 / np.sqrt(2)
    start = Minimum(("Na",) * 13, saddle, 0.0, 0.0, 0, True, 300.0, "by hand", 7)
    deck = write_quench_deck(study, "tight", TIGHT).folder
    (held,) = tighten(deck, [start], ForceTolerance(TIGHT), progress=False)
    (free,) = tighten(deck, [replace(start, frame=8)], ForceTolerance(TIGHT, escape_saddles=True), progress=False)
    icosahedron = start_structure(study.cluster, study.folder).positions
    (lowest,) = tighten(deck, [replace(start, positions_A=icosahedron)], ForceTolerance(TIGHT, True), progress=False)
    assert held.converged
    assert free.converged
    assert free.energy_eV < held.energy_eV - 0.1
    assert free.energy_eV == pytest.approx(lowest.energy_eV, abs=1e-6)


def test_what_does_not_converge_says_so(make):
    study, file = make("max_steps = 3\n")
    minima = minima_of(study, file, LOOSE)
    assert [minimum.converged for minimum in minima] == [False] * 12
    assert {minimum.n_steps for minimum in minima} == {3}
    assert min(minimum.max_force_eV_A for minimum in minima) > LOOSE


def test_what_was_quenched_is_not_quenched_again(make):
    study, file = make(n_frames=60)
    first = minima_of(study, file, LOOSE, workers=2)
    deck = write_quench_deck(study, "loose", LOOSE).folder
    chunks = sorted(deck.glob("frames-*.0*.extxyz"))
    assert len(chunks) == 3
    whole = {chunk: chunk.read_bytes() for chunk in chunks}
    chunks[0].write_bytes(whole[chunks[0]][:-1])  # a kill cut the last minimum short
    chunks[1].write_bytes(whole[chunks[1]].replace(b"Na ", b"Na  ", 1))  # a mark that a new quench would not leave
    chunks[2].unlink()
    again = minima_of(study, file, LOOSE, workers=2)
    assert [minimum.energy_eV for minimum in again] == pytest.approx([m.energy_eV for m in first], abs=1e-8)
    assert b"Na  " in chunks[1].read_bytes()
    assert [minimum.frame for minimum in again] == list(range(60))


def test_ctrl_c_keeps_what_was_done_and_the_same_call_goes_on(make, until):
    study, file = make(n_frames=150)
    deck = write_quench_deck(study, "tight", 1e-7).folder
    code = f"""
from pathlib import Path
from deckgen.runs.quench.batch import quench
from deckgen.runs.quench.frames import frames_of_file
from deckgen.runs.quench.worker import ForceTolerance
source = frames_of_file(Path({str(file)!r}), Path({str(deck)!r}), ("Na",) * 13)
quench(Path({str(deck)!r}), [source], ForceTolerance(1e-7), workers=2)
"""
    chunks = lambda: [chunk for chunk in deck.glob("frames-*.0*.extxyz") if chunk.stat().st_size]  # noqa: E731
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        until(chunks)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert "frames to quench; the same command resumes" in said
    kept = {(m.frame, m.energy_eV) for chunk in chunks() for m in read_minima(chunk)}
    assert 0 < len(kept) < 150
    source = frames_of_file(file, deck, ("Na",) * 13)
    minima = list(quench(deck, [source], ForceTolerance(1e-7), workers=2, progress=False).minima())
    assert kept <= {(minimum.frame, minimum.energy_eV) for minimum in minima}
    assert [minimum.frame for minimum in minima] == list(range(150))


def test_a_frame_that_kills_its_process_is_kept_aside(make):
    study, file = make()
    frames = read(file, ":")
    frames[5].positions[:, 0] += 100
    write(file, frames, columns=["symbols", "positions"])
    deck = write_quench_deck(study, "loose", LOOSE).folder
    script = (deck / SCRIPT).read_text()
    minimise = script.partition('quench string "')[2].partition('"')[0]
    deadly = f"if '$(xcm(all,x)) > 50' then 'quit 3' else '{minimise}'"
    (deck / SCRIPT).write_text(script.replace(minimise, deadly))
    source = frames_of_file(file, deck, ("Na",) * 13)
    minima = list(quench(deck, [source], ForceTolerance(LOOSE), progress=False).minima())
    assert [minimum.converged for minimum in minima] == [frame != 5 for frame in range(12)]
    assert np.isnan(minima[5].energy_eV)
    (deck / SCRIPT).write_text(script.replace(minimise, deadly.replace(">", "<")))
    write(file, frames[6:], columns=["symbols", "positions"])
    with pytest.raises(RunError, match="exit code 3"):
        quench(deck, [frames_of_file(file, deck, ("Na",) * 13)], ForceTolerance(LOOSE), progress=False)


def test_a_frame_at_which_lammps_fails_costs_no_other(tmp_path):
    """Two atoms on one spot fling Lennard-Jones clusters out of the box: atoms are lost, and stay lost."""
    potential = '[potential]\nkind = "lammps"\npair_style = "lj/cut 60.0"\npair_coeff = ["* * 0.0104 3.4"]\n'
    (tmp_path / "study.toml").write_text(f'[cluster]\nelement = "Ar"\nsize = 13\n{potential}mass_u = 39.948\n')
    study = Study.read(tmp_path)
    atoms = start_structure(study.cluster, study.folder)
    frames = [atoms.copy() for _ in range(4)]
    frames[1].positions[1] = frames[1].positions[0] + [1e-2, 0, 0]
    write(tmp_path / "frames.extxyz", frames, columns=["symbols", "positions"])
    deck = write_quench_deck(study, "tight", TIGHT)
    source = frames_of_file(tmp_path / "frames.extxyz", deck.folder, ("Ar",) * 13, 1)
    found = list(quench(deck.folder, [source], ForceTolerance(TIGHT), workers=1, progress=False).minima())
    assert np.isnan(found[1].energy_eV)
    assert not found[1].converged
    assert [one.energy_eV for one in found[2:]] == pytest.approx([found[0].energy_eV] * 2, rel=1e-9)
    assert found[0].energy_eV == pytest.approx(-44.326801 * 0.0104, rel=1e-6)  # Wales and Doye (1997)


def test_a_worker_that_was_killed_costs_no_frame(make):
    study, file = make()
    frames = read(file, ":")
    frames[5].positions[:, 0] += 100
    write(file, frames, columns=["symbols", "positions"])
    deck = write_quench_deck(study, "loose", LOOSE).folder
    script = (deck / SCRIPT).read_text()
    minimise = script.partition('quench string "')[2].partition('"')[0]
    killed = f"if '$(xcm(all,x)) > 50' then 'shell . ./kill.sh' '{minimise}' else '{minimise}'"
    (deck / SCRIPT).write_text(script.replace(minimise, killed))
    source = frames_of_file(file, deck, ("Na",) * 13)
    (deck / "kill.sh").write_text("kill -KILL $PPID\n")
    with pytest.raises(RunError, match=r"SIGKILL.*3 times without a frame"):
        quench(deck, [source], ForceTolerance(LOOSE), workers=1, progress=False)
    (deck / "kill.sh").write_text("test -e killed || { touch killed; kill -KILL $PPID; }\n")
    minima = list(quench(deck, [source], ForceTolerance(LOOSE), workers=1, progress=False).minima())
    assert (deck / "killed").exists()
    assert [minimum.converged for minimum in minima] == [True] * 12


def test_a_process_that_dies_before_its_first_frame_sets_none_aside(make):
    study, file = make()
    deck = write_quench_deck(study, "loose", LOOSE).folder
    script = (deck / SCRIPT).read_text()
    (deck / SCRIPT).write_text(script + "\nquit 3\n")
    source = frames_of_file(file, deck, ("Na",) * 13)
    with pytest.raises(RunError, match="exit code 3"):
        quench(deck, [source], ForceTolerance(LOOSE), progress=False)
    (deck / SCRIPT).write_text(script)
    minima = list(quench(deck, [source], ForceTolerance(LOOSE), progress=False).minima())
    assert [minimum.converged for minimum in minima] == [True] * 12


def test_a_queue_that_a_killed_program_left_behind_holds_nothing_up(make):
    study, file = make(n_frames=30)
    deck = write_quench_deck(study, "loose", LOOSE).folder
    (deck / CLAIMS).mkdir()
    (deck / CLAIMS / "0").symlink_to("0")
    assert [minimum.frame for minimum in minima_of(study, file, LOOSE, workers=2)] == list(range(30))
    assert not (deck / CLAIMS).exists()


def test_a_script_that_fails_is_reported_in_lammps_words(make):
    study, file = make()
    deck = write_quench_deck(study, "loose", LOOSE).folder
    (deck / SCRIPT).write_text((deck / SCRIPT).read_text().replace("eam/alloy", "eam/aloy"))
    with pytest.raises(RunError, match="Unrecognized pair style 'eam/aloy'"):
        quench(deck, [frames_of_file(file, deck, ("Na",) * 13)], ForceTolerance(LOOSE), progress=False)


def test_frames_of_another_cluster_are_refused(make, tmp_path):
    _, file = make()
    with pytest.raises(InputError, match=r"frames\.extxyz: frame 0 is Na13, not the study's cluster"):
        frames_of_file(file, tmp_path, ("Na",) * 12)
    with pytest.raises(InputError, match=r"nowhere\.xyz: no such file"):
        frames_of_file(tmp_path / "nowhere.xyz", tmp_path, ("Na",) * 13)
    (tmp_path / "words.xyz").write_text("words\n")
    with pytest.raises(InputError, match=r"words\.xyz: ASE cannot read it"):
        frames_of_file(tmp_path / "words.xyz", tmp_path, ("Na",) * 13)
    assert not list(tmp_path.glob("*.starts.extxyz"))


def test_atoms_of_an_alloy_are_put_into_the_decks_order(tmp_path):
    (tmp_path / "alloy.xyz").write_text("4\n\nAr 1 0 0\nNa 2 0 0\nAr 3 0 0\nNa 4 0 0\n")
    source = frames_of_file(tmp_path / "alloy.xyz", tmp_path, ("Na", "Na", "Ar", "Ar"))
    (frame,) = source.frames(0, 1)
    assert frame.positions_A[:, 0].tolist() == [2, 4, 1, 3]


def test_minima_survive_the_file(tmp_path):
    rng = np.random.default_rng(1)
    written = [
        Minimum(("Na", "K"), rng.normal(size=(2, 3)), -1.5, 1e-3, 7, True, 100.5, "nvt/T0100.500K-r1", 3000),
        Minimum(("Na", "K"), rng.normal(size=(2, 3)), float("nan"), float("nan"), 0, False, None, "a b.xyz", 0),
    ]
    file = tmp_path / "minima.extxyz"
    assert append_minima(file, written[:1]) == 1
    file.write_bytes(file.read_bytes() + b"2\nProperties=species:S:1:pos:R:3 Poten")  # a kill
    assert append_minima(file, written[1:]) == 1
    for before, after in zip(written, read_minima(file), strict=True):
        assert after.positions_A == pytest.approx(before.positions_A, abs=1e-9)
        plain = [{k: v for k, v in vars(minimum).items() if k != "positions_A"} for minimum in (before, after)]
        assert json.dumps(plain[0]) == json.dumps(plain[1])
    assert read(file, 0).info["source"] == "nvt/T0100.500K-r1"
    assert not read(file, 0).pbc.any()
    (tmp_path / "other.xyz").write_text("1\nno minimum\nNa 0 0 0\n")
    with pytest.raises(InputError, match=r"other\.xyz: not a file of quenched frames"):
        list(read_minima(tmp_path / "other.xyz"))


def test_many_frames_need_no_more_memory_than_a_hundred(tmp_path):
    """Peak memory of reading frames as a worker and the count of them do; 252 atoms as in the paper."""
    code = """
import resource, sys
from pathlib import Path
from deckgen.frames import read_frames
assert sum(1 for _ in read_frames(Path(sys.argv[1]))) == int(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks_kB = []
    for n_frames in (100, 3_000):
        file = tmp_path / "frames.extxyz"
        body = "".join(f"Na {k}.00000000 -1.00000000 2.00000000\n" for k in range(252))
        with file.open("w") as out:
            for step in range(n_frames):
                out.write(f'252\nTimestep={step} Potential_energy=-1.0 Properties="species:S:1:pos:R:3"\n{body}')
        printed = subprocess.run(
            [sys.executable, "-c", code, file, str(n_frames)], capture_output=True, text=True, check=True
        )
        peaks_kB.append(int(printed.stdout))
        size_kB = file.stat().st_size / 1024
        os.unlink(file)
    assert peaks_kB[1] - peaks_kB[0] < 5_000 < size_kB / 5


def test_progress_says_how_many_and_how_long(make, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(display, "LINE_EVERY_S", 0.0)
    study, file = make()
    minima = minima_of(study, file, LOOSE, workers=1)
    chunk = Chunk(frames_of_file(file, tmp_path, ("Na",) * 13, 1), 0, 12, tmp_path / "minima.extxyz")
    with QuenchProgress([chunk], 1) as progress:
        progress.show()
        append_minima(chunk.file, minima[:3])
        progress.show()
    before, after = capsys.readouterr().err.splitlines()
    assert before == "0 of 12 frames quenched, 0 %"
    assert re.fullmatch(r"3 of 12 frames quenched, 25 %, [\d,.]+ a second, about \d+ s left on 1 worker", after)
