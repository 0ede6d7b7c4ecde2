from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from ase.io import write
from pydantic import ValidationError

from deckgen.decks.clusters import build
from deckgen.errors import InputError
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.extxyz import read_dataset, write_dataset
from deckgen.training.findings import about_outliers
from deckgen.training.read import read_data
from deckgen.training.recipe.data import Curate, Data

AVERAGE = {"e0": "average"}


def cluster(size: int = 4, seed: int = 0) -> Atoms:
    """A rattled copper cluster in a periodic box, labelled by EMT as a free one."""
    atoms = build("Cu", size)
    atoms.rattle(0.05, seed=seed)
    atoms.set_cell([18.0] * 3)
    atoms.center()
    return with_labels(atoms)


def with_labels(atoms: Atoms) -> Atoms:
    free = Atoms(atoms.symbols, positions=atoms.positions)
    free.calc = EMT()
    atoms.pbc = True
    energy = free.get_potential_energy()
    atoms.calc = SinglePointCalculator(atoms, energy=energy, free_energy=energy, forces=free.get_forces())
    return atoms


def write_xyz(path: Path, frames: Sequence[Atoms], **info: str) -> None:
    plain = []
    for frame in frames:
        atoms = Atoms(frame.symbols, positions=frame.positions, info={**frame.info, **info})
        atoms.info["REF_energy"] = frame.get_potential_energy()
        atoms.arrays["REF_forces"] = frame.get_forces()
        plain.append(atoms)
    write(path, plain, format="extxyz")


def codes(reading) -> list[str]:
    return [finding.code for finding in reading.findings]


@pytest.mark.parametrize("name", ["vasprun.xml", "OUTCAR", "vasprun_300K.xml", "OUTCAR.300K"])
def test_vasp_gives_its_free_energy_never_the_extrapolated_one(tmp_path, write_vasp_output, name) -> None:
    frames = [cluster(seed=seed) for seed in range(3)]
    write_vasp_output(tmp_path / "md" / name, frames)
    reading = read_data(Data(files=[f"md/{name}"], **AVERAGE), tmp_path)
    assert codes(reading) == []
    for frame, given in zip(reading.dataset.frames, frames, strict=True):
        assert frame.energy_eV == pytest.approx(given.get_potential_energy(), abs=1e-7)
        np.testing.assert_allclose(frame.forces_eV_A, given.get_forces(), atol=1e-6)
        np.testing.assert_allclose(frame.atoms.get_all_distances(), given.get_all_distances(), atol=1e-5)
        assert not frame.atoms.pbc.any()
        assert frame.trajectory == f"md/{name}"
    assert [frame.source for frame in reading.dataset.frames] == [f"md/{name}:{index}" for index in range(3)]


def test_a_cluster_across_the_faces_of_its_box_is_made_whole(tmp_path, write_vasp_output) -> None:
    whole = cluster(13)
    split = whole.copy()
    split.translate([9.0, -9.0, 8.5])
    split.wrap()
    split.calc = SinglePointCalculator(split, **whole.calc.results)
    assert np.abs(np.ptp(split.positions, axis=0) - np.ptp(whole.positions, axis=0)).min() > 3
    write_vasp_output(tmp_path / "vasprun.xml", [split])
    [frame] = read_data(Data(files=["vasprun.xml"], **AVERAGE), tmp_path).dataset.frames
    np.testing.assert_allclose(frame.atoms.get_all_distances(), whole.get_all_distances(), atol=1e-5)
    assert (frame.atoms.positions > 0).all()
    assert (frame.atoms.positions < frame.atoms.cell.lengths()).all()


def test_a_crystal_stays_periodic_and_is_named(tmp_path, write_vasp_output) -> None:
    crystal = Atoms("Cu", cell=[2.5, 2.5, 2.5], pbc=True)
    pair = with_labels(crystal.repeat((2, 1, 1)))
    write_vasp_output(tmp_path / "vasprun.xml", [pair])
    reading = read_data(Data(files=["vasprun.xml"], **AVERAGE), tmp_path)
    assert codes(reading) == ["periodic"]
    assert reading.dataset.frames[0].atoms.pbc.all()


