"""From the outputs of a study's decks to its Samples, whoever ran the decks."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES, FRAMES, QUENCHED, Manifest
from deckgen.decks.protocols import MINIMIZE, PROTOCOLS
from deckgen.errors import RunError
from deckgen.frames import read_frames, surviving
from deckgen.runs.outputs import DROPPED_ENERGIES, LARGEST_STEP, parse_row
from deckgen.samples import Samples, TimeSeries

__all__ = ["harvest", "read_energies"]

COLUMNS = 6  # step, potential energy, kinetic temperature, three principal moments


def harvest(study_folder: Path) -> Samples:
    """Collect what a study's runs have sampled so far; partly done and running decks count as they are.

    Raises
    ------
    RunError
        If nothing was sampled yet, rows are missing in the middle of a run, or decks are of different potentials.
    """
    decks = list(read_manifests(study_folder))
    sampled = [(folder, manifest) for folder, manifest in decks if PROTOCOLS[manifest.protocol].sampled]
    if len({(manifest.potential_sha256, manifest.formula) for _, manifest in sampled}) > 1:
        raise RunError(f"{study_folder}: the decks are of different clusters or potentials", hint="see: deckgen decks")
    series = [run for folder, manifest in sampled if (run := _series(folder, manifest)) is not None]
    if not series:
        raise RunError(f"{study_folder}: no deck has samples yet", hint="run the study first: deckgen run")
    known_K = {run.temperature_K for run in series}
    first = sampled[0][1]
    return Samples(
        n_atoms=first.n_atoms,
        series=tuple(series),
        formula=first.formula,
        potential_name=first.potential_name,
        potential_sha256=first.potential_sha256,
        start_energy_eV=_start_energy(decks),
        missing_K=tuple(sorted({m.temperature_K for _, m in sampled if m.temperature_K is not None} - known_K)),
    )


def read_energies(path: Path) -> tuple[NDArray[np.float64], int]:
    """Read a deck's `energies.dat`.

    A last line that is still being written is left out, as are rows that a resumed run went over again (the step goes
    back to s: earlier rows from s on), and everything from the first value on that is not finite.

    Returns
    -------
    rows : (n, 6)
        Step, potential energy (eV), kinetic temperature (K), principal moments (u A^2), the steps increasing.
    dropped
        Rows gone over again.
    """
    data = path.read_bytes()
    data = data[: data.rfind(b"\n") + 1]
    rows = _numbers(data)
    keep = surviving(rows[:, 0].astype(np.int64))
    kept = rows[keep & (rows[:, 0] > 0)]
    broken = ~np.isfinite(kept).all(axis=1)
    return kept[: int(broken.argmax())] if broken.any() else kept, int((~keep).sum())


def _numbers(data: bytes) -> NDArray[np.float64]:
    try:
        if parse_row(data[data[:-1].rfind(b"\n") + 1 :]):
            table = np.loadtxt(io.BytesIO(data), ndmin=2, usecols=range(COLUMNS))
            if (np.abs(table[:, 0]) < LARGEST_STEP).all():
                return table
    except ValueError:
        pass  # a kill cut a row short, and the next attempt wrote behind it
    rows = [
        row[:COLUMNS] for line in data.splitlines(keepends=True) if (row := parse_row(line)) and len(row) >= COLUMNS
    ]
    return np.array(rows, dtype=float).reshape(-1, COLUMNS)


def _series(folder: Path, manifest: Manifest) -> TimeSeries | None:
    """Return what one deck has sampled; None where it has not one row."""
    path, frames = folder / ENERGIES, folder / FRAMES
    rows, dropped = read_energies(path) if path.exists() else (np.empty((0, COLUMNS)), 0)
    if not len(rows) or manifest.temperature_K is None:
        return None
    _check_spacing(path, rows[:, 0], manifest.sample_every)
    return TimeSeries(
        temperature_K=manifest.temperature_K,
        time_ps=rows[:, 0] * manifest.timestep_fs / 1000,
        potential_energy_eV=rows[:, 1],
        kinetic_temperature_K=rows[:, 2],
        principal_moments_uA2=rows[:, 3:6],
        label=manifest.id,
        thermostat=manifest.thermostat,
        replica=manifest.replica,
        planned_ps=manifest.planned_ps,
        dropped_rows=dropped + _count_lines(folder / DROPPED_ENERGIES),
        frames=frames if frames.exists() else None,
    )


def _check_spacing(path: Path, steps: NDArray[np.float64], every: int) -> None:
    gaps = np.flatnonzero(np.diff(steps, prepend=0) != every)
    if len(gaps):
        at = int(gaps[0])
        raise RunError(
            f"{path}: row {at + 1} is at step {steps[at]:.0f}; one row every {every} steps is due",
            hint="rows are missing or were changed: run this deck afresh",
        )


def _count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _start_energy(decks: list[tuple[Path, Manifest]]) -> float | None:
    """Return the energy of the relaxed start structure, where it has been relaxed."""
    files = [folder / QUENCHED for folder, manifest in decks if manifest.protocol == MINIMIZE.name]
    energies = [frame.potential_energy_eV for path in files if path.exists() for frame in read_frames(path)]
    return energies[-1] if energies and math.isfinite(energies[-1]) else None
