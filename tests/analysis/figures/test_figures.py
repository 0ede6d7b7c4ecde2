"""Every figure shows what it is for, in fonts that a reader of the printed page can read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from deckgen.analysis.comparison import compare_studies
from deckgen.analysis.figures.comparison import draw_comparison
from deckgen.analysis.figures.gallery import FIGURES
from deckgen.analysis.figures.heat_capacity import draw_heat_capacity, heat_capacity_tables
from deckgen.analysis.figures.jumps import jump_tables
from deckgen.analysis.figures.style import save
from deckgen.analysis.jumps.melting import JumpMelting, RungRates
from deckgen.analysis.lindemann import LindemannCurve
from deckgen.analysis.results import Thermodynamics
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

LABELS = {
    "heat_capacity": [
        "Temperature (K)",
        "MBAR, 95 % band",
        "multiple histogram",
        "fluctuations of each run",
        "melting at 2",
    ],
    "caloric_curve": ["Temperature (K)", "Potential energy (eV/atom)"],
    "energy_histograms": ["Potential energy (eV)", "Probability density (1/eV)", "Temperature (K)"],
    "overlap": ["Overlap", "Temperature (K)"],
    "effective_samples": ["Effective number of samples"],
    "lindemann": ["Lindemann index", "usual criterion"],
    "halves": ["first half of each run", "second half of each run"],
    "estimators": ["between temperatures", "rotation"],
    "jumps": ["Jumps per ns", "melting", "freezing", "peak by the jumps, 251.0 K", "MBAR, 2"],
    "energy_traces": ["Time (ps)", "150 K", "350 K"],
}


JUMPS = JumpMelting(
    temperature_K=252.0,
    ci95_K=(240.0, None),
    peak_K=251.0,
    peak_ci95_K=(239.0, None),
    latent_heat_eV=0.5,
    rungs=(RungRates(225.0, 0, 4, 700.0, 50.0, 0.001, 0.07), RungRates(275.0, 6, 0, 0.0, 900.0, 0.08, 0.001)),
)


@pytest.fixture(scope="module")
def thermo() -> Thermodynamics:
    """A cluster with two harmonic basins 0.5 eV apart, equally populated at 250 K, in two replicas."""
    rng, ladder = np.random.default_rng(5), np.linspace(150.0, 350.0, 9).repeat(2)
    upper = 1 / (1 + np.exp(0.5 / KB_EV_K * (1 / ladder - 1 / 250)))
    energies = [
        rng.gamma(16.5, KB_EV_K * T, 2000) + 0.5 * (rng.random(2000) < p) for T, p in zip(ladder, upper, strict=True)
    ]
    moments = [rng.uniform(9, 11, (2000, 3)) for _ in ladder]
    samples = Samples.from_arrays(
        ladder, energies, n_atoms=13, formula="Na13", thermostat="csvr", principal_moments_uA2=moments
    )
    lindemann = LindemannCurve(tuple(ladder[::2]), tuple(np.linspace(0.05, 0.3, 9)))
    found = thermodynamics(replace(samples, potential_name="two-basins"), bootstraps=50, lindemann=lindemann)
    return replace(found, jumps=JUMPS)


def words(svg: str) -> str:
    """Return the text of an SVG; matplotlib puts formulae into pieces."""
    return " ".join(re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<text.*?</text>", svg, re.DOTALL))


@pytest.mark.parametrize("kind", FIGURES, ids=lambda kind: kind.name)
def test_a_figure_is_drawn_and_says_what_it_shows(kind, thermo: Thermodynamics, tmp_path: Path) -> None:
    figure = kind.draw(thermo)
    save(figure, tmp_path / kind.name)
    text = words((tmp_path / f"{kind.name}.svg").read_text())
    for label in [*LABELS[kind.name], "Na₁₃, two-basins"]:
        assert label in text
    pixels = np.asarray(Image.open(tmp_path / f"{kind.name}.png").convert("L"), dtype=float)
    assert pixels.std() > 10
    assert 0.002 < (pixels < 200).mean() < 0.6
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
    width_mm = figure.get_size_inches()[0] * 25.4
    assert 85 <= width_mm <= 170.01
    assert min(text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()) >= 8 * 0.7
    assert kind.tables(thermo)
    for name, table in kind.tables(thermo).items():
        assert name.startswith(kind.name)  # or an older result's would stay
        assert len({len(column) for column in table.values()}) == 1


def test_the_curve_in_the_figure_is_the_result(thermo: Thermodynamics) -> None:
    axes = draw_heat_capacity(thermo).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["MBAR, 95 % band"].get_ydata(), thermo.heat_capacity_over_c0)
    (points,) = [drawn for drawn in axes.containers if drawn.get_label() == "fluctuations of each run"]
    np.testing.assert_array_equal(points.lines[0].get_ydata(), thermo.estimators.fluctuation)
    (mark,) = [line for label, line in lines.items() if "melting at" in label]
    assert mark.get_xdata()[0] == thermo.melting.temperature_K == pytest.approx(250, abs=3)


def test_rates_are_jumps_per_time_with_the_exact_interval_of_a_count(thermo: Thermodynamics) -> None:
    """Of four counts 1.090 to 10.242, of none up to 3.689 (Garwood 1936)."""
    table = jump_tables(thermo)["jumps"]
    columns = [table[f"freezing_{end}_per_ns"] for end in ("own", "low", "high", "fit")]
    np.testing.assert_allclose([column[0] for column in columns], [80, 21.8, 204.84, 70], rtol=1e-3)
    assert table["freezing_high_per_ns"][1] == pytest.approx(3.689 / 0.9, rel=1e-3)
    assert np.isnan(table["melting_high_per_ns"][1])
    assert np.isfinite(table["melting_high_per_ns"][0])


def test_a_figure_is_the_same_bytes_each_time_and_leaves_no_settings_behind(
    thermo: Thermodynamics, tmp_path: Path
) -> None:
    before = dict(mpl.rcParams)
    for name in ("one", "two"):
        save(draw_heat_capacity(thermo), tmp_path / name, pdf=True)
    assert dict(mpl.rcParams) == before
    for suffix in (".svg", ".png", ".pdf"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    fonts = set(re.findall(rb"/Subtype /(Type\w+|TrueType)", (tmp_path / "one.pdf").read_bytes()))
    assert b"Type3" not in fonts  # journals refuse these
    assert b"Type0" in fonts or b"TrueType" in fonts


def test_what_is_not_known_is_not_drawn(thermo: Thermodynamics, tmp_path: Path) -> None:
    other = replace(thermo.estimators, multiple_histogram=None, first_half=None, second_half=None, canonical=None)
    poor = replace(thermo, estimators=other, lindemann=None, heat_capacity_ci95=None, melting=None, formula="")
    poor = replace(poor, jumps=None)
    assert {kind.name for kind in FIGURES if not kind.tables(poor)} == {"lindemann", "halves", "jumps"}
    assert heat_capacity_tables(poor)["heat_capacity"].keys() == {"temperature_K", "heat_capacity_over_c0"}
    for kind in FIGURES:
        if kind.tables(poor):
            save(kind.draw(poor), tmp_path / kind.name)
    text = words((tmp_path / "heat_capacity.svg").read_text())
    assert "multiple histogram" not in text
    assert "95 %" not in text
    assert "13 atoms" in text


def test_a_peak_at_the_edge_is_not_called_a_melting_temperature(thermo: Thermodynamics, tmp_path: Path) -> None:
    edge = replace(thermo, melting=replace(thermo.melting, at_edge=True, temperature_K=350.0))
    save(draw_heat_capacity(edge), tmp_path / "edge")
    assert "highest at the end of the ladder, 350 K" in words((tmp_path / "edge.svg").read_text())


def test_a_comparison_shows_both_studies(thermo: Thermodynamics, tmp_path: Path) -> None:
    figure = draw_comparison(compare_studies(thermo, thermo, this_name="from the minimum", other_name="from $_{$ melt"))
    assert isinstance(figure, Figure)
    save(figure, tmp_path / "comparison")
    text = words((tmp_path / "comparison.svg").read_text())
    assert "from the minimum" in text
    assert "from $_{$ melt" in text  # no formula begins in a name
    assert "combined interval" in text