@pytest.mark.parametrize("name", ["vasprun.xml", "OUTCAR"])
def test_steps_that_did_not_converge_are_left_out(tmp_path, write_vasp_output, name) -> None:
    write_vasp_output(tmp_path / "good" / name, [cluster(seed=1)])
    write_vasp_output(tmp_path / "bad" / name, [cluster(seed=2)], converged=False)
    with pytest.raises(InputError, match=f"bad/{name}: no frame can be used, they did not converge"):
        read_data(Data(files=[f"*/{name}"], **AVERAGE), tmp_path)


def test_a_run_that_was_killed_gives_its_whole_steps(tmp_path, write_vasp_output) -> None:
    path = tmp_path / "vasprun.xml"
    write_vasp_output(path, [cluster(seed=seed) for seed in range(3)])
    text = path.read_text()
    path.write_text(text[: text.rindex("<scstep>")])
    assert len(read_data(Data(files=["vasprun.xml"], **AVERAGE), tmp_path).dataset) == 2
    path.write_text(text[: text.index("<scstep>")])
    with pytest.raises(InputError, match="no complete ionic step"):
        read_data(Data(files=["vasprun.xml"], **AVERAGE), tmp_path)


def test_settings_that_shift_the_energy_may_not_be_mixed(tmp_path, write_vasp_output) -> None:
    write_vasp_output(tmp_path / "a" / "vasprun.xml", [cluster(seed=1)])
    write_vasp_output(tmp_path / "b" / "OUTCAR", [cluster(seed=2)], SIGMA=0.1)
    data = Data(files=["a/vasprun.xml", "b/OUTCAR"], **AVERAGE)
    reading = read_data(data, tmp_path)
    assert [finding.message for finding in reading.findings if "SIGMA" in finding.message] == [
        "SIGMA is 0.05 in a/vasprun.xml, 0.1 in b/OUTCAR"
    ]
    write_vasp_output(tmp_path / "b" / "OUTCAR", [cluster(seed=2)], ENCUT=150.0)
    with pytest.raises(InputError, match=r"ENCUT is 102 in a/vasprun.xml, 150 in b/OUTCAR"):
        read_data(data, tmp_path)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("LHFCALC", {}, {"LHFCALC": "T"}),
        ("AEXX", {"LHFCALC": "T", "AEXX": 0.25}, {"LHFCALC": "T", "AEXX": 0.3}),
        ("METAGGA", {"METAGGA": "--"}, {"METAGGA": "SCAN"}),
        ("IVDW", {}, {"IVDW": 11}),
        ("LUSE_VDW", {}, {"LUSE_VDW": "T"}),
        ("LDAUU of Cu", {"LDAU": "T", "LDAUU": "4.0"}, {"LDAU": "T", "LDAUU": "5.0"}),
        ("GGA", {"GGA": "--"}, {"GGA": "RP"}),
    ],
)
@pytest.mark.parametrize("file", ["vasprun.xml", "OUTCAR"])
def test_every_part_of_the_functional_must_be_the_same(
    tmp_path: Path, write_vasp_output, file: str, name: str, one: dict[str, object], other: dict[str, object]
) -> None:
    write_vasp_output(tmp_path / "a" / file, [cluster(seed=1)], **one)
    write_vasp_output(tmp_path / "b" / file, [cluster(seed=2)], **other)
    with pytest.raises(InputError, match=f"^{name} is .* in a/{file}, .* in b/{file}"):
        read_data(Data(files=[f"*/{file}"], **AVERAGE), tmp_path)


def test_what_matters_only_to_a_hybrid_is_not_compared_without_one(tmp_path: Path, write_vasp_output) -> None:
    write_vasp_output(tmp_path / "a" / "vasprun.xml", [cluster(seed=1)], LHFCALC="F", AEXX=0.25)
    write_vasp_output(tmp_path / "b" / "vasprun.xml", [cluster(seed=2)], LHFCALC="F", AEXX=0.0)
    assert codes(read_data(Data(files=["*/vasprun.xml"], **AVERAGE), tmp_path)) == []


