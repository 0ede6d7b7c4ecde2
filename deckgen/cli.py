"""The command line: it parses, calls the library and prints a summary. Errors become exit codes in `main` alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.exceptions import TyperException

from deckgen import __version__
from deckgen.errors import DeckgenError, InputError

if TYPE_CHECKING:
    from deckgen.deck import WrittenDeck

app = typer.Typer(
    name="deckgen",
    help="From a cluster of atoms, a potential and a temperature ladder to heat capacity and melting temperature.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
templates_app = typer.Typer(help="The deck templates.", no_args_is_help=True)
app.add_typer(templates_app, name="templates")
out = Console(highlight=False, soft_wrap=True)

StudyPath = Annotated[Path, typer.Argument(help="A study's folder or its study.toml.", metavar="STUDY")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
HERE = Path()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong input, 130 interrupted."""
    try:
        code = app(arguments, standalone_mode=False)
    except DeckgenError as error:
        return _fail(error.message, error.hint, error.exit_code)
    except TyperException as error:
        return _fail(error.format_message(), "see: deckgen --help", 2)
    except (KeyboardInterrupt, typer.Abort) as error:
        return _fail(str(error) or "interrupted", "", 130)
    return code if isinstance(code, int) else 0


def _fail(message: str, hint: str, code: int) -> int:
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    err.print(f"[bold red]{'interrupted' if code == 130 else 'error'}:[/] {escape(message)}")
    if hint:
        err.print(escape(hint))
    return code


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=1, default=str, allow_nan=False) + "\n")


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


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The new study's folder.", metavar="DIR")],
    element: Annotated[str, typer.Option(help="Chemical symbol.")] = "Na",
    size: Annotated[int, typer.Option(help="Number of atoms.")] = 55,
    potential: Annotated[str, typer.Option(help="A built-in potential.")] = "na-gap",
) -> None:
    """Write a commented study.toml into a new folder."""
    from deckgen.scaffold import init as make

    study = make(folder, element=element, size=size, potential=potential)
    out.print(f"wrote {study.file}; edit it, then: deckgen run {folder}")


@app.command()
def decks(
    study: StudyPath = HERE,
    force: Annotated[bool, typer.Option("--force", help="Replace decks of another study (kept in decks.old).")] = False,
    timing: Annotated[bool, typer.Option(help="Measure the cost with a few real steps.")] = True,
    as_json: Json = False,
) -> None:
    """Write the decks and show what they are and cost."""
    from deckgen.deck import write_decks
    from deckgen.tables import deck_rows, deck_table

    written = write_decks(study, force=force)
    seconds = _seconds_per_step(written) if timing else None
    if as_json:
        _print_json(deck_rows(written, seconds))
    else:
        out.print(deck_table(written, seconds))


def _seconds_per_step(written: list[WrittenDeck]) -> float | None:
    """Time a few steps of one NVT deck; None where LAMMPS cannot run it here (doctor says why)."""
    from deckgen.runs.timing import time_deck

    try:
        return time_deck(next(deck.folder for deck in written if deck.manifest.n_steps))
    except DeckgenError as error:
        Console(stderr=True).print(f"the cost could not be measured: {escape(error.message)}")
        return None


@app.command()
def run(
    study: StudyPath = HERE,
    workers: Annotated[int | None, typer.Option(min=1, help="Decks at once; default: the number of cores.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace decks of another study (kept in decks.old).")] = False,
    as_json: Json = False,
) -> None:
    """Run all decks that are not done; started again, it goes on where it was."""
    from deckgen.runs.batch import run as run_batch

    result = run_batch(study, workers=workers, force=force)
    if as_json:
        _print_json(asdict(result))
    else:
        out.print(f"{len(result.done)} decks done, {len(result.skipped)} were done before, {len(result.failed)} failed")
        for deck in result.failed:
            out.print(f"[red]{escape(str(deck.folder))}[/]: {escape(deck.message)}")
        for folder in result.interrupted:
            out.print(f"[yellow]{escape(str(folder))}[/]: stopped by a signal; the same command goes on from there")
    if result.failed or result.interrupted:
        raise typer.Exit(1)


@app.command()
def status(study: StudyPath = HERE, as_json: Json = False) -> None:
    """Show how far each deck is."""
    from deckgen.runs.status import status as read_status
    from deckgen.study import Study
    from deckgen.tables import status_table

    rows = read_status(Study.read(study).folder)
    if as_json:
        _print_json([asdict(row) | {"fraction": row.fraction} for row in rows])
    else:
        out.print(status_table(rows))


@app.command()
def analyse(
    study: StudyPath = HERE,
    external: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="T=FILE", help="Energies of a run made elsewhere, at T kelvin; repeat it."),
    ] = None,
    atoms: Annotated[int | None, typer.Option(min=2, help="Number of atoms, with --from and no study.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Another study of the same cluster, say from a melted start.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Analyse what was sampled so far: results/ has the numbers and the figures."""
    from deckgen.tables import print_thermodynamics
    from deckgen.workflows.analyse import analyse as analyse_study

    result = analyse_study(study, external=_temperature_files(external or ()), n_atoms=atoms, compare=compare)
    if as_json:
        _print_json(result.to_json(deckgen_version=__version__))
    else:
        print_thermodynamics(result, out)
        out.print("numbers and figures: results/; next: deckgen report")


def _temperature_files(words: Sequence[str]) -> dict[float, Path] | None:
    """Return the files of --from by temperature; None without any."""
    files = dict[float, Path]()
    for word in words:
        temperature, _, file = word.partition("=")
        try:
            kelvin = float(temperature)
        except ValueError:
            raise InputError(f"--from {word}: not T=FILE", hint="for example --from 281=log.lammps") from None
        if kelvin in files:
            raise InputError(
                f"--from {word}: {kelvin:g} K was given before", hint="join the two files, or leave one out"
            )
        files[kelvin] = Path(file)
    return files or None


@app.command()
def report(study: StudyPath = HERE) -> None:
    """Write report.html: one file with the curves, the tables, the warnings and a methods paragraph."""
    from deckgen.workflows.report import report as write_report

    out.print(f"open {write_report(study)}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check every part of the installation, and say what to do about what fails."""
    from deckgen.tables import check_table
    from deckgen.workflows.doctor import doctor as examine

    checks = examine()
    if as_json:
        _print_json([asdict(check) for check in checks])
    else:
        out.print(check_table(checks))
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)


@app.command()
def potentials(as_json: Json = False) -> None:
    """List the built-in potentials and their files."""
    from deckgen.potentials import BUILTIN

    if as_json:
        _print_json({name: asdict(builtin) for name, builtin in BUILTIN.items()})
        return
    for name, builtin in BUILTIN.items():
        out.print(f"[bold]{name}[/]: {builtin.description}\n  {builtin.file}\n  {builtin.citation}")


@templates_app.command("list")
def templates_list() -> None:
    """List the templates that a folder `templates` beside study.toml may override."""
    from deckgen.scaffold import deck_templates

    for name in deck_templates():
        out.print(name)


@templates_app.command("export")
def templates_export(
    folder: Annotated[Path, typer.Argument(help="Usually the study's folder `templates`.", metavar="DIR")],
) -> None:
    """Copy the package's templates out, to be changed."""
    from deckgen.scaffold import export_templates

    for path in export_templates(folder):
        out.print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
