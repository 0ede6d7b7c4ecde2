"""The command line: it parses, calls the library and prints a summary. Errors become exit codes in `main` alone."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from typer.exceptions import TyperException

from deckgen import __version__
from deckgen.cli import installation, study
from deckgen.cli.compare import compare
from deckgen.cli.isomers import isomers
from deckgen.cli.output import out
from deckgen.cli.train import train_app
from deckgen.errors import DeckgenError

__all__ = ["app", "main"]

INTERRUPTED = 130

app = typer.Typer(
    name="deckgen",
    help="From a cluster of atoms, a potential and a temperature ladder to heat capacity and melting temperature.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(study.init)
app.command()(study.decks)
app.command()(study.run)
app.command()(study.status)
app.command()(study.analyse)
app.command()(isomers)
app.command()(compare)
app.command()(study.report)
app.command()(installation.doctor)
app.command()(installation.potentials)
app.add_typer(train_app, name="train")
app.add_typer(installation.templates_app, name="templates")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong input, 130 interrupted."""
    try:
        code = app(arguments, standalone_mode=False)
    except DeckgenError as error:
        return _fail(error.message, error.hint, error.exit_code)
    except TyperException as error:
        return _fail(error.format_message(), "see: deckgen --help", 2)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:  # typer makes it of a KeyboardInterrupt
        return _fail("the same command resumes where it stopped", "", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fail(message: str, hint: str, code: int) -> int:
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    err.print(f"[bold red]{'interrupted' if code == INTERRUPTED else 'error'}:[/] {escape(message)}")
    if hint:
        err.print(escape(hint))
    return code


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"deckgen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a cluster of atoms, a potential and a temperature ladder to heat capacity and melting temperature."""
