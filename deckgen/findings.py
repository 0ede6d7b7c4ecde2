"""Findings: what a user needs to know to distrust a result or a data set."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """A warning.

    Parameters
    ----------
    code
        Stable name of its kind.
    message
        What is wrong, where, and what to do.
    temperature_K
        Where in the ladder; None where it concerns no single temperature.
    """

    code: str
    message: str
    temperature_K: float | None = None
