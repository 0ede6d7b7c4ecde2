"""What travels between rungs: positions, velocities and forces, and elements where there are several."""

from __future__ import annotations

from ctypes import addressof
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Atoms"]

Array = NDArray[Any]


class Atoms:
    """The atoms of a LAMMPS, read and replaced in the order of their numbers.

    LAMMPS keeps its arrays where they are as long as there is room, and its order of the atoms may change: places are
    asked for every time, which takes microseconds, and arrays are made anew only where they have moved.

    Parameters
    ----------
    lmp
        The LAMMPS.
    n
        Atoms.
    several
        Whether they are of several elements: swaps of unlike atoms change the types.
    """

    def __init__(self, lmp: Any, n: int, *, several: bool) -> None:
        self._lmp, self._n = lmp, n
        self._names = ("x", "v", "f", "type") if several else ("x", "v", "f")
        self._views = dict[str, tuple[int, Array]]()

    def read(self) -> bytes:
        """Return the configuration."""
        order = np.argsort(self._view("id"))
        return b"".join(self._view(name)[order].tobytes() for name in self._names)

    def put(self, configuration: bytes, factor: float) -> None:
        """Replace the configuration, with velocities multiplied by a factor."""
        order, begin = np.argsort(self._view("id")), 0
        for name in self._names:
            view = self._view(name)
            values = np.frombuffer(configuration, view.dtype, view.size, begin).reshape(view.shape)
            view[order] = factor * values if name == "v" else values
            begin += view.nbytes

    def _view(self, name: str) -> Array:
        pointer = self._lmp.extract_atom(name)
        vectors = name in ("x", "v", "f")
        address = _address(pointer[0] if vectors else pointer)
        known = self._views.get(name)
        if known is None or known[0] != address:
            view = self._lmp.numpy.extract_atom(name)[: self._n]
            self._views[name] = known = (address, view)
        return known[1]


def _address(pointer: Any) -> int:
    """Return where a ctypes pointer leads."""
    return addressof(pointer.contents)
