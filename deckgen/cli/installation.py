"""Commands about the installation: its parts, its potentials, its templates."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deckgen.cli.machines import ENGINE, On
from deckgen.cli.output import Json, help_alone, out, plain, print_json

__all__ = ["doctor", "potentials", "templates_app"]

templates_app = typer.Typer(help="The deck templates.", invoke_without_command=True, callback=help_alone)


def doctor(on: On = None, as_json: Json = False) -> None:
    """Check every part of the installation, or a machine by one job; say what to do about what fails."""
    from deckgen.cli.study_tables import check_table
    from deckgen.workflows.doctor import doctor as examine

    if on is not None:
        from deckgen.processes.cluster.machine import find_machine
        from deckgen.workflows.doctor_on import examine_machine

        checks = examine_machine(find_machine(on), Path(ENGINE))
    else:
        checks = examine()
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        out.print(check_table(checks))
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)


def potentials(as_json: Json = False) -> None:
    """List the built-in potentials and their files."""
    from deckgen.decks.potentials import BUILTIN

    if as_json:
        print_json({name: asdict(builtin) for name, builtin in BUILTIN.items()})
        return
    for name, builtin in BUILTIN.items():
        out.print(f"[bold]{name}[/]: {builtin.description}\n  {plain(builtin.file)}\n  {builtin.citation}")


@templates_app.command("list")
def templates_list() -> None:
    """List the templates that a folder `templates` beside study.toml may override."""
    from deckgen.decks.scaffold import deck_templates

    for name in deck_templates():
        out.print(name)


@templates_app.command("export")
def templates_export(
    folder: Annotated[Path, typer.Argument(help="Usually the study's folder `templates`.", metavar="DIR")],
) -> None:
    """Copy the package's templates out, to be changed."""
    from deckgen.decks.scaffold import export_templates

    for path in export_templates(folder):
        out.print(f"wrote {plain(path)}")
