from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.io import read, write

from deckgen.decks.clusters import build
from deckgen.errors import InputError, InstallationError, RunError
from deckgen.processes.lock import LOCK, lock
from deckgen.training.extxyz import read_dataset
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.workflows.train.label import label

ODD = """
import os, signal, time
from ase.calculators.emt import EMT

class Picky(EMT):
    def calculate(self, atoms=None, *args, **kwargs):
        if len(atoms) == 3:
            os.kill(os.getpid(), signal.SIGUSR1)
        super().calculate(atoms, *args, **kwargs)

class Waiting(EMT):
    def calculate(self, *args, **kwargs):
        while os.path.exists(os.environ["WAIT_FOR"]):
            time.sleep(0.05)
        super().calculate(*args, **kwargs)

class Slow(EMT):
    def calculate(self, *args, **kwargs):
        time.sleep(30)
"""

EMT_TOML = '[data]\nisolated_spin = "none: a classical potential"\n[reference]\ncalculator = "emt"\n'


def clusters(*sizes: int) -> list[Atoms]:
    frames = []
    for seed, size in enumerate(sizes):
        atoms = build("Cu", size)
        atoms.rattle(0.1, seed=seed)
        atoms.info = {"trajectory": f"T{size}", "temperature_K": 300.0}
        frames.append(atoms)
    return frames


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a training project with frames to be labelled."""
    (tmp_path / "odd_emt.py").write_text(ODD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(frames: list[Atoms], toml: str = EMT_TOML) -> Path:
        folder = tmp_path / "project"
        (folder / "frames").mkdir(parents=True, exist_ok=True)
        (folder / "gap.toml").write_text(toml)
        write(folder / "frames" / "sampled.extxyz", frames, format="extxyz")
        return folder

    return make


def test_labels_are_the_calculators_and_nothing_is_labelled_twice(project) -> None:
    frames = clusters(2, 4, 5)
    folder = project([*frames, frames[0]])
    result = label(folder, progress=False)
    assert (result.n_labelled, result.failed, result.findings) == (4, [], [])
    settings = json.loads((folder / "labels" / "reference.json").read_text())
    assert settings["settings"]["calculator"] == "emt"
    assert settings["versions"].keys() == {"python", "ase"}
    dataset = read_dataset(result.file)
    assert dataset.sizes == (2, 4, 5)
    for size, given in zip((2, 4, 5), frames, strict=True):
        [frame] = dataset.of_size(size).frames
        given.calc = EMT()
        assert frame.energy_eV == pytest.approx(given.get_potential_energy(), abs=1e-7)
        np.testing.assert_allclose(frame.forces_eV_A, given.get_forces(), atol=1e-6)
        assert frame.trajectory == f"T{size}"
        assert frame.source == f"frames/sampled.extxyz:{(2, 4, 5).index(size)}"
        assert frame.atoms.info["temperature_K"] == 300
        assert frame.atoms.cell.lengths().min() >= 14
    atom = Atoms("Cu", calculator=EMT())
    assert dataset.isolated_eV == {"Cu": pytest.approx(atom.get_potential_energy(), abs=1e-7)}

    before = result.file.read_bytes()
    again = label(folder, progress=False)
    assert (again.n_labelled, again.n_known) == (0, 3)  # and the data have the isolated atom
    project(clusters(2, 4, 7), EMT_TOML + "vacuum_A = 12.0\n")
    with pytest.raises(InputError, match=r"labels of another reference: emt-.*, not emt-.*\n.*reference.json"):
        label(folder, progress=False)
    assert result.file.read_bytes() == before
    assert len(read_data(Recipe.read(folder).data, folder).dataset) == 3


def test_a_last_frame_that_was_cut_short_is_labelled_again(project) -> None:
    folder = project(clusters(2, 4))
    file = label(folder, progress=False, workers=1).file
    whole = file.read_text()
    for cut, missing in ((whole[: whole.rindex("Lattice") + 5], 1), (whole + "5", 0)):
        file.write_text(cut)
        assert label(folder, progress=False).n_labelled == missing
        assert file.read_text() == whole


def test_frames_that_fail_are_kept_aside_with_the_reason(project, capsys) -> None:
    folder = project(clusters(2, 3, 4), '[reference]\ncalculator = "odd_emt:Picky"\n')
    result = label(folder)
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("frames/sampled.extxyz:1: failed: ") for line in said)
    assert said[-1] == "3 of 4 frames labelled, 1 failed"
    assert result.n_labelled == 3
    [failed] = result.failed
    assert failed.source == "frames/sampled.extxyz:1"
    assert "SIGUSR1" in failed.reason
    aside = read(folder / "labels" / "failed.extxyz", ":")
    assert [len(atoms) for atoms in aside] == [3]
    assert "ended by SIGUSR1" in aside[0].info["reason"]
    assert aside[0].info["trajectory"] == "T3"

    again = label(folder, progress=False)
    assert (again.n_labelled, again.failed, again.n_failed_before) == (0, [], 1)
    retried = label(folder, progress=False, retry_failed=True)
    assert len(retried.failed) == 1
    assert sorted(file.name for file in (folder / "labels").glob("failed*")) == ["failed-1.extxyz", "failed.extxyz"]


@pytest.mark.parametrize("victim", ["worker", "calculator"])
def test_a_process_that_somebody_killed_says_nothing_of_its_frame(project, tmp_path, monkeypatch, victim) -> None:
    """It has failed this time, and is labelled by the next command."""
    folder = project(clusters(2, 4), '[data]\ne0 = "average"\n[reference]\ncalculator = "odd_emt:Waiting"\n')
    wait = tmp_path / "wait"
    wait.touch()
    monkeypatch.setenv("WAIT_FOR", str(wait))
    code = f"from deckgen.workflows.train.label import label; print(len(label({str(folder)!r}, workers=1).failed))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    at_work = list[int]()
    while not at_work and process.poll() is None:  # the first program of all only looks whether the calculator is there
        time.sleep(0.1)
        at_work = [pid for pid in _programs(process.pid) if _parent(pid) != process.pid]
    os.kill(_parent(at_work[0]) if victim == "worker" else at_work[0], signal.SIGKILL)
    wait.unlink()
    assert process.communicate(timeout=60)[0].split() == ["1"]
    again = label(folder, progress=False, workers=1)
    assert (again.n_labelled, again.n_known, again.n_failed_before) == (1, 1, 0)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_everything_is_checked_before_anything_runs(project) -> None:
    folder = project(clusters(2), '[reference]\ncalculator = "nothing"\n')
    with pytest.raises(InstallationError, match='calculator = "nothing": not found'):
        label(folder, progress=False)
    project(clusters(2), "")
    with pytest.raises(InputError, match="calculator is missing"):
        label(folder, progress=False)
    with pytest.raises(InputError, match="deckgen train sample"):
        label(folder, frames=folder / "none.extxyz", progress=False)
    project(clusters(2))
    with lock(folder / LOCK, "this test"), pytest.raises(RunError, match=r"training project .* is in use: process"):
        label(folder, progress=False)
    assert not (folder / "labels" / "labelled.extxyz").exists()


def test_sigterm_stops_the_calculators_and_keeps_the_labels(project) -> None:
    folder = project(clusters(2, 4), '[data]\ne0 = "average"\n[reference]\ncalculator = "odd_emt:Slow"\n')
    code = f"from deckgen.workflows.train.label import label; label({str(folder)!r}, workers=2)"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    while len(sleeping := _programs(process.pid)) < 2 and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert "KeyboardInterrupt: interrupted, 2 frames to go" in process.communicate(timeout=20)[1]
    assert [pid for pid in sleeping if _alive(pid)] == []
    assert not (folder / "labels" / "labelled.extxyz").exists()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _programs(ancestor: int) -> list[int]:
    """Return the processes of calculators below a process."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(stat.read_text().rsplit(")", 1)[1].split()[1]), []).append(int(stat.parent.name))
        except OSError:
            continue
    found, open_ = [], [ancestor]
    while open_:
        for pid in children.get(open_.pop(), []):
            open_.append(pid)
            if "odd_emt" in _request(pid):
                found.append(pid)
    return found


