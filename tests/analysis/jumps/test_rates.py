"""The likelihood of all jumps: exact where a formula is known, and an interval that holds as often as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from deckgen.analysis.jumps.branches import Branches
from deckgen.analysis.jumps.rates import RungJumps, fit_jumps
from deckgen.units import KB_EV_K

NA55 = Branches(170.0, -46.0, -45.55, 0.0068, 0.0068)
CURVED = Branches(170.0, -46.0, -45.55, 0.0068, 0.0075)
ONE = RungJumps(175.0, melts=9, freezings=4, solid_ps=600.0, liquid_ps=900.0)


def where(branches: Branches, T: float, ratio: float) -> float:
    """The melting temperature at which p_l/p_s at T is a ratio."""
    return brentq(lambda tm: branches.log_ratio(T, tm) - np.log(ratio), 0.7 * T, 1.4 * T)


@pytest.mark.parametrize("branches", [NA55, CURVED])
def test_the_free_energy_follows_from_the_energies_of_the_two_phases(branches: Branches) -> None:
    T, d = np.linspace(140, 210, 8), 1e-3
    slope = (branches.log_ratio(T + d, 168.0) - branches.log_ratio(T - d, 168.0)) / (2 * d)
    np.testing.assert_allclose(slope, branches.latent_heat_eV(T) / (KB_EV_K * T**2), rtol=1e-6)
    assert branches.log_ratio(168.0, 168.0) == pytest.approx(0, abs=1e-12)


def test_the_peak_lies_below_equal_free_energies_as_two_levels_have_it() -> None:
    """The maximum of p(1 - p)/T^2: to first order 4 T_m (kT_m/L)^2 below."""
    shift = 4 * 168.0 * (KB_EV_K * 168.0 / 0.45) ** 2
    assert NA55.peak_K(168.0) == pytest.approx(168.0 - shift, abs=0.06)
    assert Branches(170.0, -46.0, -45.999, 0.0068, 0.0068).peak_K(168.0) is None


@pytest.mark.parametrize("branches", [NA55, CURVED])
def test_at_one_rung_the_ratio_of_the_rates_decides(branches: Branches) -> None:
    found = fit_jumps([ONE], branches)
    assert found.melting_K == pytest.approx(where(branches, 175.0, (9 / 600) / (4 / 900)), abs=1e-2)
    np.testing.assert_allclose([found.melting_per_ps[0], found.freezing_per_ps[0]], [9 / 600, 4 / 900], rtol=1e-3)


def test_the_interval_of_one_rung_is_that_of_two_poisson_counts() -> None:
    """Many jumps: ln K has the variance 1/n_m + 1/n_f. Few: twice ln L falls by 3.84, solved for here directly."""
    many = fit_jumps([RungJumps(168.0, 400, 400, 4e4, 4e4)], NA55)
    width = 2 * 1.96 * np.sqrt(2 / 400) * KB_EV_K * 168**2 / 0.45
    assert np.diff(many.ci95_K)[0] == pytest.approx(width, rel=0.01)

    def deviance(ratio: float) -> float:
        """The best rates for k_m = ratio k_f have n_m + n_f = k_f (ratio t_s + t_l)."""
        k = 13 / (ratio * 600 + 900)
        free = 9 * np.log(9 / 600) + 4 * np.log(4 / 900)
        return 2 * (free - 9 * np.log(ratio * k) - 4 * np.log(k)) - 3.841459

    best = (9 / 600) / (4 / 900)
    ends = [brentq(deviance, *sorted([best, best * factor])) for factor in (50, 1 / 50)]
    np.testing.assert_allclose(fit_jumps([ONE], NA55).ci95_K, [where(NA55, 175.0, end) for end in ends], atol=0.01)


def test_a_run_that_never_jumps_tells_how_long_it_did_not() -> None:
    solid = fit_jumps([ONE, RungJumps(182.0, 0, 0, 900.0, 0.0)], NA55)
    liquid = fit_jumps([ONE, RungJumps(162.0, 0, 0, 0.0, 900.0)], NA55)
    alone = fit_jumps([ONE], NA55)
    assert liquid.melting_K < alone.melting_K - 1
    assert solid.melting_K > alone.melting_K + 1


def test_jumps_far_from_melting_leave_it_as_uncertain_as_the_rates_between_are() -> None:
    """Ten melts and ten freezings each: both at one rung, or the former 20 K above and the latter 20 K below it."""
    near = fit_jumps([RungJumps(168.0, 10, 10, 1000.0, 1000.0)], NA55)
    far = fit_jumps([RungJumps(148.0, 0, 10, 0.0, 1000.0), RungJumps(188.0, 10, 0, 1000.0, 0.0)], NA55)
    assert far.melting_K == pytest.approx(168.0, abs=3.0)
    assert np.diff(far.ci95_K)[0] > 2 * np.diff(near.ci95_K)[0]


def test_an_error_of_the_energies_widens_the_interval_by_as_much() -> None:
    """At 30 K from melting, 10 % of L are 10 % of ln K there: 3 K."""
    rung = RungJumps(198.0, 2000, 2000, 2000.0, 2000.0 * np.exp(float(NA55.log_ratio(198.0, 168.0))))
    sharp, unsure = (fit_jumps([rung], replace(NA55, relative_error=error)) for error in (0.0, 0.1))
    assert unsure.melting_K == pytest.approx(168.0, abs=0.1)
    assert np.diff(sharp.ci95_K)[0] < 2.5
    assert np.diff(unsure.ci95_K)[0] == pytest.approx(2 * 1.96 * 3.0 * (168 / 198), rel=0.2)


def test_jumps_one_way_only_bound_it_from_one_side() -> None:
    """A rate of which no event was seen in a time t is below 3.69/t: exp(-3.69) = 2.5 %."""
    melts = fit_jumps([RungJumps(175.0, 2000, 0, 2e5, 5e4)], NA55)
    assert melts.melting_K is None
    assert melts.melting_per_ps is None
    assert melts.ci95_K[0] is None
    assert melts.ci95_K[1] == pytest.approx(where(NA55, 175.0, 0.01 * 5e4 / 3.689), abs=0.5)
    freezes = fit_jumps([RungJumps(165.0, 0, 3, 800.0, 900.0)], NA55)
    assert freezes.melting_K is None
    assert freezes.ci95_K[0] is not None
    assert freezes.ci95_K[1] is None
    assert fit_jumps([RungJumps(165.0, 0, 0, 800.0, 900.0)], NA55) is None


def jumping(rates: tuple[float, float], liquid: bool, length_ps: float, rng: np.random.Generator) -> np.ndarray:
    """Melts, freezings and the times of one run (4,)."""
    done, now = np.zeros(4), 0.0
    while (stay := rng.exponential(1 / rates[liquid])) < length_ps - now:
        now += stay
        done += np.eye(4)[int(liquid)] + stay * np.eye(4)[2 + int(liquid)]
        liquid = not liquid
    return done + (length_ps - now) * np.eye(4)[2 + int(liquid)]


def test_intervals_hold_the_melting_temperature_as_often_as_they_say(rng: np.random.Generator) -> None:
    """As Na55: five rungs, a solid and a liquid of 400 ps each, six freezings a study; more in validation."""
    kelvins, held = (147.0, 161.0, 170.0, 182.0, 195.0), []
    for _ in range(200):
        rungs = []
        for T in kelvins:
            rates = float(np.exp(NA55.log_ratio(T, 168.0))) / 270, 1 / 270
            melts, freezings, *times = sum(jumping(rates, liquid, 400.0, rng) for liquid in (False, True))
            rungs.append(RungJumps(T, int(melts), int(freezings), *times))
        low, high = fit_jumps(rungs, NA55).ci95_K
        held.append((low is None or low <= 168.0) and (high is None or high >= 168.0))
    assert 0.92 <= np.mean(held) <= 0.985
