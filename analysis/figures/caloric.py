"""The caloric curve."""

from __future__ import annotations

from matplotlib.figure import Figure

from deckgen.analysis.figures.style import COLOURS, heading, new_figure, styled
from deckgen.analysis.figures.tables import Table, curve_table, rungs_K, state_values
from deckgen.analysis.results import Thermodynamics

__all__ = ["caloric_tables", "draw_caloric"]


def caloric_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return <U> on the grid, and mean and standard deviation of U on the rungs."""
    points = {
        "temperature_K": rungs_K(thermo),
        "mean_U_eV": state_values(thermo, "mean_U_eV"),
        "std_U_eV": state_values(thermo, "std_U_eV"),
    }
    curve = curve_table(thermo, {"potential_energy_eV": thermo.potential_energy_eV})
    return {"caloric_curve": curve, "caloric_curve_points": points}


@styled
def draw_caloric(thermo: Thermodynamics) -> Figure:
    """Draw the mean potential energy per atom against temperature."""
    figure = new_figure()
    axes = figure.add_subplot()
    n = thermo.n_atoms
    mean = state_values(thermo, "mean_U_eV")
    axes.plot(thermo.temperatures_K, thermo.potential_energy_eV / n, color=COLOURS["blue"], label="MBAR")
    axes.plot(rungs_K(thermo), mean / n, "o", color="black", mfc="white", label="mean of each run")
    axes.set(xlabel="Temperature (K)", ylabel="Potential energy (eV/atom)", title=heading(thermo))
    axes.legend(loc="upper left")
    return figure