def test_isolated_atoms_of_two_elements_have_a_potential_each(tmp_path: Path, write_vasp_output) -> None:
    for symbol, energy in (("Cu", -0.3), ("Au", -0.2)):
        atom = Atoms(symbol, positions=[(5, 5, 5)], cell=[12.0] * 3, pbc=True)
        atom.calc = SinglePointCalculator(atom, energy=energy, forces=np.zeros((1, 3)))
        write_vasp_output(tmp_path / symbol / "vasprun.xml", [atom])
    reading = read_data(Data(files=["*/vasprun.xml"]), tmp_path)
    assert reading.dataset.isolated_eV == pytest.approx({"Cu": -0.3, "Au": -0.2})
    assert (reading.n_read, reading.n_isolated) == (2, 2)


@pytest.mark.parametrize(
    ("edge_A", "info", "isolated"),
    [
        (3.7, {}, False),
        (7.5, {}, False),
        (8.5, {}, True),
        (7.5, {"config_type": "IsolatedAtom"}, True),
        (None, {}, True),
    ],
)
def test_a_crystal_with_one_atom_in_its_cell_is_not_the_isolated_atom(
    tmp_path: Path, edge_A: float | None, info: dict[str, str], isolated: bool
) -> None:
    atom = Atoms("Cu", info={"REF_energy": -1.3, **info}, cell=edge_A and [edge_A] * 3, pbc=edge_A is not None)
    atom.arrays["REF_forces"] = np.zeros((1, 3))
    write(tmp_path / "atom.extxyz", atom, format="extxyz")
    write_xyz(tmp_path / "a.extxyz", [cluster(seed=1)])
    data = Data(files=["a.extxyz", "atom.extxyz"])
    if isolated:
        assert read_data(data, tmp_path).dataset.isolated_eV == {"Cu": -1.3}
        return
    with pytest.raises(InputError, match="no energy of the isolated atom of Cu"):
        read_data(data, tmp_path)
    reading = read_data(Data(files=data.files, **AVERAGE), tmp_path)
    assert reading.dataset.sizes == (1, 4)
    assert codes(reading) == ["periodic"]


def test_crystals_of_one_atom_and_other_cells_are_other_configurations(tmp_path: Path) -> None:
    frames = []
    for edge_A, energy in ((2.5, -1.3), (2.6, -1.2), (2.6, -1.2)):
        atom = Atoms("Cu", info={"REF_energy": energy}, cell=[edge_A] * 3, pbc=True)
        atom.arrays["REF_forces"] = np.zeros((1, 3))
        frames.append(atom)
    write(tmp_path / "a.extxyz", frames, format="extxyz")
    reading = read_data(Data(files=["a.extxyz"], **AVERAGE), tmp_path)
    assert [frame.energy_eV for frame in reading.dataset.frames] == [-1.3, -1.2]
    assert reading.left_out == {"occur more than once": 1}
    write_dataset(tmp_path / "data.extxyz", reading.dataset)
    assert read_dataset(tmp_path / "data.extxyz").sizes == (1,)


@pytest.mark.parametrize(
    ("energy", "largest_force", "says"),
    [
        (-558.0, 0.1, "bad (-279 eV/atom)"),
        (25.0, 0.1, "bad (+12.5 eV/atom)"),
        (-5.0, 0.1, "bad (-2.5 eV/atom)"),
        (-1.0, 130.0, "bad (a force of 130 eV/A)"),
        (4.0, 30.0, ""),
    ],
)
@pytest.mark.parametrize("isolated", [{}, {"Na": -0.0}])
def test_labels_that_would_spoil_a_fit_are_found_before_it(
    energy: float, largest_force: float, says: str, isolated: dict[str, float]
) -> None:
    """A dimer of -558 eV among others of -1 eV; one that is pressed together is high, and is none."""

    def dimer(source: str, energy_eV: float, force: float) -> LabelledFrame:
        atoms = Atoms("Na2", positions=[(0, 0, 0), (0, 0, 3.0)])
        return LabelledFrame(atoms, energy_eV, np.array([(0, 0, force), (0, 0, -force)]), source, "scan")

    good = [dimer(f"good-{k}", -1.0 + 0.02 * k, 0.1) for k in range(12)]
    findings = about_outliers(Dataset((*good, dimer("bad", energy, largest_force)), isolated))
    assert [finding.message.rpartition(": ")[2] for finding in findings] == ([says] if says else [])


