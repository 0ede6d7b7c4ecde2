"""The native evaluator's library of descriptors, as Python calls it: built and kept with the plugin."""

from __future__ import annotations

import ctypes
from functools import cache

from deckgen.quip.build import ensure_plugin
from deckgen.quip.plan import ROWS

__all__ = ["last_error", "library"]

_INT, _LONG, _NUMBER, _ARRAY, _HANDLE = ctypes.c_int, ctypes.c_long, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p

SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "rows_error": (ctypes.c_char_p, []),
    "instances": (_LONG, [_INT, _ARRAY, _ARRAY, _ARRAY, _INT, _NUMBER, _NUMBER, _ARRAY]),
    "gaussian_rows": (
        None,
        [_INT, _ARRAY, _ARRAY, _ARRAY, _INT, _NUMBER, _NUMBER, _INT, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _LONG],
    ),
    "soap_new": (_HANDLE, [_INT, _INT, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _INT, _ARRAY]),
    "soap_delete": (None, [_HANDLE]),
    "soap_values": (None, [_HANDLE, _ARRAY, _ARRAY, _INT, _INT, _ARRAY, _ARRAY]),
    "soap_gradients": (_INT, [_HANDLE, _ARRAY, _ARRAY, _INT, _INT, _ARRAY, _ARRAY]),
    "soap_rows": (
        None,
        [_ARRAY, _LONG, _INT, _ARRAY, _ARRAY, _ARRAY, _INT, _ARRAY, _NUMBER, _ARRAY, _LONG],
    ),
    "gap_new": (_HANDLE, [ctypes.c_char_p]),
    "gap_delete": (None, [_HANDLE]),
    "gap_evaluate": (_NUMBER, [_HANDLE, _ARRAY, _ARRAY, _INT, _ARRAY]),
}
"""What the functions of src/rows/interface.cpp return and take, without their prefix deckgen_."""


@cache
def library() -> ctypes.CDLL:
    """Return the library.

    Raises
    ------
    InstallationError
        If it has to be built and cannot be.
    """
    found = ctypes.CDLL(str(ensure_plugin().with_name(ROWS)))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(found, f"deckgen_{name}")
        function.restype, function.argtypes = result, arguments
    return found


def last_error() -> str:
    """Return why the last descriptor or potential could not be made."""
    return str(library().deckgen_rows_error().decode())
