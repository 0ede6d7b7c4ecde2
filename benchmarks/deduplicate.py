"""Telling 12,000 quenches of 147 atoms apart, against ASE's interatomic-distance comparator (the package ase-ga).

    pip install ase-ga
    python -m benchmarks.deduplicate

The quenches are made up, so that the right answer is known: an icosahedron and 199 others in which every atom is
elsewhere, half of the quenches the icosahedron, the others the rarer the higher; each turned, permuted, half of them
mirrored, and off by 0.003 A an atom, as loosely converged ones are. deckgen's side is `find_isomers` as `deckgen
isomers` calls it (fingerprints, groups, exact comparison, point groups), only that nothing is minimised in between.

ASE's side compares each quench with the structures kept so far until one is equal, at the same energy window. How many
comparisons that takes follows from the right answer; those that the energies alone decide are taken to cost nothing.
Timed are 20 of the others, drawn at random, and scaled to all. Processor time, in one process.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.cluster import Icosahedron
from ase_ga.standard_comparators import InteratomicDistanceComparator
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deckgen.analysis.isomers.find import find_isomers
from deckgen.analysis.isomers.results import Tolerances
from deckgen.minima import Minimum

GOAL = 100.0
N_STRUCTURES, N_TIMED = 200, 20
NOISE_A, NOISE_EV, SPACING_EV = 0.003, 2e-5, 0.005

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landscape:
    """Structures with their energies, and which of them each quench is."""

    structures: Array
    energies_eV: Array
    labels: NDArray[np.intp]

    def quench(self, k: int) -> Minimum:
        """Return a quench, the same one at every call."""
        rng, which = np.random.default_rng(k), self.labels[k]
        positions = rng.permutation(self.structures[which])
        positions = Rotation.random(rng=rng).apply(positions) * rng.choice([-1, 1]) + rng.normal(0, 5, 3)
        positions += rng.normal(0, NOISE_A, positions.shape)
        energy = self.energies_eV[which] + abs(rng.normal(0, NOISE_EV))
        return Minimum(("Na",) * len(positions), positions, energy, 1e-3, 100, True, 100.0 + 40 * (k % 6), "nvt", k)

    def quenches(self) -> Iterator[Minimum]:
        """Yield all of them."""
        return map(self.quench, range(len(self.labels)))


def main() -> None:
    """Measure, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quenches", type=int, default=12000)
    landscape = make(parser.parse_args().quenches)
    start = time.process_time()
    for _ in landscape.quenches():
        pass
    making = time.process_time() - start
    start = time.process_time()
    found = find_isomers(landscape.quenches, lambda minima: minima)
    ours = time.process_time() - start - 2 * making  # the stream is read twice, here it is made twice
    compared, each = ase_comparisons(landscape), ase_seconds(landscape)
    present = np.unique(landscape.labels)
    counts = np.bincount(landscape.labels)[present]
    summary = {
        "quenches": len(landscape.labels),
        "structures": len(present),
        "found": found.n_distinct,
        "all_counts_right": [isomer.count for isomer in found.isomers] == counts.tolist(),
        "deckgen_s": ours,
        "ase_comparisons": compared,
        "ase_s_each": each,
        "ase_s_scaled": compared * each,
        "ratio": compared * each / ours,
        "goal": GOAL,
    }
    print(json.dumps(summary, indent=1))


def make(n_quenches: int) -> Landscape:
    """Make the landscape."""
    rng = np.random.default_rng(1)
    icosahedron = Icosahedron("Na", 4).positions
    others = icosahedron + rng.normal(0, 0.4, (N_STRUCTURES - 1, *icosahedron.shape))
    weights = np.r_[1.0, 2.0 / N_STRUCTURES * np.exp(-3 * np.arange(1, N_STRUCTURES) / N_STRUCTURES)]
    energies = -140 + np.cumsum(rng.exponential(SPACING_EV, N_STRUCTURES))
    labels = rng.choice(N_STRUCTURES, n_quenches, p=weights / weights.sum())
    return Landscape(np.concatenate([icosahedron[None], others]), energies, labels)


def ase_comparisons(landscape: Landscape) -> int:
    """Return how many comparisons within the energy window it takes to compare each quench with those kept so far."""
    window, total = Tolerances().energy_eV, 0
    kept = list[int]()
    for label in landscape.labels.tolist():
        earlier = kept[: kept.index(label) + 1] if label in kept else kept
        total += int(np.sum(np.abs(landscape.energies_eV[earlier] - landscape.energies_eV[label]) < window))
        if label not in kept:
            kept.append(label)
    return total


def ase_seconds(landscape: Landscape) -> float:
    """Return the mean time of one comparison by ASE, of quenches drawn at random with equals of theirs."""
    window = Tolerances().energy_eV
    n_atoms = landscape.structures.shape[1]
    comparator = InteratomicDistanceComparator(
        n_top=n_atoms, pair_cor_cum_diff=0.015, pair_cor_max=0.7, dE=window, mic=False
    )
    rng, spent = np.random.default_rng(2), 0.0
    for k in rng.choice(len(landscape.labels), N_TIMED):
        twin = int(rng.choice(np.flatnonzero(landscape.labels == landscape.labels[k])))
        pair = [with_energy(landscape.quench(one)) for one in (int(k), twin)]
        start = time.process_time()
        if not comparator.looks_like(*pair):
            raise SystemExit(f"ASE's comparator tells quenches {k} and {twin} apart, which are equal")
        spent += time.process_time() - start
    return spent / N_TIMED


def with_energy(minimum: Minimum) -> Atoms:
    """Return a quench as ASE's comparator takes it."""
    atoms = Atoms(minimum.symbols, positions=minimum.positions_A)
    atoms.calc = SinglePointCalculator(atoms, energy=minimum.energy_eV)
    return atoms


if __name__ == "__main__":
    main()
