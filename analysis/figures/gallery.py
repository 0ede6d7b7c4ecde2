"""All figures, each with its caption, its place in the report, and the tables of its numbers.

A new figure is a module beside this one and an entry here: it is then drawn, written and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from matplotlib.figure import Figure

from deckgen.analysis.comparison import Comparison
from deckgen.analysis.figures.caloric import caloric_tables, draw_caloric
from deckgen.analysis.figures.charts import (
    Chart,
    caloric_chart,
    effective_sample_chart,
    estimator_chart,
    half_chart,
    heat_capacity_chart,
    histogram_chart,
    lindemann_chart,
    occupation_chart,
)
from deckgen.analysis.figures.checks import draw_estimators, draw_halves, estimator_tables, half_tables
from deckgen.analysis.figures.comparison import comparison_tables, draw_comparison
from deckgen.analysis.figures.energies import draw_histograms, draw_traces, histogram_tables, trace_tables
from deckgen.analysis.figures.heat_capacity import draw_heat_capacity, heat_capacity_tables
from deckgen.analysis.figures.isomers import (
    draw_homotops,
    draw_occupation,
    draw_spectrum,
    homotop_tables,
    occupation_tables,
    spectrum_tables,
)
from deckgen.analysis.figures.jumps import draw_jumps, jump_tables
from deckgen.analysis.figures.lindemann import draw_lindemann, lindemann_tables
from deckgen.analysis.figures.overlap import (
    draw_effective_samples,
    draw_overlap,
    effective_sample_tables,
    overlap_tables,
)
from deckgen.analysis.figures.tables import Table
from deckgen.analysis.isomers.results import IsomerList
from deckgen.analysis.results import Thermodynamics

__all__ = ["COMPARISON_FIGURES", "FIGURES", "GALLERY", "ISOMER_FIGURES", "FigureKind", "Section"]

Result = TypeVar("Result")


class Section(StrEnum):
    """Where in the report a figure stands."""

    HEAT_CAPACITY = "heat_capacity"
    SAMPLED = "sampled"
    CHECKS = "checks"
    COMPARISON = "comparison"
    TRACES = "traces"
    ISOMERS = "isomers"


@dataclass(frozen=True)
class FigureKind(Generic[Result]):
    """One kind of figure of a result.

    Parameters
    ----------
    name
        Of its files in results/figures/; the names of its tables begin with it.
    section
        Where in the report it stands; there, figures are in the order of this gallery.
    alt
        What is to be seen, for who does not see it; the chart has a text of its own, with numbers.
    caption
        Plain text; `{c0_over_kB:g}` in it is the number of this cluster.
    tables
        Returns what is drawn, by file name; nothing where the result has nothing to draw.
    draw
        Returns the figure; called only where there are tables.
    size
        Its width in the report: half a page, the page, or most of the page as the main figure of its section.
    chart
        Returns what the report draws of the tables; None: it shows the figure as it is.
    """

    name: str
    section: Section
    caption: str
    tables: Callable[[Result], dict[str, Table]]
    draw: Callable[[Result], Figure]
    alt: str
    size: Literal["half", "main", "wide"] = "half"
    chart: Callable[[Mapping[str, Table]], Chart] | None = None


FIGURES: tuple[FigureKind[Thermodynamics], ...] = (
    FigureKind(
        "heat_capacity",
        Section.HEAT_CAPACITY,
        "Heat capacity in units of its classical limit at zero temperature, C_0 = {c0_over_kB:g} k_B. Line and band: "
        "MBAR over all temperatures with its 95 % band. Points: the fluctuations of each temperature's own "
        "runs with their standard errors where these are known, which need no other temperature but also see nothing "
        "of what a run did not visit. Dashed: the multiple histogram method on the same samples.",
        heat_capacity_tables,
        draw_heat_capacity,
        alt="The heat capacity over temperature, with its band.",
        size="main",
        chart=heat_capacity_chart,
    ),
    FigureKind(
        "energy_histograms",
        Section.SAMPLED,
        "Potential energy at each temperature, after equilibration. Neighbours must overlap; two humps at one "
        "temperature are two phases that coexist in time.",
        histogram_tables,
        draw_histograms,
        alt="The distribution of the potential energy at each temperature.",
        size="wide",
        chart=histogram_chart,
    ),
    FigureKind(
        "caloric_curve",
        Section.SAMPLED,
        "Caloric curve: canonical mean of the potential energy. Below: the mean of each temperature's own runs less "
        "that of MBAR, in standard errors of this difference; grey: two of them.",
        caloric_tables,
        draw_caloric,
        alt="The mean potential energy over temperature; below, residuals.",
        chart=caloric_chart,
    ),
    FigureKind(
        "lindemann",
        Section.SAMPLED,
        "Lindemann index of each temperature's frames after equilibration. It grows with the length of a run where "
        "atoms diffuse. Of several elements, also that of each pair, unless unlike atoms are swapped.",
        lindemann_tables,
        draw_lindemann,
        alt="The Lindemann index over temperature.",
        chart=lindemann_chart,
    ),
    FigureKind(
        "effective_samples",
        Section.SAMPLED,
        "Effective number of samples (Kish) behind the curve at each temperature, and the independent samples of each "
        "temperature's own runs. A dip calls for a run there.",
        effective_sample_tables,
        draw_effective_samples,
        alt="The effective number of samples over temperature.",
        chart=effective_sample_chart,
    ),
    FigureKind(
        "overlap",
        Section.SAMPLED,
        "Overlap matrix: the probability that a sample of a row's temperature belongs to a column's. Below 0.03 next "
        "to the diagonal the chain of temperatures is weak.",
        overlap_tables,
        draw_overlap,
        alt="A square table of temperatures, dark along its diagonal where neighbours overlap.",
    ),
    FigureKind(
        "halves",
        Section.CHECKS,
        "The first half of every run's equilibrated samples against the second. Where they leave the band, the runs "
        "are too short.",
        half_tables,
        draw_halves,
        alt="The heat capacities of the first and the second half of the runs, over the band of both.",
        chart=half_chart,
    ),
    FigureKind(
        "estimators",
        Section.CHECKS,
        "The slope of the mean energies from one temperature to the next: its steps are means of the heat capacity "
        "that no fluctuations enter. And the curve with the other treatment of the rotation.",
        estimator_tables,
        draw_estimators,
        alt="The heat capacity by other ways to the same curve.",
        chart=estimator_chart,
    ),
    FigureKind(
        "jumps",
        Section.CHECKS,
        "Melts and freezings per ns of solid and of liquid, with their 95 % intervals; triangles: upper limits where "
        "none was seen. Lines: the rates that explain all of them best, and obey detailed balance with the energies of "
        "the two phases. Green: the peak that follows, with its 95 % interval; no equilibrium between the phases is "
        "needed. Orange: that of MBAR.",
        jump_tables,
        draw_jumps,
        alt="Two families of rates over temperature, rising for melting and falling for freezing, which cross.",
    ),
    FigureKind(
        "energy_traces",
        Section.TRACES,
        "Potential energy against time. Jumps between levels are jumps between phases: a run must make many of them, "
        "or none. Colours distinguish replicas; black: running means over a fiftieth of the run. Dots: the minima "
        "that the frames quench to, where isomers were looked for among them.",
        trace_tables,
        draw_traces,
        alt="A panel per temperature: the potential energy over time, and its running mean.",
        size="wide",
    ),
)

COMPARISON_FIGURES: tuple[FigureKind[Comparison], ...] = (
    FigureKind(
        "comparison",
        Section.COMPARISON,
        "Two studies of the same cluster. Below: their difference in units of the combined 95 % interval; grey: within "
        "it.",
        comparison_tables,
        draw_comparison,
        alt="Two heat capacities over temperature; below, their difference.",
        size="main",
    ),
)

ISOMER_FIGURES: tuple[FigureKind[IsomerList], ...] = (
    FigureKind(
        "isomer_spectrum",
        Section.ISOMERS,
        "Energy of each isomer above the lowest; the colour says how many quenches led there. Point groups of the "
        "lowest ones.",
        spectrum_tables,
        draw_spectrum,
        alt="A level per isomer, by its energy above the lowest.",
    ),
    FigureKind(
        "isomer_occupation",
        Section.ISOMERS,
        "Part of the quenches at each temperature that led to the most frequent isomers; below, the heat capacity on "
        "the same axis of temperature.",
        occupation_tables,
        draw_occupation,
        alt="The part of the quenches that led to each isomer, over temperature.",
        chart=occupation_chart,
    ),
    FigureKind(
        "isomer_homotops",
        Section.ISOMERS,
        "Energy against the number of bonds between unlike atoms. Isomers of one colour are homotops: the same atoms "
        "are neighbours, and the elements are on other places.",
        homotop_tables,
        draw_homotops,
        alt="A point per isomer: its energy over the number of unlike bonds.",
    ),
)

GALLERY: tuple[FigureKind[Any], ...] = (*FIGURES, *COMPARISON_FIGURES, *ISOMER_FIGURES)
