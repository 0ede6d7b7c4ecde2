"""`deckgen plan` and `deckgen timestep`: what a goal will cost, and whether longer time steps make it cheaper."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from deckgen.cli.output import HERE, Json, StudyPath, err, out, plain, print_json
from deckgen.errors import DeckgenError

if TYPE_CHECKING:
    from deckgen.decks.render import Prepared
    from deckgen.workflows.goal.cost import Cost

__all__ = ["plan", "timestep"]


def plan(
    study: StudyPath = HERE,
    timing: Annotated[bool, typer.Option(help="Measure the cost of a step with a few real ones.")] = True,
    as_json: Json = False,
) -> None:
    """Say what the study's goal will cost, and, once it has run, how good that estimate was."""
    from deckgen.decks.own_templates import own_templates
    from deckgen.decks.render import prepare
    from deckgen.workflows.goal.cost import plan as cost_of

    prepared = prepare(study)
    cost = cost_of(prepared)
    seconds = _seconds_per_step(prepared) if timing and not own_templates(prepared).reach_out else None
    if as_json:
        print_json(cost.to_json(seconds))
        return
    if cost.history:
        out.print(_history(cost))
    for line in _sentences(cost, seconds):
        out.print(plain(line))


def _seconds_per_step(prepared: Prepared) -> float | None:
    """Time a few steps; None where nothing runs here."""
    from deckgen.decks.deck import study_decks
    from deckgen.runs.timing import time_rendered

    try:
        return time_rendered(next(deck for deck in study_decks(prepared) if deck.manifest.n_steps))
    except DeckgenError as error:
        err.print(f"the cost could not be measured: {plain(error.message)}")
        return None


def _history(cost: Cost) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("ns", "runs", "T_m / K", "width / K", "forecast / ns", "then"):
        table.add_column(heading, justify="left" if heading == "then" else "right")
    for look in cost.history:
        numbers = (look.melting_K, look.width_K, look.forecast_ns)
        shown = ["" if number is None else f"{number:.1f}" for number in numbers]
        table.add_row(f"{look.ns:.2f}", f"{look.n_runs}", *shown, plain(look.note))
    return table


def _sentences(cost: Cost, seconds_per_step: float | None) -> list[str]:
    def dynamics(ns: float) -> str:
        steps = f"{ns:.3g} ns, {ns * 1e6 / cost.timestep_fs:,.3g} steps"
        hours = "" if seconds_per_step is None else f", {cost.core_hours(ns, seconds_per_step):.2g} core-hours"
        return steps + hours

    lines = [
        f"goal: the melting temperature to {cost.melting_K:g} K, with {cost.max_ns:g} ns at most",
        f"beforehand: about {dynamics(cost.expected_ns)}; a rule of thumb for metal clusters",
        f"decided so far: {cost.n_runs} runs, {dynamics(cost.spent_ns)}",
    ]
    first = next((look for look in cost.history if look.forecast_ns is not None), None)
    if first is not None and cost.verdict:
        ratio = f"{(first.forecast_ns or 0) / cost.spent_ns:.2g} of what was used"
        lines.append(f"the first interval, after {first.ns:.3g} ns, let expect {first.forecast_ns:.3g} ns: {ratio}")
    elif first is not None:
        lines.append(f"by the latest interval: about {dynamics(cost.forecast_ns)} in all")
    if cost.verdict:
        lines += [f"the rule of thumb had {cost.expected_ns / cost.spent_ns:.2g} of what was used", cost.verdict]
    return lines


def timestep(
    study: StudyPath = HERE,
    workers: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Decks at once; default: the number of cores.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare longer time steps with the study's own, by short runs at the lowest and the highest temperature."""
    from deckgen.workflows.goal.timestep import timestep as compare

    found = compare(study, workers=workers)
    if as_json:
        print_json([asdict(row) | {"agrees": row.agrees} for row in found.rows])
        return
    table = Table(box=None, header_style="bold")
    for heading in ("fs", "T / K", "<U> / eV", "difference / eV", "as K", "standard errors"):
        table.add_column(heading, justify="right")
    for row in found.rows:
        compared = ((row.difference_eV, 4), (row.difference_K, 2), (row.deviation, 1))
        shown = ["" if number is None else f"{number:+.{digits}f}" for number, digits in compared]
        error = "" if row.error_eV is None else f" +- {row.error_eV:.4f}"
        table.add_row(f"{row.timestep_fs:g}", f"{row.temperature_K:g}", f"{row.mean_U_eV:.4f}{error}", *shown)
    out.print(table)
    out.print(plain(found.advice))
