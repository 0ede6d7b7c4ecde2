"""The bias of na-gap between solid and liquid: its errors on frames of both phases near melting, labelled afresh.

Half a meV/atom between the phases is 7 to 10 K of the melting temperature. The frames are of na-gap's own dynamics at
230 to 330 K, solid ones from the relaxed icosahedron, liquid ones from the melt, 10 ps apart; each is quenched, and
counts only where its minimum agrees: within 0.2 eV of the icosahedron for a solid, more than 0.6 eV above it for a
liquid. None of them was ever fitted.

    python -m validation.potential.bias --sample             # the frames: bias/<cluster>/frames/sampled.extxyz
    deckgen train label validation/potential/bias/na55       # GPAW, a minute or two per frame; na147: ten
    python -m validation.potential.bias                      # what is labelled so far
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms
from ase.io import iread, write

import deckgen
from deckgen.decks.deck import write_quench_deck
from deckgen.decks.manifest import FRAMES, read_manifest
from deckgen.decks.potentials import BUILTIN
from deckgen.decks.protocols import NVT
from deckgen.decks.render import prepare
from deckgen.frames import read_frames
from deckgen.runs.harvest import harvest
from deckgen.runs.quench.batch import quench
from deckgen.runs.quench.frames import frames_of_run
from deckgen.runs.quench.worker import ForceTolerance
from deckgen.study import Study
from deckgen.training.dataset import LabelledFrame
from deckgen.training.extxyz import labelled_frame
from deckgen.training.predict import predict
from deckgen.training.recipe.folder import FRAMES as FRAME_FOLDER
from deckgen.training.recipe.folder import LABELLED, LABELS, SAMPLED
from validation.common import record, work_folder
from validation.potential.phases import MOST_MEV_ATOM, Bias, PhaseError, phase_errors

FOLDER = Path(__file__).resolve().parent / "bias"
SOLID_EV, LIQUID_EV = 0.2, 0.6
LEFT_OUT_PS = 20.0
FORCE_EV_A = 1e-3
HEAD = ("cluster", "phase", "frames", "mean error of the energy / meV/atom", "rmse", "F rmse / meV/Å")

STUDY = """
[cluster]
element = "Na"
size = {size}
[potential]
name = "na-gap"
[ladder]
temperatures_K = {temperatures_K}
[nvt]
start = "{start}"
duration_ps = {duration_ps}
frame_every = 5000
restart_every = 5000
seed = {seed}
{melt}
"""


@dataclass(frozen=True)
class Runs:
    """Runs of one phase of one cluster; `count` frames are taken in all."""

    cluster: str
    size: int
    phase: str
    temperatures_K: tuple[float, ...]
    duration_ps: float
    count: int
    seed: int

    @property
    def text(self) -> str:
        """The study.toml of the runs."""
        solid = self.phase == "solid"
        return STUDY.format(
            size=self.size,
            temperatures_K=list(self.temperatures_K),
            start="minimum" if solid else "melted",
            duration_ps=self.duration_ps,
            seed=self.seed,
            melt="" if solid else "melt_K = 420",
        )


CLUSTERS = ("na55", "na147")
PHASES = (
    Runs("na55", 55, "solid", (230, 245, 260, 275), 140, 24, 11),
    Runs("na55", 55, "liquid", (270, 290, 310, 330), 140, 24, 12),
    Runs("na147", 147, "solid", (230, 245, 260), 60, 12, 13),
    Runs("na147", 147, "liquid", (275, 300, 330), 60, 12, 14),
)


def main() -> None:
    """Sample the frames, or record the errors on those that are labelled."""
    with work_folder(__doc__, sample="make the frames to be labelled, and end") as arguments:
        if arguments.sample:
            for cluster in CLUSTERS:
                sample(cluster, arguments.folder, arguments.workers)
            return
        frames = {cluster: labelled(cluster) for cluster in CLUSTERS if labels(cluster).is_file()}
        errors = {cluster: na_gap_errors(cluster, some, arguments.workers) for cluster, some in frames.items()}
    biases = {cluster: Bias.between(*phases) for cluster, phases in errors.items()}
    criterion = f"|bias| + 2 standard errors below {MOST_MEV_ATOM:g} meV/atom"
    differences = [(cluster, "liquid less solid", "", bias.words, "", "") for cluster, bias in biases.items()]
    record(
        "potential/bias",
        "na-gap: its errors on solid and liquid frames near melting",
        {f"{cluster}: {criterion}": bias.small for cluster, bias in biases.items()},
        [HEAD, *(row.cells for phases in errors.values() for row in phases), *differences],
        errors=errors,
        bias=biases,
    )


def labels(cluster: str) -> Path:
    """Return the file of a cluster's labelled frames."""
    return FOLDER / cluster / LABELS / LABELLED


