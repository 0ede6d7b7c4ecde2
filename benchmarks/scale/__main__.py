"""What a study of many decks costs: writing, watching, running and looking at them; files and memory.

    python -m benchmarks.scale [--decks N] [--run M] [--folder DIR]
    python -m benchmarks.scale --on MACHINE [--run M] [--folder DIR]
    python -m benchmarks.scale --on MACHINE --watch SECONDS [--run M] [--folder DIR]
    python -m benchmarks.scale --analyse RUNS ROWS [--folder DIR]
    python -m benchmarks.scale --simulate N [--folder DIR]

N decks are written. M decks are run, once on this machine and once through Parsl (scheduler = "local", as on a cluster
without the wait for a job); the outputs of one are copied to the N, so that all are done.

With --on, M decks are run in the jobs of a machine's scheduler, and nothing else; with --watch they are long, and the
head is measured while none ends.

With --analyse, rows of a cluster that melts are drawn for RUNS runs, and `deckgen analyse` is timed on them.

With --simulate, the real head runs N decks on nodes that compute nothing and leave the files of a deck that is done;
then the jobs of a cluster are simulated: waits in the queue, walltime, preemption.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import tempfile
from pathlib import Path

from benchmarks.scale.here import measure, measure_analysis, measure_machine, measure_watching
from benchmarks.scale.jobs import simulate_jobs
from benchmarks.scale.simulate import simulate_nodes

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decks", type=int, default=10_000, help="decks of the study, a multiple of 100")
    parser.add_argument(
        "--run", type=int, default=200, help="decks that are run, beside: 3 to 150 by threes, or by 100"
    )
    parser.add_argument("--analyse", type=int, nargs=2, metavar=("RUNS", "ROWS"), help="runs: a multiple of 150")
    parser.add_argument("--folder", type=Path, default=None, help="where; default: a temporary folder")
    parser.add_argument("--on", metavar="MACHINE", help="only run --run decks, on a machine of `deckgen machines`")
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="with --on: watch long decks for so long")
    parser.add_argument("--simulate", type=int, metavar="N", help="simulate N decks, a multiple of 100")
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # so that what Parsl leaves to itself is counted
    folder = given.folder or Path(tempfile.mkdtemp(prefix="deckgen-scale-"))
    try:
        if given.on and given.watch:
            measure_watching(folder, given.on, given.run, given.watch)
        elif given.on:
            measure_machine(folder, given.on, given.run)
        elif given.analyse:
            measure_analysis(folder, *given.analyse)
        elif given.simulate:
            simulate_nodes(folder, given.simulate)
            simulate_jobs(given.simulate)
        else:
            measure(folder, given.decks, given.run)
    finally:
        if given.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
