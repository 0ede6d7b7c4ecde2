"""From the outputs of a study's decks to its Samples, whoever ran the decks."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import content_of
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES, FRAMES, QUENCHED, Manifest
from deckgen.decks.protocols import MINIMIZE, PROTOCOLS
from deckgen.errors import RunError
from deckgen.frames import read_frames
from deckgen.runs.exchange.state import state_file
from deckgen.runs.exchange.walkers import read_walkers, walkers_at
from deckgen.runs.outputs import DROPPED_ENERGIES
from deckgen.runs.rows import COLUMNS, read_energies, read_swaps
from deckgen.samples import Samples, TimeSeries

__all__ = ["harvest"]


def harvest(study_folder: Path, *, moments: bool = True) -> Samples:
    """Collect what a study's runs have sampled so far; partly done and running decks count as they are.

    Parameters
    ----------
    study_folder
        The study's folder.
    moments
        Keep the principal moments; otherwise what rotational weights need of them, in a third of the memory.

    Raises
    ------
    RunError
        If nothing was sampled yet, rows are missing in the middle of a run, or decks are of different potentials.
    """
    decks = list(read_manifests(study_folder))
    sampled = [(folder, manifest) for folder, manifest in decks if PROTOCOLS[manifest.protocol].sampled]
    if len({(manifest.potential_sha256, manifest.formula) for _, manifest in sampled}) > 1:
        raise RunError(f"{study_folder}: the decks are of different clusters or potentials", hint="see: deckgen decks")
    times = dict[tuple[int, float], NDArray[np.float64]]()
    ladders = {replica: read_walkers(state_file(study_folder, replica)) for replica in {m.replica for _, m in sampled}}
    series = [
        run
        for folder, manifest in sampled
        if (run := _series(folder, manifest, ladders[manifest.replica].get(manifest.id), moments, times)) is not None
    ]
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


def _series(
    folder: Path,
    manifest: Manifest,
    noted: NDArray[np.int64] | None,
    moments: bool,
    times: dict[tuple[int, float], NDArray[np.float64]],
) -> TimeSeries | None:
    """Return what one deck has sampled, with the walkers that are noted of its rung; None where it has not one row.

    Each column is an array of its own: a slice of the table would keep all of it in memory. The times are those of all
    runs with rows as far apart.
    """
    path, frames = folder / ENERGIES, folder / FRAMES
    rows, dropped = read_energies(path) if path.exists() else (np.empty((0, COLUMNS)), 0)
    if not len(rows) or manifest.temperature_K is None:
        return None
    _check_spacing(path, rows[:, 0], manifest.sample_every)
    run = TimeSeries(
        temperature_K=manifest.temperature_K,
        time_ps=_times_ps(times, manifest.sample_every, manifest.timestep_fs, len(rows)),
        potential_energy_eV=rows[:, 1].copy(),
        kinetic_temperature_K=rows[:, 2].copy(),
        principal_moments_uA2=rows[:, 3:6].copy(),
        label=manifest.id,
        thermostat=manifest.thermostat,
        replica=manifest.replica,
        planned_ps=manifest.planned_ps,
        dropped_rows=dropped + _count_lines(folder / DROPPED_ENERGIES),
        frames=frames if frames.exists() else None,
        start=manifest.start,
        ladder=None if noted is None else manifest.replica,
        walkers=None if noted is None else walkers_at(noted, rows[:, 0].astype(np.int64)),
        swaps=read_swaps(path),
    )
    return run if moments else replace(run, principal_moments_uA2=None, root_determinants=run.rotation_weights())


def _times_ps(
    known: dict[tuple[int, float], NDArray[np.float64]], every: int, timestep_fs: float, n: int
) -> NDArray[np.float64]:
    """Return the times (n,) of rows `every` steps apart, read-only: the beginning of one array for all such runs."""
    times = known.get((every, timestep_fs))
    if times is None or len(times) < n:
        times = every * np.arange(1.0, n + 1) * timestep_fs / 1000
        times.flags.writeable = False
        known[every, timestep_fs] = times
    return times[:n]


def _check_spacing(path: Path, steps: NDArray[np.float64], every: int) -> None:
    gaps = np.flatnonzero(np.diff(steps, prepend=0) != every)
    if len(gaps):
        at = int(gaps[0])
        raise RunError(
            f"{path}: row {at + 1} is at step {steps[at]:.0f}; one row every {every} steps is due",
            hint="rows are missing or were changed: deckgen run goes back to a restart before them; "
            "deckgen run --redo DECK runs the deck afresh",
        )


def _count_lines(path: Path) -> int:
    return content_of(path).count(b"\n") if path.exists() else 0


def _start_energy(decks: list[tuple[Path, Manifest]]) -> float | None:
    """Return the energy of the relaxed start structure, where it has been relaxed."""
    files = [folder / QUENCHED for folder, manifest in decks if manifest.protocol == MINIMIZE.name]
    energies = [frame.potential_energy_eV for path in files if path.exists() for frame in read_frames(path)]
    return energies[-1] if energies and math.isfinite(energies[-1]) else None
