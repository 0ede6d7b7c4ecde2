"""Accuracy on held-out trajectories against the cost of a step: the front on which `na-gap` was chosen.

`python -m benchmarks.gap.front` fits each candidate with gap_fit as often as there are folds, each time without the
trajectories of one fold, and predicts these: every trajectory is held out once. The cost is the processor time of one
step of Na55 in LAMMPS, by the native engine on one core. Results go to front.json, candidate by candidate (what is
there is not computed again), and to a figure beside it. It takes hours: a fit is minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.engine_time import in_process
from deckgen.analysis.figures.style import COLOURS, legend_below, new_figure, save, styled
from deckgen.training.dataset import Dataset
from deckgen.training.e0 import e0_of
from deckgen.training.fit.fit import fit
from deckgen.training.predict import Prediction, predict
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from deckgen.training.validation.errors import error_table

CANDIDATES: dict[str, dict[str, Any]] = {
    "7 Å, 200": {"soap": {"cutoff_A": 7.0, "n_max": 6, "n_sparse": 200}},
    "7 Å, 600": {"soap": {"cutoff_A": 7.0, "n_max": 6}},
    "8 Å, 200": {"soap": {"cutoff_A": 8.0, "n_sparse": 200}},
    "8 Å, 600": {"soap": {"cutoff_A": 8.0}},
    "9 Å, 200": {"soap": {"n_sparse": 200}},
    "9 Å, 600": {},
    "9 Å, 1200": {"soap": {"n_sparse": 1200}},
    "9 Å, 600, l 6": {"soap": {"l_max": 6}},
    "9 Å, 600, 3-body": {"three_body": {"use": True}},
    "9 Å, 600, no 2-body": {"two_body": {"use": False}},
    "12 Å, 600": {"soap": {"cutoff_A": 12.0, "n_max": 10, "transition_A": 3.0}},
}
"""What differs from the defaults of the table [fit]. A name says the cutoff of SOAP and its sparse points."""

CHOSEN = "9 Å, 600"
MAX_K = 400.0
SIDES = (
    ((0, -4), "center", "top"),
    ((5, 0), "left", "center"),
    ((-5, 0), "right", "center"),
    ((0, 4), "center", "bottom"),
)
HERE = Path(__file__).resolve().parent
NA_GAP = HERE.parents[1] / "deckgen" / "potentials" / "na-gap"
ALWAYS_FITTED = ("dimer",)


@dataclass(frozen=True)
class Front:
    """The data, by trajectory and fold."""

    recipe: Recipe
    dataset: Dataset
    folds: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, project: Path, n_folds: int) -> Front:
        """Read the data and deal the trajectories out to the folds, those of one size one after the other."""
        recipe = Recipe.read(project)
        dataset = read_data(recipe.data, recipe.folder).dataset
        sizes = {frame.trajectory: frame.n_atoms for frame in dataset.frames}
        names = sorted(set(sizes) - set(ALWAYS_FITTED), key=lambda name: (sizes[name], name))
        return cls(recipe, dataset, tuple(frozenset(names[k::n_folds]) for k in range(n_folds)))

    def measure(self, changes: Mapping[str, Any], repeats: int, seconds: float) -> dict[str, Any]:
        """Cross-validate a candidate and time it."""
        recipe = self.recipe.model_copy(update={"fit": Fit.model_validate(dict(changes))})
        frames, predictions, times = list[int](), list[Prediction](), list[float]()
        for fold in self.folds:
            inside = [k for k, frame in enumerate(self.dataset.frames) if frame.trajectory not in fold]
            outside = [k for k, frame in enumerate(self.dataset.frames) if frame.trajectory in fold]
            with tempfile.TemporaryDirectory() as name:
                xml = fit(recipe, self.dataset.select(inside), Path(name) / "fit").xml
                predictions += predict(xml, [self.dataset.frames[k].atoms for k in outside])
                times += [in_process("native", xml, 55, seconds)["ms"] for _ in range(repeats)]
            frames += outside
        errors = {name: self._errors(frames, predictions, places) for name, places in self._groups(frames).items()}
        return {"fit": recipe.fit.model_dump(mode="json"), "ms": times, "errors": errors}

    def _groups(self, frames: Sequence[int]) -> dict[str, list[int]]:
        """Places in `frames` of the frames that are reported together."""
        groups: dict[str, list[int]] = {}
        for place, k in enumerate(frames):
            frame = self.dataset.frames[k]
            groups.setdefault(f"Na{frame.n_atoms}", []).append(place)
            if frame.n_atoms == 55 and 0 < float(frame.atoms.info.get("temperature_K", 0)) <= MAX_K:
                groups.setdefault("Na55, 50-400 K", []).append(place)
        return groups

    def _errors(
        self, frames: Sequence[int], predictions: Sequence[Prediction], places: Sequence[int]
    ) -> dict[str, float]:
        part = self.dataset.select(frames[place] for place in places)
        e0 = e0_of(self.dataset, self.recipe.data.e0)
        table = error_table(part, [predictions[place] for place in places], e0).overall
        return {
            "n_frames": table.n_frames,
            "energy_rmse_meV_atom": table.energy_rmse_meV_atom,
            "force_rmse_meV_A": table.force_rmse_meV_A,
        }


def row(name: str, result: Mapping[str, Any]) -> str:
    """One line of the table."""
    errors = result["errors"]["Na55, 50-400 K"]
    others = [result["errors"].get(size) for size in ("Na13", "Na20", "Na40")]
    small = "  ".join(f"{e['energy_rmse_meV_atom']:5.1f} {e['force_rmse_meV_A']:5.1f}" if e else "" for e in others)
    return (
        f"{name:20s} {statistics.median(result['ms']):8.3f} {errors['energy_rmse_meV_atom']:8.2f} "
        f"{errors['force_rmse_meV_A']:8.1f}   {small}"
    )


@styled
def draw(results: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Errors of the energy and of the force against the time of a step."""
    figure = new_figure(width_mm=170.0, height_mm=100.0)
    panels = figure.subplots(1, 2)
    kinds = (("energy_rmse_meV_atom", "energy error / meV/atom"), ("force_rmse_meV_A", "force error / meV/Å"))
    for axes, (key, label) in zip(panels, kinds, strict=True):
        for number, (name, result) in enumerate(results.items(), start=1):
            x, y = statistics.median(result["ms"]), result["errors"]["Na55, 50-400 K"][key]
            axes.plot(x, y, "o", color=COLOURS["red" if name == CHOSEN else "blue"], label=f"{number}  {name}")
            side, ha, va = SIDES[number % 4]
            axes.annotate(str(number), (x, y), side, textcoords="offset points", ha=ha, va=va, fontsize=7)
        axes.margins(0.1)
        axes.set(xlabel="ms a step, Na55, native engine", ylabel=label)
    legend_below(figure, panels[0])
    return figure


def main() -> int:
    """Measure the candidates that are not in front.json yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=NA_GAP, help="folder of the gap.toml whose [data] are used")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    parser.add_argument("--folds", type=int, default=3, help="fits of each candidate (default: 3)")
    parser.add_argument("--only", default="", help="only candidates whose name has this in it")
    parser.add_argument("--repeats", type=int, default=2, help="timings of each fit (default: 2)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each timing (default: 1)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "front.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    front = Front.of(options.project, options.folds)
    print(f"{'candidate':20s} {'ms/step':>8s} {'Na55 E':>8s} {'F':>8s}   {'Na13':>12s} {'Na20':>12s} {'Na40':>12s}")
    for name, changes in CANDIDATES.items():
        if name not in results and options.only in name:
            results[name] = front.measure(changes, options.repeats, options.seconds)
            file.write_text(json.dumps(results, indent=1) + "\n")
        if name in results:
            print(row(name, results[name]), flush=True)
    save(draw(results), options.out / "front")
    return 0


if __name__ == "__main__":
    sys.exit(main())
