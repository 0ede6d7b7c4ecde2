"""The native fit against gap_fit, from gap_fit's own sparse points: predictions on fitted and on held-out frames.

Pairs, triplets, SOAP and all three, on a part of na-gap's data; na-gap itself, which gap_fit made of all 177 frames;
and all three terms of two elements, on clusters of copper and gold labelled by effective medium theory. Both engines
are given the positions and forces of gap_fit's training file, which has 8 decimals; all predictions are the native
evaluator's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from ase.cluster import Icosahedron
from ase.io import read

from deckgen.decks.potentials import BUILTIN
from deckgen.quip.native import evaluate_natively
from deckgen.training.curate import curate
from deckgen.training.dataset import Dataset, LabelledFrame, bare
from deckgen.training.e0 import e0_of
from deckgen.training.fit.arguments import TRAINING_FILE
from deckgen.training.fit.fit import fit
from deckgen.training.fit.gap_fit import write_training_file
from deckgen.training.fit.native.engine import NATIVE_LOG
from deckgen.training.predict import Prediction
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from deckgen.training.validation.errors import error_table
from validation.common import record, work_folder

SHIPPED = BUILTIN["na-gap"].file
EVERY = 12
LOOSE = {"energy_eV_atom": 0.1, "rules": ()}
NOT = {"use": False}
TRIPLETS = {"use": True, "cutoff_A": 5.5, "delta_eV": 0.03, "n_sparse": 60}
CASES: dict[str, dict[str, Any]] = {
    "pairs": {"soap": NOT, "sigma": LOOSE},
    "pairs, triplets": {"soap": NOT, "three_body": TRIPLETS, "sigma": LOOSE},
    "SOAP": {"two_body": NOT, "soap": {"n_sparse": 200}},
    "pairs, triplets, SOAP": {"three_body": TRIPLETS, "soap": {"n_sparse": 200}},
    "na-gap": {},
}
ALLOY = "copper and gold"
ELEMENTS = ("Cu", "Au")
ALLOY_FIT: dict[str, Any] = {
    "two_body": {"cutoff_A": 6.0, "n_sparse": 12},
    "three_body": {"use": True, "cutoff_A": 4.5, "delta_eV": 0.03, "n_sparse": 20},
    "soap": {"cutoff_A": 6.0, "transition_A": 1.0, "n_max": 6, "atom_sigma_A": 0.6, "n_sparse": 60},
    "sigma": {"rules": ()},
}
MOST_EV_ATOM, MOST_EV_A = 1e-8, 1e-7
HEAD = (
    "fit",
    "frames",
    "sparse points",
    "condition number",
    "E / eV/atom",
    "F / eV/Å",
    "held out: E",
    "F",
    "rmse held out",
)


@dataclass(frozen=True)
class Equality:
    """The largest differences between the two potentials, of the energy per atom and of a force component."""

    n_frames: int
    n_sparse: int
    condition: float
    fitted_eV_atom: float
    fitted_eV_A: float
    held_out_eV_atom: float
    held_out_eV_A: float
    held_out_rmse: dict[str, tuple[float, float]]

    @property
    def small(self) -> bool:
        """Whether all of them are as small as asked."""
        return (
            max(self.fitted_eV_atom, self.held_out_eV_atom) < MOST_EV_ATOM
            and max(self.fitted_eV_A, self.held_out_eV_A) < MOST_EV_A
        )

    def cells(self, name: str) -> tuple[str, ...]:
        """Return its row of the table."""
        differences = (self.fitted_eV_atom, self.fitted_eV_A, self.held_out_eV_atom, self.held_out_eV_A)
        rmse = " and ".join(f"{e:.3f} meV/atom, {f:.2f} meV/Å" for e, f in self.held_out_rmse.values())
        plain = (name, str(self.n_frames), str(self.n_sparse), f"{self.condition:.0e}")
        return (*plain, *(f"{difference:.0e}" for difference in differences), rmse)


def main() -> None:
    """Fit each case twice and record the differences."""
    recipe = Recipe.read(SHIPPED.parent)
    dataset = read_data(recipe.data, recipe.folder).dataset
    e0 = e0_of(dataset, recipe.data.e0)
    with work_folder(__doc__) as arguments:
        sets = curate(recipe, dataset, workers=arguments.workers)
        found = {}
        for name, changes in CASES.items():
            train = sets.train if name == "na-gap" else sets.train.select(range(0, len(sets.train), EVERY))
            folder = arguments.folder / name.replace(", ", "-")
            found[name] = compare(recipe, changes, train, sets.holdout, e0, folder, arguments.workers)
        rng = np.random.default_rng(1)
        train, holdout = alloy(20, rng), alloy(5, rng)
        folder = arguments.folder / ALLOY.replace(" ", "-")
        found[ALLOY] = compare(recipe, ALLOY_FIT, train, holdout, train.isolated_eV, folder, arguments.workers)
    record(
        "potential/fits/equality",
        "The native fit and gap_fit, from the same sparse points",
        {f"{name}: below {MOST_EV_ATOM:g} eV/atom and {MOST_EV_A:g} eV/Å": one.small for name, one in found.items()},
        [HEAD, *(one.cells(name) for name, one in found.items())],
        found=found,
    )


def compare(
    recipe: Recipe,
    changes: dict[str, Any],
    train: Dataset,
    holdout: Dataset,
    e0: dict[str, float],
    folder: Path,
    workers: int | None,
) -> Equality:
    """Fit by gap_fit, then natively from its sparse points and its training file."""
    default = recipe.fit.model_dump()
    given = {**default, **{key: {**default[key], **changed} for key, changed in changes.items()}}
    chosen = with_fit(recipe, given, e0)
    theirs = fit(chosen, train, folder / "gap_fit", threads=workers, progress=print).xml if changes else SHIPPED
    folder.mkdir(parents=True, exist_ok=True)
    write_training_file(folder / TRAINING_FILE, replace(train, isolated_eV=e0), chosen.fit)
    as_read = read_back(train, len(e0), folder / TRAINING_FILE)
    native = {**given, "engine": "native", "sparse_from": str(theirs)}
    ours = fit(with_fit(recipe, native, e0), as_read, folder / "native", threads=workers, progress=print)
    log = (folder / "native" / NATIVE_LOG).read_text()
    fitted, held_out = (differences(theirs, ours.xml, one) for one in (as_read, holdout))
    rmse = {}
    for name, xml in (("gap_fit", theirs), ("native", ours.xml)):
        overall = error_table(holdout, predictions(xml, holdout), e0).overall
        rmse[name] = (overall.energy_rmse_meV_atom, overall.force_rmse_meV_A)
    n_sparse = ours.xml.read_text().count("<sparseX ")
    condition = float(re.findall(r"condition number (\S+),", log)[-1])
    return Equality(len(train), n_sparse, condition, *fitted, *held_out, rmse)


def with_fit(recipe: Recipe, given: dict[str, Any], e0: dict[str, float]) -> Recipe:
    """Return the recipe with other settings of the fit and other isolated atoms."""
    data = recipe.data.model_copy(update={"e0": e0})
    return recipe.model_copy(update={"fit": Fit.model_validate(given), "data": data})


def alloy(count: int, rng: np.random.Generator) -> Dataset:
    """Return icosahedra of 13 atoms, displaced at random, two to eleven of them gold."""
    perfect, frames = Icosahedron("Cu", 2, latticeconstant=3.8).positions, []
    for k in range(count):
        n_gold = int(rng.integers(2, 12))
        symbols = rng.permutation(["Au"] * n_gold + ["Cu"] * (13 - n_gold)).tolist()
        atoms = Atoms(symbols, positions=perfect + rng.normal(0.0, 0.15, (13, 3)))
        energy_eV, forces = by_emt(atoms)
        frames.append(LabelledFrame(atoms, energy_eV, forces, f"emt:{k}", f"emt-{k}"))
    return Dataset(tuple(frames), {symbol: by_emt(Atoms(symbol))[0] for symbol in ELEMENTS})


def by_emt(atoms: Atoms) -> tuple[float, np.ndarray]:
    """Return energy (eV) and forces (eV/A) of effective medium theory."""
    copy = atoms.copy()
    copy.calc = EMT()
    return float(copy.get_potential_energy()), copy.get_forces()


def read_back(train: Dataset, n_isolated: int, file: Path) -> Dataset:
    """Return the frames with the numbers of gap_fit's training file, whose isolated atoms come first."""
    frames = []
    for frame, atoms in zip(train.frames, read(file, ":")[n_isolated:], strict=True):
        free = bare(atoms)
        free.pbc = False
        energy_eV, forces = atoms.info["REF_energy"], atoms.arrays["REF_forces"]
        frames.append(replace(frame, atoms=free, energy_eV=energy_eV, forces_eV_A=forces))
    return Dataset(tuple(frames), train.isolated_eV)


def predictions(xml: Path, dataset: Dataset) -> list[Prediction]:
    """Return what a potential says of each frame."""
    clusters = [(frame.atoms.numbers, frame.atoms.positions) for frame in dataset.frames]
    return [Prediction(*answer) for answer in evaluate_natively(xml, clusters)]


def differences(one: Path, other: Path, dataset: Dataset) -> tuple[float, float]:
    """Return the largest difference of an energy per atom (eV) and of a force component (eV/A)."""
    pairs = list(zip(predictions(one, dataset), predictions(other, dataset), strict=True))
    return (
        max(abs(a.energy_eV - b.energy_eV) / len(a.forces_eV_A) for a, b in pairs),
        max(float(abs(a.forces_eV_A - b.forces_eV_A).max()) for a, b in pairs),
    )


if __name__ == "__main__":
    main()
