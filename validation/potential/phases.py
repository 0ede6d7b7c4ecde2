"""Errors of a potential on solid and liquid frames, and the bias between the two."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deckgen.training.dataset import LabelledFrame
from deckgen.training.predict import Prediction

__all__ = ["MOST_MEV_ATOM", "Bias", "PhaseError", "phase_errors"]

MOST_MEV_ATOM = 0.3
"""A bias that a melting temperature can bear."""


@dataclass(frozen=True)
class PhaseError:
    """Errors of the potential on the frames of one phase: means over frames with their standard errors."""

    cluster: str
    phase: str
    n_frames: int
    energy_meV_atom: float
    energy_standard_error: float
    energy_rmse_meV_atom: float
    force_rmse_meV_A: float

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        mean = f"{self.energy_meV_atom:+.2f} ± {self.energy_standard_error:.2f}"
        return (
            *(self.cluster, self.phase, str(self.n_frames), mean),
            *(f"{self.energy_rmse_meV_atom:.2f}", f"{self.force_rmse_meV_A:.1f}"),
        )


@dataclass(frozen=True)
class Bias:
    """Mean error of the liquid less that of the solid, meV/atom."""

    meV_atom: float
    standard_error: float

    @classmethod
    def between(cls, solid: PhaseError, liquid: PhaseError) -> Bias:
        """Return the difference of two phases."""
        error = math.hypot(solid.energy_standard_error, liquid.energy_standard_error)
        return cls(liquid.energy_meV_atom - solid.energy_meV_atom, error)

    @property
    def small(self) -> bool:
        """Whether it is below what a melting temperature can bear."""
        return abs(self.meV_atom) + 2 * self.standard_error < MOST_MEV_ATOM

    @property
    def words(self) -> str:
        """Value and error, for the table."""
        return f"{self.meV_atom:+.2f} ± {self.standard_error:.2f}"


def phase_errors(
    cluster: str, frames: Sequence[LabelledFrame], predictions: Sequence[Prediction]
) -> Iterator[PhaseError]:
    """Yield the errors of predictions for labelled frames of a cluster, the solid's first."""
    for phase in ("solid", "liquid"):
        chosen = [k for k, frame in enumerate(frames) if frame.atoms.info["phase"] == phase]
        yield _phase_error(cluster, phase, [frames[k] for k in chosen], [predictions[k] for k in chosen])


def _phase_error(
    cluster: str, phase: str, frames: Sequence[LabelledFrame], predictions: Sequence[Prediction]
) -> PhaseError:
    pairs = list(zip(frames, predictions, strict=True))
    errors = np.array([1000 * (p.energy_eV - frame.energy_eV) / frame.n_atoms for frame, p in pairs])
    squares = [np.square(p.forces_eV_A - frame.forces_eV_A).mean() for frame, p in pairs]
    return PhaseError(
        cluster=cluster,
        phase=phase,
        n_frames=len(pairs),
        energy_meV_atom=float(errors.mean()),
        energy_standard_error=float(errors.std(ddof=1) / len(errors) ** 0.5),
        energy_rmse_meV_atom=float(np.square(errors).mean() ** 0.5),
        force_rmse_meV_A=float(1000 * np.mean(squares) ** 0.5),
    )
