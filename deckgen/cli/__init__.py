"""The command line: it parses, calls the library and prints a summary. Errors become exit codes in `main` alone."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from deckgen import __version__
from deckgen.cli import installation, results, study
from deckgen.cli.compare import compare
from deckgen.cli.endings import INTERRUPTED, end, open_streams
from deckgen.cli.isomers import isomers
from deckgen.cli.machines import machines_app
from deckgen.cli.output import help_alone, out
from deckgen.cli.plan import plan, timestep
from deckgen.cli.train import train_app

__all__ = ["app", "main"]

app = typer.Typer(
    name="deckgen",
    help="From a cluster of atoms, a potential and a temperature ladder to heat capacity and melting temperature.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(study.init)
app.command()(study.decks)
app.command()(plan)
app.command()(timestep)
app.command()(study.pack)
app.command()(study.run)
app.command()(study.status)
app.command()(results.analyse)
app.command()(isomers)
app.command()(compare)
app.command()(results.report)
app.command()(results.cite)
app.command()(installation.doctor)
app.command()(installation.potentials)
app.add_typer(train_app, name="train")
app.add_typer(installation.templates_app, name="templates")
app.add_typer(machines_app, name="machines")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong input, 130 interrupted.

    No exception leaves it. Without `arguments` it is a program: those of the command line.
    """
    if arguments is None:
        open_streams()
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # a second one, before the first had its say
        return INTERRUPTED


def _run(arguments: list[str] | None) -> int:
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # typer makes it of a KeyboardInterrupt
            raise KeyboardInterrupt
    except (Exception, KeyboardInterrupt) as error:
        if arguments is None and isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program ends already
        return end(error)
    return code if isinstance(code, int) else 0


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"deckgen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a cluster of atoms, a potential and a temperature ladder to heat capacity and melting temperature."""
    if not version:
        help_alone(context)
