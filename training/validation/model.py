"""The quality of a potential: its errors on fitted and unseen frames, and its behaviour without labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ase import Atoms

from deckgen.errors import AnalysisError
from deckgen.processes.executor import TaskExecutor
from deckgen.quip.gapfile import read_gap
from deckgen.training.dataset import Dataset
from deckgen.training.predict import Prediction, predict
from deckgen.training.recipe.validation import Validation
from deckgen.training.validation.errors import ErrorTable, error_table
from deckgen.training.validation.scans import MinimaOrder, Scan, dimer_plan, is_minimum, minima_orders, stretched_plan

__all__ = ["ModelReport", "predict_groups", "validate_model"]


@dataclass(frozen=True, eq=False)
class ModelReport:
    """One potential, compared with the labels.

    Attributes
    ----------
    xml, sha256
        The potential, and the checksum over all its files.
    predictions
        Of each set, in the order of its frames.
    errors
        Of each set.
    scans
        Dimers and a stretched cluster.
    minima
        The order of given minima, one entry per composition.
    """

    xml: Path
    sha256: str
    predictions: Mapping[str, Sequence[Prediction]]
    errors: Mapping[str, ErrorTable]
    scans: Sequence[Scan]
    minima: Sequence[MinimaOrder]

    @property
    def findings(self) -> tuple[str, ...]:
        """Messages about what is wrong apart from the errors on frames."""
        wrong = [order for order in self.minima if not order.same_lowest]
        messages = [
            f"{order.formula}: the labels' lowest minimum, {order.sources[0]}, is not the lowest" for order in wrong
        ]
        return (*(finding for scan in self.scans for finding in scan.findings), *messages)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the predictions, as JSON has it."""
        return {
            "file": self.xml.name,
            "sha256": self.sha256,
            "sets": {name: table.to_json() for name, table in self.errors.items()},
            "scans": [
                {
                    "name": scan.name,
                    "minimum": scan.minimum[0],
                    "minimum_eV": _number(scan.minimum[1]),
                    "repulsive_from": scan.repulsive_from,
                    "coordinate": scan.coordinate.tolist(),
                    "energy_eV": [_number(energy) for energy in scan.energy_eV.tolist()],
                }
                for scan in self.scans
            ],
            "minima": [asdict(o) | {"same_lowest": o.same_lowest, "same_order": o.same_order} for o in self.minima],
            "findings": list(self.findings),
        }


def validate_model(
    xml: Path,
    sets: Mapping[str, Dataset],
    e0: Mapping[str, float],
    settings: Validation | None = None,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
) -> ModelReport:
    """Compare a potential with labelled frames, and scan its energy where there are none.

    Parameters
    ----------
    xml
        The potential.
    sets
        Labelled frames by the name of their set; empty sets are left out.
    e0
        Energy of the isolated atom of each element, in eV.

    Raises
    ------
    InputError
        If the potential's files are incomplete.
    AnalysisError
        If there are no frames, or a prediction on them is not a number.
    """
    settings = settings or Validation()
    sets = {name: dataset for name, dataset in sets.items() if len(dataset)}
    if not sets:
        raise AnalysisError("no labelled frames to compare with")
    gap = read_gap(xml)
    elements = sorted({symbol for dataset in sets.values() for symbol in dataset.elements})
    plans = [*(dimer_plan(e, gap.cutoff_A) for e in elements), stretched_plan(elements[0], settings.stretched_size)]
    groups = [[frame.atoms for frame in dataset.frames] for dataset in sets.values()]
    groups += [list(plan.frames) for plan in plans]
    found = predict_groups(xml, groups, workers=workers, executor=executor)
    predictions = dict(zip(sets, found, strict=False))
    pairs = [pair for name, known in sets.items() for pair in zip(known.frames, predictions[name], strict=True)]
    minima = [pair for pair in pairs if is_minimum(pair[0], settings.minima_trajectories)]
    return ModelReport(
        xml=xml,
        sha256=gap.sha256,
        predictions=predictions,
        errors={name: error_table(sets[name], predictions[name], e0) for name in sets},
        scans=[plan.scan(energies, e0) for plan, energies in zip(plans, found[len(sets) :], strict=True)],
        minima=minima_orders(minima),
    )


def predict_groups(
    xml: Path, groups: Sequence[Sequence[Atoms]], *, workers: int | None = None, executor: TaskExecutor | None = None
) -> list[list[Prediction]]:
    """Predict several groups of configurations at once."""
    remaining = iter(predict(xml, [atoms for group in groups for atoms in group], workers=workers, executor=executor))
    return [[next(remaining) for _ in group] for group in groups]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
