"""Where energies are counted from: a potential's energies and a reference's, brought to one zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["EnergyZero"]

NO_ENERGY_EV = 1e-6
"""A lone atom with less energy than this has none."""

SAME_ZERO_EV = 5e-3
"""Energies of a lone atom that differ by more are worth a word."""


@dataclass(frozen=True)
class EnergyZero:
    """Where energies are counted from: the energies of a lone atom of each element.

    A potential that was fitted to total energies has the reference's zero. One that gives lone atoms no energy counts
    from them: then the reference's energies of the isolated atoms are added to its energies.

    Parameters
    ----------
    potential_eV
        By the potential.
    reference_eV
        By the reference; elements are missing where that failed.
    """

    potential_eV: Mapping[str, float]
    reference_eV: Mapping[str, float]

    @property
    def at_atoms(self) -> bool:
        """Whether the potential counts from the isolated atoms."""
        return all(abs(energy_eV) < NO_ENERGY_EV for energy_eV in self.potential_eV.values())

    def reference_sum_eV(self, symbols: Iterable[str]) -> float | None:
        """Return the sum of the reference's energies of isolated atoms; None where one is missing."""
        energies = [self.reference_eV.get(symbol) for symbol in symbols]
        known = [energy for energy in energies if energy is not None]
        return sum(known) if len(known) == len(energies) else None

    def shift_eV(self, symbols: Iterable[str]) -> float | None:
        """Return what is added to the potential's energy; None where it is not known."""
        return self.reference_sum_eV(symbols) if self.at_atoms else 0.0

    def summary(self) -> str:
        """Say where energies are counted from."""
        if self.at_atoms:
            return "the potential gives lone atoms no energy: energies are counted from the isolated atoms"
        known = [
            f"a lone {symbol} has {energy_eV:.5f} eV by the potential"
            + (f", {self.reference_eV[symbol]:.5f} eV by the reference" if symbol in self.reference_eV else "")
            for symbol, energy_eV in sorted(self.potential_eV.items())
        ]
        return f"energies are total energies; {'; '.join(known)}"

    def findings(self) -> list[str]:
        """Return what is to be said about them."""
        missing = sorted(self.potential_eV.keys() - self.reference_eV.keys())
        found = [f"no reference energy of the isolated atom of {', '.join(missing)}: no percentages"] if missing else []
        for symbol, energy_eV in sorted(self.reference_eV.items()):
            own_eV = self.potential_eV[symbol]
            if not self.at_atoms and abs(own_eV - energy_eV) > SAME_ZERO_EV:
                found.append(
                    f"a lone {symbol} atom has {own_eV:.4f} eV by the potential and {energy_eV:.4f} eV by the "
                    "reference: it was fitted to other settings or to another spin state, or knows no lone atoms"
                )
        return found
