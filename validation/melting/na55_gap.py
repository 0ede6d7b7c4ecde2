"""The melting peak of Na55 with the built-in GAP: examples/na55-gap, the paper's protocol, and its transition longer.

The protocol, 21 temperatures of 400 ps (`make demo-na55`), is too short to say how uncertain the peak is: near it a run
jumps between solid and liquid a few times only. The rungs of the transition go on to 1200 ps: in all, less than two
hours on two cores.

Beside it: the paper's own GAP, trained on the same functional (PBE) but with other DFT data, 281 K; the experiment,
290 K (Schmidt, Kusche, von Issendorff, Haberland, Nature 393, 238 (1998)).
"""

from __future__ import annotations

from matplotlib.figure import Figure

from deckgen.analysis.figures.heat_capacity import draw_heat_capacity
from deckgen.analysis.figures.style import COLOURS, save, styled
from deckgen.analysis.results import Thermodynamics
from validation.common import EXAMPLES, HERE, Peak, interval, record, run_study, work_folder

PAPER_K, EXPERIMENT_K = 281.0, 290.0
LONGER = "\n[nvt]\nlonger = [{min_K = 260, max_K = 305, duration_ps = 1200}]\n"
NEAR = 0.2  # as a part of the paper's: the same functional, other data


def main() -> None:
    """Run the example and record its peak."""
    example = (EXAMPLES / "na55-gap" / "study.toml").read_text()
    with work_folder(__doc__) as arguments:
        thermo = run_study(arguments.folder, example + LONGER, arguments.workers)
    save(_figure(thermo), HERE / "melting" / "na55_gap")
    peak = Peak.of(thermo)
    record(
        "melting/na55_gap",
        "Na55, na-gap, 21 temperatures of 400 ps, those of the transition 1200 ps",
        {
            f"within {100 * NEAR:.0f} % of the paper's": abs(peak.temperature_K - PAPER_K) <= NEAR * PAPER_K,
            "with an interval": peak.temperature_ci95_K is not None,
        },
        [
            ("", "Tm / K", "95 %", "height / C0", "95 %", "latent heat / eV"),
            _row("na-gap", peak),
            ("the paper's GAP", f"{PAPER_K:.0f}", "", "", "", ""),
            ("experiment", f"{EXPERIMENT_K:.0f}", "", "", "", ""),
        ],
        literature={"paper_K": PAPER_K, "experiment_K": EXPERIMENT_K},
        peak=peak,
    )


def _row(name: str, peak: Peak) -> tuple[str, ...]:
    position = (f"{peak.temperature_K:.1f}", interval(peak.temperature_ci95_K, 1))
    height = (f"{peak.height_over_c0:.2f}", interval(peak.height_ci95_over_c0, 2))
    heat = "unknown" if peak.latent_heat_eV is None else f"{peak.latent_heat_eV:.2f}"
    return (name, *position, *height, heat)


@styled
def _figure(thermo: Thermodynamics) -> Figure:
    """Draw the curve with the other melting temperatures."""
    figure = draw_heat_capacity(thermo)
    axes = figure.axes[0]
    others = ((PAPER_K, "the paper's GAP", "right", -3), (EXPERIMENT_K, "experiment", "left", 3))
    for temperature_K, words, side, points in others:
        axes.axvline(temperature_K, color=COLOURS["grey"], lw=0.9, ls=":")
        foot = (temperature_K, 0.03)
        style = {"textcoords": "offset points", "rotation": 90, "ha": side, "va": "bottom"}
        axes.annotate(words, foot, (points, 0), axes.get_xaxis_transform(), **style)
    return figure


if __name__ == "__main__":
    main()
