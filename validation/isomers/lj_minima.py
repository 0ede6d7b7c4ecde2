"""All minima of LJ7 to LJ10 by `deckgen isomers`, beside an independent search and the published counts.

The counts, 4, 8, 21 and 64: Tsai and Jordan, J. Phys. Chem. 97, 11227 (1993); Trombach, Hoy, Wales and Schwerdtfeger,
Phys. Rev. E 97, 043309 (2018). The independent search uses nothing of deckgen and no dynamics: L-BFGS of SciPy from
atoms thrown together, and of what it ends at the energies, saddles left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform

from deckgen.workflows.isomers.study import isomers
from validation.common import EXAMPLES, record, work_folder

EPSILON_EV = 0.0104
PUBLISHED = {7: 4, 8: 8, 9: 21, 10: 64}
DURATION_PS = {7: 200, 8: 500, 9: 2000, 10: 10000}
THROWS = {7: 500, 8: 1000, 9: 3000, 10: 20000}
WIDTH = 0.7
"""Standard deviation of the thrown atoms' coordinates, in sigma."""
APART = 1e-6
"""Energies that differ by more, in epsilon, are two minima."""
AT_REST = 1e-5
"""No component of a minimum's gradient is larger, in epsilon/sigma."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Minima:
    """The minima of one cluster; energies in epsilon, ascending."""

    n_frames: int
    n_failed: int
    energies: tuple[float, ...]
    rarest: int
    n_throws: int
    searched: tuple[float, ...]
    published: int

    @property
    def largest_difference(self) -> float:
        """Largest difference between the two lists of energies, in epsilon; infinite where one is longer."""
        if len(self.energies) != len(self.searched):
            return np.inf
        return float(np.abs(np.subtract(self.energies, self.searched)).max())

    def row(self, size: int) -> tuple[str, ...]:
        """Return a line of the table."""
        counts = (self.n_frames, self.n_failed, len(self.energies), self.rarest, len(self.searched), self.published)
        return (f"LJ{size}", *map(str, counts), f"{self.energies[0]:.6f}", f"{self.largest_difference:.0e}")


def main() -> None:
    """Run all sizes and record what they say."""
    with work_folder(__doc__) as arguments:
        found = {n: find(n, arguments.folder / f"lj{n}", arguments.workers) for n in PUBLISHED}
    record(
        "isomers/lj_minima",
        "The minima of LJ7 to LJ10",
        {
            "every published minimum, none missing and none twice": all(
                len(m.energies) == m.published for m in found.values()
            ),
            f"the energies of the independent search, to {APART:g} epsilon": all(
                m.largest_difference < APART for m in found.values()
            ),
        },
        [
            ("cluster", "frames", "kept aside", "isomers", "rarest seen", "searched", "published", "lowest", "differ"),
            *(minima.row(size) for size, minima in found.items()),
        ],
        minima={f"LJ{size}": minima for size, minima in found.items()},
    )


def find(size: int, folder: Path, workers: int | None) -> Minima:
    """Run the example's study for a size, and the search."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (EXAMPLES / "lj-minima" / "study.toml").read_text()
    text = text.replace("size = 9", f"size = {size}").replace(
        "duration_ps = 2000.0", f"duration_ps = {DURATION_PS[size]}"
    )
    (folder / "study.toml").write_text(text)
    found = isomers(folder, workers=workers).found
    return Minima(
        n_frames=found.n_quenched,
        n_failed=found.n_failed,
        energies=tuple(isomer.minimum.energy_eV / EPSILON_EV for isomer in found.isomers),
        rarest=min(isomer.count for isomer in found.isomers),
        n_throws=THROWS[size],
        searched=tuple(search(size, THROWS[size])),
        published=PUBLISHED[size],
    )


def search(size: int, throws: int) -> list[float]:
    """Return the energies of the minima that thrown atoms lead to, each once."""
    rng = np.random.default_rng(size)
    options = {"maxiter": 5000, "maxfun": 50_000, "ftol": 1e-14, "gtol": 1e-6}
    ends = list[tuple[float, Array]]()
    for _ in range(throws):
        thrown = rng.normal(0, WIDTH, 3 * size)
        end = minimize(energy_and_gradient, thrown, jac=True, method="L-BFGS-B", options=options)
        ends.append((float(end.fun), end.x))
    distinct = list[float]()
    for energy, x in sorted(ends, key=lambda end: end[0]):
        if distinct and energy - distinct[-1] < APART:
            continue
        if np.abs(energy_and_gradient(x)[1]).max() < AT_REST and is_whole(x) and lowest_curvature(x) > 0:
            distinct.append(energy)
    return distinct


def energy_and_gradient(x: Array) -> tuple[float, Array]:
    """Return the Lennard-Jones energy of positions (3 N,) and its gradient (3 N,)."""
    positions = x.reshape(-1, 3)
    apart = positions[:, None] - positions
    squares = (apart**2).sum(-1)
    np.fill_diagonal(squares, np.inf)
    sixth = squares**-3
    pull = 24 * (sixth - 2 * sixth**2) / squares
    return float(2 * (sixth**2 - sixth).sum()), (pull[:, :, None] * apart).sum(1).ravel()


def is_whole(x: Array) -> bool:
    """Say whether no atom has flown off: each has three others within 1.5 sigma."""
    return bool((np.sort(squareform(pdist(x.reshape(-1, 3))), axis=1)[:, 3] < 1.5).all())


def lowest_curvature(x: Array, step: float = 1e-4) -> float:
    """Return the lowest eigenvalue of the Hessian but for the six of translation and rotation."""
    steps = step * np.eye(len(x))
    hessian = [(energy_and_gradient(x + dx)[1] - energy_and_gradient(x - dx)[1]) / (2 * step) for dx in steps]
    eigenvalues = np.linalg.eigvalsh(0.5 * (np.array(hessian) + np.array(hessian).T))
    return float(np.delete(eigenvalues, np.argsort(np.abs(eigenvalues))[:6]).min())


if __name__ == "__main__":
    main()
