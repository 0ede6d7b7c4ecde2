"""What the exchanges of a study's ladders tell: whether configurations go from rung to rung often enough."""

from __future__ import annotations

from pathlib import Path

from deckgen.findings import Finding
from deckgen.runs.exchange.state import state_file
from deckgen.runs.exchange.walkers import mixing, read_walkers
from deckgen.samples import Samples

__all__ = ["about_exchange"]

LEAST_CHANGED = 0.1
"""Of the exchanges: those that bring a rung another configuration."""

FEWEST_TRIPS = 5
"""Round trips of each configuration, from which a ladder is worth more than its rungs alone."""


def about_exchange(samples: Samples, study_folder: Path) -> list[Finding]:
    """Say which ladders swap too rarely, or have configurations that hardly get from one end to the other."""
    findings = []
    for ladder in sorted({run.ladder for run in samples.series if run.ladder is not None}):
        rungs = {run.label: run.temperature_K for run in samples.series if run.ladder == ladder}
        if len(rungs) < 2:
            continue
        found = mixing(read_walkers(state_file(study_folder, ladder)), list(rungs))
        T = rungs[found.slowest]
        if found.changed < LEAST_CHANGED:
            message = (
                f"ladder {ladder}: the rung at {T:g} K got another configuration in {found.changed:.0%} of the "
                f"exchanges only, fewer than {LEAST_CHANGED:.0%}; add a rung beside it"
            )
            findings.append(Finding("low_acceptance", message, T))
        if found.round_trips < FEWEST_TRIPS * found.n_walkers:
            message = (
                f"ladder {ladder}: {found.round_trips} round trips of {found.n_walkers} configurations between the "
                f"lowest and the highest rung, fewer than {FEWEST_TRIPS} of each: the exchange has brought little so "
                "far; longer runs, a narrower ladder, or more replicas"
            )
            findings.append(Finding("few_round_trips", message))
    return findings
