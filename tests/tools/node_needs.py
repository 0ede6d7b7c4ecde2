"""What the nodes of a test need, in a module that every process finds."""

from __future__ import annotations

import os
from pathlib import Path

from deckgen.errors import InstallationError

MADE = "DECKGEN_TEST_MADE"
"""Environment variable with the file that `make` writes to."""


def make() -> None:
    """Write a line."""
    with Path(os.environ[MADE]).open("a") as file:
        file.write("made\n")


def read() -> str:
    """Return what was written."""
    return Path(os.environ[MADE]).read_text()


def fail() -> None:
    """Say what cannot be made, and what to do."""
    raise InstallationError("no compiler here", hint="load one")
