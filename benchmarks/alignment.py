"""Whether turned, permuted and mirrored copies of a cluster are recognised: deckgen's alignment against irmsd's.

    pip install irmsd
    python -m benchmarks.alignment

irmsd (Pracht and Kaczun) gives the root mean square deviation of two structures modulo permutation, with a search that
is made for molecules; here it is asked about bare clusters of one element. Copies come exact, and off by 0.003 A an
atom, as those of loosely converged minima are. A copy is recognised by irmsd when its deviation is below 0.02 A, by
deckgen when `align` finds a match within the tolerance that `deckgen isomers` uses. Processor time, in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from ase.cluster import Icosahedron, Octahedron
from irmsd import get_irmsd
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deckgen.analysis.isomers.alignment import Shape, align
from deckgen.analysis.isomers.results import Tolerances

N_COPIES = 20
NOISES_A = (0.0, 0.003)
SAME_A = 0.02
SODIUM = 11

Array = NDArray[np.float64]


def structures() -> dict[str, Array]:
    """Return symmetric clusters, and disordered ones."""
    rng = np.random.default_rng(1)
    balls = {len(ball): ball.positions for ball in (Icosahedron("Na", shells) for shells in (3, 4))}
    named = {f"icosahedron of {size}": ball for size, ball in balls.items()}
    named["octahedron of 38"] = Octahedron("Na", 4, 1, latticeconstant=5.3).positions
    return named | {f"disordered, {size}": ball + rng.normal(0, 0.4, ball.shape) for size, ball in balls.items()}


def copies(positions: Array, noise_A: float) -> Iterator[Array]:
    """Yield copies, turned, permuted, shifted and half of them mirrored."""
    rng = np.random.default_rng(2)
    for k in range(N_COPIES):
        moved = Rotation.random(rng=rng).apply(rng.permutation(positions)) * (-1) ** k + rng.normal(0, 5, 3)
        yield moved + rng.normal(0, noise_A, moved.shape)


def by_deckgen(a: Array, b: Array) -> bool:
    """Tell whether deckgen takes two structures for one."""
    symbols = ["Na"] * len(a)
    return align(Shape.of(symbols, a), Shape.of(symbols, b), tolerance_A=Tolerances().match_A) is not None


def by_irmsd(a: Array, b: Array) -> bool:
    """Tell whether irmsd does, with the one or with its mirror image."""
    numbers = np.full(len(a), SODIUM)
    return any(get_irmsd(numbers, a, numbers, hand, iinversion=1)[0] < SAME_A for hand in (b, -b))


def counted(same: Callable[[Array, Array], bool], positions: Array, noise_A: float) -> str:
    """Return how many copies are recognised, and the time of one comparison."""
    candidates = list(copies(positions, noise_A))
    began = time.process_time()
    found = sum(same(positions, candidate) for candidate in candidates)
    return f"{found:3d} of {N_COPIES} in {(time.process_time() - began) / N_COPIES * 1e3:6.2f} ms each"


def main() -> None:
    """Print the table."""
    print(f"{'structure':20s} {'noise / A':>9s}   {'deckgen':30s} irmsd")
    for name, positions in structures().items():
        for noise_A in NOISES_A:
            ours, theirs = (counted(same, positions, noise_A) for same in (by_deckgen, by_irmsd))
            print(f"{name:20s} {noise_A:9.3f}   {ours:30s} {theirs}")


if __name__ == "__main__":
    main()
