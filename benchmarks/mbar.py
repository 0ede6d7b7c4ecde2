"""Reweighting with bootstrap errors: deckgen against pymbar's own way, on the same samples.

    python -m benchmarks.mbar

21 states x 20,000 independent samples of a cluster with two harmonic basins, C_v on a grid of 1 K, 200 bootstraps.
Each side runs in a process of its own, which reports its time and its peak memory. pymbar's way is its default solver,
its bootstrap (`n_bootstraps`) and `compute_expectations` of U and U^2 with `uncertainty_method="bootstrap"`. That would
take hours, so it is measured on a few bootstraps and a few temperatures and scaled up linearly, as the table says.

A pool of this size is beyond what deckgen gives to pymbar (`LARGEST_MATRIX`), so its f_k here come from deckgen's own
solver; the table says how far they are from pymbar's.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import resource
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import heat_capacity_over_c0
from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.pool import Pool
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.analysis.uncertainty.verdict import judge
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

Array = NDArray[np.float64]

N_ATOMS = 55
GAP_EV, TM_K = 1.0, 280.0
LADDER_K = np.linspace(60.0, 330.0, 21)
GRID_K = np.arange(60.0, 331.0)
BOOTSTRAPS = 200
FEW, MORE = 2, 12
"""Temperatures at which pymbar's expectations are timed."""


@dataclass(frozen=True)
class Size:
    """How much to measure."""

    samples: int
    timed: int


def draw(n: int) -> list[Array]:
    """Draw n independent canonical energies at each rung."""
    rng = np.random.default_rng(1)
    upper = 1 / (1 + np.exp(GAP_EV / KB_EV_K * (1 / LADDER_K - 1 / TM_K)))
    shape = (3 * N_ATOMS - 6) / 2
    rungs = zip(LADDER_K, upper, strict=True)
    return [rng.gamma(shape, KB_EV_K * T, n) + GAP_EV * (rng.random(n) < p) for T, p in rungs]


def make_pool(size: Size) -> Pool:
    """Pool all samples, none thinned away, so that both sides see the same."""
    energies = np.concatenate(draw(size.samples))
    K = len(LADDER_K)
    lengths, ones = (size.samples,) * K, (1.0,) * K
    return Pool(LADDER_K, energies - energies.min(), energies.min(), None, lengths, ones, ones, tuple(range(K)))


