"""What exchange between rungs costs: CPU time of the steps of a study with `[exchange]`, over that of the same without.

    python -m benchmarks.exchange

A swap every 100 steps, all pairs. Each study is run at two lengths, and the difference counts: starting LAMMPS,
minimising and quenching do not depend on the length. CPU time of all processes, two at once; other work on the machine
changes it little.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
STUDY = """
[cluster]
element = "Na"
size = {size}
[potential]
name = "{potential}"
[ladder]
min_K = 120
max_K = 240
count = {rungs}
[nvt]
duration_ps = {ps}
"""
EXCHANGE = "[exchange]\nevery = 100\n"
SYSTEMS = {
    "Na13 na-gupta": {"size": 13, "potential": "na-gupta", "rungs": 21, "ps": (2, 42), "goal": 1.3},
    "Na55 na-gupta": {"size": 55, "potential": "na-gupta", "rungs": 21, "ps": (2, 12), "goal": 1.3},
    "Na55 na-gap": {"size": 55, "potential": "na-gap", "rungs": 6, "ps": (2, 4), "goal": 1.1},
    "Na55 na-gap, 21 rungs": {"size": 55, "potential": "na-gap", "rungs": 21, "ps": (2, 4), "goal": 1.1},
}


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SYSTEMS, action="append")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for name in options.only or SYSTEMS:
        system = SYSTEMS[name]
        plain, exchange = (steps_cpu_s(system, tables, options.workers) for tables in ("", EXCHANGE))
        ratio = exchange / plain
        print(json.dumps({"system": name, "plain_s": plain, "exchange_s": exchange, "ratio": ratio} | system))


def steps_cpu_s(system: dict[str, object], tables: str, workers: int) -> float:
    """Return the CPU time of the steps between the two lengths; a first run compiles what is not there yet."""
    run_cpu_s(STUDY.format_map(system | {"ps": system["ps"][0], "rungs": 3}) + tables, workers)
    short, long = (run_cpu_s(STUDY.format_map(system | {"ps": ps}) + tables, workers) for ps in system["ps"])
    return long - short


def run_cpu_s(text: str, workers: int) -> float:
    """Return the CPU time of a study's run, with all processes below it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "study.toml").write_text(text)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [BIN / "deckgen", "run", folder, "--workers", str(workers)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
