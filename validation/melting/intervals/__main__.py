"""How often the 95 % intervals of a melting peak hold the exact values, in many regimes of sampling.

    python -m validation.melting.intervals --folder FOLDER

Clusters with a few harmonic basins, whose heat capacity is known exactly, are sampled by Markov chains that jump often
or rarely (`regimes.py`), each regime in a thousand studies. Their analysis is that of `deckgen analyse` without tables
and figures (`study.py`); for twenty studies of each regime it is compared with `deckgen.analysis.thermodynamics`
itself. The results are kept in the folder, where the same command resumes. The same in short:
tests/analysis/uncertainty/test_intervals.py.

The criterion, set before the run:

- of the intervals given, 93 to 98 % hold the exact melting temperature and height; 90 % or more hold the exact full
  width and latent heat;
- an interval of the melting temperature is given in 90 % of the studies or more, where the runs switch 20 times or
  more, and in 50 % or more, where they switch 5 times;
- the median width of the intervals of the melting temperature and of the height is at most 1.3 times 3.92 standard
  deviations of the estimates of that regime.

Of two switches a run nothing is asked but that what is given holds.

The last two columns are those of the first hundred studies of each regime by the method that deckgen had before: blocks
of the runs drawn anew, percentiles of MBAR's answers (commit 234d5d0, `before.json`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.melting import Peak
from deckgen.analysis.results import Intervals
from deckgen.analysis.thermodynamics import thermodynamics
from validation.common import record, work_folder
from validation.melting.intervals.regimes import REGIMES, Regime
from validation.melting.intervals.study import BOOTSTRAPS, QUANTITIES, analyse, exact, numbers

STUDIES, QUICK, COMPARED = 1000, 250, 20
FIRST_SEED = 80_000_000
"""The studies before served to choose the method."""

TOLERANCE = 1e-6
BEFORE = json.loads((Path(__file__).parent / "before.json").read_text())["coverage"]
HELD = {"Tm": (0.93, 0.98), "height": (0.93, 0.98), "fwhm": (0.90, 1.0), "latent heat": (0.90, 1.0)}
WIDEST = 1.3
ENOUGH_SWITCHES, SOME_SWITCHES = 20, 5

Array = NDArray[np.float64]
Study = Mapping[str, Sequence[float | None]]


def main() -> None:
    """Count, and record."""
    with work_folder(__doc__, quick=f"only the first {QUICK} studies of each regime") as arguments:
        n = QUICK if arguments.quick else STUDIES
        rows, content, failures = _table(n, arguments.folder, arguments.workers)
    shares = ("intervals given", "hold the exact value")
    head = (
        "regime",
        "of",
        *shares,
        "median width",
        "3.92 s.d. of the estimates",
        *(f"before: {name}" for name in shares),
    )
    record(
        "melting/intervals",
        f"95 % intervals of a melting peak in {n} studies of each regime",
        {"every regime meets the criterion": not failures} | dict.fromkeys(failures, False),
        [head, *rows],
        options="--quick" if arguments.quick else "",
        coverage=content,
    )


def _table(n: int, folder: Path, workers: int | None) -> tuple[list[tuple[str, ...]], list[Any], list[str]]:
    """Return the rows of the table, its numbers, and what misses the criterion."""
    rows, content, failures = list[tuple[str, ...]](), list[Any](), list[str]()
    with ProcessPoolExecutor(workers) as pool:
        for number, regime in enumerate(REGIMES):
            studies = _studies(regime, number, n, folder, pool)
            list(pool.map(partial(_compare, regime), _seeds(number, COMPARED)))
            found = {name: _cover(regime, studies, name) for name in QUANTITIES}
            failures += [f"{regime.title}: {words}" for words in _failures(regime, found)]
            rows += [_row(regime, name, numbers) for name, numbers in found.items()]
            content.append({"regime": regime.title, **found})
            print(*(" | ".join(row) for row in rows[-len(QUANTITIES) :]), sep="\n", flush=True)
    return rows, content, failures


def _studies(regime: Regime, number: int, n: int, folder: Path, pool: ProcessPoolExecutor) -> list[Study]:
    """Return the studies of a regime, those in the folder and the rest."""
    file = folder / f"{regime.title.replace(' ', '-').replace(',', '')}.jsonl"
    done: list[Study] = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    seeds = _seeds(number, n)[len(done) :]
    with file.open("a") as lines:
        for study in pool.map(partial(numbers, regime), seeds, chunksize=5):
            lines.write(json.dumps(study) + "\n")
            lines.flush()
            done.append(study)
    return done[:n]


def _seeds(number: int, n: int) -> range:
    first = FIRST_SEED + STUDIES * number
    return range(first, first + n)


def _compare(regime: Regime, seed: int) -> None:
    """Hold the short analysis against the whole one, within pymbar's tolerance."""
    short, whole = analyse(regime, seed), thermodynamics(regime.samples(seed), bootstraps=BOOTSTRAPS)
    for one, other in ((short.melting, whole.melting), (short.intervals, whole.melting_ci95)):
        numbers, others = _plain(one), _plain(other)
        if len(numbers) != len(others) or not np.allclose(numbers, others, rtol=TOLERANCE, equal_nan=True):
            raise SystemExit(f"{regime.title}, seed {seed}: {one} is not {other}")