def by_deckgen(size: Size) -> dict[str, Any]:
    """Time deckgen's reweighting, and the resamples of all quantities of its peaks."""
    pool = make_pool(size)
    start = time.perf_counter()
    solved = reweight(pool)
    headline = Headline(solved, GRID_K, N_ATOMS, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    judge(headline, curve, bootstraps=BOOTSTRAPS, seed=1)
    return {"seconds": time.perf_counter() - start, "curve": curve, "f_k": solved.f_k}


def by_deckgen_whole(size: Size) -> dict[str, Any]:
    """Time the whole analysis: equilibration, all estimators, and the above."""
    samples = Samples.from_arrays(LADDER_K, draw(size.samples), n_atoms=N_ATOMS)
    start = time.perf_counter()
    thermodynamics(samples, bootstraps=BOOTSTRAPS)
    return {"seconds": time.perf_counter() - start}


def by_pymbar(size: Size) -> dict[str, Any]:
    """Time pymbar's solver, bootstrap and expectations."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    from pymbar import MBAR

    pool = make_pool(size)
    U, u_kn = pool.energies_eV, np.outer(pool.beta, pool.energies_eV)
    first, mbar = timed(lambda: MBAR(u_kn, pool.N_k))
    again, _ = timed(lambda: MBAR(u_kn, pool.N_k, initial_f_k=mbar.f_k))
    with_bootstrap, mbar = timed(lambda: MBAR(u_kn, pool.N_k, initial_f_k=mbar.f_k, n_bootstraps=size.timed))

    def expectations(n: int) -> None:
        u_gn = np.outer(1 / (KB_EV_K * np.linspace(60, 330, n)), U)
        mbar.compute_expectations(U, u_kn=u_gn, uncertainty_method="bootstrap")

    few, more = (timed(lambda n=n: expectations(n))[0] / (size.timed + 1) for n in (FEW, MORE))
    solve = (with_bootstrap - again) / size.timed
    per_temperature = (more - few) / (MORE - FEW)
    average = 2 * (few + per_temperature * (len(GRID_K) - FEW))
    seconds = first + BOOTSTRAPS * solve + (BOOTSTRAPS + 1) * average
    curve = pymbar_curve(mbar, U)
    return {"seconds": seconds, "curve": curve, "f_k": mbar.f_k, "first": first, "solve": solve, "average": average}


def pymbar_curve(mbar: Any, U: Array) -> Array:
    """Return C_v/C_0 from pymbar's expectations, a few temperatures at a time."""
    variance = []
    for grid in np.array_split(GRID_K, 20):
        u_gn = np.outer(1 / (KB_EV_K * grid), U)
        mean, square = (
            mbar.compute_expectations(A, u_kn=u_gn, compute_uncertainty=False)["mu"] for A in (U + 1, (U + 1) ** 2)
        )
        variance.append(square - mean**2)
    return heat_capacity_over_c0(np.concatenate(variance), GRID_K, N_ATOMS)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long some work took, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def in_child(side: Callable[[Size], dict[str, Any]], size: Size) -> dict[str, Any]:
    """Run one side in a fresh process; add its peak memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        return executor.submit(measured, side, size).result()


def measured(side: Callable[[Size], dict[str, Any]], size: Size) -> dict[str, Any]:
    """Run one side here; add the peak memory of this process (GB)."""
    return side(size) | {"memory_GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20_000, help="samples of each state")
    parser.add_argument("--timed", type=int, default=5, help="bootstraps of pymbar that are timed")
    options = parser.parse_args()
    # One thread on both sides.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    size = Size(options.samples, options.timed)
    ours, whole, theirs = (in_child(side, size) for side in (by_deckgen, by_deckgen_whole, by_pymbar))
    report(size, ours, whole, theirs)


def report(size: Size, ours: dict[str, Any], whole: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{len(LADDER_K)} states x {size.samples} samples, {len(GRID_K)} temperatures, {BOOTSTRAPS} bootstraps")
    print(f"{'':34}{'time (s)':>12}{'peak memory (GB)':>20}")
    for name, row in (("deckgen, reweighting", ours), ("deckgen, whole analysis", whole), ("pymbar (scaled)", theirs)):
        print(f"{name:34}{row['seconds']:12.1f}{row['memory_GB']:20.2f}")
    solutions = theirs["first"] + BOOTSTRAPS * theirs["solve"]
    print(f"ratio pymbar / deckgen: {theirs['seconds'] / ours['seconds']:.0f}")
    print(f"ratio, if pymbar's averages on the grid cost nothing: {solutions / ours['seconds']:.0f}")
    print(f"largest relative difference of C_v: {np.max(np.abs(ours['curve'] / theirs['curve'] - 1)):.1e}")
    print(f"largest difference of f_k:          {np.max(np.abs(ours['f_k'] - theirs['f_k'])):.1e}")
    first, solve, average = theirs["first"], theirs["solve"], theirs["average"]
    print(f"pymbar: first solution {first:.0f} s")
    print(f"pymbar: {solve:.1f} s to solve each bootstrap, timed on {size.timed}")
    print(
        f"pymbar: {average:.1f} s for each bootstrap's averages of U and U^2, timed on {size.timed} bootstraps at {FEW}"
    )
    print(
        f"and {MORE} temperatures, scaled to {len(GRID_K)}; its peak memory is that of what was timed, not of the whole"
    )


if __name__ == "__main__":
    main()
