"""The result of the analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.crossings import Crossings
from deckgen.analysis.document import document
from deckgen.analysis.lindemann import LindemannCurve
from deckgen.analysis.melting import Peak
from deckgen.analysis.states import EnergyHistograms, EnergyTrace, RungState
from deckgen.analysis.swaps import RungSwaps
from deckgen.findings import Finding
from deckgen.summaries import Summarised, Summary

__all__ = ["Check", "Estimators", "Intervals", "Maximum", "Thermodynamics"]

Array = NDArray[np.float64]
Interval = tuple[float, float]

CHANCE = 1e-3
"""Probability below which chance does not explain a disagreement."""


@dataclass(frozen=True)
class Intervals:
    """95 % intervals of a peak; None where they would mean little."""

    temperature_K: Interval | None = None
    height_over_c0: Interval | None = None
    fwhm_K: Interval | None = None
    latent_heat_eV: Interval | None = None


@dataclass(frozen=True)
class Check:
    """A comparison of parts of the data.

    Parameters
    ----------
    name
        `rungs`: each rung's own mean energy against that of all rungs together; `halves`: the peak of the first and the
        second half of the runs; `replicas`: the runs of each rung against one another; `starts`: those from the solid
        against those from the melt.
    deviation
        Of what is compared, in standard errors: root mean square over rungs or runs.
    p
        Probability that chance alone leads to so much.
    temperature_K
        Where it is largest; None where the check concerns no single rung.
    """

    name: str
    deviation: float
    p: float
    temperature_K: float | None = None

    @property
    def passed(self) -> bool:
        """Whether chance explains it."""
        return self.p >= CHANCE


@dataclass(frozen=True)
class Maximum:
    """A maximum of the heat capacity that stands out, with its 95 % intervals; None where there are none."""

    temperature_K: float
    height_over_c0: float
    ci95_K: Interval | None = None
    height_ci95_over_c0: Interval | None = None


@dataclass(frozen=True, eq=False)
class Estimators:
    """C_v/C_0 by other ways, for comparison.

    Parameters
    ----------
    fluctuation : (K,)
        Direct fluctuations, on the rungs.
    fluctuation_error : (K,) or None
        Their standard errors; NaN where a run is too short to tell.
    dU_dT : (G,)
        Slope of the mean energies from rung to rung: steps, each the mean heat capacity between two rungs.
    multiple_histogram : (G,) or None
        Ferrenberg and Swendsen's method; None where it did not converge.
    canonical, sampled : (G,)
        MBAR with and without the weights sqrt(det I); `canonical` is None where they do not apply.
    tm_canonical_K, tm_sampled_K
        Melting temperatures of the two.
    first_half, second_half : (G,) or None
        MBAR of the first and the second half of each run.
    """

    fluctuation: Array
    dU_dT: Array
    multiple_histogram: Array | None
    canonical: Array | None
    sampled: Array
    tm_canonical_K: float | None
    tm_sampled_K: float | None
    first_half: Array | None
    second_half: Array | None
    fluctuation_error: Array | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Thermodynamics(Summarised):
    """What the samples say of a cluster's thermodynamics.

    Parameters
    ----------
    n_atoms, formula, potential_name, potential_sha256
        What was sampled.
    rotation
        `canonical` or `sampled`: what the headline curve is.
    temperatures_K : (G,)
        The grid, from the lowest to the highest rung.
    heat_capacity_over_c0 : (G,)
        C_v/C_0 by MBAR.
    heat_capacity_ci95 : (G, 2) or None
        95 % band, by resampling; None without.
    potential_energy_eV : (G,)
        Canonical <U>.
    melting, melting_ci95
        The highest peak and its intervals; None where there is no peak.
    peaks
        Every maximum with prominence above 0.1.
    checks
        Whether parts of the data agree.
    states
        One per rung.
    f_k : (K,)
        MBAR's reduced free energies, for energies above the lowest sample.
    overlap : (K, K)
        MBAR's overlap matrix.
    n_reweighting : (G,)
        Kish's effective number of samples.
    estimators, histograms, traces
        For comparison and for figures.
    lindemann
        None without frames.
    warnings
        What to know before trusting the above.
    crossings
        How often the runs melted and froze; None without a peak, or where energies do not show it.
    superposition : (G,) or None
        C_v/C_0 of the study's isomers in the harmonic superposition approximation; None where they are not known.
    swaps
        Swaps of unlike atoms at each rung; none where no run swaps atoms.
    """

    n_atoms: int
    formula: str
    potential_name: str
    potential_sha256: str
    rotation: str
    temperatures_K: Array
    heat_capacity_over_c0: Array
    heat_capacity_ci95: Array | None
    potential_energy_eV: Array
    melting: Peak | None
    melting_ci95: Intervals
    peaks: tuple[Maximum, ...]
    checks: tuple[Check, ...]
    states: tuple[RungState, ...]
    f_k: Array
    overlap: Array
    n_reweighting: Array
    estimators: Estimators
    histograms: EnergyHistograms
    traces: tuple[EnergyTrace, ...]
    lindemann: LindemannCurve | None
    warnings: tuple[Finding, ...]
    crossings: Crossings | None = None
    superposition: Array | None = None
    swaps: tuple[RungSwaps, ...] = ()

    def summary(self) -> Summary:
        """Return the melting temperature, and what each temperature says of the heat capacity."""
        rows = [
            (
                f"{state.temperature_K:g}",
                f"{state.n_effective:.0f}",
                f"{state.mean_U_eV:.4f}",
                f"{own:.3f}",
                f"{all_:.3f}",
            )
            for state, own, all_ in zip(
                self.states,
                self.estimators.fluctuation,
                np.interp([one.temperature_K for one in self.states], self.temperatures_K, self.heat_capacity_over_c0),
                strict=True,
            )
        ]
        head = ("T (K)", "independent samples", "⟨U⟩ (eV)", "C_v/C_0, own runs", "C_v/C_0, MBAR")
        title = f"{self.formula or f'{self.n_atoms} atoms'}, {self._melting_in_words()}"
        return Summary(title, head, rows, [warning.message for warning in self.warnings])

    def _melting_in_words(self) -> str:
        if self.melting is None or self.melting.at_edge:
            return "no peak inside the ladder"
        interval = self.melting_ci95.temperature_K
        known = "no interval" if interval is None else f"95 %: {interval[0]:.1f} to {interval[1]:.1f} K"
        return f"melting at {self.melting.temperature_K:.1f} K ({known})"

    def plot(self, ax: Any = None) -> Any:
        """Draw the heat capacity with its band and the melting temperature, and return the axes.

        Parameters
        ----------
        ax
            Matplotlib's axes to draw on; new ones by default.
        """
        from deckgen.analysis.figures.heat_capacity import plot_heat_capacity

        return plot_heat_capacity(self, ax)

    def to_json(self, *, deckgen_version: str = "") -> dict[str, Any]:
        """Return the contents of results/thermodynamics.json: plain lists, numbers and None, never NaN."""
        return document(self, deckgen_version)
