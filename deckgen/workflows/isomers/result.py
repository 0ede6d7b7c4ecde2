"""The isomers of a study, with what they were made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deckgen import __version__
from deckgen.analysis.isomers.results import IsomerList
from deckgen.decks.manifest import Manifest
from deckgen.runs.quench.batch import Quenches
from deckgen.study import Study
from deckgen.summaries import Summarised, Summary
from deckgen.workflows.isomers.hopping import Hopping

__all__ = ["SETTLED", "StudyIsomers"]

SETTINGS = ("minimizer", "loose_force_eV_A", "max_force_eV_A", "tighten", "max_steps", "off_saddles")
SETTLED = 0.01
"""To which part of max_force_eV_A isomers are converged that may equal another."""


@dataclass(frozen=True, eq=False, repr=False)
class StudyIsomers(Summarised):
    """The isomers of a study.

    Parameters
    ----------
    study
        The study.
    source
        Where the frames are from: as in [isomers], and "files" where files were given.
    found
        The isomers.
    quenches
        What led to them, loosely converged.
    manifest
        Of the deck that converged them.
    log_frequency_products
        Sum of ln(omega ps) over the vibrations of the lowest isomers.
    hopping
        How often basin hopping found the lowest isomer; None without it.
    """

    study: Study
    source: str
    found: IsomerList
    quenches: Quenches
    manifest: Manifest
    log_frequency_products: Sequence[float]
    hopping: Hopping | None = None

    def summary(self) -> Summary:
        """Return how many isomers there are, and the lowest ones."""
        return self.found.summary()

    def plot(self, ax: Any = None) -> Any:
        """Draw the energy of each isomer above the lowest, and return the axes (Matplotlib's; new ones by default)."""
        return self.found.plot(ax)

    def to_json(self) -> dict[str, Any]:
        """Return the contents of results/isomers.json."""
        chosen = self.study.isomers
        settings = chosen.model_dump(mode="json", include=set(SETTINGS))
        settings["settled_force_eV_A"] = SETTLED * chosen.max_force_eV_A
        manifest, document = self.manifest, self.found.to_json()
        for isomer, product in zip(document["isomers"], self.log_frequency_products, strict=False):
            isomer["log_frequency_product"] = product
        return document | {
            "deckgen_version": __version__,
            "cluster": {"formula": manifest.formula, "n_atoms": manifest.n_atoms},
            "potential": {"name": manifest.potential_name, "sha256": manifest.potential_sha256},
            "hopping": asdict(self.hopping) if self.hopping else None,
            "settings": {"source": self.source, **settings, "deck": manifest.id},
        }
