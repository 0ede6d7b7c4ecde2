"""Choosing frames: duplicates, even spacing in energy or in descriptor space, and whole trajectories to hold out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

__all__ = [
    "farthest_points",
    "hold_out",
    "nearest_distance",
    "pick_diverse",
    "share",
    "twins",
    "uniform_in_energy",
]

Array = NDArray[np.float64]

SAME_DISTANCE_A = 0.05
MIN_TRAJECTORIES = 3


def twins(frames: Sequence[Atoms], energies_eV: Sequence[float], window_eV: float) -> dict[int, int]:
    """Find duplicates: frames within the energy window of another one and of the same structure.

    The structure is the same where the sorted interatomic distances (between each pair of elements) differ nowhere by
    more than 0.05 angstrom, which is invariant under permutation, rotation and reflection; of periodic frames the edges
    of the cell as well.

    Parameters
    ----------
    frames
        Configurations; only those of equal composition are compared.
    energies_eV
        Their energies.
    window_eV
        Largest difference of energy.

    Returns
    -------
    For each duplicate, the frame that it repeats: one that is kept, of lower or equal energy.
    """
    groups = defaultdict[str, list[int]](list)
    for index in np.argsort(np.asarray(energies_eV, dtype=float), kind="stable").tolist():
        groups[str(frames[index].get_chemical_formula())].append(index)
    found = dict[int, int]()
    for members in groups.values():
        kept = list[tuple[int, Array]]()
        for index in members:
            distances = _distances_A(frames[index])
            near = [one for one in kept if energies_eV[index] - energies_eV[one[0]] <= window_eV]
            same = (one for one, its in near if np.abs(its - distances).max(initial=0.0) <= SAME_DISTANCE_A)
            twin = next(same, None)
            if twin is None:
                kept = [*near, (index, distances)]
            else:
                found[index] = twin
    return found


def _distances_A(atoms: Atoms) -> Array:
    matrix = atoms.get_all_distances(mic=bool(atoms.pbc.any()))
    numbers = atoms.numbers
    parts = [np.sort(atoms.cell.lengths())] if atoms.pbc.any() else []
    for first, second in combinations_with_replacement(sorted(set(numbers.tolist())), 2):
        block = matrix[np.ix_(numbers == first, numbers == second)]
        parts.append(np.sort(block[np.triu_indices(len(block), 1)] if first == second else block.ravel()))
    return np.concatenate(parts)


def uniform_in_energy(energies_eV: Sequence[float], count: int) -> list[int]:
    """Choose frames spread evenly from the lowest to the highest energy.

    For each of `count` equally spaced energies, the nearest frame that has not been taken.

    Returns
    -------
    Indices, by increasing energy; all if there are no more than `count`.
    """
    energies = np.asarray(energies_eV, dtype=float)
    order: list[int] = np.argsort(energies, kind="stable").tolist()
    if count >= len(order):
        return order
    free, taken = set(order), list[int]()
    for goal in np.linspace(energies.min(), energies.max(), count):
        nearest = min(free, key=lambda index: (abs(energies[index] - goal), index))
        free.remove(nearest)
        taken.append(nearest)
    return sorted(taken, key=lambda index: (energies[index], index))


def farthest_points(vectors: Array, count: int) -> list[int]:
    """Choose frames by farthest-point sampling, beginning with the one nearest the mean.

    Parameters
    ----------
    vectors : (K, D)
        Descriptor vector of each frame.

    Returns
    -------
    Indices, in the order in which they were chosen.
    """
    from_mean = np.linalg.norm(vectors - vectors.mean(axis=0), axis=1)
    each_its_own = [str(k) for k in range(len(vectors))]
    return pick_diverse(-from_mean, vectors, each_its_own, count=count, spread=len(vectors), per_trajectory=1)


def share(counts: Sequence[int], total: int) -> list[int]:
    """Share `total` out in proportion to the counts (largest remainders), never more to one than it has."""
    if total >= sum(counts):
        return list(counts)
    exact = np.array(counts) * total / sum(counts)
    parts = np.floor(exact).astype(int)
    for index in np.argsort(parts - exact, kind="stable")[: total - int(parts.sum())]:
        parts[index] += 1
    return [int(part) for part in parts]


def hold_out(trajectories: Sequence[str], sizes: Sequence[int], fraction: float, seed: int) -> set[str]:
    """Draw whole trajectories to hold out: about this fraction of the frames of each size.

    Parameters
    ----------
    trajectories, sizes
        Trajectory and number of atoms of each frame.
    fraction
        Of the frames of each size. A size with three trajectories or more has at least its smallest one held out.
    seed
        Of the draw.

    Returns
    -------
    Names of the trajectories; never all of those that have frames of one size.
    """
    counts = defaultdict[int, Counter[str]](Counter)
    for name, size in zip(trajectories, sizes, strict=True):
        counts[size][name] += 1
    rng = np.random.default_rng(seed)
    held = set[str]()
    for size in sorted(counts):
        of_size = counts[size]
        names = sorted(of_size)
        goal, have = fraction * of_size.total(), sum(of_size[name] for name in held & set(names))
        order = [names[k] for k in rng.permutation(len(names)) if names[k] not in held]
        drawn = set[str]()
        for name in order:
            if have + of_size[name] / 2 <= goal and len(held & set(names)) + len(drawn) < len(names) - 1:
                drawn.add(name)
                have += of_size[name]
        if fraction and not have and len(names) >= MIN_TRAJECTORIES:
            drawn.add(min(order, key=lambda name: of_size[name]))
        held |= drawn
    return held


def pick_diverse(
    scores: Array, vectors: Array, trajectories: Sequence[str], *, count: int, spread: int, per_trajectory: int
) -> list[int]:
    """Pick frames with high scores that differ from each other.

    Farthest-point sampling among the `spread * count` frames with the highest scores, beginning with the highest.

    Parameters
    ----------
    scores : (K,)
        How desirable each frame is, for example its force error.
    vectors : (K, D)
        Descriptor vector of each frame.
    trajectories
        The trajectory of each frame; of each at most `per_trajectory` frames are taken.

    Returns
    -------
    Indices in the order in which they were taken; fewer than `count` if the frames or the trajectories run out.
    """
    candidates = np.argsort(-scores, kind="stable")[: spread * count]
    vectors, names = vectors[candidates], np.array(trajectories, dtype=str)[candidates]
    distance = np.full(len(candidates), np.inf)  # from the nearest one taken; negative: not to be taken any more
    taken = list[int]()
    while len(taken) < count and distance.max(initial=-1.0) >= 0:
        best = int(distance.argmax())  # the first of equals: the one with the highest score
        taken.append(best)
        distance = np.minimum(distance, np.linalg.norm(vectors - vectors[best], axis=1))
        distance[best] = -1.0
        if np.count_nonzero(names[taken] == names[best]) == per_trajectory:
            distance[names == names[best]] = -1.0
    return [int(candidates[k]) for k in taken]


def nearest_distance(vectors: Array, known: Array) -> Array:
    """Return the distance (K,) of each frame (K, D) from the nearest of the known ones (M, D)."""
    return np.array([np.linalg.norm(known - vector, axis=1).min() for vector in vectors])
