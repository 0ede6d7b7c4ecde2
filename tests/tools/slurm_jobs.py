"""What tests of decks in Slurm's jobs ask of Slurm, and of the decks' journals."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deckgen.runs.journal import read_attempts


def jobs() -> list[str]:
    """Return the numbers of the jobs that wait or run."""
    said = subprocess.run(["squeue", "--noheader", "--format=%i"], capture_output=True, text=True, check=True)
    return said.stdout.split()


def attempts(deck: Path) -> list[dict[str, Any]]:
    """Return a deck's attempts, as its journal has them."""
    return [asdict(attempt) for attempt in read_attempts(deck)]
