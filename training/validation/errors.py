"""How far a potential's energies and forces are from the labels.

One definition for every table, figure and stop criterion. dE_k and dF_k are prediction minus label of frame k, which
has N_k atoms; e0 are the energies of the isolated atoms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import AnalysisError
from deckgen.summaries import Summarised, Summary
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.predict import Prediction

__all__ = ["PERCENT_NOTE", "ErrorTable", "FrameErrors", "PotentialErrors", "binding_eV", "error_table", "frame_errors"]

Array = NDArray[np.float64]

PERCENT_NOTE = (
    "Percent energy: the largest |dE| / |E - sum e0| of a frame. Percent force: the largest |dF| of a component over "
    "the largest |F| of a component of the set. Published tables do not always define their force percentage; one of "
    '"0.1 %" reads most plausibly as a largest force error of 0.1 eV/A.'
)


@dataclass(frozen=True, eq=False)
class FrameErrors:
    """The errors of each frame.

    Attributes
    ----------
    energy_eV_atom : (K,)
        dE_k / N_k, signed.
    force_rmse_eV_A : (K,)
        sqrt(sum (dF_k)^2 / 3 N_k).
    max_force_eV_A : (K,)
        The largest |component of dF_k|.
    """

    energy_eV_atom: Array
    force_rmse_eV_A: Array
    max_force_eV_A: Array


@dataclass(frozen=True)
class PotentialErrors:
    """The errors over a set of frames.

    Attributes
    ----------
    energy_rmse_meV_atom, energy_mae_meV_atom, energy_max_meV_atom
        Of dE_k / N_k over the frames.
    force_rmse_meV_A
        sqrt(mean over frames of sum (dF_k)^2 / 3 N_k): every frame counts alike.
    force_pooled_rmse_meV_A, force_mae_meV_A
        Over all components of all frames: every component counts alike.
    max_force_error_eV_A
        The largest |component of dF|.
    percent_energy
        100 max_k |dE_k| / |E_k - sum e0|; None where a frame has no binding energy to divide by.
    percent_force
        100 max |dF| / max |F| over the set, never divided by a single component; None where all forces vanish.
    """

    n_frames: int
    energy_rmse_meV_atom: float
    energy_mae_meV_atom: float
    energy_max_meV_atom: float
    force_rmse_meV_A: float
    force_pooled_rmse_meV_A: float
    force_mae_meV_A: float
    max_force_error_eV_A: float
    percent_energy: float | None
    percent_force: float | None


@dataclass(frozen=True, repr=False)
class ErrorTable(Summarised):
    """The errors over a set: all of it, and each cluster size."""

    overall: PotentialErrors
    by_size: Mapping[int, PotentialErrors]

    def summary(self) -> Summary:
        """Return the errors of all frames and of each cluster size."""
        rows = [
            (
                name,
                f"{errors.energy_rmse_meV_atom:.2f}",
                f"{errors.force_rmse_meV_A:.1f}",
                f"{errors.max_force_error_eV_A:.3f}",
            )
            for name, errors in [*((f"{size}", one) for size, one in self.by_size.items()), ("all", self.overall)]
        ]
        found = self.overall
        title = f"{found.energy_rmse_meV_atom:.2f} meV/atom, {found.force_rmse_meV_A:.1f} meV/Å (RMSE)"
        return Summary(title, ("atoms", "E RMSE (meV/atom)", "F RMSE (meV/Å)", "F max (eV/Å)"), rows)

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON has it, sizes as strings."""
        return {
            "all": asdict(self.overall),
            "by_size": {str(size): asdict(errors) for size, errors in self.by_size.items()},
        }


def error_table(dataset: Dataset, predictions: Sequence[Prediction], e0: Mapping[str, float]) -> ErrorTable:
    """Compare predictions with labels, over all frames and by cluster size.

    Parameters
    ----------
    dataset
        K labelled frames.
    predictions
        Of the same frames, in their order.
    e0
        Energy of the isolated atom of each element, in eV.

    Raises
    ------
    AnalysisError
        If there are no frames, or a prediction is not a number.
    """
    if not dataset.frames:
        raise AnalysisError("no labelled frames to compare with")
    pairs = list(zip(dataset.frames, predictions, strict=True))
    by_size = {size: _errors([pair for pair in pairs if pair[0].n_atoms == size], e0) for size in sorted(dataset.sizes)}
    return ErrorTable(_errors(pairs, e0), by_size)


def frame_errors(frames: Sequence[LabelledFrame], predictions: Sequence[Prediction]) -> FrameErrors:
    """Return the errors of each frame.

    Raises
    ------
    AnalysisError
        If a prediction is not a number.
    """
    pairs = list(zip(frames, predictions, strict=True))
    energy = [(prediction.energy_eV - frame.energy_eV) / frame.n_atoms for frame, prediction in pairs]
    squares = [np.square(_force_error(*pair)).mean() for pair in pairs]
    largest = [np.abs(_force_error(*pair)).max() for pair in pairs]
    for frame, error in zip(frames, np.array(energy) + np.array(squares), strict=True):
        if not np.isfinite(error):
            raise AnalysisError(f"{frame.source}: the potential's energy or forces are not numbers")
    return FrameErrors(np.array(energy), np.sqrt(squares), np.array(largest))


def binding_eV(frame: LabelledFrame, energy_eV: float, e0: Mapping[str, float]) -> float:
    """Return an energy of a frame relative to its isolated atoms."""
    return energy_eV - sum(e0[symbol] for symbol in frame.atoms.symbols)


def _force_error(frame: LabelledFrame, prediction: Prediction) -> Array:
    return np.asarray(prediction.forces_eV_A - frame.forces_eV_A)


def _errors(pairs: Sequence[tuple[LabelledFrame, Prediction]], e0: Mapping[str, float]) -> PotentialErrors:
    frames, predictions = [frame for frame, _ in pairs], [prediction for _, prediction in pairs]
    errors = frame_errors(frames, predictions)
    energy = 1000 * np.abs(errors.energy_eV_atom)
    components = 1000 * np.abs(np.concatenate([_force_error(*pair).ravel() for pair in pairs]))
    largest_force = max(float(np.abs(frame.forces_eV_A).max()) for frame in frames)
    max_error = float(errors.max_force_eV_A.max())
    return PotentialErrors(
        n_frames=len(frames),
        energy_rmse_meV_atom=_rms(energy),
        energy_mae_meV_atom=float(energy.mean()),
        energy_max_meV_atom=float(energy.max()),
        force_rmse_meV_A=_rms(1000 * errors.force_rmse_eV_A),
        force_pooled_rmse_meV_A=_rms(components),
        force_mae_meV_A=float(components.mean()),
        max_force_error_eV_A=max_error,
        percent_energy=_percent_energy(frames, errors, e0),
        percent_force=100 * max_error / largest_force if largest_force else None,
    )


def _percent_energy(frames: Sequence[LabelledFrame], errors: FrameErrors, e0: Mapping[str, float]) -> float | None:
    sizes = np.array([frame.n_atoms for frame in frames])
    binding = np.array([abs(binding_eV(frame, frame.energy_eV, e0)) for frame in frames])
    return float(100 * (sizes * np.abs(errors.energy_eV_atom) / binding).max()) if binding.all() else None


def _rms(values: Array) -> float:
    return float(np.sqrt(np.square(values).mean()))