def test_a_trajectory_key_that_no_frame_has_is_an_error_that_shows_the_keys(tmp_path: Path) -> None:
    write_xyz(tmp_path / "a.extxyz", [cluster(seed=1)], run="T7")
    with pytest.raises(InputError, match=r'trajectory_key = "tray": no frame has it\n.*REF_energy.*run'):
        read_data(Data(files=["a.extxyz"], trajectory_key="tray", **AVERAGE), tmp_path)


def test_an_ase_database_says_itself_which_energy_it_has(tmp_path: Path) -> None:
    atoms = cluster()
    results = atoms.calc.results | {"energy": atoms.calc.results["free_energy"] + 0.01}
    atoms.calc = SinglePointCalculator(atoms, **results)
    with connect(tmp_path / "labels.db") as database:
        database.write(atoms, trajectory="T300", config_type="md")
        database.write(build("Cu", 5))
    reading = read_data(Data(files=["labels.db"], **AVERAGE), tmp_path)
    [frame] = reading.dataset.frames
    assert frame.energy_eV == pytest.approx(results["free_energy"])
    assert (frame.trajectory, frame.config_type) == ("T300", "md")
    assert [finding.message for finding in reading.findings] == [
        "1 frames have no energy and were left out: labels.db:1"
    ]


def test_faults_of_frames_are_found(tmp_path: Path) -> None:
    good, other = cluster(seed=1), cluster(seed=2)
    other.info["trajectory"] = "T1"
    write_xyz(tmp_path / "a.extxyz", [good, other, good])
    text = (tmp_path / "a.extxyz").read_text()
    atoms = Atoms("Cu2", positions=[(0, 0, 0), (0, 0, 2.5)], info={"REF_energy": 1.0})
    atoms.arrays["REF_forces"] = np.array([(0, 0, np.nan), (0, 0, 0)])
    write(tmp_path / "b.extxyz", atoms, format="extxyz")
    atoms.arrays["REF_forces"] = np.array([(0, 0, 0.5), (0, 0, -0.4)])
    atoms.positions[1, 2] = 2.6
    write(tmp_path / "c.extxyz", atoms, format="extxyz")
    extra = [(tmp_path / name).read_text() for name in ("b.extxyz", "c.extxyz")]
    bare = Atoms("Cu2", positions=[(0, 0, 0), (0, 0, 2.7)])
    write(tmp_path / "d.extxyz", bare, format="extxyz")
    (tmp_path / "all.extxyz").write_text(text + "".join(extra) + (tmp_path / "d.extxyz").read_text())
    reading = read_data(Data(files=["all.extxyz"], **AVERAGE), tmp_path)
    assert [frame.source for frame in reading.dataset.frames] == [f"all.extxyz:{index}" for index in (0, 1, 4)]
    assert [frame.trajectory for frame in reading.dataset.frames] == ["all.extxyz", "T1", "all.extxyz"]
    assert {finding.code: finding.message.split(":")[-1] for finding in reading.findings[:3]} == {
        "left_out": "5",
        "duplicates": "2",
    }
    [net] = [finding.message for finding in reading.findings if finding.code == "net_force"]
    assert "0.1 eV/A in all.extxyz:4" in net


def test_contradicting_labels_are_an_error(tmp_path: Path) -> None:
    frame = cluster(seed=1)
    write_xyz(tmp_path / "a.extxyz", [frame])
    frame.calc = SinglePointCalculator(frame, **frame.calc.results | {"energy": frame.get_potential_energy() + 0.1})
    write_xyz(tmp_path / "b.extxyz", [frame])
    with pytest.raises(InputError, match=r"a.extxyz:0 and b.extxyz:0 are one configuration with two energies"):
        read_data(Data(files=["a.extxyz", "b.extxyz"], **AVERAGE), tmp_path)


