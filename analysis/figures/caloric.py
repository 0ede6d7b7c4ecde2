"""The caloric curve."""

from __future__ import annotations

from matplotlib.figure import Figure

from deckgen.analysis.figures.style import COLOURS, heading, new_figure, styled
from deckgen.analysis.figures.tables import Table, curve_table, rungs_K, state_values
from deckgen.analysis.results import Thermodynamics

__all__ = ["caloric_tables", "draw_caloric"]


def caloric_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return <U> on the grid; on the rungs, mean and deviation of U, and the mean less MBAR's in standard errors."""
    mean, reweighted = state_values(thermo, "mean_U_eV"), state_values(thermo, "reweighted_U_eV")
    deviation = state_values(thermo, "std_U_eV")
    points = {
        "temperature_K": rungs_K(thermo),
        "mean_U_eV": mean,
        "std_U_eV": deviation,
        "reweighted_U_eV": reweighted,
        "residual_over_error": state_values(thermo, "deviation"),
    }
    curve = curve_table(thermo, {"potential_energy_eV": thermo.potential_energy_eV})
    return {"caloric_curve": curve, "caloric_curve_points": points}


@styled
def draw_caloric(thermo: Thermodynamics) -> Figure:
    """Draw the mean potential energy per atom against temperature and, below, what each run deviates from it."""
    figure = new_figure(120, 104)
    axes, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    n = thermo.n_atoms
    mean = state_values(thermo, "mean_U_eV")
    axes.plot(thermo.temperatures_K, thermo.potential_energy_eV / n, color=COLOURS["blue"], label="MBAR")
    axes.plot(rungs_K(thermo), mean / n, "o", color="black", mfc="white", label="mean of each run")
    axes.set(ylabel="Potential energy (eV/atom)", title=heading(thermo))
    axes.legend(loc="upper left")
    residual = caloric_tables(thermo)["caloric_curve_points"]["residual_over_error"]
    lower.axhspan(-2, 2, color=COLOURS["grey"], alpha=0.2, lw=0)
    lower.plot(rungs_K(thermo), residual, "o", color="black", mfc="white")
    lower.set(xlabel="Temperature (K)", ylabel="run − MBAR\n(standard errors)")
    return figure
