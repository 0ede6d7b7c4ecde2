"""Whether the predictive variance of a native fit is as large as its errors, on frames that were never fitted.

na-gap's recipe is fitted again by the native engine. It predicts the held-out trajectories and the frames of the bias
check, all labelled by the same reference; each error is compared with the standard deviation that was predicted for it.
A label scatters about the potential by the sigma of the fit as well, on the same scale: z is the error over the root
of both variances, so its root mean square is 1 where they are right, and 68 % and 95 % of |z| lie below 1 and 2.

Stated before the first run: it is calibrated where the root mean square of z lies within FACTOR of 1 for every cluster
of at least FEWEST frames, and it ranks frames where Spearman's correlation of a frame's predicted and actual root mean
square error of the forces is above RANKED. (Added after the first run: the same among the frames of Na55 alone, where
no difference of sizes helps, by the potential's own deviation, which `[augment] by = "variance"` picks by.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.io import iread
from numpy.typing import NDArray
from scipy.stats import spearmanr

from deckgen.decks.potentials import BUILTIN
from deckgen.processes.executor import open_executor
from deckgen.quip.native import evaluate_natively
from deckgen.training.curate import curate
from deckgen.training.dataset import LabelledFrame
from deckgen.training.e0 import e0_of
from deckgen.training.extxyz import labelled_frame
from deckgen.training.fit.fit import fit
from deckgen.training.fit.gap_fit import sigmas
from deckgen.training.fit.native.uncertainty import uncertainties
from deckgen.training.fit.scales import with_scales
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from validation.common import record, work_folder
from validation.potential.bias import CLUSTERS, labels

SHIPPED = BUILTIN["na-gap"].file
FACTOR, FEWEST, RANKED = 1.5, 6, 0.5
BINS = 5
HEAD = ("what", "frames", "rms error", "rms predicted", "rms z", "within 1", "within 2")

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """One frame: errors and predicted standard deviations, of the energy (eV) and of the forces (3 N,) (eV/A).

    `energy_sd` and `force_sd` are those of a label: of the potential, `force_own_sd`, and of the label about it.
    """

    n_atoms: int
    energy: float
    energy_sd: float
    force: Array
    force_sd: Array
    force_own_sd: Array


@dataclass(frozen=True)
class Reliability:
    """How errors compare with what was predicted; energies in meV/atom, forces in meV/A."""

    what: str
    n_frames: int
    rms_error: float
    rms_predicted: float
    rms_z: float
    below_1: float
    below_2: float

    @classmethod
    def of(cls, what: str, n_frames: int, errors: Array, predicted: Array, unit: float = 1000.0) -> Reliability:
        """Compare errors (n,) with their predicted standard deviations (n,)."""
        z = errors / predicted
        root = np.sqrt([np.square(values).mean() for values in (unit * errors, unit * predicted, z)])
        return cls(what, n_frames, *map(float, root), float((abs(z) < 1).mean()), float((abs(z) < 2).mean()))

    @property
    def cells(self) -> tuple[str, ...]:
        """Its row of the table."""
        numbers = (f"{self.rms_error:.2f}", f"{self.rms_predicted:.2f}", f"{self.rms_z:.2f}")
        return (self.what, str(self.n_frames), *numbers, f"{self.below_1:.0%}", f"{self.below_2:.0%}")


def main() -> None:
    """Fit, predict, and record how errors and predicted standard deviations compare."""
    recipe = Recipe.read(SHIPPED.parent)
    recipe = recipe.model_copy(update={"fit": recipe.fit.model_copy(update={"engine": "native"})})
    dataset = read_data(recipe.data, recipe.folder).dataset
    e0 = e0_of(dataset, recipe.data.e0)
    with work_folder(__doc__) as arguments:
        sets = curate(recipe, dataset, workers=arguments.workers)
        made = fit(recipe, sets.train, arguments.folder / "fit", threads=arguments.workers, progress=print)
        settings = with_scales(recipe.fit, sets.train, e0)
        frames = [*sets.holdout.frames, *near_melting()]
        judged = list(judge(made.xml, settings, frames, arguments.workers))
    by_size = {size: [one for one in judged if one.n_atoms == size] for size in sorted({j.n_atoms for j in judged})}
    found = [row for size, some in by_size.items() for row in (energies(size, some), forces(f"Na{size}", some))]
    ranks = {"all": rank(judged, "force_sd"), "Na55, own deviation": rank(by_size[55], "force_own_sd")}
    counted = [one for one in found if one.n_frames >= FEWEST]
    record(
        "potential/variance",
        "The predictive variance of na-gap's recipe against its errors on frames that were never fitted",
        {
            f"rms z of the forces between {1 / FACTOR:.2f} and {FACTOR:g}, clusters of {FEWEST} frames and more": all(
                1 / FACTOR < one.rms_z < FACTOR for one in counted if "F" in one.what
            ),
            "the same of the energies": all(1 / FACTOR < one.rms_z < FACTOR for one in counted if "E" in one.what),
            f"rank correlation of predicted and actual errors of frames above {RANKED:g}": ranks["all"] > RANKED,
        },
        [
            HEAD,
            *(one.cells for one in [*found, *by_prediction(judged)]),
            *((f"rank correlation, {name}", "", "", "", f"{value:.2f}", "", "") for name, value in ranks.items()),
        ],
        reliability=found,
        by_prediction=by_prediction(judged),
        rank_correlation=ranks,
    )


def near_melting() -> Iterator[LabelledFrame]:
    """Yield the labelled frames of the bias check: na-gap's own dynamics at 230 to 330 K."""
    for cluster in CLUSTERS:
        if labels(cluster).is_file():
            yield from (labelled_frame(atoms) for atoms in iread(labels(cluster), index=":"))


