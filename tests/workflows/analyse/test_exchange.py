"""Ladders that mix badly are warned of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deckgen.runs.exchange.state import LadderState, RungState, append_walkers, state_file, walkers_file, write_state
from deckgen.samples import Samples, TimeSeries
from deckgen.workflows.analyse.exchange import about_exchange

KELVINS = {"A": 100.0, "B": 120.0, "C": 140.0}
SAMPLES = Samples(
    n_atoms=13,
    series=tuple(TimeSeries(T, np.arange(3.0), np.arange(3.0), label=name, ladder=1) for name, T in KELVINS.items()),
)


def warned(study: Path, held: list[str]) -> dict[str, float | None]:
    """The codes, with their temperatures, of a ladder whose rungs held these walkers from exchange to exchange."""
    file = state_file(study, 1)
    file.parent.mkdir(parents=True)
    lines = ["# step A B C", *(f"{100 * k} {walkers}" for k, walkers in enumerate(held))]
    state = append_walkers(
        walkers_file(file), LadderState({name: RungState(0, k) for k, name in enumerate("ABC")}), lines
    )
    write_state(file, state)
    return {finding.code: finding.temperature_K for finding in about_exchange(SAMPLES, study)}


def test_a_ladder_that_mixes_is_not_warned_of(tmp_path: Path) -> None:
    assert warned(tmp_path, ["0 1 2", "1 2 0", "2 0 1"] * 40) == {}


def test_a_gap_in_a_ladder_is_named_with_its_rung(tmp_path: Path) -> None:
    """The two lower rungs swap at every exchange, the highest never."""
    assert warned(tmp_path, ["0 1 2", "1 0 2"] * 60) == {"low_acceptance": 140.0, "few_round_trips": None}


def test_configurations_that_seldom_get_through_are_warned_of(tmp_path: Path) -> None:
    assert warned(tmp_path, ["0 1 2", "1 2 0", "2 0 1"] * 4) == {"few_round_trips": None}


def test_runs_without_exchange_have_no_ladder_to_mix(tmp_path: Path) -> None:
    run = TimeSeries(100.0, np.arange(3.0), np.arange(3.0), label="A")
    assert about_exchange(Samples(n_atoms=13, series=(run,)), tmp_path) == []
