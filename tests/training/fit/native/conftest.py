"""Small clusters with the energies and forces of a Morse potential, and a fit of them with all three terms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.cluster import Icosahedron
from ase.io import read

from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.fit.arguments import TRAINING_FILE, gap_fit_arguments
from deckgen.training.fit.gap_fit import run_gap_fit, write_training_file
from deckgen.training.fit.native.gap_xml import read_points
from deckgen.training.fit.native.targets import Target, elements_of, targets_of
from deckgen.training.fit.native.terms import Kind, SparsePoints
from deckgen.training.recipe.fit import Fit

E0 = {"Na": -0.2}
ALLOY_E0 = {"K": -0.15, "Na": -0.2}
TABLES = {
    "two_body": {"cutoff_A": 6.0, "transition_A": 0.9, "n_sparse": 8, "delta_eV": 0.5},
    "three_body": {"cutoff_A": 5.0, "n_sparse": 20, "delta_eV": 0.05, "theta_A": 0.8},
    "soap": {
        "cutoff_A": 5.5,
        "transition_A": 1.0,
        "n_max": 4,
        "l_max": 3,
        "zeta": 3.0,
        "central_weight": 0.6,
        "n_sparse": 25,
    },
    "sigma": {
        "energy_eV_atom": 0.001,
        "force_eV_A": 0.02,
        "rules": [{"max_atoms": 8, "energy_eV_atom": 0.003, "force_eV_A": 0.07}],
    },
    "sparse_jitter": 1e-7,
}


def cluster(n_atoms: int, rng: np.random.Generator) -> Atoms:
    atoms = Icosahedron("Na", 2, latticeconstant=5.3)[:n_atoms]
    return Atoms(atoms.numbers, positions=(atoms.positions + rng.normal(0.0, 0.25, (n_atoms, 3))).round(8))


def labelled(atoms: Atoms, number: int) -> LabelledFrame:
    atoms.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=5.0, rcut2=6.0)
    energy, forces = atoms.get_potential_energy() + sum(ALLOY_E0[s] for s in atoms.symbols), atoms.get_forces()
    atoms.calc = None
    return LabelledFrame(atoms, energy, forces, f"data:{number}", "md")


def alloyed(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """The same cluster with two potassium atoms in five."""
    n_potassium = (2 * len(atoms) + 4) // 5
    return Atoms(rng.permutation([19] * n_potassium + [11] * (len(atoms) - n_potassium)), atoms.positions)


@pytest.fixture(scope="session")
def train() -> Dataset:
    rng = np.random.default_rng(1)
    return Dataset(tuple(labelled(cluster(n, rng), k) for k, n in enumerate([13] * 5 + [9, 9, 7, 2])), dict(E0))


@pytest.fixture(scope="session")
def alloy() -> Dataset:
    rng = np.random.default_rng(4)
    sizes = [13, 13, 13, 9, 9, 7, 2, 2]
    return Dataset(tuple(labelled(alloyed(cluster(n, rng), rng), k) for k, n in enumerate(sizes)), dict(ALLOY_E0))


@pytest.fixture(scope="session")
def unseen() -> list[Atoms]:
    rng = np.random.default_rng(2)
    return [cluster(n, rng) for n in (13, 13, 9, 1)]


@pytest.fixture(scope="session")
def unseen_alloy(unseen: list[Atoms]) -> list[Atoms]:
    return [alloyed(atoms, np.random.default_rng(5)) for atoms in unseen]


@dataclass(frozen=True)
class Judged:
    """A fit by gap_fit, what it wrote of its linear system, and the data as it read them (8 decimals)."""

    fit: Fit
    folder: Path
    targets: list[Target]
    points: dict[Kind, SparsePoints]
    frames: list[Atoms]
    e0: dict[str, float]

    @property
    def xml(self) -> Path:
        return self.folder / "gap.xml"

    def dump(self, name: str, *shape: int) -> np.ndarray:
        return np.loadtxt(self.folder / f"dump_{name}").reshape(shape)

    @property
    def elements(self) -> tuple[int, ...]:
        return elements_of(self.targets)

    @property
    def n_sparse(self) -> int:
        return sum(map(len, self.points.values()))


@pytest.fixture(scope="session")
def judged(train: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return by_gap_fit(train, Fit.model_validate(TABLES), tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="session")
def judged_alloy(alloy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    fewer = {"two_body": 5, "three_body": 6, "soap": 9}
    tables = TABLES | {name: {**TABLES[name], "n_sparse": count} for name, count in fewer.items()}
    return by_gap_fit(alloy, Fit.model_validate(tables), tmp_path_factory.mktemp("judged-alloy"))


def by_gap_fit(train: Dataset, fit: Fit, folder: Path) -> Judged:
    e0 = train.isolated_eV
    write_training_file(folder / TRAINING_FILE, train, fit)
    arguments = [*gap_fit_arguments(fit, e0), "linear_system_dump_file=dump"]
    run_gap_fit(arguments, folder, threads=1, progress=print)
    as_read = read(folder / TRAINING_FILE, ":")[len(e0) :]
    frames = [
        LabelledFrame(Atoms(a.numbers, a.positions), a.info["REF_energy"], a.arrays["REF_forces"], "read", "md")
        for a in as_read
    ]
    targets = targets_of(Dataset(tuple(frames), e0), fit.sigma, e0)
    points = read_points(folder / "gap.xml", fit, elements_of(targets))
    return Judged(fit, folder, targets, points, [frame.atoms for frame in frames], e0)
