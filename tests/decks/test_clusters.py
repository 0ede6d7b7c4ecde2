from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform

from deckgen.decks.clusters import bond_length_A, build, start_structure
from deckgen.errors import InputError
from deckgen.study import Cluster


def bonds(atoms: Atoms) -> int:
    return int((pdist(atoms.positions) < 1.2 * bond_length_A("Na")).sum())


@pytest.mark.parametrize(("size", "expected"), [(13, 42), (55, 234), (147, 696), (309, 1548)])
def test_closed_shell_icosahedra_have_the_known_number_of_bonds(size: int, expected: int) -> None:
    # contacts of the Mackay icosahedra: Northby, J. Chem. Phys. 87, 6166 (1987)
    assert bonds(build("Na", size)) == expected


@pytest.mark.parametrize(("structure", "size", "expected"), [("decahedron", 75, 319), ("octahedron", 38, 144)])
def test_the_marks_decahedron_and_the_truncated_octahedron_are_found(structure: str, size: int, expected: int) -> None:
    # the contacts of the lowest Lennard-Jones minima of 75 and 38 atoms: Doye, Wales, Berry, JCP 103, 4234 (1995)
    assert bonds(build("Na", size, structure)) == expected


@pytest.mark.parametrize("structure", ["icosahedron", "decahedron", "octahedron"])
@pytest.mark.parametrize("size", [3, 14, 20, 40, 56, 92, 200, 252])
def test_every_size_between_is_connected_compact_and_the_same_each_time(structure: str, size: int) -> None:
    atoms = build("Na", size, structure)
    distance = squareform(pdist(atoms.positions))
    bond = bond_length_A("Na")
    assert len(atoms) == size
    assert connected_components(distance < 1.2 * bond)[0] == 1
    assert distance[np.triu_indices(size, 1)].min() > 0.99 * bond
    assert np.array_equal(atoms.positions, build("Na", size, structure).positions)


@pytest.mark.parametrize("size", [40, 100, 130])
def test_atoms_are_taken_off_where_the_fewest_bonds_break(size: int) -> None:
    """By another count: at each step the bonds that are left once an atom is gone, for every atom."""
    shell = build("Na", 55 if size < 55 else 147)
    while len(shell) > size:
        left = [bonds(shell[[k for k in range(len(shell)) if k != atom]]) for atom in range(len(shell))]
        radii = np.linalg.norm(shell.positions - shell.get_center_of_mass(), axis=1)
        del shell[max(range(len(shell)), key=lambda atom: (left[atom], radii[atom]))]
    assert bonds(build("Na", size)) >= 0.99 * bonds(shell)


def test_bond_lengths_come_from_the_solid() -> None:
    assert bond_length_A("Na") == pytest.approx(4.23 * np.sqrt(3) / 2)  # bcc
    assert bond_length_A("Ar") == pytest.approx(5.26 / np.sqrt(2))  # fcc


def test_a_file_is_read_and_centred(tmp_path: Path) -> None:
    write(tmp_path / "a.xyz", Atoms("NaK2", positions=[(0, 0, 5), (0, 0, 9), (0, 3, 9)]))
    atoms = start_structure(Cluster(file=Path("a.xyz")), tmp_path)
    assert atoms.get_center_of_mass() == pytest.approx([0, 0, 0], abs=1e-12)
    assert list(atoms.symbols) == ["Na", "K", "K"]


@pytest.mark.parametrize(
    ("positions", "says"),
    [([(0, 0, 0)], "at least two"), ([(0, 0, 0), (0, 0, 0.1)], "0.10 A apart"), (None, "no such file")],
)
def test_a_file_that_is_no_cluster_is_refused(
    tmp_path: Path, positions: list[tuple[float, float, float]] | None, says: str
) -> None:
    if positions is not None:
        write(tmp_path / "a.xyz", Atoms(["Na"] * len(positions), positions=positions))
    with pytest.raises(InputError, match=says):
        start_structure(Cluster(file=Path("a.xyz")), tmp_path)


def test_a_file_that_ase_cannot_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("not a structure\n")
    with pytest.raises(InputError, match="not XYZ"):
        start_structure(Cluster(file=Path("a.xyz")), tmp_path)


def test_a_cluster_outside_its_container_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="container_radius_A = 5"):
        start_structure(Cluster(element="Na", size=55, container_radius_A=5.0), tmp_path)
