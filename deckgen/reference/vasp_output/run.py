"""A run of VASP as either of its files describes it: ionic steps and settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

__all__ = [
    "BREAKS_OFF",
    "NOT_CONVERGED",
    "OF_FORCE_FIELD",
    "WITHOUT_POSITIONS",
    "VaspRun",
    "VaspStep",
    "element_of",
    "numbers",
]

BREAKS_OFF = "the file ends within an ionic step"
NOT_CONVERGED = "did not converge"
OF_FORCE_FIELD = "are of VASP's own force field (ML_FF), not of DFT"
WITHOUT_POSITIONS = "have no positions and forces (NWRITE = 0)"

_RUN_TOGETHER = re.compile(r"(?<=\d)-")
_ELEMENT = re.compile(r"[A-Z][a-z]?")


@dataclass(frozen=True, eq=False)
class VaspStep:
    """One ionic step.

    Parameters
    ----------
    atoms
        Periodic, as VASP has them; none where the file does not say.
    energy_eV
        The free energy (TOTEN), which the forces belong to.
    forces_eV_A : (N, 3)
        Forces, also of fixed atoms.
    fault
        Why it is no label; empty where it is one.
    """

    atoms: Atoms
    energy_eV: float | None
    forces_eV_A: NDArray[np.float64] | None
    fault: str = ""


@dataclass(frozen=True, eq=False)
class VaspRun:
    """What one vasprun.xml or OUTCAR holds.

    Parameters
    ----------
    steps
        Its whole ionic steps.
    settings
        What labels depend on, in words that are the same in both files; POTCAR element by element.
    breaks_off
        Why an ionic step at the end is not whole; empty where there is none.
    """

    steps: tuple[VaspStep, ...]
    settings: dict[str, str]
    breaks_off: str = ""


def numbers(text: str | None) -> list[float]:
    """Return the numbers of a line, also where a minus stands in place of the blank; stars are NaN."""
    return [_number(word) for word in _RUN_TOGETHER.sub(" -", text or "").split()]


def _number(word: str) -> float:
    return float("nan") if word.startswith("*") else float(word)


def element_of(words: Iterable[str]) -> str:
    """Return the element of a potential's title, such as PAW_PBE Na_pv 19Sep2006.

    Raises
    ------
    ValueError
        If no word begins with one.
    """
    words = list(words)
    for word in words[1:] or words:  # the first word is the kind of potential, where there are more
        if (found := _ELEMENT.match(word)) and found[0] in atomic_numbers:
            return found[0]
    raise ValueError(f"no element in the title of the potential {' '.join(words)!r}")
