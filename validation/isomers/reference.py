"""The paper's Table 4 for the built-in GAP: its lowest isomers against the calculator that its data are from.

Na55: the three lowest isomers, each relaxed by at most 20 steps of the reference; Na147: single points of the two
lowest. The isomers are of short runs of their own. The reference is the one of na-gap's gap.toml, GPAW under the
interpreter that is named there: a minute or two per step for Na55. With `--folder` it resumes where it stopped.
"""

from __future__ import annotations

from pathlib import Path

from deckgen.decks.potentials import BUILTIN
from deckgen.workflows.compare.comparison import ComparedIsomer, ReferenceComparison
from deckgen.workflows.compare.study import compare_isomers
from deckgen.workflows.isomers.study import isomers
from validation.common import record, work_folder
from validation.isomers.lists import study_text

RECIPE = BUILTIN["na-gap"].file.with_name("gap.toml")
MAX_STEPS = 20
MOST_MEV_ATOM = {"Na55": 2.0, "Na147": 5.0}
HEAD = (
    *("cluster", "isomer", "E(GAP) / eV", "E(ref) there", "meV/atom", "%", "above 1: GAP", "ref", "ref, relaxed"),
    *("steps", "force / eV/A", "shortest bond / A", "mean nearest", "mean bond", "same"),
)


def main() -> None:
    """Compare both clusters and record what comes out."""
    text55 = study_text(55, "na-gap", duration_ps=40, frame_every=200)
    text147 = study_text(147, "na-gap", duration_ps=20, frame_every=500)
    with work_folder(__doc__) as arguments:
        folder, workers = arguments.folder, arguments.workers
        na55 = compare(folder / "na55", text55, workers, lowest=3, max_steps=MAX_STEPS)
        na147 = compare(folder / "na147", text147, workers, lowest=2, max_steps=0)
    found = {"Na55": na55, "Na147": na147}
    checks = {
        f"{name}: every energy within {most:g} meV/atom": all(error_meV(i) <= most for i in found[name].isomers)
        for name, most in MOST_MEV_ATOM.items()
    }
    checks["the lowest isomer is the reference's lowest"] = all(first_is_lowest(one) for one in found.values())
    checks["every isomer is the same one after the reference's relaxation"] = all(
        isomer.change is not None and isomer.change.same for isomer in na55.isomers
    )
    record(
        "isomers/reference",
        "Isomers of Na55 and Na147, na-gap against its reference",
        checks,
        [HEAD, *(row(name, isomer) for name, comparison in found.items() for isomer in comparison.isomers)],
        comparisons={name: comparison.to_json() for name, comparison in found.items()},
    )


def compare(folder: Path, text: str, workers: int | None, *, lowest: int, max_steps: int) -> ReferenceComparison:
    """Find the isomers of a study and compare the lowest; what failed ends the program."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(text)
    isomers(folder, workers=workers)
    comparison = compare_isomers(folder, RECIPE, lowest=lowest, max_steps=max_steps, workers=workers)
    if comparison.failures:
        raise SystemExit("\n".join(comparison.failures))
    return comparison


def error_meV(isomer: ComparedIsomer) -> float:
    """Return the error of the potential's energy at its minimum, in meV/atom."""
    at = isomer.at_potential_minimum
    assert at is not None
    assert at.error is not None
    return 1000 * at.error.per_atom_eV


def first_is_lowest(comparison: ReferenceComparison) -> bool:
    """Say whether isomer 1 is the lowest by the reference too, at the minima of the potential and at its own."""
    rows = [at for i in comparison.isomers for at in (i.at_potential_minimum, i.at_reference_minimum)]
    return all(at.relative_eV is not None and at.relative_eV >= 0 for at in rows if at is not None)


def row(name: str, isomer: ComparedIsomer) -> tuple[str, ...]:
    """Return a line of the table."""
    start, end, change = isomer.at_potential_minimum, isomer.at_reference_minimum, isomer.change
    assert start is not None
    assert start.error is not None
    bonds = ("",) * 4
    if change is not None:
        lengths = ("shortest_A", "mean_nearest_A", "mean_bond_A")
        bonds = tuple(f"{getattr(change.before, key):.3f} > {getattr(change.after, key):.3f}" for key in lengths)
        bonds += ("yes" if change.same else "no",)
    return (
        *(name, str(isomer.rank), f"{isomer.energy_eV:.4f}", f"{start.reference_eV:.4f}"),
        *(f"{error_meV(isomer):.2f}", f"{start.error.percent:.3f}", f"{isomer.relative_eV:.4f}"),
        *(f"{start.relative_eV:.4f}", "" if end is None else f"{end.relative_eV:.4f}"),
        *("" if end is None else str(isomer.n_steps), f"{(end or start).max_force_eV_A:.3f}", *bonds),
    )


if __name__ == "__main__":
    main()
