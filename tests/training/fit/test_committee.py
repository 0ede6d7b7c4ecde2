"""A committee of potentials: different frames for each member, and how far they disagree."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.cluster import Icosahedron

from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.fit.committee import disagreement, fit_committee
from deckgen.training.predict import predict
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit

RECIPE = Recipe(
    fit=Fit.model_validate(
        {
            "two_body": {"cutoff_A": 6.0, "n_sparse": 6, "delta_eV": 0.5},
            "soap": {"use": False},
            "sigma": {"energy_eV_atom": 0.001, "force_eV_A": 0.02, "rules": []},
        }
    )
)


def frames() -> tuple[LabelledFrame, ...]:
    rng, found = np.random.default_rng(3), []
    for index in range(9):
        atoms = Icosahedron("Na", 2, latticeconstant=5.3)[:7]
        atoms = Atoms(atoms.numbers, positions=atoms.positions + rng.normal(0.0, 0.25, (7, 3)))
        atoms.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=5.0, rcut2=6.0)
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.calc = None
        found.append(LabelledFrame(atoms, energy, forces, f"data:{index}", "md"))
    return tuple(found)


@pytest.fixture(scope="module")
def committee(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("committee")
    return fit_committee(RECIPE, Dataset(frames(), {"Na": 0.0}), folder, size=3, seed=5)


def test_each_member_is_fitted_to_another_two_thirds_of_the_frames(committee: list[Path]) -> None:
    energies = []
    for xml in committee:
        lines = (xml.parent / "train.extxyz").read_text().splitlines()
        energies.append({line.split("REF_energy=")[1].split()[0] for line in lines if "force_sigma" in line})
    assert [len(found) for found in energies] == [6, 6, 6]
    assert all(first != second for first, second in itertools.combinations(energies, 2))


def test_the_disagreement_is_the_spread_of_the_force_vectors_on_the_worst_atom(committee: list[Path]) -> None:
    """sqrt(mean over the members of |F - mean F|^2), written out for the atom where it is largest."""
    atoms = [frame.atoms for frame in frames()[:2]]
    members = [predict(xml, atoms, workers=1) for xml in committee]
    for k, found in enumerate(disagreement(committee, atoms, workers=1)):
        per_atom = []
        for one in range(len(atoms[k])):
            vectors = [member[k].forces_eV_A[one] for member in members]
            mean = sum(vectors) / len(vectors)
            per_atom.append(sum(float((v - mean) @ (v - mean)) for v in vectors) / len(vectors))
        assert found == pytest.approx(np.sqrt(max(per_atom)))
        assert found > 0
