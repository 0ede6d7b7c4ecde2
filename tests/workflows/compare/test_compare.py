"""Two studies of one cluster: they agree where both are converged, and it is said where they do not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deckgen.analysis.comparison import TOLERANCE, compare_studies
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.errors import InputError
from deckgen.samples import Samples
from deckgen.units import KB_EV_K
from deckgen.workflows.analyse.study import analyse

LADDER = np.linspace(150.0, 350.0, 6)


def two_basins(tm_K: float, seed: int, n_atoms: int = 13, ladder=LADDER):
    """Analyse samples of a cluster with two harmonic basins 0.5 eV apart, equally populated at tm_K."""
    rng = np.random.default_rng(seed)
    upper = 1 / (1 + np.exp(0.5 / KB_EV_K * (1 / ladder - 1 / tm_K)))
    energies = [
        rng.gamma((3 * n_atoms - 6) / 2, KB_EV_K * T, 3000) + 0.5 * (rng.random(3000) < p)
        for T, p in zip(ladder, upper, strict=True)
    ]
    return thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=n_atoms), grid_K=2, bootstraps=100)


def test_two_samples_of_one_system_agree() -> None:
    comparison = compare_studies(two_basins(250, 1), two_basins(250, 2), this_name="one", other_name="two")
    assert comparison.findings() == []
    assert abs(comparison.largest[0]) < TOLERANCE
    assert abs(comparison.tm_difference_K) < comparison.tm_combined_ci95_K * TOLERANCE


def test_samples_of_different_systems_do_not() -> None:
    one, two = two_basins(250, 1), two_basins(235, 2)
    comparison = compare_studies(one, two, this_name="one", other_name="two")
    (finding,) = comparison.findings()
    assert finding.code == "not_ergodic"
    assert "one and two differ by" in finding.message
    assert comparison.tm_difference_K == pytest.approx(15, abs=2)
    # by hand, at one temperature
    at = 40
    half = [(study.heat_capacity_ci95[at, 1] - study.heat_capacity_ci95[at, 0]) / 2 for study in (one, two)]
    difference = one.heat_capacity_over_c0[at] - two.heat_capacity_over_c0[at]
    assert comparison.difference_over_ci95[at] == pytest.approx(difference / np.hypot(*half))


@pytest.mark.parametrize(("sigmas", "disagree"), [(2.7, False), (3.2, True), (-3.2, True)])
def test_curves_disagree_from_three_standard_deviations_on(sigmas: float, disagree: bool) -> None:
    """A normal 95 % interval reaches 1.96 standard deviations to either side; those of two curves add in squares."""
    sigma, curve = 0.05, two_basins(250, 1)
    band = curve.heat_capacity_over_c0[:, None] + 1.96 * sigma * np.array([-1, 1])
    one = replace(curve, heat_capacity_ci95=band)
    shift = sigmas * np.sqrt(2) * sigma
    two = replace(one, heat_capacity_over_c0=curve.heat_capacity_over_c0 + shift, heat_capacity_ci95=band + shift)
    codes = [finding.code for finding in compare_studies(one, two, this_name="one", other_name="two").findings()]
    assert codes == ["not_ergodic"] * disagree


def test_only_the_temperatures_that_both_ladders_cover_are_compared() -> None:
    comparison = compare_studies(
        two_basins(250, 1), two_basins(250, 2, ladder=LADDER[2:]), this_name="a", other_name="b"
    )
    assert (comparison.temperatures_K[0], comparison.temperatures_K[-1]) == (230, 350)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="their n_atoms are 13 and 14"):
        compare_studies(two_basins(250, 1), two_basins(250, 2, n_atoms=14), this_name="one", other_name="two")
    with pytest.raises(InputError, match="do not overlap"):
        compare_studies(two_basins(250, 1), two_basins(250, 1, ladder=LADDER + 300), this_name="one", other_name="two")


def test_a_study_compared_with_itself_differs_by_nothing(study: Path, tmp_path: Path) -> None:
    twin = Path(shutil.copytree(study, tmp_path / "twin", symlinks=True))
    result = analyse(study, compare=twin)
    comparison = json.loads((study / "results" / "thermodynamics.json").read_text())["comparison"]
    assert comparison["other"] == "twin"
    assert comparison["largest_difference_over_ci95"] == 0
    assert comparison["other_over_c0"] == result.heat_capacity_over_c0.tolist()
    assert (study / "results" / "comparison.csv").is_file()
    assert (study / "results" / "figures" / "comparison.svg").is_file()
    assert not (twin / "results").exists()
    analyse(study, figures=False)
    assert not list((study / "results").rglob("comparison*"))
