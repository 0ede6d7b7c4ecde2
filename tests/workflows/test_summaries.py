"""Results show themselves in a line, as a table, and on axes of one's own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Icosahedron
from matplotlib.figure import Figure

from deckgen.analysis.isomers.find import find_isomers
from deckgen.analysis.results import Thermodynamics
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.findings import Finding
from deckgen.minima import Minimum
from deckgen.samples import Samples
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.validation.errors import ErrorTable, PotentialErrors
from deckgen.units import KB_EV_K

LADDER = np.array([200.0, 250.0, 300.0])


@cache
def flat_thermodynamics() -> Thermodynamics:
    rng = np.random.default_rng(5)
    energies = [rng.gamma(16.5, KB_EV_K * T, 1000) for T in LADDER]
    return thermodynamics(Samples.from_arrays(LADDER, energies, n_atoms=13, formula="Na<13>"), bootstraps=0)


def test_thermodynamics_show_the_heat_capacity_of_every_temperature() -> None:
    thermo = flat_thermodynamics()
    assert repr(thermo) == "<Thermodynamics: Na<13>, no peak inside the ladder>"
    html = thermo._repr_html_()
    assert "Na&lt;13&gt;" in html
    assert html.count("<tr>") == 1 + len(LADDER)
    axes = Figure().add_subplot()
    assert "Warnings" not in html
    assert thermo.plot(ax=axes) is axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), thermo.heat_capacity_over_c0)


def test_a_result_shows_its_warnings() -> None:
    thermo = replace(flat_thermodynamics(), warnings=(Finding("few_samples", "n < 50 at 200 K"),))
    assert repr(thermo) == "<Thermodynamics: Na<13>, no peak inside the ladder; warnings: 1>"
    assert thermo._repr_html_().endswith("</table><p>Warnings</p><ul><li>n &lt; 50 at 200 K</li></ul>")


def test_a_list_of_isomers_shows_the_lowest() -> None:
    positions = Icosahedron("Na", 2).positions
    minima = [
        Minimum(("Na",) * 13, positions * (1 + 0.05 * k), 0.5 * k - 9, 1e-5, 8, True, 150.0, "a", k) for k in (0, 1)
    ]
    found = find_isomers(lambda: iter(minima), lambda tight: tight)
    assert repr(found) == "<IsomerList: 2 isomers of 2 quenches>"
    assert "<td>1</td><td>-9.00000</td><td>0.00000</td><td>1</td><td>Ih</td>" in found._repr_html_()
    axes = Figure().add_subplot()
    assert found.plot(ax=axes) is axes
    (lines,) = axes.collections
    assert [segment[0][1] for segment in lines.get_segments()] == pytest.approx([0.0, 0.5])


def test_a_dataset_counts_its_formulae() -> None:
    shown = map(Atoms, ("Na2", "Na3", "Na2"))
    frames = tuple(LabelledFrame(atoms, -1.0, np.zeros((len(atoms), 3)), "a", "a") for atoms in shown)
    assert repr(Dataset(frames)) == "<Dataset: 3 frames>"
    assert "<td>Na2</td><td>2</td></tr><tr><td>Na3</td><td>1</td>" in Dataset(frames)._repr_html_()


def test_errors_show_those_of_each_size() -> None:
    values = dict.fromkeys(PotentialErrors.__dataclass_fields__, 1.0)
    table = ErrorTable(PotentialErrors(**values | {"energy_rmse_meV_atom": 0.5}), {55: PotentialErrors(**values)})
    assert repr(table) == "<ErrorTable: 0.50 meV/atom, 1.0 meV/Å (RMSE)>"
    assert "<td>55</td><td>1.00</td><td>1.0</td><td>1.000</td></tr><tr><td>all</td><td>0.50</td>" in table._repr_html_()
