"""The kill campaign: run, isomers, analyse, report, label, curate and fit, killed at random moments.

A journey takes a study from its decks to its report, or a training project from its labels to a potential; each command
is killed some times, then let through, and the files are checked: rows, frames and labels that are lost or doubled,
tracebacks, hangs, processes and files left over. Stopped itself, it resumes with the next journey.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from ase.io import write

from deckgen.decks.clusters import build
from deckgen.files import write_json
from validation.torture.campaign import PROJECT, STUDY, Tally, check_project, check_study, journey

HERE = Path(__file__).resolve().parent
STUDY_COMMANDS = ((("run",), 6), (("isomers",), 4), (("analyse",), 3), (("report",), 2))
PROJECT_COMMANDS = ((("train", "label"), 4), (("train", "curate"), 3), (("train", "fit"), 4))
WRONG = ("rows lost", "rows doubled", "frames lost", "frames doubled", "labels lost", "labels doubled", "tracebacks",
         "hangs", "in use", "processes left", "leftovers")  # fmt: skip


def study_journey(folder: Path, rng: random.Random, commands: tuple[tuple[tuple[str, ...], int], ...]) -> Tally:
    """Take a study through its commands."""
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    return journey(folder, commands, check_study, rng)


def project_journey(folder: Path, rng: random.Random) -> Tally:
    """Take a training project through its commands."""
    (folder / "frames").mkdir(parents=True)
    (folder / "gap.toml").write_text(PROJECT)
    for number in range(16):
        atoms = build("Cu", 4 + number % 5)
        atoms.rattle(0.1, seed=number)
        atoms.info["trajectory"] = f"T{number % 4}"
        write(folder / "frames" / "sampled.extxyz", atoms, append=number > 0)
    return journey(folder, PROJECT_COMMANDS, check_project, rng)


def kills_of(tally: Tally) -> int:
    """Return the number of kills."""
    return sum(count for what, count in tally.items() if what.startswith("killed"))


def wrong_of(tally: Tally) -> dict[str, int]:
    """Return how often each thing happened that should not."""
    return {what: count for what, count in tally.items() if what in WRONG or what.startswith("failed")}


def main() -> None:
    """Run journeys until enough kills are done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=HERE / "kills.json")
    options = parser.parse_args()
    tally, n_journeys = Tally(), 0
    if options.results.exists():
        said = json.loads(options.results.read_text())
        tally, n_journeys = Tally(said["counts"]), said["journeys"]
    while kills_of(tally) < options.kills:
        rng = random.Random(f"{options.seed}/{n_journeys}")
        with tempfile.TemporaryDirectory(prefix="deckgen-kills-") as scratch:
            folder = Path(scratch) / "journey"
            found = project_journey(folder, rng) if n_journeys % 2 else study_journey(folder, rng, STUDY_COMMANDS)
        tally, n_journeys = tally + found, n_journeys + 1
        sys.stderr.write(f"journey {n_journeys}: {kills_of(tally)} kills, wrong: {wrong_of(tally) or 'nothing'}\n")
        _write(options.results, tally, n_journeys, options.seed)


def _write(path: Path, tally: Tally, n_journeys: int, seed: int) -> None:
    counts = dict(sorted(tally.items()))
    document = {"seed": seed, "journeys": n_journeys, "counts": counts}
    write_json(path, document)  # whole: the next start resumes from it
    rows = [f"| {what} | {count} |" for what, count in counts.items() if what.startswith("killed")]
    wrong = [f"| {what} | {tally[what]} |" for what in (*WRONG, *(w for w in counts if w.startswith("failed")))]
    lines = [
        "# The kill campaign",
        "",
        f"`python -m validation.torture.kills --seed {seed}`: {kills_of(tally)} kills in {n_journeys} journeys. Every",
        "other journey is a study (Na13, Gupta, three rungs, one isomer run), the others a training project (Cu, EMT).",
        "After its kills each command is let through once, and must succeed.",
        "",
        *["| what was killed | kills |", "|---|---|", *rows, ""],
        *["| what went wrong | |", "|---|---|", *wrong],
    ]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
