"""Programs that do not outlive the process that started them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["dying_with_parent"]

# PR_SET_PDEATHSIG = 1 outlives exec; a parent that died before it was set is noticed
_CODE = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """Return a command that runs `command`, given by its path, and that the kernel kills when this process ends.

    However it ends: also where it was killed itself. The program has the process number of the command.
    """
    return [sys.executable, "-I", "-S", "-c", _CODE, str(os.getpid()), *command]
