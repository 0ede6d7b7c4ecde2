"""The figures of a list of isomers show its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ase.cluster import Icosahedron
from matplotlib.text import Text

from deckgen.analysis.figures.gallery import ISOMER_FIGURES
from deckgen.analysis.figures.style import save
from deckgen.analysis.isomers.find import find_isomers
from deckgen.analysis.isomers.results import IsomerList
from deckgen.minima import Minimum

LABELS = {
    "isomer_spectrum": ["Isomer", "Energy above the lowest (eV)", "Quenches", "Na₁₃, 9 isomers from 200 quenches"],
    "isomer_occupation": ["Temperature (K)", "Fraction of quenches", "3 others", "+0.300 eV"],
    "isomer_homotops": [
        "Bonds between unlike atoms",
        "geometry 1: 3 homotops",
        "other geometries: 2",
        "K₆Na₇",
    ],
}


def quenches(kinds: int, temperatures_K: tuple[float | None, ...] = (100.0, 200.0)) -> list[Minimum]:
    """200 quenches of an icosahedron and of what it becomes when two of its atoms are pulled out, 0.1 eV apart."""
    rng, positions = np.random.default_rng(1), Icosahedron("Na", 2).positions
    weights = 0.5 ** np.arange(kinds)
    found = []
    for k, kind in enumerate(rng.choice(kinds, 200, p=weights / weights.sum())):
        changed = positions.copy()
        changed[1] *= 1 + 0.06 * kind
        changed[2] *= 1 + 0.02 * kind
        energy = -10 + 0.1 * kind
        found.append(Minimum(("Na",) * 13, changed, energy, 0.0, 9, True, temperatures_K[k % 2], "nvt/a", k))
    return found


def homotops() -> list[Minimum]:
    """An icosahedron with sodium on one place, on another, or in the middle among potassium, and two pulled apart."""
    icosahedron = Icosahedron("Na", 2).positions
    apart = [icosahedron * [1, 1, stretch] for stretch in (1.5, 1.9)]
    places = [range(7), range(1, 8), [0, 1, 2, 3, 4, 5, 12], range(0, 13, 2), range(7)]
    found = []
    for k, (sodium, positions) in enumerate(zip(places, [icosahedron] * 3 + apart, strict=True)):
        symbols = tuple("Na" if atom in sodium else "K" for atom in range(13))
        found.append(Minimum(symbols, positions, -10 + 0.1 * k, 0.0, 9, True, 100.0, "nvt/a", k))
    return found


def isomers_of(minima: list[Minimum]) -> IsomerList:
    return find_isomers(lambda: iter(minima), lambda some: some)


@pytest.fixture(scope="module")
def isomers() -> IsomerList:
    return isomers_of(quenches(9))


def words(svg: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<text.*?</text>", svg, re.DOTALL))


@pytest.mark.parametrize("kind", ISOMER_FIGURES, ids=lambda kind: kind.name)
def test_a_figure_is_drawn_and_says_what_it_shows(kind, isomers: IsomerList, tmp_path: Path) -> None:
    isomers = isomers_of(homotops()) if kind.name == "isomer_homotops" else isomers
    figure = kind.draw(isomers)
    save(figure, tmp_path / kind.name)
    text = words((tmp_path / f"{kind.name}.svg").read_text())
    for label in LABELS[kind.name]:
        assert label in text
    assert min(item.get_fontsize() for item in figure.findobj(Text) if item.get_text()) >= 8 * 0.7
    for table in kind.tables(isomers).values():
        assert len({len(column) for column in table.values()}) == 1


def test_the_levels_are_the_energies(isomers: IsomerList) -> None:
    spectrum = ISOMER_FIGURES[0]
    (lines,) = spectrum.draw(isomers).axes[0].collections
    drawn = [segment[0][1] for segment in lines.get_segments()]
    np.testing.assert_allclose(drawn, 0.1 * np.arange(9), atol=1e-9)
    table = spectrum.tables(isomers)["isomer_spectrum"]
    assert table["count"].sum() == 200
    assert table["rank"].tolist() == list(range(1, 10))


def test_the_occupations_at_a_temperature_add_up_to_one(isomers: IsomerList) -> None:
    occupation = ISOMER_FIGURES[1]
    table = dict(occupation.tables(isomers)["isomer_occupation"])
    assert table.pop("temperature_K").tolist() == [100.0, 200.0]
    assert list(table) == [*(f"isomer_{rank}" for rank in range(1, 7)), "others"]
    np.testing.assert_allclose(np.sum(list(table.values()), axis=0), 1)
    lines = {line.get_label(): line.get_ydata() for line in occupation.draw(isomers).axes[0].lines}
    np.testing.assert_array_equal(lines["3 others"], table["others"])


def test_few_isomers_and_unknown_temperatures_are_drawn_as_far_as_they_are_known(tmp_path: Path) -> None:
    one = isomers_of(quenches(1, (None, None)))
    spectrum, occupation, order = ISOMER_FIGURES
    assert occupation.tables(one) == {}
    assert order.tables(one) == {}  # one element
    save(spectrum.draw(one), tmp_path / "one")
    assert "Na₁₃, 1 isomer from 200 quenches" in words((tmp_path / "one.svg").read_text())
    three = isomers_of(quenches(3))
    assert "others" not in occupation.tables(three)["isomer_occupation"]
    save(occupation.draw(three), tmp_path / "three")
