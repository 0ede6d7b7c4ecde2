"""The list of isomers, and its JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.chemical_order import ChemicalOrder
from deckgen.analysis.isomers.geometry import BondLengths
from deckgen.analysis.isomers.point_group import PointGroup
from deckgen.minima import Minimum
from deckgen.summaries import Summarised, Summary

__all__ = ["SCHEMA", "Isomer", "IsomerList", "Tolerances"]

SCHEMA = 1
"""Version of the JSON's layout."""

SHOWN = 20
"""Isomers in a summary."""


@dataclass(frozen=True)
class Tolerances:
    """When quenches and minima count as equal.

    Parameters
    ----------
    energy_eV, fingerprint_A
        A loosely converged quench joins a group when its energy is not higher than that of the group's lowest member by
        more than the one, and no entry of its fingerprint differs by more than the other. A group that is split by
        these is joined again by the next two; what is joined here is not parted again.
    tight_energy_eV, match_A
        Tightly converged minima are one isomer when their energies differ by no more than the one, and an alignment
        leaves no atom further than the other from its counterpart.
    doubt_A
        Where two isomers differ by no more than energy_eV in energy and by no more than this in every entry of their
        fingerprints, both are converged further and compared again: along a soft mode a small force leaves atoms far
        from where they belong.
    symmetry_A
        An operation belongs to the point group when it leaves no atom further than this from its counterpart.
    thinning_eV
        Energy window of the thinning that is reported beside the count.
    reflection
        Whether mirror images count as equal.
    """

    energy_eV: float = 1e-3
    fingerprint_A: float = 5e-3
    tight_energy_eV: float = 1e-4
    match_A: float = 0.1
    doubt_A: float = 0.05
    symmetry_A: float = 0.1
    thinning_eV: float = 0.01
    reflection: bool = True


@dataclass(frozen=True, eq=False)
class Isomer:
    """A distinct minimum.

    Parameters
    ----------
    rank
        From 1, by energy.
    minimum
        The tightly converged minimum of the lowest quench that led here.
    relative_eV
        Energy above the lowest isomer.
    counts : (T,)
        Quenches that led here, at each temperature of the list.
    count
        All of them, those of unknown temperature too.
    first_temperature_K, first_frame
        The lowest temperature at which it was seen, and the first frame there.
    bonds, point_group, moments_uA2, coordination, cna
        Its geometry: bond lengths; symmetry; principal moments of inertia (3,); atoms by number of neighbours; bonds by
        their common neighbours.
    geometry, order
        Of several elements: the number of the geometry that its homotops share, and where the elements are.
    """

    rank: int
    minimum: Minimum
    relative_eV: float
    counts: NDArray[np.int64]
    count: int
    first_temperature_K: float | None
    first_frame: int
    bonds: BondLengths
    point_group: PointGroup
    moments_uA2: NDArray[np.float64]
    coordination: dict[int, int]
    cna: dict[str, int]
    geometry: int | None = None
    order: ChemicalOrder | None = None

    def info(self) -> dict[str, str | float | int]:
        """Return what goes into the comment line of an extended XYZ file, in words and numbers."""
        return {
            "rank": self.rank,
            "energy_eV": self.minimum.energy_eV,
            "relative_eV": self.relative_eV,
            "count": self.count,
            "point_group": self.point_group.name,
            "point_group_order": self.point_group.order,
            "min_bond_length_A": self.bonds.shortest_A,
            "mean_bond_length_A": self.bonds.mean_bond_A,
            "max_force_eV_A": self.minimum.max_force_eV_A,
            "moments_uA2": " ".join(f"{moment:.4f}" for moment in self.moments_uA2),
            "coordination": " ".join(f"{neighbours}:{atoms}" for neighbours, atoms in self.coordination.items()),
            "cna": " ".join(f"{signature}:{bonds}" for signature, bonds in self.cna.items()),
            "source": self.minimum.source,
            "frame": self.minimum.frame,
            **self._order_info(),
        }

    def _order_info(self) -> dict[str, str | float | int]:
        if self.order is None or self.geometry is None:
            return {}
        shells = ("".join(f"{symbol}{count}" for symbol, count in shell.items()) for shell in self.order.shells)
        return {"geometry": self.geometry, "unlike_bonds": self.order.unlike_bonds, "shells": " ".join(shells)}


