"""The built-in na-gap where it has to hold: liquids at 500 K, what they quench to, atoms pushed together and apart.

Na13 for 1 ns, Na55 for 500 ps and Na147 for 100 ps at 500 K, far above melting, in containers from which evaporated
atoms return; and Na55 for 500 ps at 350 K, a cooler liquid that comes by lower minima. A potential with a hole in it
falls below its lowest minimum, or lets two atoms meet, and does not come back. Frames of all runs are quenched: none of
Na55 may end below the icosahedron, which is the lowest known minimum of DFT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ase.io import write

from deckgen.decks.clusters import build
from deckgen.decks.deck import WrittenDeck, write_decks, write_quench_deck
from deckgen.decks.potentials import BUILTIN
from deckgen.quip.gapfile import read_gap
from deckgen.runs.outputs import is_finished
from deckgen.runs.quench.batch import quench
from deckgen.runs.quench.frames import frames_of_file, frames_of_run
from deckgen.runs.quench.worker import ForceTolerance
from deckgen.study import Study
from deckgen.training.e0 import e0_of
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.validation.model import predict_groups
from deckgen.training.validation.scans import Scan, dimer_plan, stretched_plan
from validation.common import record, work_folder
from validation.potential.liquids import HEAD, Course, course_of, run_decks

GAP = BUILTIN["na-gap"].file
STUDY = """
[cluster]
element = "Na"
size = {size}
container_radius_A = {radius_A}
[potential]
name = "na-gap"
[isomers]
temperatures_K = {temperatures_K}
duration_ps = {duration_ps}
frame_every = 100
"""
SHORTEST_A = 2.2  # 0.6 bond lengths of the solid
LARGEST_EXCESS_KT, LARGEST_DRIFT_KT = 4.0, 0.2  # an atom; harmonic vibrations have 1.5 kT
LIQUID = 0.1
POLYHEDRA = ("icosahedron", "decahedron", "octahedron")
QUENCH_EVERY = 25  # of the frames
SAME_EV = 0.002


@dataclass(frozen=True)
class Case:
    """A cluster and its runs."""

    size: int
    radius_A: float
    duration_ps: float
    temperatures_K: tuple[float, ...] = (500.0,)


CASES = (Case(13, 14.0, 1000.0), Case(55, 18.0, 500.0, (350.0, 500.0)), Case(147, 22.0, 100.0))


@dataclass(frozen=True)
class Minima:
    """What one cluster's frames and the closed-shell polyhedra quench to; relative energies: to the icosahedron."""

    formula: str
    n_quenched: int
    n_converged: int
    lowest_eV: float
    quenched_relative_eV: list[float]
    polyhedra_relative_eV: dict[str, float]

    @property
    def lowest_other_eV(self) -> float:
        """The lowest of the frames' minima that is another one than the icosahedron."""
        return min(energy for energy in self.quenched_relative_eV if abs(energy) > SAME_EV)


def main() -> None:
    """Run everything and record what came of it."""
    with work_folder(__doc__) as arguments:
        studies = [_study(arguments.folder, case) for case in CASES]
        decks = {study.folder: write_decks(study, part="isomers") for study in studies}
        run_decks([deck for runs in decks.values() for deck in runs], arguments.workers)
        minima = [_minima(study, decks[study.folder], arguments.workers) for study in studies]
        runs = [(deck, found) for found, own in zip(minima, decks.values(), strict=True) for deck in own]
        courses = [course_of(deck, found.lowest_eV) for deck, found in runs]
        ended = all(is_finished(deck.folder, deck.manifest) for deck, _ in runs)
    scans = _scans()
    record(
        "potential/stability",
        "na-gap: liquids, minima of Na55, atoms pushed together and apart",
        {"every run went to its end": ended} | _checks(courses, minima[1], scans),
        [
            HEAD,
            *(course.cells for course in courses),
        ],
        courses=courses,
        minima=[asdict(found) for found in minima],
        scans=[_scan(scan) for scan in scans],
    )


def _study(folder: Path, case: Case) -> Study:
    place = folder / f"na{case.size}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "study.toml").write_text(
        STUDY.format(**asdict(case) | {"temperatures_K": list(case.temperatures_K)}), encoding="utf-8"
    )
    return Study.read(place)


