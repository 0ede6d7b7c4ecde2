"""The thermodynamics of a study, with what it was made of and compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from deckgen.analysis.comparison import Comparison
from deckgen.analysis.results import Thermodynamics
from deckgen.study.runs import Plan
from deckgen.workflows.analyse.gather import ExternalSource
from deckgen.workflows.analyse.inputs import AnalysedInputs

__all__ = ["StudyThermodynamics"]


@dataclass(frozen=True, eq=False, repr=False)
class StudyThermodynamics(Thermodynamics):
    """Thermodynamics of a study.

    Parameters
    ----------
    external
        Files of runs made elsewhere that are part of it.
    comparison
        With another study of the same cluster.
    plan
        The runs that its goal has led to, with what was known on the way; None without a goal.
    inputs
        The study's files that were read; None without a study.
    """

    external: tuple[ExternalSource, ...] = ()
    comparison: Comparison | None = None
    plan: Plan | None = None
    inputs: AnalysedInputs | None = None

    @classmethod
    def of(
        cls,
        thermo: Thermodynamics,
        external: Sequence[ExternalSource],
        comparison: Comparison | None,
        plan: Plan | None = None,
        inputs: AnalysedInputs | None = None,
    ) -> StudyThermodynamics:
        """Complete an analysis of samples; what a comparison warns of joins the warnings."""
        values = {field.name: getattr(thermo, field.name) for field in fields(Thermodynamics)}
        values["warnings"] += tuple(comparison.findings()) if comparison else ()
        return cls(**values, external=tuple(external), comparison=comparison, plan=plan, inputs=inputs)

    def to_json(self, *, deckgen_version: str = "") -> dict[str, Any]:
        """Return the contents of results/thermodynamics.json."""
        return super().to_json(deckgen_version=deckgen_version) | {
            "external": [source.to_json() for source in self.external],
            "comparison": None if self.comparison is None else self.comparison.to_json(),
            "goal": None if self.plan is None else {"reached": self.plan.reached, "verdict": self.plan.verdict},
            "history": [] if self.plan is None else [asdict(look) for look in self.plan.history],
            "inputs": None if self.inputs is None else asdict(self.inputs),
        }
