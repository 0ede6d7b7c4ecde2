"""LJ13 in a hard sphere by parallel tempering Monte Carlo: what validation/melting/lj/lj13.py compares deckgen with.

Nothing here is deckgen's: no dynamics, no thermostat, no rotational weights, no MBAR, no soft wall. Reduced units.
Atoms move one at a time; the sphere is about the centre of mass. All temperatures have `WALKERS` walkers; neighbours
in temperature exchange them. The curve is the fluctuation formula reweighted from the two nearest temperatures, its
error the scatter of independent blocks. `python -m validation.melting.lj.lj13_monte_carlo`, about ten minutes on one
core.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase.cluster import Icosahedron
from numpy.typing import NDArray

Array = NDArray[np.float64]

N = 13
RADIUS = 2.5
TEMPERATURES = np.round(np.concatenate([np.arange(0.16, 0.24, 0.02), np.arange(0.24, 0.3401, 0.0125), [0.36, 0.38]]), 4)
WALKERS, SWEEPS, BURN_IN, EVERY = 24, 24_000, 3_000, 10
BLOCKS = 10
SEED = 13
GRID = np.arange(0.260, 0.3101, 0.0005)
OUT = Path(__file__).with_suffix(".json")


def pair_energy(squared: Array) -> Array:
    """Return the Lennard-Jones energy of squared distances."""
    inverse = 1 / (squared * squared * squared)
    return np.asarray(4 * (inverse * inverse - inverse))


def squared_distances(x: Array, point: Array) -> Array:
    """Return the squared distances (W, N) of atoms (3, W, N) from one point a walker (3, W)."""
    apart = x - point[:, :, None]
    return np.asarray((apart * apart).sum(0))


def total_energy(x: Array) -> Array:
    """Return the energies (W,) of walkers (3, W, N)."""
    i, j = np.triu_indices(N, 1)
    return np.asarray(pair_energy(((x[:, :, i] - x[:, :, j]) ** 2).sum(0)).sum(1))


class Walkers:
    """Walkers at all temperatures, ordered by temperature: positions (3, W, N), the rest (W,), W = K * WALKERS."""

    def __init__(self, rng: np.random.Generator) -> None:
        start = Icosahedron("Ar", 2).positions
        start = (start - start.mean(0)) * 1.08 / np.linalg.norm(start - start.mean(0), axis=1).max()
        self.rng = rng
        self.beta = np.repeat(1 / TEMPERATURES, WALKERS)
        self.x = np.repeat(start.T[:, None], len(self.beta), axis=1)
        self.energy = total_energy(self.x)
        self.step = 0.05 + 0.25 / self.beta
        self.accepted = np.zeros(len(self.beta))

    def sweep(self) -> None:
        """Try to move each atom once."""
        for atom in range(N):
            old = self.x[:, :, atom].copy()
            new = old + self.step * self.rng.uniform(-1, 1, old.shape)
            before, after = squared_distances(self.x, old), squared_distances(self.x, new)
            before[:, atom] = after[:, atom] = np.inf
            change = (pair_energy(after) - pair_energy(before)).sum(1)
            accept = self.rng.random(len(change)) < np.exp(np.minimum(0, -self.beta * change))
            self.x[:, :, atom] = np.where(accept, new, old)
            inside = squared_distances(self.x, self.x.mean(2)).max(1) < RADIUS**2
            self.x[:, :, atom] = np.where(inside, self.x[:, :, atom], old)
            accept &= inside
            self.energy += np.where(accept, change, 0)
            self.accepted += accept

    def tune(self, tries: int) -> None:
        """Bring the step of each temperature towards an acceptance of 0.45."""
        ratio = (self.accepted / tries).reshape(-1, WALKERS).mean(1)
        self.step = np.minimum(self.step * np.repeat(np.clip(ratio / 0.45, 0.7, 1.4), WALKERS), 0.6)
        self.accepted[:] = 0

    def exchange(self, first: int) -> None:
        """Offer every walker at temperatures first, first + 2, ... an exchange with one at the next temperature."""
        order = np.arange(len(self.beta)).reshape(-1, WALKERS)
        energy = self.energy.reshape(-1, WALKERS)
        for k in range(first, len(TEMPERATURES) - 1, 2):
            partner = self.rng.permutation(WALKERS)
            gain = (1 / TEMPERATURES[k] - 1 / TEMPERATURES[k + 1]) * (energy[k] - energy[k + 1, partner])
            swap = self.rng.random(WALKERS) < np.exp(np.minimum(0, gain))
            lower, upper = order[k].copy(), order[k + 1, partner].copy()
            order[k], order[k + 1] = np.where(swap, upper, lower), np.where(swap, lower, upper)
        self.x = self.x[:, order.ravel()]
        self.x -= self.x.mean(2, keepdims=True)
        self.energy = total_energy(self.x)


def sample() -> Iterator[Array]:
    """Yield the energies (K, WALKERS) once every `EVERY` sweeps after the burn-in."""
    walkers = Walkers(np.random.default_rng(SEED))
    for sweep in range(BURN_IN + SWEEPS):
        walkers.sweep()
        if sweep % EVERY == 0:
            walkers.exchange(sweep // EVERY % 2)
            if sweep >= BURN_IN:
                yield walkers.energy.reshape(-1, WALKERS).copy()
        if sweep < BURN_IN and sweep % 50 == 49:
            walkers.tune(50 * N)


def peak(energies: Array) -> tuple[float, float]:
    """Return position and height of the maximum of Var(U) / T^2, from energies (n, K, WALKERS)."""
    curve = np.zeros(len(GRID))
    for g, T in enumerate(GRID):
        near = np.argsort(abs(TEMPERATURES - T))[:2]  # the two nearest, each weighted by how near it is
        share = abs(TEMPERATURES[near[::-1]] - T) / abs(TEMPERATURES[near] - T).sum()
        for k, weight in zip(near, share, strict=True):
            u = energies[:, k].ravel()
            factor = np.exp(-(1 / T - 1 / TEMPERATURES[k]) * (u - u.mean()))
            mean = (factor * u).sum() / factor.sum()
            curve[g] += weight * (factor * (u - mean) ** 2).sum() / factor.sum() / T**2
    top = np.polynomial.Polynomial.fit(GRID, curve, 4)
    fine = np.linspace(GRID[0], GRID[-1], 5001)
    return float(fine[top(fine).argmax()]), float(top(fine).max())


def main() -> None:
    """Sample, and write the peak with its standard errors."""
    energies = np.array(list(sample()))
    position, height = peak(energies)
    blocks = np.array([peak(block) for block in np.array_split(energies, BLOCKS)])
    errors = blocks.std(0, ddof=1) / np.sqrt(BLOCKS)
    document = {
        "command": "python -m validation.melting.lj.lj13_monte_carlo",
        "radius_sigma": RADIUS,
        "reduced_temperature": position,
        "reduced_temperature_error": float(errors[0]),
        "height_kB": height,
        "height_error_kB": float(errors[1]),
        "height_is": "Var(U)/(k_B T)^2, in k_B: the configurational part of C_v of the whole cluster",
        "sweeps": SWEEPS * WALKERS,
        "temperatures": TEMPERATURES.tolist(),
    }
    OUT.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
