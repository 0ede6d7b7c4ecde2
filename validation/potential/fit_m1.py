"""The fit of the study's own size, whole: its descriptors (Table 1), 6,120 sparse points, 1,945 configurations of Na55.

What is shown is the fit: the labels are a cheap teacher's, na-gap's, on frames of the Gupta potential at 50 to 400 K.
The study needed 180 GB for it; gap_fit's own estimate is 90 GB. Stopped, it continues where it was:

    python -m validation.potential.fit_m1 --folder m1 --workers 1
"""

from __future__ import annotations

import resource
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from ase.io import iread

import deckgen
from deckgen.decks.potentials import BUILTIN
from deckgen.quip.native import evaluate_natively
from deckgen.training.dataset import Dataset, LabelledFrame, bare
from deckgen.training.fit.fit import fit
from deckgen.training.fit.instances import count_instances
from deckgen.training.fit.memory import memory_need
from deckgen.training.fit.native.engine import NATIVE_LOG
from deckgen.training.predict import Prediction
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FRAMES, SAMPLED
from deckgen.training.recipe.sampling import Sample
from deckgen.training.validation.errors import error_table
from validation.common import record, work_folder

TEACHER = BUILTIN["na-gap"].file
N_FRAMES, N_HELD_OUT = 1945, 55
E0 = {"Na": -0.0811}
MOST_GB = 2.0
RECIPE = """
[fit]
engine = "native"
preset = "paper"
"""


def main() -> None:
    """Sample, label, fit, and record memory, time and errors."""
    with work_folder(__doc__) as arguments:
        train = labelled(arguments.folder / "train", N_FRAMES, 1, arguments.workers)
        held_out = labelled(arguments.folder / "held-out", N_HELD_OUT, 2, arguments.workers)
        (arguments.folder / "gap.toml").write_text(RECIPE)
        recipe = Recipe.read(arguments.folder)
        made = fit(recipe, train, arguments.folder / "fit", threads=arguments.workers, progress=print)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        log = (arguments.folder / "fit" / NATIVE_LOG).read_text().splitlines()
        predictions = [Prediction(*answer) for answer in evaluate_natively(made.xml, clusters(held_out))]
        unseen = error_table(held_out, predictions, E0).overall
    other = memory_need(count_instances((frame.atoms for frame in train.frames), recipe.fit), recipe.fit)
    fitted = made.errors["all"]
    record(
        "potential/fit_m1",
        "The study's first fit at its own size, by the native engine",
        {
            f"below {MOST_GB:g} GB": made.peak_bytes < MOST_GB * 1e9,
            "memory within 20 % of what was said before": abs(made.peak_bytes / made.estimated_bytes - 1) < 0.2,
        },
        [
            ("what", "value"),
            ("configurations, targets", f"{made.n_frames:,}, {made.n_targets:,}"),
            ("memory said, used", f"{made.estimated_bytes / 1e9:.2f} GB, {made.peak_bytes / 1e9:.2f} GB"),
            ("memory of gap_fit, estimated", f"{other.peak_bytes / 1e9:.0f} GB"),
            ("time of the last start", f"{made.seconds / 60:.0f} min"),
            ("processor time of the last start", f"{(usage.ru_utime + usage.ru_stime) / 60:.0f} min"),
            (
                "rmse on what was fitted",
                f"{fitted['energy_rmse_meV_atom']:.3f} meV/atom, {fitted['force_rmse_meV_A']:.2f} meV/Å",
            ),
            ("rmse held out", f"{unseen.energy_rmse_meV_atom:.3f} meV/atom, {unseen.force_rmse_meV_A:.2f} meV/Å"),
        ],
        fit={key: value for key, value in asdict(made).items() if key not in ("xml", "new")},
        held_out=asdict(unseen),
        log=log,
    )


def labelled(folder: Path, count: int, seed: int, workers: int | None) -> Dataset:
    """Sample frames of Na55 at eleven temperatures, and label them by the teacher."""
    every_fs = 100.0
    per_run = -(-count // len(Sample().temperatures_K))
    folder.mkdir(parents=True, exist_ok=True)
    settings = f"[sample]\nduration_ps = {per_run * every_fs / 1000}\nframes = {per_run}\nseed = {seed}\n"
    (folder / "gap.toml").write_text(settings)
    if not (folder / FRAMES / SAMPLED).exists():
        deckgen.train.sample(folder, workers=workers)
    frames = [bare(atoms, atoms.info) for atoms in iread(folder / FRAMES / SAMPLED)]
    chosen = [frames[k] for k in np.linspace(0, len(frames) - 1, count).round().astype(int)]
    unlabelled = [
        LabelledFrame(atoms, 0.0, np.zeros((len(atoms), 3)), f"{seed}:{k}", str(atoms.info.get("trajectory")))
        for k, atoms in enumerate(chosen)
    ]
    answers = evaluate_natively(TEACHER, clusters(Dataset(tuple(unlabelled))))
    return Dataset(
        tuple(
            replace(frame, energy_eV=energy_eV, forces_eV_A=forces)
            for frame, (energy_eV, forces) in zip(unlabelled, answers, strict=True)
        ),
        dict(E0),
    )


def clusters(dataset: Dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what the evaluator takes of each frame."""
    return [(frame.atoms.numbers, frame.atoms.positions) for frame in dataset.frames]


if __name__ == "__main__":
    main()