def test_what_labels_may_differ_by_grows_with_the_cluster(tmp_path: Path) -> None:
    """1 meV per atom: 3 meV on four atoms are one label twice, 5 meV are two."""
    frame = cluster(seed=1)
    energy = frame.get_potential_energy()
    write_xyz(tmp_path / "a.extxyz", [frame])
    for apart, fine in ((0.003, True), (0.005, False)):
        frame.calc = SinglePointCalculator(frame, **frame.calc.results | {"energy": energy + apart})
        write_xyz(tmp_path / "b.extxyz", [frame])
        data = Data(files=["a.extxyz", "b.extxyz"], **AVERAGE)
        if fine:
            assert codes(read_data(data, tmp_path)) == ["duplicates"]
        else:
            with pytest.raises(InputError, match="one configuration with two energies"):
                read_data(data, tmp_path)


def test_labels_of_two_references_are_an_error(tmp_path: Path) -> None:
    write_xyz(tmp_path / "a.extxyz", [cluster(seed=1)], reference="gpaw-1")
    write_xyz(tmp_path / "b.extxyz", [cluster(seed=2)], reference="tblite-2")
    with pytest.raises(InputError, match=r"reference is gpaw-1 in a.extxyz .*, tblite-2 in b.extxyz"):
        read_data(Data(files=["a.extxyz", "b.extxyz"], **AVERAGE), tmp_path)


def test_keys_are_stated_and_missing_ones_are_named(tmp_path: Path) -> None:
    frame = cluster(seed=1)
    atoms = Atoms(frame.symbols, positions=frame.positions, info={"dft_energy": -3.0, "run": "T7"})
    atoms.arrays["dft_forces"] = frame.get_forces()
    write(tmp_path / "a.xyz", [atoms], format="extxyz")
    with pytest.raises(InputError, match=r"a.xyz: no frame can be used, they have no energy\n.*dft_energy"):
        read_data(Data(files=["a.xyz"], **AVERAGE), tmp_path)
    data = Data(files=["a.xyz"], energy_key="dft_energy", forces_key="dft_forces", trajectory_key="run", **AVERAGE)
    [read] = read_data(data, tmp_path).dataset.frames
    assert (read.energy_eV, read.trajectory) == (-3.0, "T7")


def test_the_isolated_atom_is_kept_apart(tmp_path: Path) -> None:
    atom = Atoms("Cu", info={"REF_energy": 3.51})
    write(tmp_path / "atom.extxyz", atom, format="extxyz")
    write_xyz(tmp_path / "a.extxyz", [cluster(seed=1)])
    reading = read_data(Data(files=["a.extxyz", "atom.extxyz"]), tmp_path)
    assert reading.dataset.isolated_eV == {"Cu": 3.51}
    assert reading.dataset.sizes == (4,)
    with pytest.raises(InputError, match="no energy of the isolated atom of Cu"):
        read_data(Data(files=["a.extxyz"]), tmp_path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.cif").write_text("")
    (tmp_path / "a.extxyz").write_text("nonsense\n")
    (tmp_path / "OUTCAR").write_text("nonsense\n")
    (tmp_path / "vasprun.xml").write_text("<modeling>")
    for files, words in {
        "none.extxyz": "none.extxyz: no such file",
        "*/OUTCAR": 'no file matches "\\*/OUTCAR"',
        "a.cif": "unknown kind of file\nknown are vasprun.xml",
        "a.extxyz": "a.extxyz: not extended XYZ",
        "OUTCAR": "not a complete OUTCAR",
        "vasprun.xml": "not a complete vasprun.xml",
    }.items():
        with pytest.raises(InputError, match=words):
            read_data(Data(files=[files]), tmp_path)


def test_the_tables_refuse_what_makes_no_sense() -> None:
    for wrong in ({"e0": "atom"}, {"e0": {"Xx": 1.0}}, {"e0": {}}, {"files": []}, {"energy_key": ""}):
        with pytest.raises(ValidationError):
            Data(**wrong)
    with pytest.raises(ValidationError, match="either holdout_trajectories or holdout_fraction"):
        Curate(holdout_trajectories=["a"], holdout_fraction=0.1)
    assert Data(e0={"Na": -0.2372}).e0 == {"Na": -0.2372}
