"""What the commands share: how they print, and the arguments that many of them take."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

__all__ = ["HERE", "Json", "StudyPath", "out", "print_json"]

out = Console(highlight=False, soft_wrap=True)

StudyPath = Annotated[Path, typer.Argument(help="A study's folder or its study.toml.", metavar="STUDY")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
HERE = Path()


def print_json(value: Any) -> None:
    """Print a value for a program."""
    sys.stdout.write(json.dumps(value, indent=1, default=str, allow_nan=False) + "\n")
