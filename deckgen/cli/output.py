"""What the commands share: how they print, and the arguments that many of them take."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from deckgen.processes.display import visible

__all__ = ["HERE", "Json", "Pdf", "StudyPath", "err", "help_alone", "out", "plain", "print_json"]

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(highlight=False, soft_wrap=True, emoji=False, stderr=True)

StudyPath = Annotated[Path, typer.Argument(help="A study's folder or its study.toml.", metavar="STUDY")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Pdf = Annotated[bool, typer.Option("--pdf", help="Write the figures as PDF too, with their fonts.")]
HERE = Path()


def help_alone(context: typer.Context) -> None:
    """Show the help of a group of commands that is given without one: its callback."""
    if context.invoked_subcommand is None:
        out.print(context.get_help(), markup=False)


def plain(text: object) -> str:
    """Return text that was not written here (a path, a message) so that rich prints it as it is."""
    shown = escape(visible(str(text)))
    return f"[none]{shown}[/none]" if shown.endswith("\\") else shown  # it would escape what follows


def print_json(value: Any) -> None:
    """Print a value for a program."""
    sys.stdout.write(json.dumps(value, indent=1, default=str, allow_nan=False) + "\n")
