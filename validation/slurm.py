"""Sixty-four decks of Na55 (na-gupta) in jobs that are cancelled, time out, are drained or lose their head.

    .ci/slurm install && .ci/slurm start /tmp/slurm && export SLURM_CONF=/tmp/slurm/slurm.conf     (as root)
    python -m validation.slurm

Jobs have a walltime of one minute. Every half a minute, in turn: the jobs are cancelled, a node is drained and its
jobs are cancelled, the head is killed with -9 and started again, until all decks are done. Then every row is there
once, and the mean energies agree with those of the same study run without a disturbance, by chi2.

With --folder DIR the same command resumes, and counts on. With --quick, nine decks of Na13, of which nothing is
recorded: whether the check itself runs.
"""

from __future__ import annotations

import getpass
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import deckgen
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import Manifest
from deckgen.files import write_json
from deckgen.processes.children import dying_with_parent
from deckgen.runs.journal import read_attempts
from deckgen.runs.rows import read_energies
from deckgen.runs.status import status
from validation.common import record, work_folder

STUDY = """
[cluster]
element = "Na"
size = {size}
[potential]
name = "na-gupta"
[ladder]
min_K = 100
max_K = 240
count = {rungs}
[nvt]
replicas = {replicas}
duration_ps = {duration_ps}
seed = {seed}
"""
MACHINE = """
scheduler = "slurm"
partition = "short"
walltime = "0:01:00"
cores = 2
jobs = 2
lost_after_s = 10
"""
BLOWS = "blows.json"


@dataclass(frozen=True)
class Form:
    """How much is run: the cluster's size, rungs, replicas, and seconds between two blows."""

    size: int
    rungs: int
    replicas: int
    duration_ps: float
    every_s: float


WHOLE = Form(size=55, rungs=8, replicas=8, duration_ps=40, every_s=30)
QUICK = Form(size=13, rungs=3, replicas=3, duration_ps=800, every_s=15)
SETTLE = 0.25
"""Part of each run that is left out, at its beginning."""


def main() -> None:
    """Run both studies, compare, and write the table."""
    with work_folder(__doc__, quick="nine small decks, nothing is recorded") as given:
        form = QUICK if given.quick else WHOLE
        disturbed, quiet = (write(given.folder / name, form, seed) for name, seed in (("disturbed", 1), ("quiet", 2)))
        blows, minutes = disturb(disturbed, form)
        deckgen.run(quiet, workers=given.workers)
        whole = [rows_are_whole(folder, manifest) for folder, manifest in read_manifests(disturbed)]
        t_values = np.array([welch_t(*pair) for pair in zip(means(disturbed), means(quiet), strict=True)])
        degrees = 2 * form.replicas - 2  # of Welch's t, the variances being alike
        chi2 = float((t_values**2).sum() * (degrees - 2) / degrees)
        p_value = float(stats.chi2.sf(chi2, len(t_values)))
        outcomes = Counter(
            attempt.outcome for folder, _ in read_manifests(disturbed) for attempt in read_attempts(folder)
        )
        rows = [
            ("", "number"),
            *((what, str(count)) for what, count in blows.items()),
            ("jobs that reached their walltime", str(timed_out(disturbed))),
            *((f"attempts that ended {outcome}", str(count)) for outcome, count in sorted(outcomes.items())),
            ("minutes until done", f"{minutes:.0f}"),
            ("decks without a row lost or doubled", f"{sum(whole)} of {len(whole)}"),
            (f"chi2 of the mean energies at {len(t_values)} temperatures", f"{chi2:.1f} (p = {p_value:.2f})"),
        ]
        checks = {
            "all decks are done": all(deck.state == "done" for deck in status(disturbed)),
            "every row is there once": all(whole),
            "none has failed": outcomes["failed"] == 0,
            "the mean energies agree (p > 0.01)": p_value > 0.01,
        }
        if given.quick:
            print(*(": ".join(row) for row in rows[1:]), checks, sep="\n")
            raise SystemExit(0 if all(checks.values()) else 1)
        record(
            "slurm", "Decks in jobs that end as they like", checks, rows, chi2=chi2, p_value=p_value, blows=dict(blows)
        )


