"""Whether a LAMMPS has pair_style quip: a LAMMPS that cannot load a plugin only warns."""

from __future__ import annotations

from typing import Protocol

from deckgen.errors import InstallationError
from deckgen.quip.build import ensure_plugin

__all__ = ["Lammps", "has_quip", "require_quip"]


class Lammps(Protocol):
    """What is asked of `lammps.lammps`."""

    def has_style(self, category: str, name: str) -> bool:
        """Whether LAMMPS has the style `name` of `category`."""


def has_quip(lammps: Lammps) -> bool:
    """Whether this LAMMPS has pair_style quip, its own or deckgen's."""
    return bool(lammps.has_style("pair", "quip"))


def require_quip(lammps: Lammps) -> None:
    """Make sure that this LAMMPS has pair_style quip.

    Raises
    ------
    InstallationError
        If it has not: with the reason why the plugin could not be built, or that it was built but not loaded.
    """
    if has_quip(lammps):
        return
    plugin = ensure_plugin()
    raise InstallationError(
        f"LAMMPS has no pair_style quip: it did not load {plugin}",
        hint="start again (the plugin may be new), and look for a warning about plugins in LAMMPS' first lines",
    )
