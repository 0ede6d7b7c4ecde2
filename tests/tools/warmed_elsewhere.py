"""A task whose warm-up is in another module, as that of a deck is."""

from __future__ import annotations

import os

from warmed_task import load

from deckgen.processes.worker import warmed_by

imported_in = os.getpid()


@warmed_by(load)
def where_imported() -> tuple[int, int]:
    """Return the process in which this module was imported, and this process's parent."""
    return imported_in, os.getppid()