def write(folder: Path, form: Form, seed: int) -> Path:
    """Write a study."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"size": form.size, "rungs": form.rungs, "replicas": form.replicas, "duration_ps": form.duration_ps}
    (folder / "study.toml").write_text(STUDY.format_map(about | {"seed": seed}))
    return folder


def disturb(study: Path, form: Form) -> tuple[Counter[str], float]:
    """Run a study in the jobs of Slurm, with one blow after the other, until it is done.

    Returns
    -------
    How many of each blow, and the minutes that it took; those of earlier calls on the same folder count.
    """
    profile, noted = study.parent / "machine.toml", study.parent / BLOWS
    profile.write_text(MACHINE)
    before = json.loads(noted.read_text()) if noted.exists() else {"blows": {}, "minutes": 0.0}
    blows, began = Counter[str](before["blows"]), time.monotonic()
    if "drain" in slurm("sinfo", "--noheader", "--nodes=node1", "--format=%T"):  # by an earlier call
        slurm("scontrol", "update", "nodename=node1", "state=resume")
    head, kinds = start_head(study, profile), itertools.cycle(("jobs cancelled", "node drained", "head killed"))
    while not ended(head, form.every_s):
        kind = next(kinds)
        blows[kind] += 1
        minutes = before["minutes"] + (time.monotonic() - began) / 60
        write_json(noted, {"blows": dict(blows), "minutes": minutes})
        if kind == "head killed":
            head.kill()
            head.wait()
            head = start_head(study, profile)
        elif kind == "node drained":
            slurm("scontrol", "update", "nodename=node1", "state=drain", "reason=validation")
            slurm("scancel", "--nodelist=node1", f"--user={getpass.getuser()}")
            time.sleep(form.every_s / 2)
            slurm("scontrol", "update", "nodename=node1", "state=resume")
        else:
            slurm("scancel", f"--user={getpass.getuser()}")
    if head.returncode:
        raise SystemExit(f"the head ended with exit code {head.returncode}")
    return blows, before["minutes"] + (time.monotonic() - began) / 60


def start_head(study: Path, profile: Path) -> subprocess.Popen[bytes]:
    """Start `deckgen run --on`; it ends with this process, so that the next one finds the study free."""
    command = [sys.executable, "-m", "deckgen", "run", str(study), "--on", str(profile)]
    return subprocess.Popen(dying_with_parent(command))


def ended(head: subprocess.Popen[bytes], every_s: float) -> bool:
    """Wait for the time between two blows; return whether the head has ended meanwhile."""
    try:
        head.wait(every_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def slurm(*command: str) -> str:
    """Give Slurm a command; return what it prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def timed_out(study: Path) -> int:
    """Return how many jobs Slurm ended for their walltime, by what it wrote to them."""
    return sum("DUE TO TIME LIMIT" in file.read_text() for file in study.glob(".engine/*/submit_scripts/*.stderr"))


def rows_are_whole(folder: Path, manifest: Manifest) -> bool:
    """Return whether a deck has every row once."""
    if not manifest.n_steps:
        return True
    steps = np.loadtxt(folder / "energies.dat")[:, 0].astype(int)
    return steps.tolist() == list(range(manifest.sample_every, manifest.n_steps + 1, manifest.sample_every))


def means(study: Path) -> Iterator[NDArray[np.float64]]:
    """Yield the mean energies (8,) in eV of the runs at each temperature."""
    found = dict[float, list[float]]()
    for folder, manifest in read_manifests(study):
        if manifest.temperature_K is not None:
            energies = read_energies(folder / "energies.dat")[0][:, 1]
            found.setdefault(manifest.temperature_K, []).append(float(energies[int(SETTLE * len(energies)) :].mean()))
    for kelvin in sorted(found):
        yield np.array(found[kelvin])


def welch_t(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Welch's t for the difference of two means."""
    return float(stats.ttest_ind(one, other, equal_var=False).statistic)


if __name__ == "__main__":
    main()