def _request(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        return next((Path(word).read_text() for word in words if word.endswith("request.json")), "")
    except OSError:
        return ""


def test_sodium_from_an_electronic_structure_calculator(project) -> None:
    frames = []
    for seed, size in enumerate((2, 3, 4)):
        atoms = build("Na", size)
        atoms.rattle(0.1, seed=seed)
        frames.append(atoms)
    folder = project(frames, '[reference]\ncalculator = "tblite"\nkeywords = {method = "GFN1-xTB"}\n')
    result = label(folder, progress=False)
    assert result.n_labelled == 4
    assert [finding.code for finding in result.findings] == ["isolated_spin"]
    dataset = read_data(Recipe.read(folder).data, folder).dataset
    atom = dataset.isolated_eV["Na"]
    binding = {frame.n_atoms: frame.energy_eV - frame.n_atoms * atom for frame in dataset.frames}
    assert binding[4] < binding[3] < binding[2] < 0
    for frame in dataset.frames:
        assert frame.forces_eV_A.sum(axis=0) == pytest.approx([0, 0, 0], abs=1e-6)


def test_vasp_folders_are_written_and_what_vasp_left_is_collected(project, write_vasp_output, monkeypatch) -> None:
    library = project([]) / "library"
    (library / "potpaw_PBE" / "Na_sv").mkdir(parents=True)
    (library / "potpaw_PBE" / "Na_sv" / "POTCAR").write_text("PAW_PBE Na_sv\n")
    frames = [build("Na", size) for size in (4, 5, 6)]
    toml = '[data]\ne0 = "average"\n[reference]\ncalculator = "vasp-files"\nkeywords = {SIGMA = 0.1}\n'
    folder = project(frames, toml)
    monkeypatch.delenv("VASP_PP_PATH", raising=False)
    assert label(folder, progress=False).n_waiting == 3
    places = sorted((folder / "labels" / "vasp").iterdir())
    assert [place.name for place in places] == ["00000", "00001", "00002"]
    incar = dict(line.split(" = ") for line in (places[0] / "INCAR").read_text().splitlines())
    assert {tag: incar[tag] for tag in ("GGA", "ENCUT", "EDIFF", "ISMEAR", "SIGMA", "ISPIN", "LREAL")} == {
        "GGA": "PE",
        "ENCUT": "102",
        "EDIFF": "1e-05",
        "ISMEAR": "0",
        "SIGMA": "0.1",
        "ISPIN": "1",
        "LREAL": ".FALSE.",
    }
    assert (places[0] / "KPOINTS").read_text().splitlines()[1:] == ["1", "Reciprocal", "0 0 0 1"]
    assert "cat potpaw_PBE/Na/POTCAR > POTCAR" in (places[0] / "POTCAR.txt").read_text()

    done = [read(place / "POSCAR") for place in places]
    assert [len(atoms) for atoms in done] == [4, 5, 6]
    assert all(atoms.cell.lengths().min() >= np.ptp(atoms.positions, axis=0).max() + 9 for atoms in done)
    for atoms in done:
        atoms.calc = LennardJones(epsilon=0.3, sigma=3.2)
    write_vasp_output(places[0] / "vasprun.xml", done[:1])
    write_vasp_output(places[1] / "OUTCAR", done[1:2], converged=False)
    result = label(folder, progress=False)
    assert (result.n_labelled, result.n_waiting) == (1, 1)
    assert "00001/OUTCAR: the electronic steps did not converge" in result.failed[0].reason
    [frame] = read_dataset(result.file).frames
    assert frame.energy_eV == pytest.approx(done[0].get_potential_energy(), abs=1e-7)
    assert frame.source == "frames/sampled.extxyz:0"

    write_vasp_output(places[1] / "OUTCAR", done[1:2])
    write_vasp_output(places[2] / "OUTCAR", done[:1])
    result = label(folder, progress=False)
    assert (result.n_labelled, result.n_known, result.n_waiting) == (1, 1, 0)
    assert "is not of the frame" in result.failed[0].reason

    monkeypatch.setenv("VASP_PP_PATH", str(library))
    os.truncate(result.file, 0)
    project([*frames, build("Na", 7)], toml.replace("SIGMA = 0.1", 'setups = {Na = "Na_sv"}'))
    label(folder, progress=False)
    assert (folder / "labels" / "vasp" / "00003" / "POTCAR").read_text() == "PAW_PBE Na_sv\n"
