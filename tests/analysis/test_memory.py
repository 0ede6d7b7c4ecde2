"""The analysis needs little more memory than the samples, however many runs there are."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from deckgen.analysis.crossings import count_crossings
from deckgen.analysis.histogram import multiple_histogram
from deckgen.analysis.jumps.melting import melting_by_jumps
from deckgen.analysis.melting import Peak
from deckgen.analysis.outliers import find_outliers
from deckgen.analysis.production import Production
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

RUNGS_K = np.linspace(90.0, 110.0, 20)
REPLICAS = 4
ROWS = 4000
PEAK = Peak(100.0, 2.0, 5.0, 0.3, at_edge=False)
GRID_K = np.linspace(90.0, 110.0, 21)


@pytest.fixture(scope="module")
def productions():
    """Runs of 13 atoms that jump between two phases every 200 rows, but at the coldest and the hottest rung."""
    rng = np.random.default_rng(1)
    kelvins = np.repeat(RUNGS_K, REPLICAS)
    phases = dict.fromkeys(RUNGS_K, np.arange(ROWS) // 200 % 2) | {90.0: np.zeros(ROWS), 110.0: np.ones(ROWS)}
    energies = [KB_EV_K * T * rng.gamma(16.5, size=ROWS) + PEAK.latent_heat_eV * phases[T] for T in kelvins]
    return [Production(run, 0, 1.0, settled=True) for run in Samples.from_arrays(kelvins, energies, n_atoms=13).series]


@pytest.fixture(scope="module")
def crossings(productions):
    mean = KB_EV_K * GRID_K * 16.5 + PEAK.latent_heat_eV / 2
    return lambda: count_crossings(productions, PEAK, GRID_K, mean, 13)


@pytest.fixture(params=["outliers", "crossings", "jumps", "histogram"])
def part(request, productions, crossings):
    """A part of the analysis that looks at every row; what it finds."""
    found = crossings()
    return {
        "outliers": lambda: find_outliers([run.series for run in productions]) == [],
        "crossings": lambda: crossings().n_returns == REPLICAS * (len(RUNGS_K) - 2) * (ROWS // 400 - 1),
        "jumps": lambda: melting_by_jumps(productions, found, PEAK, 13) is not None,
        "histogram": lambda: multiple_histogram(productions, GRID_K, 13, weighted=False) is not None,
    }[request.param]


def test_what_looks_at_every_row_never_copies_the_energies_of_all_runs(productions, part):
    part()
    energies = sum(run.series.potential_energy_eV.nbytes for run in productions)
    tracemalloc.start()
    try:
        assert part()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * energies