@dataclass(frozen=True, eq=False, repr=False)
class IsomerList(Summarised):
    """The isomers among some quenches.

    Parameters
    ----------
    isomers
        By energy.
    temperatures_K : (T,)
        Of the quenches, ascending.
    quenched : (T,)
        Quenches at each temperature, without those that failed.
    n_quenched, n_failed
        All quenches; those of them that did not converge or fell apart.
    n_groups, n_tightened
        Groups by energy and fingerprint; how many of them, the lowest, were converged tightly.
    n_higher
        Quenches of the other groups, which led to no isomer of this list.
    n_after_energy, n_representatives
        What the thinning by energy alone leaves, before and after the comparison of tight minima; as far up as all
        groups were converged tightly.
    tolerances
        When they counted as equal.
    """

    isomers: tuple[Isomer, ...]
    temperatures_K: NDArray[np.float64]
    quenched: NDArray[np.int64]
    n_quenched: int
    n_failed: int
    n_groups: int
    n_tightened: int
    n_higher: int
    n_after_energy: int
    n_representatives: int
    tolerances: Tolerances

    @property
    def n_distinct(self) -> int:
        """Number of isomers."""
        return len(self.isomers)

    def summary(self) -> Summary:
        """Return how many there are, and the lowest ones."""
        rows = [
            (
                f"{one.rank}",
                f"{one.minimum.energy_eV:.5f}",
                f"{one.relative_eV:.5f}",
                f"{one.count}",
                one.point_group.name,
            )
            for one in self.isomers[:SHOWN]
        ]
        head = ("isomer", "energy (eV)", "above the lowest (eV)", "quenches", "point group")
        return Summary(f"{self.n_distinct} isomers of {self.n_quenched} quenches", head, rows)

    def plot(self, ax: Any = None) -> Any:
        """Draw the energy of each isomer above the lowest, and return the axes (Matplotlib's; new ones by default)."""
        from deckgen.analysis.figures.isomers import plot_energies

        return plot_energies(self, ax)

    def occupation(self, isomer: Isomer) -> NDArray[np.float64]:
        """Return the fraction of the quenches at each temperature (T,) that led to an isomer; NaN without quenches."""
        unknown = np.full(len(self.quenched), np.nan)
        return np.asarray(np.divide(isomer.counts, self.quenched, out=unknown, where=self.quenched > 0))

    def to_json(self) -> dict[str, Any]:
        """Return the contents of results/isomers.json: plain lists, numbers and None, never NaN."""
        return {
            "schema": SCHEMA,
            "isomers": [self._isomer_json(isomer) for isomer in self.isomers],
            "temperatures_K": self.temperatures_K.tolist(),
            "quenched": self.quenched.tolist(),
            "n_quenched": self.n_quenched,
            "n_failed": self.n_failed,
            "n_groups": self.n_groups,
            "n_tightened": self.n_tightened,
            "n_higher": self.n_higher,
            "n_after_energy": self.n_after_energy,
            "n_representatives": self.n_representatives,
            "n_distinct": self.n_distinct,
            "tolerances": asdict(self.tolerances),
        }

    def _isomer_json(self, isomer: Isomer) -> dict[str, Any]:
        return {
            "rank": isomer.rank,
            "energy_eV": isomer.minimum.energy_eV,
            "relative_eV": isomer.relative_eV,
            "count": isomer.count,
            "occupation": {
                "temperatures_K": self.temperatures_K.tolist(),
                "fraction": _known(self.occupation(isomer).tolist()),
            },
            "first_seen": {"temperature_K": isomer.first_temperature_K, "frame": isomer.first_frame},
            "mean_bond_length_A": isomer.bonds.mean_bond_A,
            "min_bond_length_A": isomer.bonds.shortest_A,
            "mean_nearest_A": isomer.bonds.mean_nearest_A,
            "point_group": isomer.point_group.name,
            "point_group_order": isomer.point_group.order,
            "chiral": isomer.point_group.proper,
            "max_force_eV_A": isomer.minimum.max_force_eV_A,
            "moments_uA2": isomer.moments_uA2.tolist(),
            "coordination": {str(neighbours): atoms for neighbours, atoms in isomer.coordination.items()},
            "cna": isomer.cna,
            "geometry": isomer.geometry,
            "unlike_bonds": isomer.order.unlike_bonds if isomer.order else None,
            "shells": list(isomer.order.shells) if isomer.order else [],
            "pairs": {name: asdict(pair) for name, pair in isomer.order.pairs.items()} if isomer.order else {},
            "source": isomer.minimum.source,
            "frame": isomer.minimum.frame,
        }


def _known(values: Sequence[float]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]
