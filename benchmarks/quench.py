"""Quenching frames: deckgen, one process, against ASE's FIRE and BFGS, one process, to the same force.

    python -m benchmarks.quench

1,000 frames of Na55 at 150 K, to a largest force on an atom of 1e-4 eV/A. ASE's side: its optimisers with its LAMMPSlib
calculator, on the same LAMMPS with the same potential lines; a random part of the frames is timed and scaled up, as the
table says. deckgen's time is that of the whole call, with the start of its process, the reading and the writing.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.lammpslib import LAMMPSlib
from ase.optimize import BFGS, FIRE
from numpy.typing import NDArray

import deckgen
from deckgen.decks.deck import write_quench_deck
from deckgen.decks.manifest import SCRIPT, read_manifest
from deckgen.frames import read_frames
from deckgen.quip.mpi import preload_mpi
from deckgen.runs.quench.batch import quench
from deckgen.runs.quench.frames import frames_of_run
from deckgen.runs.quench.worker import ForceTolerance
from deckgen.study import Study

Array = NDArray[np.float64]

MAX_FORCE_EV_A = 1e-4
SAME_EV = 1e-6
STUDY = """
[cluster]
element = "Na"
size = 55
[potential]
name = "{potential}"
[ladder]
temperatures_K = [150, 160, 170]
[nvt]
duration_ps = {duration_ps}
[isomers]
temperatures_K = [150]
duration_ps = {duration_ps}
frame_every = 20
"""


@dataclass(frozen=True)
class Timing:
    """Seconds for so many frames, and the energies (eV) that they ended at."""

    seconds: float
    energies_eV: Array

    @property
    def per_frame(self) -> float:
        """Seconds a frame."""
        return self.seconds / len(self.energies_eV)


def make_study(folder: Path, potential: str, n_frames: int) -> tuple[Study, Path]:
    """Run the dynamics that the frames are of; return the study and the run's folder."""
    (folder / "study.toml").write_text(STUDY.format(potential=potential, duration_ps=0.04 * n_frames))
    study = Study.read(folder)
    done = deckgen.run(study, workers=1, part="isomers")
    return study, done.done[0].folder


def by_deckgen(study: Study, run: Path) -> Timing:
    """Time deckgen's quench of all frames."""
    deck = write_quench_deck(study, "benchmark", MAX_FORCE_EV_A).folder
    began = time.perf_counter()
    source = frames_of_run(run, read_manifest(run), ("Na",) * 55)
    minima = list(quench(deck, [source], ForceTolerance(MAX_FORCE_EV_A), workers=1, progress=False).minima())
    seconds = time.perf_counter() - began
    assert all(minimum.converged for minimum in minima)
    return Timing(seconds, np.array([minimum.energy_eV for minimum in minima]))


def by_ase(optimiser: Callable[..., BFGS | FIRE], run: Path, frames: list[Atoms]) -> Timing:
    """Time an optimiser of ASE; its calculator is set up beforehand."""
    preload_mpi()
    script = (run / SCRIPT).read_text().splitlines()
    lines = [" ".join(line.split()) for line in script if line.startswith(("pair_style", "pair_coeff"))]
    header = ["units metal", "atom_style atomic", "atom_modify map array sort 0 0", "boundary s s s"]
    with contextlib.chdir(run):
        calculator = LAMMPSlib(
            lmpcmds=lines, atom_types={"Na": 1}, keep_alive=True, boundary=False, lammps_header=header
        )
        calculator.get_potential_energy(frames[0])
        energies = []
        began = time.perf_counter()
        for frame in frames:
            frame.calc = calculator
            optimiser(frame, logfile=None).run(fmax=MAX_FORCE_EV_A, steps=10_000)
            energies.append(frame.get_potential_energy())
        return Timing(time.perf_counter() - began, np.array(energies))


def compare(potential: str, n_frames: int, timed: int) -> None:
    """Print the table of one potential."""
    with tempfile.TemporaryDirectory() as scratch:
        study, run = make_study(Path(scratch), potential, n_frames)
        ours = by_deckgen(study, run)
        chosen = np.sort(np.random.default_rng(1).choice(len(ours.energies_eV), timed, replace=False))
        atoms = [frame.atoms() for frame in read_frames(run / "frames.extxyz")]
        for frame in atoms:
            frame.cell = np.eye(3) * 60
        print(f"\n{potential}: {len(atoms)} frames by deckgen in {ours.seconds:.1f} s")
        for optimiser in (FIRE, BFGS):
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                theirs = pool.submit(by_ase, optimiser, run, [atoms[k] for k in chosen]).result()
            same = np.abs(theirs.energies_eV - ours.energies_eV[chosen]) < SAME_EV
            total = theirs.per_frame * len(atoms)
            print(
                f"  ASE {optimiser.__name__}: {total:.0f} s, scaled from {timed} frames: {total / ours.seconds:.1f} x; "
                f"{same.sum()} of {timed} energies equal to {SAME_EV:g} eV"
            )


def main() -> None:
    """Compare both potentials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--timed", type=int, default=40, help="frames that ASE quenches")
    arguments = parser.parse_args()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    for potential in ("na-gupta", "na-gap"):
        compare(potential, arguments.frames, arguments.timed)


if __name__ == "__main__":
    main()
