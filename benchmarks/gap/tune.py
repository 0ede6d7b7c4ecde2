"""Processor time of `deckgen train tune` against fitting every candidate again: by the native engine, and by gap_fit.

`python -m benchmarks.gap.tune` compares deltas, sigmas and numbers of sparse points on the frames of Na13 and Na20 of
na-gap's data, each trajectory left out once. Fitting again takes one fit for each candidate and fold, and one more of
all frames, for the likelihood; one candidate is fitted so, and its time multiplied by the number of trials. The errors
on left-out frames show that it is the same comparison: they differ a little, because a fit chooses its sparse points
without the frames that it leaves out, and `tune` with them. Results go to tune.json beside it.
"""

from __future__ import annotations

import json
import resource
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.gap.fit import NA_GAP
from deckgen.processes.executor import open_executor
from deckgen.quip.native import evaluate_natively
from deckgen.training.dataset import Dataset
from deckgen.training.fit.arguments import TRAINING_FILE, gap_fit_arguments
from deckgen.training.fit.gap_fit import run_gap_fit, write_training_file
from deckgen.training.fit.native.engine import fit_natively
from deckgen.training.fit.native.targets import targets_of
from deckgen.training.fit.native.tune import Trial, tune_fit
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.folder import XML
from deckgen.training.recipe.tuning import Tune

HERE = Path(__file__).resolve().parent
E0 = {"Na": -0.0811}
SIZES = (13, 20)
FOLDS, N_SPARSE = 3, 200
SETTINGS = Tune(
    folds=FOLDS,
    values={
        "soap.delta_eV": (0.25, 0.5, 1.0, 2.0),
        "two_body.delta_eV": (0.1, 0.3, 1.0),
        "sigma.force_eV_A": (0.01, 0.02, 0.04),
        "soap.n_sparse": (100.0, 150.0, 200.0),
    },
)


@dataclass(frozen=True)
class Way:
    """What one way of comparing all candidates takes, and the error of its first candidate on left-out frames."""

    name: str
    n_fits: int
    processor_s: float
    force_meV_A: float


def main() -> None:
    """Compare, print and record."""
    recipe = Recipe.read(NA_GAP)
    dataset = read_data(recipe.data, NA_GAP).dataset
    train = dataset.select(k for k, frame in enumerate(dataset.frames) if frame.n_atoms in SIZES)
    soap = recipe.fit.soap.model_copy(update={"n_sparse": N_SPARSE})
    ways = measured(recipe.fit.model_copy(update={"engine": "native", "soap": soap}), train)
    for way in ways:
        print(f"{way.name:8} {way.n_fits:3} fits {way.processor_s:7.1f} s, first candidate {way.force_meV_A:.1f} meV/A")
    ratios = {way.name: round(way.processor_s / ways[0].processor_s, 1) for way in ways[1:]}
    print(ratios)
    document = {"frames": len(train), "folds": FOLDS, "ways": [asdict(way) for way in ways], "ratios": ratios}
    (HERE / "tune.json").write_text(json.dumps(document, indent=1) + "\n")


def measured(start: Fit, train: Dataset) -> list[Way]:
    """Return the ways: tuning first."""
    trials = list[Trial]()

    def tune() -> None:
        with open_executor(1) as executor:
            trials.extend(tune_fit(start, SETTINGS, train, E0, executor=executor, show=lambda _: None)[1])

    ways = [Way("tune", 0, processor_s(tune), 0.0)]
    first = next(one for one in trials if one.key == "soap.delta_eV" and one.value == start.soap.delta_eV)
    ways[0] = Way("tune", 0, ways[0].processor_s, first.force_meV_A)
    for name, fit in (("native", natively), ("gap_fit", by_gap_fit)):
        errors = list[float]()
        once = processor_s(lambda fit=fit, errors=errors: errors.append(refitted(fit, start, train)))
        ways.append(Way(name, len(trials) * (FOLDS + 1), once * len(trials), errors[0]))
    return ways


def refitted(fit: Callable[[Fit, Dataset, Path], Path], settings: Fit, train: Dataset) -> float:
    """Fit without each fold, and to all frames; return the error of the forces that were left out, in meV/A."""
    names = list(dict.fromkeys(frame.trajectory for frame in train.frames))
    squares, count = 0.0, 0
    for left_out in range(FOLDS + 1):  # the last one leaves nothing out
        out = [k for k, frame in enumerate(train.frames) if names.index(frame.trajectory) % FOLDS == left_out]
        inside = train.select(k for k in range(len(train)) if k not in out)
        with tempfile.TemporaryDirectory(prefix="deckgen-bench-") as folder:
            xml = fit(settings, inside, Path(folder))
            clusters = [(frame.atoms.numbers, frame.atoms.positions) for frame in train.select(out).frames]
            for frame, (_, forces) in zip(train.select(out).frames, evaluate_natively(xml, clusters), strict=True):
                squares += float(np.square(forces - frame.forces_eV_A).sum())
                count += forces.size
    return 1000 * (squares / count) ** 0.5


def natively(settings: Fit, train: Dataset, folder: Path) -> Path:
    """Fit by the native engine."""
    targets, xml = targets_of(train, settings.sigma, E0), folder / XML
    fit_natively(settings, targets, E0, xml, partial=folder / "partial", workers=1, progress=_silent)
    return xml


def by_gap_fit(settings: Fit, train: Dataset, folder: Path) -> Path:
    """Fit by gap_fit."""
    write_training_file(folder / TRAINING_FILE, train, settings)
    run_gap_fit(gap_fit_arguments(settings, E0), folder, threads=1, progress=_silent)
    return folder / XML


def _silent(stage: str) -> None:
    """Show nothing."""


def processor_s(call: Callable[[], None]) -> float:
    """Return the processor time of a call and of its child processes, which have all ended."""

    def spent() -> float:
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    before = spent()
    call()
    return spent() - before


if __name__ == "__main__":
    main()
