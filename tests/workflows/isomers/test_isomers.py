"""`deckgen isomers` on landscapes whose minima are known."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read, write
from matplotlib.figure import Figure

import deckgen
from deckgen.cli import main
from deckgen.decks import render
from deckgen.decks.deck import read_manifests
from deckgen.errors import InputError, RunError
from deckgen.minima import find_minima
from deckgen.runs.quench import batch
from deckgen.runs.status import status
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.isomers.read import read_isomers
from deckgen.workflows.isomers.study import isomers

EPSILON_EV, SIGMA_A = 0.0104, 3.40
STUDY = """
[cluster]
element = "Ar"
size = {size}
container_radius_A = 7.0
[potential]
kind = "lammps"
pair_style = "lj/cut 40.0"
pair_coeff = ["* * 0.0104 3.40"]
mass_u = 39.948
[ladder]
temperatures_K = [20, 30, 40]
[nvt]
timestep_fs = 4
duration_ps = 40
frame_every = 500
[isomers]
loose_force_eV_A = 1e-5
max_force_eV_A = 1e-7
{keys}
"""
LJ7_OVER_EPSILON = [-16.505384, -15.935043, -15.593211, -15.533060]
"""All minima of LJ7 (Hoare and McInnes, Faraday Discuss. Chem. Soc. 61, 12 (1976))."""
LJ13 = [-44.326801, -41.471979, -41.444597, -41.394398]


@pytest.fixture
def make(tmp_path) -> Callable[..., Path]:
    def write_study(size: int, keys: str) -> Path:
        (tmp_path / "study.toml").write_text(STUDY.format(size=size, keys=keys))
        return tmp_path

    return write_study


def random_clusters(size: int, count: int) -> list[Atoms]:
    """Return atoms thrown into a ball one after the other, each at least 0.7 sigma from the others."""
    rng = np.random.default_rng(5)
    frames = []
    for _ in range(count):
        positions = np.empty((0, 3))
        while len(positions) < size:
            new = rng.uniform(-4.5, 4.5, size=3)
            if np.linalg.norm(new) < 4.5 and (np.linalg.norm(positions - new, axis=1) > 0.7 * SIGMA_A).all():
                positions = np.vstack([positions, new])
        frames.append(Atoms(f"Ar{size}", positions=positions))
    return frames


def results(folder: Path) -> dict:
    return json.loads((folder / "results" / "isomers.json").read_text())


def test_every_minimum_of_lj7_is_found_once(make, capsys):
    folder = make(7, "temperatures_K = [20, 40]\nduration_ps = 400\nframe_every = 500\n")
    assert main(["isomers", str(folder)]) == 0
    printed = capsys.readouterr()
    assert "400 frames quenched, 0 kept aside: 4 isomers" in printed.out
    assert "harmonic frequencies of 4 isomers: 168 evaluations" in printed.err
    found = results(folder)
    assert [isomer["energy_eV"] / EPSILON_EV for isomer in found["isomers"]] == pytest.approx(
        LJ7_OVER_EPSILON, abs=1e-5
    )
    assert [isomer["rank"] for isomer in found["isomers"]] == [1, 2, 3, 4]
    assert [isomer["point_group"] for isomer in found["isomers"]] == ["D5h", "C3v", "C3v", "C2"]
    assert (found["n_quenched"], found["n_failed"], found["n_distinct"]) == (400, 0, 4)
    assert found["cluster"] == {"formula": "Ar7", "n_atoms": 7}
    assert found["isomers"][0]["relative_eV"] == 0
    for isomer, atoms in zip(found["isomers"], read(folder / "results" / "isomers.extxyz", ":"), strict=True):
        assert isomer["max_force_eV_A"] <= 1e-7
        assert atoms.info["rank"] == isomer["rank"]
        r = atoms.get_all_distances()[np.triu_indices(7, 1)]
        energy = 4 * EPSILON_EV * ((SIGMA_A / r) ** 12 - (SIGMA_A / r) ** 6).sum()
        assert energy == pytest.approx(isomer["energy_eV"], abs=1e-8)
        assert isomer["min_bond_length_A"] == pytest.approx(r.min(), abs=1e-6)
    products = [isomer["log_frequency_product"] for isomer in found["isomers"]]
    # fifteen vibrations between the softest of 1 and the stiffest of 10 rad/ps
    assert all(0 < product / 15 < np.log(10) for product in products)
    assert products[0] == max(products)  # the lowest is the stiffest
    assert (folder / "results" / "figures" / "isomer_spectrum.svg").is_file()
    fractions = np.array([isomer["occupation"]["fraction"] for isomer in found["isomers"]])
    assert found["isomers"][0]["occupation"]["temperatures_K"] == [20, 40]
    assert fractions.sum(axis=0) == pytest.approx([1, 1])
    assert (fractions * 200).sum(axis=1) == pytest.approx([isomer["count"] for isomer in found["isomers"]])
    assert fractions[0, 0] > fractions[0, 1]  # the lowest prevails in the cold


def test_every_minimum_of_lj8_is_found_once_from_thrown_atoms_and_nothing_is_done_twice(make, capsys):
    """LJ8 has eight minima (Tsai and Jordan, J. Phys. Chem. 97, 11227 (1993)), the lowest at -19.821489 epsilon."""
    folder = make(8, "")
    write(folder / "thrown.xyz", random_clusters(8, 500))
    command = ["isomers", str(folder), "--frames", str(folder / "thrown.xyz"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == results(folder)
    assert found["n_distinct"] == 8
    assert found["isomers"][0]["energy_eV"] / EPSILON_EV == pytest.approx(-19.821489, abs=1e-5)
    assert not (folder / "decks" / "isomers").exists()
    before = {path: path.stat().st_mtime_ns for path in (folder / "decks").rglob("*.extxyz")}
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "decks").rglob("*.extxyz")} == before
    assert results(folder) == found


def test_only_the_lowest_groups_of_lj13_are_tightened_and_later_only_those_that_are_new(make, capsys, monkeypatch):
    """The lowest four: Hoare and McInnes (1983); the icosahedron, and three ways to move one of its atoms."""
    monkeypatch.setattr(batch, "BLOCK", 2)
    folder = make(13, 'tighten = 2\nfrequencies = 0\nfiles = ["thrown.xyz"]\n')
    write(folder / "thrown.xyz", random_clusters(13, 60))
    assert main(["isomers", str(folder)]) == 0
    found = results(folder)
    assert [isomer["energy_eV"] / EPSILON_EV for isomer in found["isomers"]] == pytest.approx(LJ13[:2], abs=1e-5)
    assert (found["n_tightened"], found["settings"]["tighten"]) == (2, 2)
    assert sum(isomer["count"] for isomer in found["isomers"]) + found["n_higher"] + found["n_failed"] == 60
    words = " ".join(capsys.readouterr().out.split())
    assert f"2 isomers in the lowest 2 of {found['n_groups']} groups ({found['n_higher']} quenches higher)" in words
    (tight,) = (folder / "decks" / "quench").glob("tight-*")
    before = {path.name: path.stat().st_mtime_ns for path in tight.glob("minima-*")}
    (folder / "study.toml").write_text((folder / "study.toml").read_text().replace("tighten = 2", "tighten = 4"))
    more = isomers(folder, progress=False).found
    assert [one.minimum.energy_eV / EPSILON_EV for one in more.isomers] == pytest.approx(LJ13, abs=1e-5)
    assert {path.name: path.stat().st_mtime_ns for path in tight.glob("minima-*")}.items() > before.items()
    assert sum(len(find_minima(path)) for path in tight.glob("minima-*.0*")) == 4


def test_basin_hopping_finds_the_lowest_minimum_of_lj13_and_says_how_often(make, capsys):
    """From thrown atoms, two clusters that do not quench to it; acceptance at 0.8 epsilon, as Wales and Doye."""
    folder = make(13, 'hops = 5\nhop_walkers = 2\nhop_temperature_K = 96.5\nfiles = ["thrown.xyz"]\nfrequencies = 0\n')
    write(folder / "thrown.xyz", random_clusters(13, 36)[25:27])
    before = isomers(folder, workers=1, progress=False)
    assert before.hopping.hops == 5
    files = {path: path.read_bytes() for path in (folder / "decks" / "quench").rglob("hops-*.extxyz")}
    assert [len(find_minima(path)) for path in files] == [5, 5]
    (folder / "study.toml").write_text((folder / "study.toml").read_text().replace("hops = 5", "hops = 25"))
    assert main(["isomers", str(folder), "--workers", "1"]) == 0
    assert all(path.read_bytes().startswith(text) for path, text in files.items())
    found = results(folder)
    assert found["isomers"][0]["energy_eV"] / EPSILON_EV == pytest.approx(LJ13[0], abs=1e-5)
    assert found["n_quenched"] == 2 + 2 * 25
    firsts = [hop for hop in found["hopping"]["first_hops"] if hop]
    assert len(firsts) >= 1
    words = " ".join(capsys.readouterr().out.split())
    assert f"{len(firsts)} of 2 walkers of 25 hops found the lowest isomer, the first after {min(firsts)}" in words


def test_the_order_of_the_frames_does_not_matter(make):
    folder = make(8, 'files = ["a.xyz"]\n')
    frames = random_clusters(8, 120)
    write(folder / "a.xyz", frames)
    first = isomers(folder, progress=False).to_json()
    write(folder / "a.xyz", frames[::-1])
    second = isomers(folder, progress=False).to_json()
    keys = ("energy_eV", "count", "point_group", "point_group_order")
    assert [[i[k] for k in keys[1:]] for i in first["isomers"]] == [[i[k] for k in keys[1:]] for i in second["isomers"]]
    energies = [[isomer["energy_eV"] for isomer in one["isomers"]] for one in (first, second)]
    assert energies[0] == pytest.approx(energies[1], abs=1e-9)


def test_the_ladders_frames_by_temperature(make):
    folder = make(7, 'source = "nvt"\ntemperatures_K = [20, 40]\nevery = 4\n')
    with pytest.raises(RunError, match="no frames to quench") as caught:
        isomers(folder, progress=False)
    assert "deckgen run" in caught.value.hint
    deckgen.run(folder, progress=False)
    before = [deck.id for deck in status(folder)]
    found = isomers(folder, progress=False).found
    assert found.n_quenched == 2 * (20 // 4)
    assert found.temperatures_K.tolist() == [20, 40]
    assert {isomer.minimum.source[:4] for isomer in found.isomers} == {"nvt/"}
    assert [deck.id for deck in status(folder)] == before


def test_a_temperature_that_is_not_a_rung(make):
    folder = make(7, 'source = "nvt"\ntemperatures_K = [20, 35]\n')
    with pytest.raises(InputError, match="35 K is not a rung of the ladder"):
        isomers(folder, progress=False)


def test_the_isomers_own_runs_are_not_the_ladders(make):
    folder = make(7, "temperatures_K = [20]\nduration_ps = 4\nframe_every = 100\n")
    isomers(folder, progress=False)
    assert list(read_manifests(folder)) == []
    ((deck, manifest),) = read_manifests(folder, "isomers")
    assert (deck.parent.name, manifest.n_steps, manifest.frame_every) == ("isomers", 1000, 100)
    decks = deckgen.write_decks(folder)
    seeds = [deck.manifest.settings["seed"] for deck in decks if deck.manifest.temperature_K == 20]
    assert seeds != [manifest.settings["seed"]]


def test_the_potential_and_the_start_are_resolved_once(make, monkeypatch):
    """Of a large GAP and a large cluster both take their time."""
    calls = []

    def counted(function):
        def count(*args):
            calls.append(function.__name__)
            return function(*args)

        return count

    for name in ("resolve", "start_structure"):
        real = getattr(render, name)
        for module in [module for key, module in sys.modules.items() if key.startswith("deckgen.")]:
            if getattr(module, name, None) is real:
                monkeypatch.setattr(module, name, counted(real))
    folder = make(7, "temperatures_K = [20]\nduration_ps = 4\nframe_every = 100\n")
    found = isomers(folder, workers=1, progress=False)
    assert found.found.n_quenched == 10
    assert len(list((folder / "decks" / "quench").iterdir())) == 3  # loose, tight, settled
    assert sorted(calls) == ["resolve", "start_structure"]


def test_isomers_are_read_back_as_they_were_written(make):
    folder = make(7, "temperatures_K = [20]\nduration_ps = 8\nframe_every = 200\nfrequencies = 1\n")
    written = isomers(folder, workers=1, progress=False)
    assert repr(written) == repr(written.found).replace("IsomerList", "StudyIsomers")
    assert written._repr_html_() == written.found._repr_html_()
    axes = Figure().add_subplot()
    assert written.plot(ax=axes) is axes
    document = read_isomers(ResultsFolder(folder / "results"))
    read = json.loads(json.dumps(asdict(document)))
    for isomer in read["isomers"]:
        if isomer["log_frequency_product"] is None:  # the key is left out where it is not known
            del isomer["log_frequency_product"]
    assert read == results(folder) == written.to_json()
    assert document.tolerances == written.found.tolerances
    del read["settings"]["deck"]
    (folder / "results" / "isomers.json").write_text(json.dumps(read))
    with pytest.raises(InputError, match=r"isomers\.json: written by another version .*settings\.deck") as caught:
        read_isomers(ResultsFolder(folder / "results"))
    assert caught.value.hint == "write it again: deckgen isomers"
    assert isomers(folder, workers=1, progress=False).to_json() == written.to_json()  # nothing of it is needed


def test_what_falls_apart_or_does_not_converge_is_kept_aside(make):
    folder = make(8, 'files = ["halves.xyz"]\nmax_steps = 2000\n')
    frames = random_clusters(8, 6)
    for frame in frames[:2]:
        frame.positions[4:] += 60.0  # beyond the cutoff
    write(folder / "halves.xyz", frames)
    result = isomers(folder, progress=False)
    assert result.found.n_failed == 2
    aside = read(folder / "results" / "quenches_aside.extxyz", ":")
    assert [atoms.info["frame"] for atoms in aside] == [0, 1]
    write(folder / "halves.xyz", frames[2:])
    assert isomers(folder, progress=False).found.n_failed == 0
    assert not (folder / "results" / "quenches_aside.extxyz").exists()