def sample(cluster: str, folder: Path, workers: int | None) -> None:
    """Run the dynamics of both phases in `folder` and write the frames to be labelled, solid and liquid in turn."""
    solid, liquid = (list(_frames(runs, folder, workers)) for runs in PHASES if runs.cluster == cluster)
    file = FOLDER / cluster / FRAME_FOLDER / SAMPLED
    file.parent.mkdir(parents=True, exist_ok=True)
    in_turn = [atoms for pair in zip(solid, liquid, strict=False) for atoms in pair]
    write(file, in_turn, format="extxyz", columns=["symbols", "positions"])


def _frames(runs: Runs, folder: Path, workers: int | None) -> Iterator[Atoms]:
    """Yield the frames of a phase whose minima agree with it, the temperatures in turn."""
    place = folder / f"{runs.cluster}-{runs.phase}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "study.toml").write_text(runs.text)
    study = Study.read(place)
    if failed := deckgen.run(study, workers=workers).failed:
        raise SystemExit(f"{failed[0].folder}: {failed[0].message}")
    each = [list(_of_run(run, study, runs)) for run in sorted(NVT.folder(place).iterdir())]
    kept = [atoms for turn in zip(*each, strict=False) for atoms in turn if atoms]
    yield from kept[: runs.count]


def _of_run(run: Path, study: Study, runs: Runs) -> Iterator[Atoms | None]:
    """Yield the frames of a run after its start; None where the minimum is one of the other phase."""
    manifest, frames = read_manifest(run), list(read_frames(run / FRAMES))
    deck = write_quench_deck(prepare(study), "tight", FORCE_EV_A)
    source = frames_of_run(run, manifest, frames[0].symbols)
    minima = quench(deck.folder, [source], ForceTolerance(FORCE_EV_A, off_saddles=False)).minima()
    lowest_eV = harvest(study.folder).start_energy_eV
    assert lowest_eV is not None, "relaxed"
    for frame, minimum in zip(frames, minima, strict=True):
        if frame.step * manifest.timestep_fs / 1000 > LEFT_OUT_PS:
            above_eV = minimum.energy_eV - lowest_eV
            agrees = above_eV < SOLID_EV if runs.phase == "solid" else above_eV > LIQUID_EV
            yield _named(frame.atoms(), runs, manifest.temperature_K, above_eV) if agrees else None


def _named(atoms: Atoms, runs: Runs, temperature_K: float | None, above_eV: float) -> Atoms:
    atoms.info = {
        "trajectory": f"bias-{runs.cluster}-{runs.phase}-{temperature_K:g}K",
        "temperature_K": temperature_K,
        "phase": runs.phase,
        "quench_above_minimum_eV": round(above_eV, 4),
    }
    return atoms


def labelled(cluster: str) -> list[LabelledFrame]:
    """Return a cluster's labelled frames; `atoms.info["phase"]` says solid or liquid."""
    return [labelled_frame(atoms) for atoms in iread(labels(cluster), index=":")]


def na_gap_errors(cluster: str, frames: Sequence[LabelledFrame], workers: int | None) -> tuple[PhaseError, ...]:
    """Return the errors of na-gap on labelled frames of a cluster, the solid's first."""
    predictions = predict(BUILTIN["na-gap"].file, [frame.atoms for frame in frames], workers=workers)
    return tuple(phase_errors(cluster, frames, predictions))


if __name__ == "__main__":
    main()
