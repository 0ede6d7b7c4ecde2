"""Findings: what a user needs to know to distrust a result or a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["TITLES", "Finding"]

TITLES: Mapping[str, str] = {
    # of a study's samples: docs/results.md has a row for each
    "inconsistent": "Parts of the data disagree",
    "unphysical": "No cluster has such a heat capacity",
    "partial": "Not all runs are done",
    "stray_rows": "Rows were left out",
    "few_samples": "Few independent samples",
    "few_crossings": "Few crossings between solid and liquid",
    "jumps_disagree": "Melts and freezings put the peak elsewhere",
    "low_acceptance": "Rungs hardly exchange configurations",
    "few_round_trips": "Configurations hardly go through the ladder",
    "not_equilibrated": "Not equilibrated",
    "poor_overlap": "Neighbouring temperatures hardly overlap",
    "ci_unreliable": "No reliable interval",
    "peak_at_edge": "The peak is at the edge of the ladder",
    "kinetic_temperature": "The kinetic temperature is off",
    "evaporation": "The cluster fell apart",
    "not_ergodic": "The two studies disagree",
    "frozen_order": "The chemical order is frozen",
    "few_swaps": "The chemical order is hardly sampled",
    "lower_minimum_found": "The start is not the lowest minimum",
    # of labelled frames: docs/training.md
    "left_out": "Frames were left out",
    "periodic": "Not a free cluster",
    "duplicates": "Frames occur more than once",
    "two_energies": "Frames have two energies",
    "outlier": "Energies or forces far from all others",
    "net_force": "Forces do not sum to zero",
    "mixed_settings": "Labels of different settings",
    "no_holdout": "Nothing is held out",
    "isolated_spin": "The spin of the isolated atom is not stated",
}
"""The title of each code. A new finding needs a title here and a row in the docs; a test holds them together."""


@dataclass(frozen=True)
class Finding:
    """A warning.

    Parameters
    ----------
    code
        Stable name of its kind, a key of `TITLES`.
    message
        What is wrong, where, and what to do.
    temperature_K
        Where in the ladder; None where it concerns no single temperature.

    Raises
    ------
    ValueError
        If the code has no title.
    """

    code: str
    message: str
    temperature_K: float | None = None

    def __post_init__(self) -> None:
        """Refuse a code that nothing else knows."""
        if self.code not in TITLES:
            raise ValueError(f"finding {self.code!r} has no title in deckgen/findings.py")

    @property
    def title(self) -> str:
        """What the findings of its kind stand under in the report."""
        return TITLES[self.code]
