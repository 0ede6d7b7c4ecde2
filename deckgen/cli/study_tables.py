"""Tables for the terminal."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table

from deckgen.cli.output import plain
from deckgen.processes.display import duration

if TYPE_CHECKING:
    from deckgen.analysis.comparison import Comparison
    from deckgen.analysis.crossings import Crossings
    from deckgen.analysis.jumps.melting import JumpMelting
    from deckgen.analysis.results import Thermodynamics
    from deckgen.decks.deck import WrittenDeck
    from deckgen.runs.status import DeckStatus
    from deckgen.workflows.analyse.result import StudyThermodynamics
    from deckgen.workflows.doctor import Check

__all__ = ["check_table", "deck_rows", "deck_table", "print_thermodynamics", "status_table"]

MOST_ROWS = 200
_STATE_STYLES = {"done": "green", "running": "cyan", "failed": "red", "interrupted": "yellow", "pending": "dim"}
_CHECK_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


def deck_rows(decks: Sequence[WrittenDeck], seconds_per_step: float | None) -> list[dict[str, Any]]:
    """Return what `deckgen decks` shows, one row per deck; the cost of a deck on one core in seconds."""
    return [
        {
            "protocol": deck.manifest.protocol,
            "id": deck.manifest.id,
            "temperature_K": deck.manifest.temperature_K,
            "replica": deck.manifest.replica,
            "n_steps": deck.manifest.n_steps,
            "duration_ps": deck.manifest.planned_ps,
            "cost_s": None if seconds_per_step is None else seconds_per_step * deck.manifest.n_steps,
            "change": deck.change,
            "folder": str(deck.folder),
        }
        for deck in decks
    ]


def deck_table(decks: Sequence[WrittenDeck], seconds_per_step: float | None) -> RenderableType:
    """Return the table of a study's decks and the time that they take."""
    table = Table(box=None, header_style="bold")
    for heading in ("deck", "T / K", "replica", "steps", "ps", "cost", ""):
        table.add_column(heading, justify="left" if heading in {"deck", ""} else "right")
    rows = deck_rows(decks, seconds_per_step)
    for row in rows:
        dynamics = bool(row["n_steps"])
        table.add_row(
            plain(f"{row['protocol']}/{row['id']}"),
            f"{row['temperature_K']:g}" if dynamics else "",
            str(row["replica"]) if dynamics else "",
            f"{row['n_steps']:,}" if dynamics else "",
            f"{row['duration_ps']:g}" if dynamics else "",
            duration(row["cost_s"]) if dynamics and row["cost_s"] is not None else "",
            row["change"],
        )
    if seconds_per_step is None:
        return table
    cores = len(os.sched_getaffinity(0))
    total = sum(row["cost_s"] for row in rows)
    words = f"{seconds_per_step * 1000:.3g} ms per step: about {duration(total / cores)} on {cores} workers"
    return Group(table, words)


def status_table(decks: Sequence[DeckStatus]) -> RenderableType:
    """Return the table of `deckgen status`; of a large study, of decks that run or ended early, up to 200."""
    early = [deck for deck in decks if deck.state in {"running", "failed", "interrupted"}]
    shown = decks if len(decks) <= MOST_ROWS else early[:MOST_ROWS]
    table = Table(box=None, header_style="bold")
    for heading in ("deck", "state", "step", "of", "done", "ns/day", ""):
        table.add_column(heading, justify="left" if heading in {"deck", "state", ""} else "right")
    for deck in shown:
        table.add_row(
            plain(f"{deck.protocol}/{deck.id}"),
            f"[{_STATE_STYLES[deck.state]}]{deck.state}[/]",
            f"{deck.step:,}" if deck.n_steps else "",
            f"{deck.n_steps:,}" if deck.n_steps else "",
            f"{deck.fraction:.0%}",
            f"{deck.ns_per_day:.2f}" if deck.ns_per_day else "",
            plain(deck.message.splitlines()[0]) if deck.message else "",
        )
    counts = Counter[str](deck.state for deck in decks)
    words = f"{counts['done']} of {len(decks)} decks are done"
    if len(decks) > MOST_ROWS:
        words = ", ".join([words, *(f"{counts[state]} {state}" for state in _STATE_STYLES if state != "done")])
    return Group(table, words)


