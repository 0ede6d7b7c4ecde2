"""pair_style quip for a LAMMPS that was built without ML-QUIP.

Imported at every `import lammps` of the environment: nothing heavy may be imported here.
"""

from __future__ import annotations

__all__ = ["plugin_folder"]


def plugin_folder() -> str:
    """Folder of the LAMMPS plugin that adds `pair_style quip`: the entry point `lammps.plugins`.

    LAMMPS calls it at `import lammps` and when `lmp` starts. It compiles the plugin on its first call on a machine, and
    never raises and never prints: without a plugin, the folder is one that holds none.
    `deckgen.quip.build.ensure_plugin` raises the reason.
    """
    from deckgen.quip.build import folder_for_lammps

    return folder_for_lammps()
