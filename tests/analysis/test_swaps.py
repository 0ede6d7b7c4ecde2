from dataclasses import replace

import numpy as np
import pytest

from deckgen.analysis.swaps import about_swaps, elements_of, rung_swaps
from deckgen.samples import Samples


def samples(formula: str, *swaps: tuple[int, int] | None) -> Samples:
    """Two runs at each of two temperatures, with the swaps of each."""
    found = Samples.from_arrays([100, 100, 200, 200], 4 * [np.arange(20.0)], n_atoms=55, formula=formula)
    return replace(found, series=tuple(replace(run, swaps=s) for run, s in zip(found.series, swaps, strict=True)))


def test_the_elements_of_a_formula():
    assert elements_of("Ag35Au20") == {"Ag": 35, "Au": 20}
    assert elements_of("CNa2C3") == {"C": 4, "Na": 2}
    assert elements_of("") == {}


def test_several_elements_without_swaps_have_a_frozen_order():
    (finding,) = about_swaps(samples("Ag35Au20", None, None, None, None))
    assert finding.code == "frozen_order"
    assert "[nvt] swap_every" in finding.message


@pytest.mark.parametrize("formula", ["Na55", ""])
def test_one_element_or_none_known_has_no_order(formula):
    assert about_swaps(samples(formula, None, None, None, None)) == []


def test_ten_accepted_swaps_for_each_atom_of_the_rarer_elements_are_enough():
    """20 atoms that are not silver: 200 accepted swaps in each run, 400 in the two runs of a rung."""
    (few,) = about_swaps(samples("Ag35Au12Pt8", (900, 200), (900, 199), (900, 200), (900, 200)))
    assert few.code == "few_swaps"
    assert few.temperature_K == 100
    assert few.message.startswith("at 100 K a run accepted fewer than 10 swaps for each of the 20 atoms")
    assert about_swaps(samples("Ag35Au12Pt8", *4 * [(900, 200)])) == []


def test_the_swaps_of_a_rung_are_those_of_all_its_runs():
    low, high = rung_swaps(samples("NaK", (10, 3), (12, 4), (5, 0), None))
    assert (low.temperature_K, low.tried, low.accepted, low.n_runs) == (100, 22, 7, 2)
    assert (high.temperature_K, high.tried, high.accepted, high.n_runs) == (200, 5, 0, 1)