def _plain(quantities: Peak | Intervals | None) -> Array:
    """Return all numbers, NaN for those that are not given."""
    values = [] if quantities is None else [getattr(quantities, field) for field in QUANTITIES.values()]
    return np.hstack([np.nan if value is None else value for value in values]).astype(float)


def _cover(regime: Regime, studies: Sequence[Study], name: str) -> dict[str, float | None]:
    """Count the intervals of a quantity that are given, and that hold the exact value."""
    value = getattr(exact(regime), QUANTITIES[name])
    estimates = np.array([study[name][0] for study in studies if study[name][0] is not None], dtype=float)
    given = np.array([study[name][1:] for study in studies if study[name][1] is not None], dtype=float).reshape(-1, 2)
    held = np.mean((given[:, 0] <= value) & (value <= given[:, 1])) if value is not None and len(given) else None
    return {
        "exact": value,
        "given": len(given) / len(studies),
        "held": None if held is None else float(held),
        "width": float(np.median(given[:, 1] - given[:, 0])) if len(given) else None,
        "oracle": float(3.92 * estimates.std()) if len(estimates) else None,
        "bias": float(estimates.mean() - value) if value is not None and len(estimates) else None,
    }


def _failures(regime: Regime, found: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    failures = []
    for name, (low, high) in HELD.items():
        held, width, oracle = (found[name][key] for key in ("held", "width", "oracle"))
        if held is not None and not low <= held <= high:
            failures.append(f"{100 * held:.1f} % of the intervals of {name} hold")
        if name in ("Tm", "height") and width is not None and oracle is not None and width > WIDEST * oracle:
            failures.append(f"the intervals of {name} are {width / oracle:.2f} times too wide")
    given = found["Tm"]["given"] or 0.0
    least = 0.9 if regime.switches == 0 or regime.switches >= ENOUGH_SWITCHES else 0.5
    if given < least and (regime.switches == 0 or regime.switches >= SOME_SWITCHES):
        failures.append(f"an interval is given in {100 * given:.0f} % of the studies")
    return failures


def _row(regime: Regime, name: str, found: Mapping[str, float | None]) -> tuple[str, ...]:
    digits = {"Tm": 2, "height": 3, "fwhm": 2, "latent heat": 4}[name]

    def number(key: str) -> str:
        value = found[key]
        return "" if value is None else f"{value:.{digits}f}"

    before = BEFORE.get(regime.title, {}).get(name, {"given": None, "held": None})
    now, then = ([_percent(one[key]) for key in ("given", "held")] for one in (found, before))
    return (regime.title, name, *now, number("width"), number("oracle"), *then)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
