"""Studies with a goal, in models with an exact answer: how often the interval that they end with holds it.

    python -m validation.melting.goal --folder FOLDER [--counted]

`deckgen.workflows.goal` decides what is run, from the pilot to the end; only the dynamics is replaced, by Markov chains
with the right populations that jump between basins often or rarely, and colder than 140 K hardly at all (`regimes`).
Runs from the melt begin in the highest basin. The analysis is that of `deckgen analyse` without tables, on a grid of
2 K. The studies are kept in the folder, where the same command resumes; seeds from a million on have served to choose
the rules. The same in short: tests/workflows/goal/test_coverage.py.

Stopping as soon as an interval is narrow enough favours intervals that are narrow by chance. The table also has the
intervals at the first look that was narrow enough, where a study does not stop yet, and those of each study's last
runs drawn anew with other seeds: of runs whose lengths were given beforehand. The criterion, set before the run: in
every regime 93 to 98 % of the intervals that studies end with hold the exact value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from validation.common import record, work_folder
from validation.melting.goal.regimes import REGIMES, Regime
from validation.melting.goal.study import Answer, Outcome, outcome, quicken

Array = NDArray[np.float64]

STUDIES, PART = 200, 10
"""Of each regime, and how many of one are run before those of the next: what is done at any time can be counted."""

FIRST_SEED = 1000
"""Seeds from 0 to 107 have shown what it costs to stop at the first interval that is narrow enough."""

HELD = (0.93, 0.98)


def main() -> None:
    """Count, and record."""
    with work_folder(__doc__, counted="run no more studies, count those in the folder") as arguments:
        with ProcessPoolExecutor(arguments.workers, initializer=quicken) as pool:
            for n in range(PART, (0 if arguments.counted else STUDIES) + 1, PART):
                for regime in REGIMES:
                    pursue_all(regime, range(FIRST_SEED, FIRST_SEED + n), arguments.folder, pool)
        done = [list(known(regime, arguments.folder).values()) for regime in REGIMES]
    numbers = {regime.name: count(regime, each) for regime, each in zip(REGIMES, done, strict=True)}
    quantities = next(iter(numbers.values()))
    rows = [(name, *(f"{numbers[regime.name][name]:.3g}" for regime in REGIMES)) for name in quantities]
    record(
        "melting/goal",
        "Studies that run to a goal: how often their last interval holds the exact value",
        {f"{name}: 93 to 98 % hold": HELD[0] <= one["held"] <= HELD[1] for name, one in numbers.items()},
        [("", *(regime.name for regime in REGIMES)), *rows],
        numbers=numbers,
    )


def count(regime: Regime, done: Sequence[Outcome]) -> dict[str, float]:
    """Return the numbers of the table."""
    exact = regime.exact_K()
    held, error, estimates, widths = _held([one.answer for one in done], exact)
    first_held, first_error, _, _ = _held([one.at_first for one in done], exact)
    anew_held, anew_error, anew, _ = _held([one.anew for one in done], exact)
    forecasts = [one.forecast_ns / one.ns for one in done if one.forecast_ns is not None]
    return {
        "goal (K)": regime.goal_K,
        "studies": len(done),
        "reached": float(np.mean([one.reached for one in done])),
        "with an interval": len(estimates),
        "held": held,
        "standard error of that": error,
        "median width (K)": float(np.median(widths)),
        "3.92 s.d. of the estimates (K)": float(3.92 * estimates.std(ddof=1)),
        "mean of the estimates less the exact value (K)": float(estimates.mean() - exact),
        "dynamics, median (ns)": float(np.median([one.ns for one in done])),
        "looks, median": float(np.median([one.looks for one in done])),
        "first forecast over what was used, median": float(np.median(forecasts)),
        "at the first interval that is narrow enough: held": first_held,
        "at the first one: standard error of that": first_error,
        "at the first one: dynamics, median (ns)": float(np.median([one.ns_at_first for one in done])),
        "drawn anew: with an interval": len(anew),
        "drawn anew: held": anew_held,
        "drawn anew: standard error of that": anew_error,
        "drawn anew: mean less the exact value (K)": float(anew.mean() - exact),
    }


def _held(answers: Sequence[Answer], exact_K: float) -> tuple[float, float, Array, Array]:
    """Return which part of the intervals hold the exact value, its error, the estimates and the widths."""
    given = [one for one in answers if one.ci95_K is not None]
    held = float(np.mean([one.holds(exact_K) for one in given]))
    estimates = np.array([one.melting_K for one in given], dtype=float)
    widths = np.diff([one.ci95_K or (np.nan, np.nan) for one in given])[:, 0]
    return held, (held * (1 - held) / len(given)) ** 0.5, estimates, widths


def pursue_all(regime: Regime, seeds: range, folder: Path, pool: ProcessPoolExecutor) -> None:
    """Run the studies of a regime whose seeds are missing in the folder."""
    done = known(regime, folder)
    missing = [seed for seed in seeds if seed not in done]
    with _file(regime, folder).open("a") as lines:
        for seed, one in zip(missing, pool.map(partial(outcome, regime), missing), strict=True):
            lines.write(json.dumps([seed, asdict(one)]) + "\n")
            lines.flush()


def known(regime: Regime, folder: Path) -> dict[int, Outcome]:
    """Return the studies of a regime that are in the folder, by their seeds."""
    file = _file(regime, folder)
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else ()
    return {
        seed: Outcome(**one | {name: Answer(**one[name]) for name in ("answer", "at_first", "anew")})
        for seed, one in lines
    }


def _file(regime: Regime, folder: Path) -> Path:
    return folder / f"{regime.name.split(',')[0].replace(' ', '-')}.jsonl"


if __name__ == "__main__":
    main()
