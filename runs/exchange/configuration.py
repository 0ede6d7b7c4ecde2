"""What travels between rungs: positions, velocities and forces, and elements where there are several."""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_char_p, c_void_p
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Atoms"]

Array = NDArray[Any]


class Atoms:
    """The atoms of a LAMMPS, read and replaced in the order of their numbers.

    LAMMPS keeps its arrays where they are as long as there is room, and its order of the atoms may change: places and
    order are asked for every time, and arrays are made anew only where they have moved. Between two runs of a hundred
    steps little of Python is in the processor's caches: every call counts, and the library is asked directly.

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
        self._place = CFUNCTYPE(c_void_p, c_void_p, c_char_p)(("lammps_extract_atom", lmp.lib))
        self._numbers = b""
        self._order: NDArray[np.intp] | slice = slice(None)

    def read(self) -> bytes:
        """Return the configuration."""
        order = self._sorted()
        return b"".join([self._view(name)[order].tobytes() for name in self._names])

    def put(self, configuration: bytes, factor: float) -> None:
        """Replace the configuration, with velocities multiplied by a factor."""
        order, begin = self._sorted(), 0
        for name in self._names:
            view = self._view(name)
            values = np.frombuffer(configuration, view.dtype, view.size, begin).reshape(view.shape)
            view[order] = factor * values if name == "v" else values
            begin += view.nbytes

    def _sorted(self) -> NDArray[np.intp] | slice:
        """Return the order of the atoms by their numbers; a slice where they are in order."""
        view = self._view("id")
        numbers = view.tobytes()
        if numbers != self._numbers:
            order = np.argsort(view)
            self._numbers = numbers
            self._order = slice(None) if (np.diff(order) > 0).all() else order
        return self._order

    def _view(self, name: str) -> Array:
        place: int = self._place(self._lmp.lmp, name.encode())
        if name in ("x", "v", "f"):
            place = c_void_p.from_address(place).value or 0  # of the first row
        known = self._views.get(name)
        if known is None or known[0] != place:
            view = self._lmp.numpy.extract_atom(name)[: self._n]
            self._views[name] = known = (place, view)
        return known[1]
