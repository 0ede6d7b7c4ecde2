"""The table [reference] of gap.toml."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import Field

from deckgen.toml import Positive, Table

__all__ = ["ReferenceChoice"]


class ReferenceChoice(Table):
    """The reference calculator, and the vacuum box around a free cluster."""

    calculator: str = ""
    """Name of an ASE calculator (gpaw, tblite, espresso, cp2k, emt, ...), or "module:Class"."""
    keywords: dict[str, Any] = Field(default_factory=dict)
    """The calculator's keywords. It runs in an empty folder, so paths must be absolute."""
    isolated_keywords: dict[str, Any] = Field(default_factory=dict)
    """Keywords that differ for an isolated atom, such as those of its spin."""
    python: str = ""
    """Interpreter that has the calculator (Python 3.9 or later with ASE 3.22 or later); empty: this one."""
    vacuum_A: Annotated[float, Field(gt=0, le=1000)] = 9.0
    """A free cluster is put into a cube whose edge is its largest extent plus this, rounded up to a whole angstrom."""
    min_box_A: Annotated[float, Field(gt=0, le=1000)] = 14.0
    """Shortest edge of that cube."""
    timeout_s: Positive | None = None
    """A calculation that takes longer than this fails; by default there is no limit."""

    @property
    def name(self) -> str:
        """The calculator and a hash of every setting that its energies depend on."""
        what = self.model_dump(mode="json", exclude={"python", "timeout_s"})
        return f"{self.calculator}-{hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]}"
