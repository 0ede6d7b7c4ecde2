"""The command that compares isomers with a reference calculator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from deckgen.cli.machines import Detach, On, detached, executor_on
from deckgen.cli.output import HERE, Json, StudyPath, out, plain, print_json

if TYPE_CHECKING:
    from deckgen.analysis.isomers.agreement import OrderErrors
    from deckgen.workflows.compare.comparison import ComparedIsomer, ReferenceComparison

__all__ = ["compare"]

HEADINGS = ("isomer", "meV/atom", "%", "E - E1", "ref.", "relaxed", "steps", "f", "bond / A", "same")
LEGEND = """meV/atom, %: the potential's error at its minimum, per atom and of the reference's binding energy
E - E1: above isomer 1 in eV by the potential, by the reference there (ref.), and after its relaxation (relaxed)
steps: a plus where they did not suffice; f: the largest force that is left, in eV/A
bond: mean bond before and after the relaxation; same: whether it is still the same isomer"""


def compare(
    reference: Annotated[
        Path, typer.Option(metavar="FILE", help="TOML file with a [reference] table: a gap.toml will do.")
    ],
    study: StudyPath = HERE,
    lowest: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many isomers, the lowest first.")] = 10,
    max_steps: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Steps of the relaxation by the reference, at most.")
    ] = 20,
    max_force: Annotated[
        float, typer.Option(min=1e-6, max=10, help="The relaxation ends below this largest force, in eV/A.")
    ] = 0.01,
    single_points: Annotated[
        bool, typer.Option("--single-points", help="No relaxation: the reference at the potential's minima.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Calculations at once; default: the number of cores.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Compare the lowest isomers with a reference calculator; started again, it resumes where it stopped."""
    from deckgen.workflows.compare.study import compare_isomers

    if detached(on, detach, study, f"ls {study}/results/reference"):
        return
    with executor_on(on, study, drain=True) as executor:
        comparison = compare_isomers(
            study,
            reference,
            lowest=lowest,
            max_steps=0 if single_points else max_steps,
            max_force_eV_A=max_force,
            workers=workers,
            executor=executor,
            retry_failed=retry_failed,
        )
    if as_json:
        print_json(comparison.to_json())
    else:
        _show(comparison)
    if comparison.failures:
        raise typer.Exit(1)


def _show(comparison: ReferenceComparison) -> None:
    out.print(comparison_table(comparison))
    out.print(f"relative energies: {_agreement(comparison.order_errors('at_potential_minimum'), 'at its minima')}")
    if relaxed := comparison.order_errors("at_reference_minimum"):
        out.print(f"relative energies: {_agreement(relaxed, 'relaxed')}")
    out.print(plain(comparison.zero.summary()))
    for finding in comparison.zero.findings():
        out.print(f"[yellow]warning:[/] {plain(finding)}")
    for failure in comparison.failures:
        out.print(f"[red]failed:[/] {plain(failure)}")
    if comparison.waiting:
        out.print(f"{len(comparison.waiting)} VASP folders have no result yet: {plain(', '.join(comparison.waiting))}")
    out.print("numbers and structures: results/isomers_reference.json, .csv, .extxyz; next: deckgen report")


def comparison_table(comparison: ReferenceComparison) -> Table:
    """Return the table of the isomers: errors at the potential's minima, then what the relaxation did."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", caption=LEGEND, caption_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for isomer in comparison.isomers:
        table.add_row(*_cells(isomer))
    return table


def _cells(isomer: ComparedIsomer) -> list[str]:
    row, change = isomer.to_json(), isomer.change
    return [
        str(isomer.rank),
        _cell(row, "at_potential_minimum", "error", "per_atom_eV", digits=2, factor=1000),
        _cell(row, "at_potential_minimum", "error", "percent", digits=3),
        _cell(row, "relative_eV", digits=4),
        _cell(row, "at_potential_minimum", "relative_eV", digits=4),
        _cell(row, "at_reference_minimum", "relative_eV", digits=4),
        "" if isomer.n_steps is None else f"{isomer.n_steps}{'' if isomer.converged else '+'}",
        _cell(row, "at_reference_minimum", "max_force_eV_A", digits=3),
        "" if change is None else f"{change.before.mean_bond_A:.3f} > {change.after.mean_bond_A:.3f}",
        "" if change is None else ("yes" if change.same else "no"),
    ]


def _cell(row: Any, *path: str, digits: int, factor: float = 1.0) -> str:
    """Return what stands under these keys, one within the other; nothing where it is not known."""
    value = row
    for key in path:
        value = None if value is None else value[key]
    return "" if value is None else f"{factor * value:.{digits}f}"


def _agreement(errors: OrderErrors | None, where: str) -> str:
    """Say how well relative energies agree."""
    if errors is None or errors.mean_absolute_error_eV is None:
        return f"{where}: nothing to compare"
    words = f"{where}: {1000 * errors.mean_absolute_error_eV:.1f} meV mean absolute error of {errors.n_isomers} isomers"
    if errors.spearman is None or errors.kendall is None:
        return words
    return f"{words}, rank correlation {errors.spearman:.3f} (Spearman), {errors.kendall:.3f} (Kendall)"
