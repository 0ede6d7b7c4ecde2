"""What a goal saves: steps to the same scatter of the melting temperature, by 21 plain rungs and by `[goal]`.

    python -m benchmarks.sampling --folder FOLDER [--plain N] [--goals N] [--counted]
    python -m benchmarks.sampling --folder FOLDER --model

Na55 with the Gupta potential, a goal of 5 K, studies with seeds of their own. A plain study is the default ladder, 21
rungs from 60 to 330 K, 400 ps each: 8.4 ns, 4.2 million steps of 2 fs. (It is run with 5 fs here, to save time: its
scatter depends on the time that it samples.) A study with a goal does what a user would do: `deckgen timestep` says
which time step to take, then `deckgen run` pursues the goal. All of it counts: the test of the time steps, the pilot,
the melts. How long plain studies would have to be for the scatter of the others follows from their scatter, which falls
as one over the square root of their length once they jump often. The aim: at least five times as many steps.

Answers are kept in the folder, and the same command resumes there, also with more studies. With 47 us a step a plain
study takes 80 s of one core, one with a goal some ten minutes. `--model` takes the Markov chains of
`validation.melting.goal` in place of LAMMPS: seconds a study, and plain studies of 4 and 16 times the length beside: at
8.4 ns a study jumps so seldom that its scatter says little of longer ones. All steps are of 2 fs there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import deckgen
from deckgen.decks.protocols import timestep_runs
from deckgen.decks.render import prepare
from deckgen.samples import Samples
from deckgen.study import Study
from deckgen.study.runs import planned_runs, read_plan
from validation.melting.goal.regimes import REGIMES, SAMPLE_EVERY
from validation.melting.goal.study import found_in, outcome, quicken
from validation.melting.intervals.models import N_ATOMS

STUDIES, GOAL_K, AIM = 40, 5.0, 5.0
MAX_NS = 200.0
PLAIN_PS, PLAIN_FS, FAST_FS = 400, 2.0, 5.0
LENGTHS = (1, 4, 16)
MODEL = replace(REGIMES[0], goal_K=GOAL_K, max_ns=MAX_NS, ladder={})
CLUSTER = '[cluster]\nelement = "Na"\nsize = 55\n[potential]\nname = "na-gupta"\n'
GOAL = f"[goal]\nmelting_K = {GOAL_K}\nmax_ns = {MAX_NS}\n"
RESULTS = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Answer:
    """What a study came to: the melting temperature, if it has a peak, and the steps and the dynamics that it took."""

    melting_K: float | None
    steps: float
    ns: float


def main() -> None:
    """Run what is missing; print and write the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="keep the answers here, and resume")
    parser.add_argument("--plain", type=int, default=STUDIES, help="studies of 21 plain rungs")
    parser.add_argument("--goals", type=int, default=STUDIES, help="studies with a goal")
    parser.add_argument("--model", action="store_true", help="Markov chains in place of LAMMPS")
    parser.add_argument("--counted", action="store_true", help="run no more studies, compare those in the folder")
    parser.add_argument("--workers", type=int, help="decks at once; by default as many as cores")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = (0, 0) if options.counted else (options.plain, options.goals)
    found = (modelled if options.model else real)(options.folder, *wanted, options.workers)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | {"model" if options.model else "LAMMPS": found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def real(folder: Path, n_plain: int, n_goals: int, workers: int | None) -> dict[str, Any]:
    """Compare studies by LAMMPS."""
    plain = answers(folder / "plain.jsonl", n_plain, partial(plain_study, folder, workers))
    goals = answers(folder / "goals.jsonl", n_goals, partial(goal_study, folder, workers))
    return compared(goals, {1: plain})


def modelled(folder: Path, n_plain: int, n_goals: int, _: int | None) -> dict[str, Any]:
    """Compare studies of the model."""
    quicken()
    goals = answers(folder / "goals-model.jsonl", n_goals, model_goal)
    plain = {n: answers(folder / f"plain-model-{n}.jsonl", n_plain, partial(model_plain, n)) for n in LENGTHS}
    return compared(goals, plain)


def answers(file: Path, n: int, study: Callable[[int], Answer]) -> list[Answer]:
    """Return the answers of n studies, seeds 1 to n: those in the file, and the rest."""
    done = [Answer(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    with file.open("a") as lines:
        for seed in range(len(done) + 1, n + 1):
            done.append(study(seed))
            lines.write(json.dumps(asdict(done[-1])) + "\n")
            lines.flush()
    return done


def scatter(found: Sequence[Answer]) -> dict[str, float]:
    """Return how far the answers of studies scatter, and what they took."""
    kelvins = np.array([one.melting_K for one in found if one.melting_K is not None])
    if len(kelvins) < 2:
        raise SystemExit("a scatter takes two studies of each kind or more")
    spread = float(kelvins.std(ddof=1))
    return {
        "studies": len(found),
        "with a peak": len(kelvins),
        "mean (K)": round(float(kelvins.mean()), 2),
        "s.d. (K)": round(spread, 3),
        "its error (K)": round(spread / (2 * (len(kelvins) - 1)) ** 0.5, 3),
        "million steps, mean": round(float(np.mean([one.steps for one in found])) / 1e6, 3),
        "ns, mean": round(float(np.mean([one.ns for one in found])), 3),
    }


def compared(goals: Sequence[Answer], plain: Mapping[int, Sequence[Answer]]) -> dict[str, Any]:
    """Return the scatters, and how many times the steps plain studies of each length take for that of the goal's."""
    its = scatter(goals)
    found: dict[str, Any] = {f"goal of {GOAL_K:g} K": its}
    for n, studies in plain.items():
        other = scatter(studies)
        worth = (other["s.d. (K)"] / its["s.d. (K)"]) ** 2
        error = sum((2 * one["its error (K)"] / one["s.d. (K)"]) ** 2 for one in (its, other)) ** 0.5
        ratios = {
            f"plain over goal at the same scatter, {of}": round(worth * other[f"{of}, mean"] / its[f"{of}, mean"], 2)
            for of in ("million steps", "ns")
        }
        found[f"21 plain rungs, {n * PLAIN_PS} ps each"] = other | ratios | {"relative error": round(error, 2)}
    return found | {"aim": AIM}


def plain_study(folder: Path, workers: int | None, seed: int) -> Answer:
    """Run the default ladder, and count the steps that it has by default."""
    study = written(folder / f"plain-{seed}", f"[nvt]\nseed = {seed}\ntimestep_fs = {FAST_FS}\n")
    ran(study, workers)
    ns = sum(run.n_steps for run in planned_runs(prepare(study).study)) * FAST_FS / 1e6
    return Answer(melting_K(study), ns * 1e6 / PLAIN_FS, ns)


def goal_study(folder: Path, workers: int | None, seed: int) -> Answer:
    """Find the longest time step that shows no difference, and pursue the goal with it."""
    trial = written(folder / f"timestep-{seed}", f"[nvt]\nseed = {seed}\n")
    timestep_fs = deckgen.timestep(trial, workers=workers, progress=False).longest_fs
    tests = {step: sum(run.n_steps for run in runs) for step, runs in timestep_runs(prepare(trial).study).items()}
    study = written(folder / f"goal-{seed}", f"[nvt]\nseed = {seed}\ntimestep_fs = {timestep_fs}\n{GOAL}")
    ran(study, workers)
    plan = read_plan(study)
    assert plan is not None
    ns = plan.history[-1].ns
    steps = ns * 1e6 / timestep_fs + sum(tests.values())
    return Answer(melting_K(study), steps, ns + sum(step * n for step, n in tests.items()) / 1e6)


def written(study: Path, tables: str) -> Path:
    """Write a study of Na55."""
    study.mkdir(exist_ok=True)
    (study / "study.toml").write_text(CLUSTER + tables)
    return study


def ran(study: Path, workers: int | None) -> None:
    """Run a study, or what is left of it."""
    if failed := deckgen.run(study, workers=workers, progress=False).failed:
        raise SystemExit(f"{failed[0].folder}: {failed[0].message}")


def melting_K(study: Path) -> float | None:
    """Return where the peak is."""
    melting = deckgen.analyse(study, figures=False).melting
    return None if melting is None else melting.temperature_K


def model_goal(seed: int) -> Answer:
    """Pursue the goal in the model, from the pilot on the default ladder."""
    one = outcome(MODEL, seed)
    return Answer(one.answer.melting_K, one.ns * 1e6 / PLAIN_FS, one.ns)


def model_plain(longer: int, seed: int) -> Answer:
    """Return what the default ladder, all runs from the solid, comes to in the model."""
    nvt = {"sample_every": SAMPLE_EVERY, "duration_ps": PLAIN_PS * longer}
    runs = planned_runs(Study.model_validate({"cluster": {"element": "Na", "size": N_ATOMS}, "nvt": nvt}))
    samples = Samples(n_atoms=N_ATOMS, series=tuple(MODEL.sampled(run, seed) for run in runs))
    melting, steps = found_in(samples).melting, sum(run.n_steps for run in runs)
    return Answer(None if melting is None else melting.temperature_K, steps, steps * PLAIN_FS / 1e6)


if __name__ == "__main__":
    main()
