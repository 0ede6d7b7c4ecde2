"""Memory and processor time of a fit: the native engine beside gap_fit, at three numbers of configurations.

`python -m benchmarks.gap.fit` fits Na55 frames of na-gap's data with the study's descriptors (Table 1) and 400 SOAP
sparse points, each engine on one core, one after the other on one machine. Memory is that of all processes of a fit
(the native engine's includes deckgen's own); time is processor time, without the check of the finished potential.
Results go to fit.json beside it.
"""

from __future__ import annotations

import json
import resource
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from deckgen.decks.potentials import BUILTIN
from deckgen.training.dataset import Dataset
from deckgen.training.fit.arguments import TRAINING_FILE, gap_fit_arguments
from deckgen.training.fit.gap_fit import Run, run_gap_fit, write_training_file
from deckgen.training.fit.native.engine import fit_natively
from deckgen.training.fit.native.targets import targets_of
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.folder import XML

HERE = Path(__file__).resolve().parent
NA_GAP = BUILTIN["na-gap"].file.parent
SIZES = (8, 16, 32)
FIT = Fit.model_validate({"preset": "paper", "soap": {"n_sparse": 400}})
E0 = {"Na": -0.0811}
KEYS = ("peak_MB", "processor_s")


@dataclass(frozen=True)
class Cost:
    """What one fit took."""

    n_frames: int
    engine: str
    peak_MB: float
    processor_s: float


def main() -> None:
    """Fit, print and record."""
    recipe = Recipe.read(NA_GAP)
    frames = read_data(recipe.data, NA_GAP).dataset.of_size(55)
    found = [cost for count in SIZES for cost in costs(frames.select(range(count)))]
    for cost in found:
        print(f"{cost.engine:8} {cost.n_frames:3} frames: {cost.peak_MB:6.0f} MB, {cost.processor_s:6.1f} s")
    document = {"costs": [asdict(cost) for cost in found], "exponents": exponents(found), "ratios": ratios(found)}
    print(json.dumps({key: document[key] for key in ("exponents", "ratios")}, indent=1))
    (HERE / "fit.json").write_text(json.dumps(document, indent=1) + "\n")


def costs(train: Dataset) -> list[Cost]:
    """Return what both engines take for these frames."""
    with tempfile.TemporaryDirectory(prefix="deckgen-bench-") as name:
        folder = Path(name)
        write_training_file(folder / TRAINING_FILE, train, FIT)
        targets = targets_of(train, FIT.sigma, E0)

        def by_gap_fit() -> Run:
            return run_gap_fit(gap_fit_arguments(FIT, E0), folder, threads=1, progress=print)

        def natively() -> Run:
            xml, partial = folder / f"native-{XML}", folder / "partial"
            return fit_natively(FIT, targets, E0, xml, partial=partial, workers=1, progress=print)

        return [measured(len(train), "gap_fit", by_gap_fit), measured(len(train), "native", natively)]


def measured(n_frames: int, engine: str, run: Callable[[], Run]) -> Cost:
    """Return what a call takes; it works in child processes alone."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak_bytes = run().peak_bytes
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(n_frames, engine, peak_bytes / 1e6, spent)


def exponents(found: list[Cost]) -> dict[str, dict[str, float]]:
    """Return, for each engine, the powers of the number of frames with which memory and time grow."""
    powers = {}
    for engine in ("gap_fit", "native"):
        own = [cost for cost in found if cost.engine == engine]
        frames = np.log([cost.n_frames for cost in own])
        slopes = (np.polyfit(frames, np.log([getattr(cost, key) for cost in own]), 1)[0] for key in KEYS)
        powers[engine] = {key: round(float(slope), 2) for key, slope in zip(KEYS, slopes, strict=True)}
    return powers


def ratios(found: list[Cost]) -> dict[str, dict[str, float]]:
    """Return gap_fit over native at each size."""
    pairs = zip(found[::2], found[1::2], strict=True)
    return {
        str(theirs.n_frames): {key: round(getattr(theirs, key) / getattr(ours, key), 2) for key in KEYS}
        for theirs, ours in pairs
    }


if __name__ == "__main__":
    main()
