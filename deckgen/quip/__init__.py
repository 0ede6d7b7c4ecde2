"""pair_style quip for a LAMMPS that was built without ML-QUIP.

Imported at every `import lammps` of the environment: nothing heavy may be imported here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["plugin_folder", "without_plugin"]

_wanted = True


@contextmanager
def without_plugin() -> Iterator[None]:
    """Keep the plugin out of an `import lammps`, for what needs no pair_style quip: nothing is looked for or built."""
    global _wanted
    before, _wanted = _wanted, False
    try:
        yield
    finally:
        _wanted = before


def plugin_folder() -> str:
    """Folder of the LAMMPS plugin that adds `pair_style quip`: the entry point `lammps.plugins`.

    LAMMPS calls it at `import lammps` and when `lmp` starts. It compiles the plugin on its first call on a machine, and
    never raises and never prints: without a plugin, the folder is one that holds none.
    `deckgen.quip.build.ensure_plugin` raises the reason.
    """
    if not _wanted:
        return os.path.dirname(__file__)

    from deckgen.quip.build import folder_for_lammps

    return folder_for_lammps()
