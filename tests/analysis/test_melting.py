from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from deckgen.analysis.melting import MIN_PROMINENCE, find_melting, find_peaks, peak_near, quantity_near
from deckgen.units import KB_EV_K

N_ATOMS = 55
GRID = np.linspace(60.0, 330.0, 271)


def bell(centre, height, sigma):
    return height * np.exp(-((GRID - centre) ** 2) / (2 * sigma**2))


def test_a_gaussian_peak_is_measured():
    peak = find_melting(GRID, 1 + bell(281.3, 1.2, 8.0), N_ATOMS)
    assert peak.temperature_K == pytest.approx(281.3, abs=0.01)
    assert peak.height_over_c0 == pytest.approx(2.2, abs=1e-4)
    assert peak.fwhm_K == pytest.approx(8.0 * np.sqrt(8 * np.log(2)), rel=1e-3)
    area = 1.2 * 8.0 * np.sqrt(2 * np.pi)
    assert peak.latent_heat_eV == pytest.approx(area * (3 * N_ATOMS - 4.5) * KB_EV_K, rel=1e-3)
    assert not peak.at_edge


def test_the_area_is_above_the_line_between_the_feet():
    """A sloping baseline adds nothing to the latent heat."""
    slope = 0.001 * (GRID - 60)
    flat = find_melting(GRID, 1 + bell(200.0, 1.5, 8.0), N_ATOMS)
    sloping = find_melting(GRID, 1 + slope + bell(200.0, 1.5, 8.0), N_ATOMS)
    assert sloping.latent_heat_eV == pytest.approx(flat.latent_heat_eV, rel=1e-3)


def test_a_flat_curve_has_no_peak(rng):
    assert find_melting(GRID, 1 + 0.01 * rng.normal(size=len(GRID)), N_ATOMS) is None
    assert find_peaks(GRID, np.ones(len(GRID)), N_ATOMS) == ()


def test_a_peak_must_stand_out_by_a_tenth():
    assert find_melting(GRID, 1 + bell(200.0, 0.09, 10.0), N_ATOMS) is None
    assert find_melting(GRID, 1 + bell(200.0, 0.11, 10.0), N_ATOMS) is not None


@pytest.mark.parametrize(("centre", "edge"), [(340.0, 330.0), (50.0, 60.0)])
def test_a_peak_beyond_the_ladder_is_at_its_edge(centre, edge):
    peak = find_melting(GRID, 1 + bell(centre, 1.0, 20.0), N_ATOMS)
    assert peak.at_edge
    assert peak.temperature_K == edge
    assert peak.fwhm_K is None
    assert peak.latent_heat_eV is None


def test_a_steady_rise_with_a_ripple_is_no_melting_inside():
    """Anharmonicity raises C_v steadily; a ripple near the hot end must not count from the cold end's value."""
    rise = 1 + 0.3 * (GRID - 60) / 270
    assert find_melting(GRID, rise + bell(300.0, 0.05, 4.0), N_ATOMS) is None
    assert find_melting(GRID, rise, N_ATOMS).at_edge


def test_of_two_peaks_the_higher_one_melts_and_both_are_listed():
    premelting, melting = bell(150.0, 0.4, 8.0), bell(280.0, 1.1, 8.0)
    curve = 1 + premelting + melting
    found = find_peaks(GRID, curve, N_ATOMS)
    assert [peak.temperature_K for peak in found] == pytest.approx([150.0, 280.0], abs=0.01)
    assert [peak.height_over_c0 for peak in found] == pytest.approx([1.4, 2.1], abs=1e-3)
    peak = find_melting(GRID, curve, N_ATOMS)
    assert peak.temperature_K == pytest.approx(280.0, abs=0.01)
    # the higher one may come first: a transition between solids
    swapped = find_melting(GRID, 1 + bell(150.0, 1.1, 8.0) + bell(280.0, 0.4, 8.0), N_ATOMS)
    assert swapped.temperature_K == pytest.approx(150.0, abs=0.01)
    assert peak.latent_heat_eV == pytest.approx(find_melting(GRID, 1 + melting, N_ATOMS).latent_heat_eV, rel=1e-3)


@pytest.mark.parametrize("seed", range(20))
def test_peaks_and_their_prominences_are_scipys(seed):
    """Inside the curve; scipy knows no maxima at the edges, which are put below all others here."""
    rng = np.random.default_rng(seed)
    curve = 1 + np.convolve(rng.normal(size=400), np.hanning(30), "same")[: len(GRID)] / 20
    curve[[0, -1]] = -10
    expected, _ = signal.find_peaks(curve, prominence=MIN_PROMINENCE)
    found = find_peaks(GRID, curve, N_ATOMS)
    assert len(found) == len(expected)
    assert [peak.temperature_K for peak in found] == pytest.approx(GRID[expected].tolist(), abs=GRID[1] - GRID[0])


def test_a_peak_cut_by_the_edge_has_no_width():
    peak = find_melting(GRID, 1 + bell(322.0, 1.0, 10.0), N_ATOMS)
    assert not peak.at_edge
    assert peak.fwhm_K is None


def test_the_peak_near_a_temperature_is_the_nearest_not_the_highest():
    curve = 1 + bell(150.0, 1.0, 8.0) + bell(280.0, 1.1, 8.0)
    for T, expected in ((140.0, 150.0), (214.0, 150.0), (216.0, 280.0)):
        assert peak_near(GRID, curve, N_ATOMS, T).temperature_K == pytest.approx(expected, abs=0.01)
        peak = peak_near(GRID, curve, N_ATOMS, T)
        for name in ("temperature_K", "height_over_c0", "fwhm_K", "latent_heat_eV"):
            assert quantity_near(GRID, curve, N_ATOMS, T, name) == getattr(peak, name)
    assert peak_near(GRID, np.ones(len(GRID)), N_ATOMS, 200.0) is None
    assert quantity_near(GRID, 1 + bell(335.0, 1.0, 20.0), N_ATOMS, 300.0, "fwhm_K") is None  # highest at the edge


@pytest.mark.parametrize("step", [0.25, 0.5, 1.0])
def test_the_width_does_not_depend_on_the_grid(step):
    """A bell of 2.1 K, two points of the coarsest grid; half of its height of 2 lies sqrt(2 ln 2) deviations away."""
    grid = np.arange(180.0, 221.0, step)
    curve = 1 + 2 * np.exp(-((grid - 200.3) ** 2) / (2 * 2.1**2))
    assert find_melting(grid, curve, N_ATOMS).fwhm_K == pytest.approx(2 * 2.1 * np.sqrt(2 * np.log(2)), rel=0.012)


def test_the_feet_are_those_of_the_lower_convex_hull(rng):
    """By every pair of points: no chord over the summit runs lower there."""
    curve = 1 + bell(180.0, 1.2, 9.0) + 0.02 * np.cumsum(rng.normal(size=len(GRID))) / 10
    peak = find_melting(GRID, curve, N_ATOMS)
    top = int(np.argmax(curve))
    lowest = min(
        (np.interp(GRID[top], GRID[[i, j]], curve[[i, j]]), i, j) for i in range(top) for j in range(top + 1, len(GRID))
    )
    section = slice(lowest[1], lowest[2] + 1)
    line = np.interp(GRID[section], GRID[[lowest[1], lowest[2]]], curve[[lowest[1], lowest[2]]])
    area = np.trapezoid(curve[section] - line, GRID[section])
    assert peak.latent_heat_eV == pytest.approx(area * (3 * N_ATOMS - 4.5) * KB_EV_K, rel=1e-9)
