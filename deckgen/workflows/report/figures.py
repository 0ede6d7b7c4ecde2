"""The figures of the gallery as the report shows them."""

from __future__ import annotations

from dataclasses import dataclass

from deckgen.analysis.figures.gallery import GALLERY, Section
from deckgen.study.folder import ResultsFolder
from deckgen.units import initial_heat_capacity_over_kB
from deckgen.workflows.html import data_uri

__all__ = ["ShownFigure", "shown_figures"]


@dataclass(frozen=True)
class ShownFigure:
    """A figure on the page: its SVG as an address, its caption, and how wide it is."""

    address: str
    caption: str
    size: str


def shown_figures(results: ResultsFolder, n_atoms: int) -> dict[str, list[ShownFigure]]:
    """Return the figures of each section of the report, in the gallery's order: those of which results/ has a file.

    Parameters
    ----------
    results
        A study's results.
    n_atoms
        Atoms in its cluster.
    """
    sections: dict[str, list[ShownFigure]] = {section.value: [] for section in Section}
    for kind in GALLERY:
        file = results.figures / f"{kind.name}.svg"
        if file.is_file():
            caption = kind.caption.format(c0_over_kB=initial_heat_capacity_over_kB(n_atoms))
            sections[kind.section].append(ShownFigure(data_uri(file.read_text()), caption, kind.size))
    return sections
