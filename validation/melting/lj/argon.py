"""What the checks of Lennard-Jones clusters share: argon's units; a study begun with its solid, and with its melt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from matplotlib.figure import Figure

from deckgen.analysis.figures.heat_capacity import AXIS
from deckgen.analysis.figures.style import COLOURS, legend_below, new_figure, styled
from deckgen.analysis.results import Thermodynamics
from deckgen.units import KB_EV_K
from validation.common import EXAMPLES, Peak, agree, standard_error

EPSILON_K = 119.8
EPSILON_EV = EPSILON_K * KB_EV_K
SEEDS = {"minimum": 1, "melted": 2}
"""Of the two studies, by what their runs begin with."""
HEAD = ("runs begin with", "peak at T*", "standard error", "height / C0", "standard error", "melts", "freezings")


@dataclass(frozen=True)
class ReducedPeak:
    """The highest peak in reduced units; errors are one standard deviation, None where no interval is given.

    Parameters
    ----------
    melts, freezings
        Of the configurations on their way through the rungs; None where the energy does not tell two phases.
    peak
        In K.
    """

    T: float
    T_error: float | None
    height_over_c0: float
    height_error_over_c0: float | None
    melts: int | None
    freezings: int | None
    peak: Peak

    @classmethod
    def of(cls, thermo: Thermodynamics) -> Self:
        """Take it from an analysis."""
        peak, crossings = Peak.of(thermo), thermo.crossings
        return cls(
            T=peak.temperature_K / EPSILON_K,
            T_error=_error(peak.temperature_ci95_K, EPSILON_K),
            height_over_c0=peak.height_over_c0,
            height_error_over_c0=_error(peak.height_ci95_over_c0),
            melts=None if crossings is None else sum(walker.melts for walker in crossings.walkers),
            freezings=None if crossings is None else sum(walker.freezings for walker in crossings.walkers),
            peak=peak,
        )

    def agrees(self, other: Self) -> tuple[bool, bool]:
        """Return whether positions and heights agree with another's, within the 95 % intervals of the differences."""
        if None in (self.T_error, other.T_error, self.height_error_over_c0, other.height_error_over_c0):
            return False, False
        return (
            agree(self.T, self.T_error, other.T, other.T_error),
            agree(self.height_over_c0, self.height_error_over_c0, other.height_over_c0, other.height_error_over_c0),
        )

    def row(self, name: str) -> tuple[str, ...]:
        """Return a line of the table."""
        values = (
            _shown(self.T, 4),
            _shown(self.T_error, 4),
            _shown(self.height_over_c0, 2),
            _shown(self.height_error_over_c0, 2),
        )
        return (name, *values, _shown(self.melts, 0), _shown(self.freezings, 0))


def begun_with(name: str, start: str) -> str:
    """Return an example's study.toml, in which every second run begins with the melt, with all begun alike."""
    text = (EXAMPLES / name / "study.toml").read_text()
    assert text.count('start = "alternate"') == 1
    return text.replace('start = "alternate"', f'start = "{start}"\nseed = {SEEDS[start]}')


@styled
def figure_of(curves: Mapping[str, Thermodynamics], superposition: Thermodynamics | None = None) -> Figure:
    """Draw heat capacities with their bands over the reduced temperature, and one's harmonic superposition."""
    figure = new_figure()
    axes = figure.add_subplot()
    for (label, thermo), colour in zip(curves.items(), ("blue", "red"), strict=True):
        T = thermo.temperatures_K / EPSILON_K
        if thermo.heat_capacity_ci95 is not None:
            axes.fill_between(T, *thermo.heat_capacity_ci95.T, color=COLOURS[colour], alpha=0.2, lw=0)
        axes.plot(T, thermo.heat_capacity_over_c0, color=COLOURS[colour], label=label)
    if superposition is not None and superposition.superposition is not None:
        top, T = axes.get_ylim(), superposition.temperatures_K / EPSILON_K
        axes.plot(T, superposition.superposition, ":", color=COLOURS["green"], label="harmonic superposition")
        axes.set_ylim(top)  # beyond the lowest temperatures it may run away
    axes.set(xlabel=r"$k_\mathrm{B}T$ / $\epsilon$", ylabel=AXIS)
    axes.margins(x=0.02, y=0.08)
    legend_below(figure, axes)
    return figure


def _error(ci95: tuple[float, float] | None, unit: float = 1.0) -> float | None:
    return None if ci95 is None else standard_error(ci95) / unit


def _shown(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"