def _minima(study: Study, runs: Sequence[WrittenDeck], workers: int | None) -> Minima:
    """Quench the polyhedra of a size, and frames of its runs."""
    size = runs[0].manifest.n_atoms
    polyhedra = [build("Na", size, name) for name in POLYHEDRA]
    symbols = tuple(polyhedra[0].get_chemical_symbols())
    deck = write_quench_deck(study, "loose", study.isomers.loose_force_eV_A).folder
    file = study.folder / "polyhedra.extxyz"
    write(file, polyhedra)
    sources = [frames_of_run(run.folder, run.manifest, symbols, QUENCH_EVERY) for run in runs]
    goal = ForceTolerance(study.isomers.loose_force_eV_A, escape_saddles=True)
    quenches = quench(deck, [frames_of_file(file, deck, symbols), *sources], goal, workers=workers)
    found = list(quenches.minima())
    first, *others = (minimum.energy_eV for minimum in found[: len(POLYHEDRA)])
    converged = [minimum.energy_eV for minimum in found[len(POLYHEDRA) :] if minimum.converged]
    return Minima(
        formula=runs[0].manifest.formula,
        n_quenched=len(found) - len(POLYHEDRA),
        n_converged=len(converged),
        lowest_eV=min(first, *others, *converged),
        quenched_relative_eV=sorted(round(energy - first, 6) for energy in converged),
        polyhedra_relative_eV=dict(zip(POLYHEDRA, (round(e - first, 6) for e in (first, *others)), strict=True)),
    )


def _scans() -> list[Scan]:
    """Push atoms together and pull them apart: a dimer, and a small and a large cluster that are scaled."""
    recipe = Recipe.read(GAP.parent)
    e0 = e0_of(read_data(recipe.data, recipe.folder).dataset, recipe.data.e0)
    plans = [dimer_plan("Na", read_gap(GAP).cutoff_A), stretched_plan("Na", 13), stretched_plan("Na", 55)]
    answers = predict_groups(GAP, [plan.frames for plan in plans])
    return [plan.scan(predictions, e0) for plan, predictions in zip(plans, answers, strict=True)]


def _scan(scan: Scan) -> dict[str, object]:
    at, energy = scan.minimum
    return {
        "name": scan.name,
        "minimum": at,
        "minimum_eV": energy,
        "repulsive_from": scan.repulsive_from,
        "coordinate": scan.coordinate.tolist(),
        "energy_eV": scan.energy_eV.tolist(),
        "findings": scan.findings,
    }


def _checks(courses: Sequence[Course], na55: Minima, scans: Sequence[Scan]) -> dict[str, bool]:
    others = {name: energy for name, energy in na55.polyhedra_relative_eV.items() if name != "icosahedron"}
    higher = ", ".join(f"{name} {energy:+.2f} eV" for name, energy in others.items())
    return {
        f"the potential energy stays above the lowest minimum's, by less than {LARGEST_EXCESS_KT:g} kT an atom": all(
            course.lowest_kT > 0 and course.highest_kT < LARGEST_EXCESS_KT for course in courses
        ),
        f"its means over the halves of a run differ by less than {LARGEST_DRIFT_KT:g} kT an atom": all(
            abs(course.drift_kT) < LARGEST_DRIFT_KT for course in courses
        ),
        f"no two atoms come nearer than {SHORTEST_A:g} Å": all(c.shortest_distance_A > SHORTEST_A for c in courses),
        f"all are liquid: Lindemann index above {LIQUID:g}": all(course.lindemann > LIQUID for course in courses),
        f"Na55: none of {na55.n_converged} quenches of the liquids ends below the icosahedron (the lowest other "
        f"minimum: {na55.lowest_other_eV:+.3f} eV)": na55.quenched_relative_eV[0] > -SAME_EV,
        f"Na55: no polyhedron is below it ({higher})": all(energy > -SAME_EV for energy in others.values()),
        "dimer and scaled clusters: bound, no hole, repulsive at short distance": not any(s.findings for s in scans),
        "the dimer comes apart without a barrier": bool(scans[0].energy_eV[scans[0].coordinate > 3.0].max() < SAME_EV),
    }


if __name__ == "__main__":
    main()