def judge(xml: Path, settings: Fit, frames: Sequence[LabelledFrame], workers: int | None) -> Iterator[Judged]:
    """Yield the errors of a potential and what it says of them."""
    atoms = [frame.atoms for frame in frames]
    with open_executor(workers) as executor:
        said = uncertainties(xml, settings, atoms, executor=executor)
    answers = evaluate_natively(xml, [(one.numbers, one.positions) for one in atoms])
    for frame, (energy_eV, forces_eV_A), one in zip(frames, answers, said, strict=True):
        energy_sigma, force_sigma = sigmas(settings.sigma, frame.config_type, frame.n_atoms)
        yield Judged(
            n_atoms=frame.n_atoms,
            energy=energy_eV - frame.energy_eV,
            energy_sd=float(np.hypot(one.energy_eV, one.scale * energy_sigma)),
            force=(forces_eV_A - frame.forces_eV_A).ravel(),
            force_sd=np.hypot(one.forces_eV_A, one.scale * force_sigma).ravel(),
            force_own_sd=one.forces_eV_A.ravel(),
        )


def energies(size: int, some: Sequence[Judged]) -> Reliability:
    """Return the row of a cluster's energies, per atom."""
    errors, predicted = (np.array([getattr(one, key) for one in some]) for key in ("energy", "energy_sd"))
    return Reliability.of(f"Na{size}, E / meV/atom", len(some), errors / size, predicted / size)


def forces(name: str, some: Sequence[Judged]) -> Reliability:
    """Return the row of the force components of some frames."""
    errors, predicted = (np.concatenate([getattr(one, key) for one in some]) for key in ("force", "force_sd"))
    return Reliability.of(f"{name}, F / meV/Å", len(some), errors, predicted)


def rank(some: Sequence[Judged], key: str) -> float:
    """Return Spearman's correlation of the frames' predicted and actual root mean square errors of the forces."""
    predicted, actual = ([float(np.square(getattr(one, name)).mean()) for one in some] for name in (key, "force"))
    return float(spearmanr(predicted, actual).statistic)


def by_prediction(judged: Sequence[Judged]) -> list[Reliability]:
    """Return rows of all force components, from the most certain fifth to the least certain one."""
    errors, predicted = (np.concatenate([getattr(one, key) for one in judged]) for key in ("force", "force_sd"))
    order = np.array_split(np.argsort(predicted), BINS)
    names = [f"F, {k + 1}. fifth by predicted / meV/Å" for k in range(BINS)]
    return [
        Reliability.of(name, len(judged), errors[part], predicted[part])
        for name, part in zip(names, order, strict=True)
    ]


if __name__ == "__main__":
    main()
