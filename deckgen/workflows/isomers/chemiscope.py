"""Isomers for chemiscope (https://chemiscope.org): structures and properties in one JSON document."""

from __future__ import annotations

from typing import Any

from deckgen.analysis.isomers.results import IsomerList

__all__ = ["chemiscope_document"]


def chemiscope_document(found: IsomerList, name: str) -> dict[str, Any]:
    """Return the document that chemiscope loads: each isomer with its energy, quenches, bonds and symmetry.

    Parameters
    ----------
    found
        The isomers.
    name
        Shown as the title.
    """
    isomers = found.isomers
    return {
        "meta": {"name": name, "description": f"{found.n_distinct} isomers of {found.n_quenched} quenches, by deckgen"},
        "structures": [
            {
                "size": len(isomer.minimum.symbols),
                "names": list(isomer.minimum.symbols),
                **{axis: isomer.minimum.positions_A[:, k].tolist() for k, axis in enumerate("xyz")},
            }
            for isomer in isomers
        ],
        "properties": {
            "rank": _property([isomer.rank for isomer in isomers]),
            "energy above the lowest": _property([isomer.relative_eV for isomer in isomers], "eV"),
            "quenches": _property([isomer.count for isomer in isomers]),
            "mean bond": _property([isomer.bonds.mean_bond_A for isomer in isomers], "A"),
            "symmetry operations": _property([isomer.point_group.order for isomer in isomers]),
            "point group": _property([isomer.point_group.name for isomer in isomers]),
        },
    }


def _property(values: list[Any], units: str = "") -> dict[str, Any]:
    return {"target": "structure", "values": values} | ({"units": units} if units else {})
