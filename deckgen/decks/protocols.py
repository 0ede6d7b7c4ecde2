"""What decks a study has: for each protocol its name, template and decks, and what each deck is told.

To add a protocol, write its record here and its template; what batches, harvests and reports ask is in the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from deckgen.files import file_in_folders
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.study.runs import Run, planned_runs
from deckgen.thermostats import THERMOSTATS

__all__ = [
    "ISOMERS",
    "MINIMIZE",
    "NVT",
    "PARTS",
    "PROTOCOLS",
    "QUENCH",
    "TEMPER",
    "TIMESTEP",
    "Part",
    "PlannedDeck",
    "Protocol",
    "nvt_id",
    "protocols_of",
    "sampled_files",
    "temper_deck",
    "timestep_runs",
]

Part = Literal["ladder", "isomers", "timestep"]
"""Which of a study's decks: the start structure and the ladder's runs, the isomers' own runs, or those that compare
time steps."""
PARTS: tuple[Part, ...] = get_args(Part)

TIMESTEPS_FS = (2.0, 4.0, 5.0)
TIMESTEP_TEST_PS = 100
WALL_eV_A2 = 1.0  # an atom of 300 K goes 0.2 A into the wall
WALL_WIDTH_A = 3.0


@dataclass(frozen=True)
class PlannedDeck:
    """A deck that a study has: its name, and what the template is told beyond what all decks share."""

    id: str
    context: dict[str, Any]


@dataclass(frozen=True)
class Protocol:
    """What a kind of deck does.

    Parameters
    ----------
    name
        Its decks are decks/<name>/<id>/.
    template
        Template of its decks, without `.in.j2`.
    part
        The part of the study that it belongs to; None: its decks are written when they are needed.
    sampled
        Whether its runs are the samples that `deckgen analyse` reads.
    decks
        Returns the decks that a study has of it.
    """

    name: str
    template: str
    part: Part | None
    sampled: bool
    decks: Callable[[Study], Iterator[PlannedDeck]]

    def folder(self, study_folder: Path) -> Path:
        """Return the folder of its decks within a study's."""
        return StudyFolder(study_folder).decks / self.name


def protocols_of(part: Part) -> tuple[Protocol, ...]:
    """Return the protocols of a part of a study, in the order in which they run."""
    return tuple(protocol for protocol in PROTOCOLS.values() if protocol.part == part)


def sampled_files(study_folder: Path, name: str) -> list[Path]:
    """Return the files of a name in all decks on disk whose runs are samples, sorted."""
    return [
        file
        for protocol in PROTOCOLS.values()
        if protocol.sampled
        for file in file_in_folders(protocol.folder(study_folder), name)
    ]


def nvt_id(temperature_K: float, replica: int) -> str:
    """Return the name of an NVT deck: T0281.000K-r1."""
    return f"T{temperature_K:08.3f}K-r{replica}"


def _start(study: Study) -> Iterator[PlannedDeck]:
    if study.cluster.relax:
        yield PlannedDeck("start", {"seed": _seed(study.nvt.seed, 0.0, 0)})


def _ladder(study: Study) -> Iterator[PlannedDeck]:
    for run in planned_runs(study):
        yield PlannedDeck(nvt_id(run.temperature_K, run.replica), _nvt(study, run))


def _isomer_runs(study: Study) -> Iterator[PlannedDeck]:
    """Yield the isomers' own runs: as the ladder's, with the temperatures, length and frames of [isomers]."""
    for place, temperature in enumerate(study.isomers.temperatures_K):
        context = _nvt(study, Run(temperature, 1, study.isomer_steps, study.nvt.begins_melted(place, 1)))
        context["seed"] = _seed(study.nvt.seed, temperature, 0)  # not the run of a rung at the same temperature
        context |= {"frame_every": study.isomers.frame_every, "exchange": False}
        yield PlannedDeck(nvt_id(temperature, 1), context)


