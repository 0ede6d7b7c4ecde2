"""The command that finds isomers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.table import Table

from deckgen.cli.machines import Detach, On, detached, executor_on
from deckgen.cli.output import HERE, Json, Pdf, StudyPath, out, print_json

if TYPE_CHECKING:
    from deckgen.analysis.isomers.results import IsomerList

__all__ = ["isomers"]

MOST_ROWS = 25


def isomers(
    study: StudyPath = HERE,
    frames: Annotated[
        list[Path] | None, typer.Option("--frames", metavar="FILE", help="Quench the frames of this file; repeatable.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Processes at once; default: the number of cores.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the runs of another study (kept in decks.old).")
    ] = False,
    chemiscope: Annotated[
        bool, typer.Option("--chemiscope", help="Also write results/isomers.chemiscope.json, for chemiscope.org.")
    ] = False,
    pdf: Pdf = False,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Quench frames and list the distinct minima; started again, it resumes where it stopped."""
    from deckgen.workflows.isomers.study import isomers as find

    if detached(on, detach, study, f"deckgen status {study}"):
        return
    with executor_on(on, study) as executor:
        result = find(study, frames=frames or (), workers=workers, executor=executor, force=force, pdf=pdf)
    if chemiscope:
        from deckgen.workflows.isomers.files import write_chemiscope

        write_chemiscope(result)
    if as_json:
        print_json(result.to_json())
        return
    out.print(isomer_table(result.found))
    out.print(_summary(result.found))
    if result.hopping:
        out.print(f"basin hopping: {result.hopping.sentence}")
    out.print("structures and numbers: results/isomers.extxyz, results/isomers.json; next: deckgen report")


def isomer_table(found: IsomerList) -> RenderableType:
    """Return the table of the lowest isomers."""
    table = Table(box=None, header_style="bold")
    several = found.isomers[0].order is not None
    last = ("geometry", "unlike") if several else ("bond / A", "f / eV/A")  # of bonds, those between unlike atoms
    for heading in ("isomer", "E / eV", "dE / eV", "quenches", "first / K", "symmetry", *last):
        table.add_column(heading, justify="right")
    for isomer in found.isomers[:MOST_ROWS]:
        order, lengths = isomer.order, (f"{isomer.bonds.mean_bond_A:.3f}", f"{isomer.minimum.max_force_eV_A:.1e}")
        table.add_row(
            str(isomer.rank),
            f"{isomer.minimum.energy_eV:.5f}",
            f"{isomer.relative_eV:.5f}",
            str(isomer.count),
            "" if isomer.first_temperature_K is None else f"{isomer.first_temperature_K:g}",
            isomer.point_group.name,
            *((str(isomer.geometry), str(order.unlike_bonds)) if order else lengths),
        )
    return table


def _summary(found: IsomerList) -> str:
    more = f" (the lowest {MOST_ROWS} above)" if found.n_distinct > MOST_ROWS else ""
    if found.n_higher:
        more += (
            f" in the lowest {found.n_tightened:,} of {found.n_groups:,} groups ({found.n_higher:,} quenches higher)"
        )
    return (
        f"{found.n_quenched:,} frames quenched, {found.n_failed} kept aside: {found.n_distinct:,} isomers{more}; "
        f"by energy alone, {1000 * found.tolerances.thinning_eV:g} meV windows: {found.n_after_energy:,}, of which "
        f"{found.n_representatives:,} are distinct"
    )
