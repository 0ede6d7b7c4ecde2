"""QUIP keeps large arrays on the stack, and ends without a word where that is small."""

from __future__ import annotations

import resource

from deckgen.errors import InstallationError

__all__ = ["require_stack"]

NEEDED_BYTES = 8 * 1024**2
"""The usual limit. The plugin has the same (src/quip/quip_engine.cpp)."""


def require_stack() -> None:
    """Raise the limit of this process and of those that it starts, if QUIP needs more stack.

    Raises
    ------
    InstallationError
        If the limit is too small and cannot be raised.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft == resource.RLIM_INFINITY or soft >= NEEDED_BYTES:
        return
    try:
        resource.setrlimit(resource.RLIMIT_STACK, (NEEDED_BYTES, hard))
    except ValueError:  # above the hard limit
        raise InstallationError(
            f"the stack is limited to {soft // 1024} kB, and QUIP needs {NEEDED_BYTES // 1024} kB",
            hint="run `ulimit -s 8192` (or `ulimit -s unlimited`) first, in the shell or the job script",
        ) from None
