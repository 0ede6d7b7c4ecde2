"""What `deckgen run` costs over bare `lmp` on the same decks: the wall time of a whole batch.

    python -m benchmarks.batch

Na55 with the Gupta potential, decks of 30 s and more, two at once. The other side is the least that one can do:
`xargs -P 2` starts `lmp -in in.lammps` in one folder after the other. Each pair runs both sides on fresh copies, the
order changing from pair to pair; both must write the same energies. `deckgen run` does everything it does for a user:
it starts Python, renders the decks, locks, watches, keeps the journals.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import ENERGIES, MANIFEST
from deckgen.decks.protocols import sampled_files
from deckgen.runs.timing import time_deck

GOAL = 1.03
FREE = 0.85  # part of the cores that the decks must get for a wall time to mean something
BIN = Path(sys.executable).parent
STUDY = """
[cluster]
element = "Na"
size = 55
[potential]
name = "na-gupta"
[ladder]
temperatures_K = {temperatures_K}
[nvt]
duration_ps = {duration_ps}
"""


@dataclass(frozen=True)
class Cost:
    """What one side of a pair took: wall time, and the CPU time of all its processes."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Measure, and print the ratios."""
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        study = make_study(Path(scratch) / "study", options.decks, options.seconds)
        pairs = [run_pair(study, options.workers, number) for number in range(options.pairs)]
    walls = [pair["deckgen"].wall_s / pair["lmp"].wall_s for pair in pairs]
    busy = [cost.cpu_s / cost.wall_s / options.workers for pair in pairs for cost in pair.values()]
    summary = {
        "decks": options.decks,
        "workers": options.workers,
        "seconds_per_deck": statistics.median(pair["lmp"].wall_s for pair in pairs) * options.workers / options.decks,
        "pairs": [{name: asdict(cost) for name, cost in pair.items()} for pair in pairs],
        "wall_ratio_median": statistics.median(walls),
        "wall_ratio_range": [min(walls), max(walls)],
        "cpu_ratio_median": statistics.median(pair["deckgen"].cpu_s / pair["lmp"].cpu_s for pair in pairs),
        "goal": GOAL,
        "machine_was_free": min(busy) > FREE,
    }
    print(json.dumps(summary, indent=1))
    if min(busy) <= FREE:
        print(
            f"the decks got {min(busy):.0%} of their cores: other work makes the wall times mean little",
            file=sys.stderr,
        )


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--decks", type=int, default=4, help="three at least")
    parser.add_argument("--seconds", type=float, default=32.0, help="length of a deck")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def make_study(folder: Path, decks: int, seconds: float) -> Path:
    """Write a study whose decks take so many seconds each."""

    def write(duration_ps: int) -> Path:
        folder.mkdir(exist_ok=True)
        rungs = [100 + 10 * k for k in range(decks)]
        (folder / "study.toml").write_text(STUDY.format(temperatures_K=rungs, duration_ps=duration_ps))
        return write_decks(folder)[-1].folder

    per_step = time_deck(write(100))
    write(round(seconds / per_step * 0.002))
    return folder


def run_pair(study: Path, workers: int, number: int) -> dict[str, Cost]:
    """Run both sides on copies of a study, the order by the pair's number."""
    copies = {name: Path(shutil.copytree(study, study.with_name(f"{name}-{number}"), symlinks=True)) for name in SIDES}
    costs = {}
    for name in SIDES if number % 2 == 0 else reversed(SIDES):
        wall, cpu = time.perf_counter(), children_cpu_s()
        SIDES[name](copies[name], workers)
        costs[name] = Cost(time.perf_counter() - wall, children_cpu_s() - cpu)
    for path in sampled_files(copies["lmp"], ENERGIES):
        twin = copies["deckgen"] / path.relative_to(copies["lmp"])
        if path.read_bytes() != twin.read_bytes():
            raise SystemExit(f"{path} and {twin} differ")
    print(f"pair {number + 1}: {costs}", file=sys.stderr)
    return costs


def children_cpu_s() -> float:
    """Return the CPU time of all processes that ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def with_deckgen(study: Path, workers: int) -> None:
    """Run a study's decks as a user does."""
    command = [BIN / "deckgen", "run", study, "--workers", str(workers)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def with_lmp(study: Path, workers: int) -> None:
    """Run a study's decks with nothing but LAMMPS."""
    folders = sorted(path.parent for path in study.glob(f"decks/*/*/{MANIFEST}"))
    command = [
        "xargs",
        "-0",
        "-P",
        str(workers),
        "-I{}",
        "sh",
        "-c",
        f"cd {{}} && {BIN}/lmp -in in.lammps -screen none",
    ]
    subprocess.run(
        command,
        input="\0".join(map(str, folders)).encode(),
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


SIDES: dict[str, Callable[[Path, int], None]] = {"deckgen": with_deckgen, "lmp": with_lmp}


if __name__ == "__main__":
    main()
