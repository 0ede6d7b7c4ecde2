"""What one energy with its forces costs: the reference calculator against the potential that was fitted to it.

`python -m benchmarks.reference_cost` takes the calculator that na-gap's gap.toml names (GPAW: PBE, plane waves) and the
engines of `pair_style quip` (`plain`: QUIP as the wheels link it, `quip`: tuned, `native`), the same 55 sodium
atoms for all, one core each, and prints processor time an evaluation and the ratios. The reference starts from scratch,
as for a label, its imports and set-up not counted; within dynamics it would start from the last step's density and need
a part of that. Without the reference installed, the engines alone are timed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine_time import ENGINES, icosahedron, in_process
from deckgen.decks.potentials import BUILTIN
from deckgen.errors import InstallationError
from deckgen.reference.calculator import check, single_point
from deckgen.reference.settings import ReferenceChoice
from deckgen.training.recipe import Recipe

T = TypeVar("T")

N_ATOMS = 55
REFERENCE = "reference"
XML = BUILTIN["na-gap"].file


@dataclass(frozen=True)
class Cost:
    """Processor time of one evaluation in s, median and range; how many times that the reference takes."""

    name: str
    seconds: float
    range_s: tuple[float, float]
    ratio: float | None


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """Return what a function returns, and the processor time in s of the processes that it started and awaited."""
    began = children_s()
    result = function()
    return result, children_s() - began


def children_s() -> float:
    """Processor time of this process' ended children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_reference(choice: ReferenceChoice, repeats: int) -> tuple[dict[str, str], list[float], NDArray[np.float64]]:
    """Return versions, seconds of each evaluation without the calculator's set-up, and the forces."""
    versions, set_up_s = timed(lambda: check(choice))
    answers = [timed(lambda: single_point(icosahedron(N_ATOMS), choice)) for _ in range(repeats)]
    return versions, [seconds - set_up_s for _, seconds in answers], answers[-1][0].forces_eV_A


def costs(times: Mapping[str, Sequence[float]]) -> list[Cost]:
    """Return a row for each."""
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    slowest = medians.get(REFERENCE)
    return [
        Cost(name, medians[name], (min(seconds), max(seconds)), slowest and slowest / medians[name])
        for name, seconds in times.items()
    ]


def show(rows: Sequence[Cost]) -> None:
    """Print the table."""
    print(f"{f'Na{N_ATOMS}, one core':16s} {'s an evaluation':>16s} {'range':>22s} {'reference / this':>17s}")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.0f}"
        low, high = row.range_s
        print(f"{row.name:16s} {row.seconds:16.5f} {f'{low:.5f} - {high:.5f}':>22s} {ratio:>17s}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="timings of each engine (default: 3)")
    parser.add_argument("--references", type=int, default=1, help="evaluations of the reference (default: 1)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each timing of an engine (default: 2)")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    choice = Recipe.read(XML.parent).reference
    times, document = dict[str, list[float]](), dict[str, Any](calculator=choice.calculator)
    rounds = [{e: in_process(e, XML, N_ATOMS, options.seconds) for e in ENGINES} for _ in range(options.repeats)]
    try:
        versions, times[REFERENCE], forces = time_reference(choice, options.references)
        error = float(np.sqrt(np.square(np.array(rounds[0]["native"]["forces"]) - forces).mean()))
        document |= {"versions": versions, "force_rmse_meV_A": 1000 * error}
        print(f"reference: {choice.calculator} {versions}; na-gap's forces here: {1000 * error:.1f} meV/Å rms off")
    except InstallationError as missing:
        print(f"the engines alone: {missing.message}")
    times |= {engine: [one[engine]["ms"] / 1000 for one in rounds] for engine in ENGINES}
    rows = costs(times)
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(document | {"costs": [asdict(row) for row in rows]}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
