"""A fit of the study's own size by the native engine, from labels of a cheap teacher: memory, time and errors.

It continues where it was stopped, in the folder that it is given. `--tiny` takes 4 % of the configurations and of the
sparse points, prints the same table and records nothing.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.quip.native import evaluate_natively
from deckgen.training.dataset import Dataset
from deckgen.training.fit.fit import fit
from deckgen.training.fit.instances import count_instances
from deckgen.training.fit.memory import memory_need
from deckgen.training.fit.record import FitResult
from deckgen.training.predict import Prediction
from deckgen.training.recipe import Recipe
from deckgen.training.validation.errors import PotentialErrors, error_table
from validation.common import record, work_folder
from validation.potential.fits.teacher import E0, clusters, labelled

__all__ = ["Model", "run"]

RECIPE = """
[fit]
engine = "native"
preset = "paper"
[fit.soap]
n_sparse = {n_sparse}
"""
N_SPARSE = 6000
TINY = 0.04
PROGRESS = "progress.log"


@dataclass(frozen=True)
class Model:
    """A fit of the study, and what it may take here.

    Parameters
    ----------
    name
        Of the check.
    title
        Of the table.
    sizes
        Numbers of atoms, as many configurations of each.
    n_frames, n_held_out
        Numbers of configurations.
    most_GB, most_minutes
        What it may take, on two cores.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    n_frames: int
    n_held_out: int
    most_GB: float
    most_minutes: float

    def part(self, share: float) -> int:
        """Return the number of configurations in a share of them."""
        return round(share * self.n_frames)


@dataclass(frozen=True)
class Made:
    """The fit, its time over all starts, and its errors on held-out frames."""

    fit: FitResult
    n_sparse: int
    minutes: float
    gap_fit_GB: float
    held_out: PotentialErrors


def run(model: Model, description: str | None) -> None:
    """Sample, label, fit, and record memory, time and errors."""
    with work_folder(description, tiny="a twenty-fifth of it, printed alone") as arguments:
        if arguments.tiny:
            arguments.folder = arguments.folder / "tiny"  # its time is not the whole fit's
        made = make(model, arguments)
        log = (arguments.folder / PROGRESS).read_text().splitlines()
    checks = {
        f"below {model.most_GB:g} GB": made.fit.peak_bytes < model.most_GB * 1e9,
        f"below {model.most_minutes:g} minutes": made.minutes < model.most_minutes,
        "memory within 20 % of what was said before": abs(made.fit.peak_bytes / made.fit.estimated_bytes - 1) < 0.2,
    }
    if arguments.tiny:
        print("\n".join(": ".join(row) for row in table(made)), checks, sep="\n")
        return
    plain = {key: value for key, value in asdict(made.fit).items() if key not in ("xml", "new")}
    record(model.name, model.title, checks, table(made), fit=plain, held_out=asdict(made.held_out), log=log)


def make(model: Model, arguments: Namespace) -> Made:
    """Sample, label and fit, or go on with it."""
    folder, workers = arguments.folder, arguments.workers
    share = TINY if arguments.tiny else 1.0
    train = labelled(folder / "train", model.sizes, model.part(share), 1, workers)
    held_out = labelled(folder / "held-out", model.sizes, model.n_held_out, 2, workers)
    (folder / "gap.toml").write_text(RECIPE.format(n_sparse=round(share * N_SPARSE)))
    recipe = Recipe.read(folder)
    made = fit(recipe, train, folder / "fit", threads=workers, progress=noting(folder / PROGRESS))
    other = memory_need(count_instances((frame.atoms for frame in train.frames), recipe.fit), recipe.fit)
    n_sparse = sum(one.n_sparse for one in (recipe.fit.two_body, recipe.fit.three_body, recipe.fit.soap))
    return Made(made, n_sparse, spent_minutes(folder / PROGRESS), other.peak_bytes / 1e9, errors(made.xml, held_out))


def errors(xml: Path, held_out: Dataset) -> PotentialErrors:
    """Return the errors of the native evaluator on labelled frames."""
    answers = evaluate_natively(xml, clusters(held_out.frames))
    return error_table(held_out, [Prediction(*answer) for answer in answers], E0).overall


def noting(file: Path) -> Callable[[str], None]:
    """Return a function that prints a stage and adds it to a file: when this start began, when it was, what it was."""
    began = time.time()

    def note(stage: str) -> None:
        print(stage, flush=True)
        with file.open("a") as log:
            log.write(f"{began:.0f} {time.time():.0f} {stage}\n")

    return note


def spent_minutes(file: Path) -> float:
    """Return the time of all starts together; of one that was killed, until it last said something."""
    last = dict[int, int]()
    for line in file.read_text().splitlines():
        began, now, _ = line.split(maxsplit=2)
        last[int(began)] = int(now)
    return sum(now - began for began, now in last.items()) / 60


def table(made: Made) -> list[tuple[str, str]]:
    """Return the table."""
    fitted = made.fit.errors["all"]
    return [
        ("what", "value"),
        ("configurations, targets, sparse points", f"{made.fit.n_frames:,}, {made.fit.n_targets:,}, {made.n_sparse:,}"),
        ("memory said, used", f"{made.fit.estimated_bytes / 1e9:.2f} GB, {made.fit.peak_bytes / 1e9:.2f} GB"),
        ("memory of gap_fit, estimated", f"{made.gap_fit_GB:.1f} GB"),
        ("time of all starts", f"{made.minutes:.1f} min"),
        ("rmse on what was fitted", rmse(fitted["energy_rmse_meV_atom"], fitted["force_rmse_meV_A"])),
        ("rmse held out", rmse(made.held_out.energy_rmse_meV_atom, made.held_out.force_rmse_meV_A)),
    ]


def rmse(energy_meV_atom: float, force_meV_A: float) -> str:
    """Return errors as the table shows them."""
    return f"{energy_meV_atom:.3f} meV/atom, {force_meV_A:.2f} meV/Å"
