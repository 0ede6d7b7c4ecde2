"""The table [ladder] of study.toml: the temperatures."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from deckgen.toml import Kelvin, Table

__all__ = ["Ladder"]


class Ladder(Table):
    """The temperatures of a study: a list, or a range with a spacing, and extra rungs.

    The default is the paper's ladder: 21 temperatures from 60 to 330 K.
    """

    temperatures_K: tuple[Kelvin, ...] | None = None
    """The rungs themselves, increasing; excludes min_K, max_K, count and spacing."""
    min_K: Kelvin = 60.0
    """Lowest rung."""
    max_K: Kelvin = 330.0
    """Highest rung."""
    count: Annotated[int, Field(ge=3, le=1000)] = 21
    """Number of rungs from min_K to max_K."""
    spacing: Literal["linear", "geometric"] = "linear"
    """Equal differences or equal ratios."""
    extra_K: tuple[Kelvin, ...] = ()
    """Further rungs, for instance where the overlap is thin."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.temperatures_K is not None:
            given = self.model_fields_set & {"min_K", "max_K", "count", "spacing"}
            if given:
                raise ValueError(f"give either temperatures_K or {', '.join(sorted(given))}, not both")
            if any(b <= a for a, b in zip(self.temperatures_K, self.temperatures_K[1:], strict=False)):
                raise ValueError(f"temperatures_K = {list(self.temperatures_K)} must increase")
        elif self.max_K <= self.min_K:
            raise ValueError(f"max_K = {self.max_K:g} must be above min_K = {self.min_K:g}")
        self._check_apart()
        if len(self.rungs_K) < 3:
            raise ValueError(f"a ladder needs at least three rungs, this one has {len(self.rungs_K)}")
        return self

    def _check_apart(self) -> None:
        """Refuse rungs that are one to 0.001 K; an extra one may repeat a rung exactly."""
        named = dict[float, float]()
        for rung in self._given_K:
            other = named.setdefault(round(rung, 3), rung)
            if other != rung and abs(other - rung) > 1e-9:
                raise ValueError(f"{other:.10g} K and {rung:.10g} K are one rung: rungs differ by 0.001 K or more")

    @property
    def _given_K(self) -> tuple[float, ...]:
        rungs = self.temperatures_K
        if rungs is None:
            space = np.linspace if self.spacing == "linear" else np.geomspace
            rungs = tuple(space(self.min_K, self.max_K, self.count).tolist())
        return (*rungs, *self.extra_K)

    @property
    def named_K(self) -> tuple[float, ...]:
        """All rungs in the order in which the study names them: one more in extra_K leaves the places of the others."""
        return tuple(dict.fromkeys(round(rung, 3) for rung in self._given_K))

    @property
    def rungs_K(self) -> tuple[float, ...]:
        """All rungs, ascending, each once, to 0.001 K (so that a rung has one name)."""
        return tuple(sorted(self.named_K))
