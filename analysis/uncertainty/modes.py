"""How many independent samples of each rung the runs are worth, for a given function of the energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.analysis.uncertainty.correlation import Correlation, correlations

__all__ = ["Mode", "find_mode", "jump_part", "run_deviations"]

Array = NDArray[np.float64]

FEWEST_FLUCTUATIONS = 6.0
"""A mode that fluctuates fewer times than this at three rungs has no known correlation time.

Fewer than a single run needs: the deviations are from MBAR's mean, which does not follow the run.
"""

CLEARLY = 7.0
"""Standard errors by which a rung's own correlation is shorter than that with its neighbours, to count instead.

So many, because the shorter of two estimates is too short. By the coverage of intervals in model studies.
"""

NONE = 1e-300

FEWEST_REPLICAS = 4
"""From so many replicas of a rung on, their scatter is an error of its own."""


@dataclass(frozen=True, eq=False)
class Mode:
    """A function of the energy, and how often the runs sampled it anew.

    Parameters
    ----------
    values : (K, M)
        At the nodes, as deviations from MBAR's mean of each rung.
    variance : (K,)
        MBAR's variance at each rung.
    independent : (K,)
        Independent samples of each rung.
    nearby : (K,)
        Those of the runs that its correlation is known from.
    correlations
        At each rung, with those next to it.
    """

    values: Array
    variance: Array
    independent: Array
    nearby: Array
    correlations: Sequence[Correlation]

    def error(self, N_k: NDArray[np.int_]) -> float:
        """Return the standard error of the quantity whose influence function this is."""
        return float(np.sqrt(self.contributions(N_k).sum()))

    def independent_near(self, N_k: NDArray[np.int_]) -> float:
        """Return the independent samples of the rungs that make the error, each with its neighbours."""
        parts = self.contributions(N_k)
        return float(parts.sum() ** 2 / (parts**2 @ (1 / self.nearby))) if parts.sum() > 0 else np.inf

    def fluctuations_near(self, N_k: NDArray[np.int_]) -> float:
        """Return how often the slowest part fluctuates at the rungs that make the error, each with its neighbours."""
        parts = self.contributions(N_k)
        inverse = float(parts @ [1 / one.n_fluctuations for one in self.correlations])
        return float(parts.sum()) / inverse if inverse > 0 else np.inf

    def known(self, N_k: NDArray[np.int_]) -> bool:
        """Whether the correlation is known at the rungs that make the error."""
        parts = self.contributions(N_k)
        rare = [one.n_fluctuations < FEWEST_FLUCTUATIONS for one in self.correlations]
        return bool(parts @ rare <= parts.sum() / 2)

    def contributions(self, N_k: NDArray[np.int_]) -> Array:
        """Return what each rung (K,) adds to the squared error."""
        return np.asarray(N_k**2 * self.variance / self.independent)


def find_mode(solved: Reweighting, functions: Array, *, parts: int = 0, divide_eV: float | None = None) -> Mode:
    """Measure how the runs sample functions of the energy, one for each rung.

    Deviations are counted from MBAR's mean, not from the run's: a run that made no jump though it should have made some
    is then no firm evidence. The correlation is that of all runs of a rung and of the rungs next to it: beside a rung
    that jumps between solid and liquid there is one with rare visits, which last as long. Where that of the rung alone
    is clearly shorter, it counts, but for the visits.

    The rungs of a ladder that exchanges configurations are not independent of one another: what leaves one rung goes on
    at another. There the correlation is that of the sums over the rungs of each ladder.

    Parameters
    ----------
    solved
        The solution, its pool the runs.
    functions : (K, M)
        Values at the nodes.
    parts
        Count deviations from the means of so many parts of each run instead, to compare these with one another: what
        differs between them must not count as correlation. 0: from MBAR's mean.
    divide_eV
        Energy above the pool's minimum that divides solid from liquid; None: rungs always share their correlation.
    """
    means = (solved.distributions * functions).sum(axis=1)
    values = functions - means[:, None]
    variance = (solved.distributions * values**2).sum(axis=1)
    series, spacings_ps, near = _independent_series(solved, values)
    rungs = np.array(solved.pool.rungs)
    measured = [_about_parts(values, parts) for values in series] if parts else [[values] for values in series]
    found = _correlations(measured, spacings_ps, near, own_means=parts > 0)
    if divide_eV is not None and not solved.pool.ladders:
        jumping = _jumping(solved, values, variance, divide_eV)
        found, near = _unless_clearly_shorter(solved, series, jumping, found, near)
    spans = np.array(solved.pool.lengths) * np.array(solved.pool.spacings_ps)
    whole = np.bincount(rungs, weights=spans)
    independent = np.clip(whole / [one.time for one in found], 1, solved.pool.N_k)
    if not parts:
        independent /= _excess(solved, series, variance, independent)
    nearby = independent if solved.pool.ladders else independent * [spans[of].sum() for of in near] / whole
    return Mode(values, variance, independent, nearby, found)


def _independent_series(solved: Reweighting, values: Array) -> tuple[list[Array], list[float], list[NDArray[np.intp]]]:
    """Return series that are independent of one another, their spacings, and which of them tell of each rung."""
    pool, series = solved.pool, run_deviations(solved, values)
    if pool.ladders is None:
        rungs = np.array(pool.rungs)
        return series, list(pool.spacings_ps), [np.flatnonzero(np.abs(rungs - k) <= 1) for k in range(len(values))]
    ladders, first = np.unique(pool.ladders, return_index=True)
    sums = []
    for ladder in ladders:
        runs = [run for run, of in zip(series, pool.ladders, strict=True) if of == ladder]
        sums.append(np.sum([run[: min(map(len, runs))] for run in runs], axis=0))
    return sums, [pool.spacings_ps[i] for i in first], [np.arange(len(ladders))] * len(values)


def _unless_clearly_shorter(
    solved: Reweighting,
    series: Sequence[Array],
    jumping: Array,
    found: Sequence[Correlation],
    near: Sequence[NDArray[np.intp]],
) -> tuple[list[Correlation], list[NDArray[np.intp]]]:
    """Return the correlation of each rung with its neighbours, or its own where clearly shorter, and the runs of each.

    Where rungs lie far apart, beside one that jumps between solid and liquid there is one that hardly does. What of its
    variance (K,) is between solid and liquid lasts as long as beside it, whether or not its runs happened to jump.
    """
    rungs = np.array(solved.pool.rungs)
    alone = [np.flatnonzero(rungs == k) for k in range(len(near))]
    times, groups = list(found), list(near)
    of_rung = _correlations([[values] for values in series], solved.pool.spacings_ps, alone, own_means=False)
    for k, (own, beside) in enumerate(zip(of_rung, found, strict=True)):
        if own.time * (1 + CLEARLY * np.sqrt(4 / own.n_fluctuations)) < beside.time:
            times[k] = Correlation(own.time * (1 - jumping[k]) + beside.time * jumping[k], own.n_fluctuations)
            groups[k] = alone[k]
    return times, groups


def _jumping(solved: Reweighting, values: Array, variance: Array, divide_eV: float) -> Array:
    """Return which part of each rung's variance (K,) the jumps over an energy make, by MBAR's distributions."""
    jumps = jump_part(solved, values, divide_eV)
    return np.asarray(np.minimum((solved.distributions * jumps**2).sum(axis=1) / np.maximum(variance, NONE), 1))


def jump_part(solved: Reweighting, functions: Array, divide_eV: float) -> Array:
    """Return what of functions (K, M) jumps over an energy change: the difference of the means above and below it.

    As deviations from each rung's mean; zero where a rung has samples on one side alone.
    """
    high = solved.energy_grid.energies_eV > divide_eV
    share = solved.distributions @ high
    above = (solved.distributions * functions) @ high - share * (solved.distributions * functions).sum(axis=1)
    apart = share * (1 - share)
    difference = np.divide(above, apart, out=np.zeros_like(above), where=apart > NONE)
    return np.asarray(difference[:, None] * (high - share[:, None]))


def run_deviations(solved: Reweighting, values: Array) -> list[Array]:
    """Return the deviations (K, M) of a mode along each run."""
    ends = np.cumsum(solved.pool.lengths)
    rows = solved.energy_grid.fractions.T.tocsr()
    runs = zip(ends - solved.pool.lengths, ends, solved.pool.rungs, strict=True)
    return [np.asarray(rows[first:end] @ values[rung]) for first, end, rung in runs]


def _about_parts(values: Array, parts: int) -> list[Array]:
    return [part - part.mean() for part in np.array_split(values, parts) if len(part)]


def _correlations(
    series: Sequence[Sequence[Array]],
    spacings_ps: Sequence[float],
    groups: Sequence[NDArray[np.intp]],
    *,
    own_means: bool,
) -> list[Correlation]:
    """Return the correlation of each group of runs, whose parts are series of their own."""
    parts = [part for run in series for part in run]
    of = np.repeat(np.arange(len(series)), [len(run) for run in series])
    intervals = np.array(spacings_ps)[of].tolist()
    members = [np.flatnonzero(np.isin(of, runs)).tolist() for runs in groups]
    return correlations(parts, intervals, members, own_means=own_means)


def _excess(solved: Reweighting, series: Sequence[Array], variance: Array, independent: Array) -> float:
    """Return by how much independent replicas scatter more than the correlation within them explains; one or more.

    Only where every rung has four replicas or more. The variance of the whole is compared, so that the chance in few
    replicas of single rungs averages out.
    """
    rungs, lengths = np.array(solved.pool.rungs), np.array(solved.pool.lengths)
    if np.bincount(rungs).min() < FEWEST_REPLICAS:
        return 1.0
    sums = np.array([values.sum() for values in series])
    between = float(sums @ sums)
    within = float(np.sum(np.bincount(rungs, weights=lengths) ** 2 * variance / independent))
    return max(between / within, 1.0) if within > 0 else 1.0
