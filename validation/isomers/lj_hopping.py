"""Basin hopping by `deckgen isomers`: the global minima of LJ13, LJ19 and LJ38, and how many walkers find them.

Energies: Wales and Doye, J. Phys. Chem. A 101, 5111 (1997), and the Cambridge Cluster Database. LJ38, a truncated
octahedron at the bottom of a narrow funnel beside a wide one of icosahedra, is the classic hard case. All walkers start
from atoms thrown together, and accept at 0.8 epsilon, as there. With 2,000 hops, as this was first run, one walker came
to the lowest icosahedral minimum of LJ38, -173.252378, and none to the octahedron: now it takes 10,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from deckgen.units import KB_EV_K
from deckgen.workflows.isomers.study import isomers
from validation.common import record, work_folder

EPSILON_EV, SIGMA_A = 0.0104, 3.40
GLOBAL = {13: -44.326801, 19: -72.659782, 38: -173.928427}
HOPS = {13: 30, 19: 150, 38: 10_000}
WALKERS, HOP_KT = 4, 0.8 * EPSILON_EV
CLOSE = 1e-4
"""Of an energy, in epsilon."""
STUDY = """
[cluster]
element = "Ar"
size = {size}
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["* * {epsilon} {sigma}"]
mass_u = 39.948
[isomers]
files = ["thrown.extxyz"]
loose_force_eV_A = 1e-5
max_force_eV_A = 1e-7
tighten = 20
frequencies = 0
hops = {hops}
hop_walkers = {walkers}
hop_temperature_K = {temperature_K}
"""


@dataclass(frozen=True)
class Search:
    """What the walkers of one cluster found; energies in epsilon."""

    published: float
    lowest: float
    point_group: str
    n_quenched: int
    first_hops: tuple[int | None, ...]

    def row(self, size: int) -> tuple[str, ...]:
        """Return a line of the table."""
        found = [str(hop) if hop else "-" for hop in self.first_hops]
        energies = (f"{self.published:.6f}", f"{self.lowest:.6f}")
        return (f"LJ{size}", str(HOPS[size]), *energies, self.point_group, ", ".join(found))


def main() -> None:
    """Search all sizes and record what was found."""
    with work_folder(__doc__) as arguments:
        found = {size: search(size, arguments.folder / f"lj{size}", arguments.workers) for size in GLOBAL}
    record(
        "isomers/lj_hopping",
        "Global minima of Lennard-Jones clusters by basin hopping",
        {
            "the published energies, to 1e-4 epsilon": all(
                abs(one.lowest - one.published) < CLOSE for one in found.values()
            ),
        },
        [
            ("cluster", "hops per walker", "published", "found", "point group", "first found at hop"),
            *(one.row(size) for size, one in found.items()),
        ],
        found={f"LJ{size}": one for size, one in found.items()},
    )


def search(size: int, folder: Path, workers: int | None) -> Search:
    """Look for the lowest minimum of a cluster, or go on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "epsilon": EPSILON_EV,
        "sigma": SIGMA_A,
        "walkers": WALKERS,
        "temperature_K": 0.8 * EPSILON_EV / KB_EV_K,
    }
    (folder / "study.toml").write_text(STUDY.format(size=size, hops=HOPS[size], **settings))
    write(folder / "thrown.extxyz", thrown(size))
    result = isomers(folder, workers=workers)
    lowest = result.found.isomers[0]
    assert result.hopping is not None
    return Search(
        GLOBAL[size],
        lowest.minimum.energy_eV / EPSILON_EV,
        lowest.point_group.name,
        result.found.n_quenched,
        result.hopping.first_hops,
    )


def thrown(size: int) -> list[Atoms]:
    """Return clusters of atoms that are thrown into a ball, each at least 0.7 sigma from the others."""
    rng, frames = np.random.default_rng(size), []
    radius_A = 0.8 * SIGMA_A * size ** (1 / 3)
    for _ in range(WALKERS):
        positions = np.empty((0, 3))
        while len(positions) < size:
            new = rng.uniform(-radius_A, radius_A, size=3)
            if np.linalg.norm(new) < radius_A and (np.linalg.norm(positions - new, axis=1) > 0.7 * SIGMA_A).all():
                positions = np.vstack([positions, new])
        frames.append(Atoms(f"Ar{size}", positions=positions))
    return frames


if __name__ == "__main__":
    main()
