"""The figures of the gallery as the report shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deckgen.analysis.figures.gallery import GALLERY, Section
from deckgen.study.folder import ResultsFolder
from deckgen.units import initial_heat_capacity_over_kB
from deckgen.workflows.analyse.read import MeltingEntry
from deckgen.workflows.html import data_uri
from deckgen.workflows.report.charts import chart_data

__all__ = ["ShownFigure", "shown_figures"]


@dataclass(frozen=True)
class ShownFigure:
    """A figure on the page: its SVG as an address, caption and width, what the page's script draws, what it shows."""

    name: str
    address: str
    caption: str
    size: str
    chart: dict[str, Any] | None
    shows: str

    @property
    def alt(self) -> str:
        """What is to be seen, for who does not see it."""
        return str(self.chart["alt"]) if self.chart else self.shows


def shown_figures(
    results: ResultsFolder, n_atoms: int, melting: MeltingEntry | None = None
) -> dict[str, list[ShownFigure]]:
    """Return the figures of each section of the report, in the gallery's order: those of which results/ has a file.

    Parameters
    ----------
    results
        A study's results.
    n_atoms
        Atoms in its cluster.
    melting
        The highest peak, to be marked in charts.
    """
    sections: dict[str, list[ShownFigure]] = {section.value: [] for section in Section}
    for kind in GALLERY:
        file = results.figures / f"{kind.name}.svg"
        if file.is_file():
            caption = kind.caption.format(c0_over_kB=initial_heat_capacity_over_kB(n_atoms))
            chart = chart_data(kind, results, melting)
            shown = ShownFigure(kind.name, data_uri(file.read_text()), caption, kind.size, chart, kind.alt)
            sections[kind.section].append(shown)
    return sections