def print_thermodynamics(result: StudyThermodynamics, out: Console) -> None:
    """Print the rungs, the warnings, the melting temperature and, if there is one, the comparison."""
    table = Table(box=None, header_style="bold")
    headings = ("T / K", "samples", "independent", "equilibration\n/ ps", "<U> / eV", "kinetic T / K")
    crossings = result.crossings if result.crossings and result.crossings.runs else None
    for heading in (*headings, "crossings") if crossings else headings:
        table.add_column(heading, justify="right")
    for state in result.states:
        kinetic, error = state.kinetic_temperature_K, state.kinetic_temperature_error_K
        shown = "" if kinetic is None else f"{kinetic:.1f}" + ("" if error is None else f" +- {error:.1f}")
        table.add_row(
            f"{state.temperature_K:g}",
            f"{state.n_samples}",
            f"{state.n_effective:.0f}",
            f"{state.equilibration_ps:.1f}",
            f"{state.mean_U_eV:.4f}",
            shown,
            *([_crossings(crossings, state.temperature_K)] if crossings else []),
        )
    out.print(table)
    for finding in result.warnings:
        out.print(f"[yellow]warning ({finding.code}):[/] {plain(finding.message)}")
    out.print(_melting(result))
    if result.jumps is not None:
        out.print(_jumps(result.jumps))
    if result.plan is not None and result.plan.verdict:
        out.print(plain(result.plan.verdict))
    if result.comparison is not None:
        out.print(_compared(result.comparison))


def _crossings(crossings: Crossings, temperature_K: float) -> str:
    """Return melts and freezings of a rung, and how many more went into solids other than the lowest."""
    defective = crossings.defective_at(temperature_K)
    return "{} + {}".format(*crossings.at(temperature_K)) + (f" ({defective} defective)" if defective else "")


def _melting(result: Thermodynamics) -> str:
    peak = result.melting
    if peak is None:
        return "the heat capacity has no peak on this ladder"
    interval = result.melting_ci95.temperature_K
    between = f" (95 %: {interval[0]:.1f} to {interval[1]:.1f} K)" if interval else ""
    edge = ", at the edge of the ladder: not a melting temperature yet" if peak.at_edge else ""
    return f"heat capacity peak at {peak.temperature_K:.1f} K{between}, {peak.height_over_c0:.3f} C0{edge}"


def _jumps(jumps: JumpMelting) -> str:
    n = [sum(rung.melts for rung in jumps.rungs), sum(rung.freezings for rung in jumps.rungs)]
    low, high = ("open" if end is None else f"{end:.1f} K" for end in jumps.peak_ci95_K)
    where = "do not fix it" if jumps.peak_K is None else f"put it at {jumps.peak_K:.1f} K"
    others = f"; {jumps.defective_stays} stays in other solids are left out" if jumps.defective_stays else ""
    return f"its {n[0]} melts and {n[1]} freezings alone {where} (95 %: {low} to {high}){others}"


def _compared(comparison: Comparison) -> str:
    words = [f"compared with {comparison.other_name}:"]
    if comparison.tm_difference_K is not None:
        combined = comparison.tm_combined_ci95_K
        interval = "" if combined is None else f" (combined 95 % half width {combined:.1f} K)"
        words.append(f"the peak is {comparison.tm_difference_K:+.1f} K from the other's{interval};")
    if comparison.largest is None:
        words.append("one of the two has no intervals to compare the curves by")
    else:
        ratio, temperature = comparison.largest
        words.append(f"the curves differ by at most {abs(ratio):.2f} combined intervals, at {temperature:.0f} K")
    return plain(" ".join(words))


def check_table(checks: Sequence[Check]) -> RenderableType:
    """Return the table of `deckgen doctor`, and what to do about each failure."""
    table = Table(box=None, show_header=False)
    for check in checks:
        style = _CHECK_STYLES[check.state]
        table.add_row(f"[{style}]{check.state}[/]", check.name, plain(check.detail))
        if check.mend:
            table.add_row("", "", f"[bold]do:[/] {plain(check.mend)}")
    return table