def timestep_runs(study: Study) -> dict[float, tuple[Run, ...]]:
    """Return the runs that compare time steps, by the time step (fs): at the lowest and the highest rung, all solid.

    The study's own is one of them, wherever it lies; the shortest, with which the others are compared, comes first.
    """
    own, every = study.nvt.timestep_fs, study.nvt.sample_every
    return {
        timestep: tuple(
            Run(kelvin, replica, round(TIMESTEP_TEST_PS * 1000 / timestep) // every * every, melted=False)
            for kelvin in (study.ladder.rungs_K[0], study.ladder.rungs_K[-1])
        )
        for replica, timestep in enumerate(sorted({own, *TIMESTEPS_FS}), 1)
    }


def _timestep_runs(study: Study) -> Iterator[PlannedDeck]:
    """Yield the runs that compare time steps, named by theirs."""
    for timestep, runs in timestep_runs(study).items():
        for run in runs:
            own = {"timestep_ps": timestep / 1000, "timestep_fs": timestep, "exchange": False}
            yield PlannedDeck(f"{nvt_id(run.temperature_K, run.replica)}-{timestep:g}fs", _nvt(study, run) | own)


def _nvt(study: Study, run: Run) -> dict[str, Any]:
    """Return what one NVT deck has of its own."""
    nvt = study.nvt
    return {
        "temperature_K": run.temperature_K,
        "replica": run.replica,
        "seed": _seed(nvt.seed, run.temperature_K, run.replica),
        "thermostat": nvt.thermostat,
        "removed_dof": THERMOSTATS[nvt.thermostat].removed_dof,
        "damping_ps": nvt.damping_fs / 1000,
        "timestep_ps": nvt.timestep_fs / 1000,
        "timestep_fs": nvt.timestep_fs,
        "n_steps": run.n_steps,
        "sample_every": nvt.sample_every,
        "frame_every": nvt.frame_every,
        "restart_every": nvt.restart_every,
        "thermo_every": 100 * nvt.sample_every,
        "exchange": study.exchange.every is not None,
        "swap_every": nvt.swap_every,
        "melt_K": study.melt_K if run.melted else None,
        "melt_steps": round(nvt.melt_ps * 1000 / nvt.timestep_fs),
        "container_radius_A": study.cluster.container_radius_A,
        "wall_eV_A2": WALL_eV_A2,
        "wall_width_A": WALL_WIDTH_A,
    }


def temper_deck(study: Study, replica: int) -> PlannedDeck:
    """Return the deck of a whole ladder, which LAMMPS exchanges by itself; lengths are multiples of the exchanges'."""
    every = study.exchange.every or 1
    runs = [run for run in planned_runs(study) if run.replica == replica]
    rungs = [
        {"temperature_K": run.temperature_K, "seed": _nvt(study, run)["seed"], "melted": run.melted} for run in runs
    ]
    own = {
        "n_steps": -(-runs[0].n_steps // every) * every,
        "restart_every": -(-study.nvt.restart_every // every) * every,
        "exchange_every": every,
        "exchange_seed": _seed(study.nvt.seed, 0.0, replica),
        "melt_K": study.melt_K if any(run.melted for run in runs) else None,
        "rungs": rungs,
    }
    return PlannedDeck(f"r{replica}", _nvt(study, runs[0]) | own)


def _seed(seed: int, temperature_K: float, replica: int) -> int:
    """Derive a run's seed from the study's: the same whatever other runs there are; LAMMPS takes up to 9e8."""
    digest = hashlib.sha256(f"{seed}/{temperature_K:.3f}/{replica}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % 800_000_000


MINIMIZE = Protocol("minimize", template="minimize", part="ladder", sampled=False, decks=_start)
NVT = Protocol("nvt", template="nvt", part="ladder", sampled=True, decks=_ladder)
ISOMERS = Protocol("isomers", template="nvt", part="isomers", sampled=False, decks=_isomer_runs)
TIMESTEP = Protocol("timestep", template="nvt", part="timestep", sampled=False, decks=_timestep_runs)
QUENCH = Protocol("quench", template="quench", part=None, sampled=False, decks=lambda _study: iter(()))
TEMPER = Protocol("temper", template="temper", part=None, sampled=False, decks=lambda _study: iter(()))

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol for protocol in (MINIMIZE, NVT, ISOMERS, TIMESTEP, QUENCH, TEMPER)
}
"""All of them, by name."""
