"""The melting temperature by jumps alone, in a model with an exact answer: how often its 95 % intervals hold it.

    python -m validation.melting.jumps

Runs of a cluster with a solid and a liquid, whose rates of melting and freezing obey detailed balance, are drawn
exactly: exponential stays, cut at the end of each run. Clusters: as Na55 with the Gupta potential (0.45 eV, 168 K, a
liquid freezes once in 270 ps), and as Na147 with na-gap (2.7 eV, 272 K: near melting nothing jumps in 700 ps). Freezing
is equally fast everywhere, or slower on heating, or on cooling, as in a glass. Runs begin with the solid, or half of
them with the melt; in some studies few runs jump, or none back.

The criterion, set before the run: in each regime 93 to 98 % of the intervals hold the exact value; an end that is open
holds everything beyond it. Where all jumps of a study go one way, a bound is all that is claimed, and counts alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deckgen.analysis.jumps.branches import Branches
from deckgen.analysis.jumps.rates import RungJumps, fit_jumps
from validation.common import record, work_folder

STUDIES = 600
HELD = (0.93, 0.98)
SOLID, BOTH = (False,), (False, True)


@dataclass(frozen=True)
class Cluster:
    """Energies of the two phases, where they are in equilibrium, and how long either stays there."""

    branches: Branches
    melting_K: float
    stay_ps: float


@dataclass(frozen=True)
class Regime:
    """Studies of one kind.

    ln sqrt(k_m k_f) at T is `lean` ln k_m/k_f more than at melting, plus `bend`; with 1/2 liquids freeze equally fast
    everywhere. `starts` says of each run of a rung whether it begins with the melt.
    """

    name: str
    cluster: Cluster
    rungs_K: tuple[float, ...]
    length_ps: float
    starts: tuple[bool, ...]
    lean: float = 0.5
    bend: Callable[[float], float] | None = None

    def rates(self, T: float) -> tuple[float, float]:
        """Return the rates of melting and of freezing."""
        ratio = float(self.cluster.branches.log_ratio(T, self.cluster.melting_K))
        middle = self.lean * ratio - np.log(self.cluster.stay_ps) + (self.bend(T) if self.bend else 0.0)
        return float(np.exp(middle + ratio / 2)), float(np.exp(middle - ratio / 2))


def _glass(T: float) -> float:
    return -max(150.0 - T, 0.0) / 4


def _curved(T: float) -> float:
    return ((T - 272.0) / 15) ** 2 / 2


FIVE_K, EIGHT_K = (141.0, 154.5, 168.0, 181.5, 195.0), (147.0, 161.0, 170.0, 176.0, 182.0, 188.0, 195.0, 204.0)
LARGE_K = (230.0, 240.0, 250.0, 260.0, 270.0, 280.0, 290.0, 305.0)
SMALL = Cluster(Branches(170.0, -46.0, -45.55, 0.0068, 0.0068), 168.0, 270.0)
LARGE = Cluster(Branches(272.0, -165.6, -162.9, 0.026, 0.033), 272.0, 2000.0)
REGIMES = (
    Regime("Na55, 1 ns, all solid at first", SMALL, EIGHT_K, 1000.0, SOLID),
    Regime("Na55, 300 ps, both starts", SMALL, EIGHT_K, 300.0, BOTH),
    Regime("the same, freezing slower on heating", SMALL, EIGHT_K, 300.0, BOTH, lean=0.0),
    Regime("the same, much slower on heating", SMALL, EIGHT_K, 300.0, BOTH, lean=-0.5),
    Regime("the same, a glass below 150 K", SMALL, EIGHT_K, 300.0, BOTH, bend=_glass),
    Regime("Na55, 100 ps, both starts", SMALL, EIGHT_K, 100.0, BOTH),
    Regime("Na55, 100 ps, all solid at first", SMALL, EIGHT_K, 100.0, SOLID),
    Regime("five rungs, 2 ns, all solid at first", SMALL, FIVE_K, 2000.0, SOLID),
    Regime("one rung, eight runs of 1 ns", SMALL, (170.0,), 1000.0, BOTH * 4),
    Regime("Na147, 700 ps, both starts", LARGE, LARGE_K, 700.0, BOTH, lean=0.0),
    Regime("the same, slowest at melting", LARGE, LARGE_K, 700.0, BOTH, lean=0.0, bend=_curved),
)


def run(rates: tuple[float, float], liquid: bool, length_ps: float, rng: np.random.Generator) -> RungJumps:
    """Draw one run."""
    jumps, times, now = [0, 0], [0.0, 0.0], 0.0
    while (stay := rng.exponential(1 / rates[liquid])) < length_ps - now:
        now += stay
        jumps[liquid] += 1
        times[liquid] += stay
        liquid = not liquid
    times[liquid] += length_ps - now
    return RungJumps(0.0, *jumps, *times)


def study(regime: Regime, rng: np.random.Generator) -> list[RungJumps]:
    """Draw the runs of all rungs."""
    rungs = []
    for T in regime.rungs_K:
        runs = [run(regime.rates(T), liquid, regime.length_ps, rng) for liquid in regime.starts]
        melts, freezings = sum(one.melts for one in runs), sum(one.freezings for one in runs)
        times = sum(one.solid_ps for one in runs), sum(one.liquid_ps for one in runs)
        rungs.append(RungJumps(T, melts, freezings, *times))
    return rungs


@dataclass(frozen=True)
class Outcome:
    """What the studies of a regime came to."""

    name: str
    melts: float
    freezings: float
    held: float
    given: float
    width_K: float
    scatter_K: float
    bias_K: float


def outcome(regime: Regime) -> Outcome:
    """Count."""
    rng = np.random.default_rng(7)
    studies = [study(regime, rng) for _ in range(STUDIES)]
    fits = [fit for rungs in studies if (fit := fit_jumps(rungs, regime.cluster.branches)) is not None]
    T = regime.cluster.melting_K
    held = [
        all(end is None or (end - T) * side > 0 for end, side in zip(fit.ci95_K, (-1, 1), strict=True)) for fit in fits
    ]
    estimates = [fit.melting_K for fit in fits if fit.melting_K is not None]
    widths = [high - low for low, high in (fit.ci95_K for fit in fits) if low is not None and high is not None]
    return Outcome(
        regime.name,
        float(np.mean([sum(rung.melts for rung in rungs) for rungs in studies])),
        float(np.mean([sum(rung.freezings for rung in rungs) for rungs in studies])),
        float(np.mean(held)),
        len(widths) / STUDIES,
        float(np.median(widths)),
        float(3.92 * np.std(estimates)),
        float(np.mean(estimates) - T),
    )


def main() -> None:
    """Count, and record."""
    with work_folder(__doc__):
        found = [outcome(regime) for regime in REGIMES]
    record(
        "melting/jumps",
        f"The melting temperature by jumps alone, {STUDIES} studies of each regime",
        {f"{one.name}: 93 to 98 % hold": HELD[0] <= one.held <= HELD[1] for one in found},
        [
            ("regime", "melts", "freezings", "hold", "closed on both sides", "width / K", "3.92 s.d. / K", "bias / K"),
            *map(_row, found),
        ],
        regimes=found,
    )


def _row(one: Outcome) -> tuple[str, ...]:
    counts = f"{one.melts:.1f}", f"{one.freezings:.1f}", f"{one.held:.1%}", f"{one.given:.0%}"
    return (one.name, *counts, f"{one.width_K:.1f}", f"{one.scatter_K:.1f}", f"{one.bias_K:.1f}")


if __name__ == "__main__":
    main()
