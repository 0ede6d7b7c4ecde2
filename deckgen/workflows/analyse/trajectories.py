"""What the frames of a study's runs tell: clusters that fell apart, the Lindemann index, minima below the start."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from deckgen.analysis.findings import BELOW_START_EV
from deckgen.analysis.fragments import Evaporation, find_evaporation
from deckgen.analysis.jumps.quenches import Quenches, RunQuenches
from deckgen.analysis.lindemann import LindemannCurve, lindemann_index, lindemann_of_pairs
from deckgen.analysis.states import EnergyTrace, RungState
from deckgen.decks.manifest import QUENCHED, read_manifest
from deckgen.decks.protocols import sampled_files
from deckgen.findings import Finding
from deckgen.frames import Frame, read_frames
from deckgen.samples import Samples, TimeSeries
from deckgen.workflows.isomers.quenches import read_quenches

__all__ = ["about_quenches", "evaporations", "lindemann_curve", "quenches_of", "trajectory", "with_quenches"]

ALL = ""
"""The name of the index over all pairs of atoms."""


def evaporations(samples: Samples) -> tuple[Evaporation, ...]:
    """Return the runs whose cluster fell apart, by their frames."""
    found = (
        find_evaporation(
            ((time, frame.positions_A) for time, frame in trajectory(run)),
            temperature_K=run.temperature_K,
            replica=run.replica,
        )
        for run in samples.series
    )
    return tuple(evaporation for evaporation in found if evaporation is not None)


def lindemann_curve(
    samples: Samples, states: Sequence[RungState], fallen: Sequence[Evaporation]
) -> LindemannCurve | None:
    """Return the Lindemann index of each rung from its frames, averaged over replicas; None without frames.

    Frames of the equilibration and of clusters that have fallen apart are left out; a rung with fewer than two frames
    left has no index.
    """
    equilibration = {state.temperature_K: state.equilibration_ps for state in states}
    ends = {(found.temperature_K, found.replica): found.last_intact_ps for found in fallen}
    curve = dict[float, dict[str, float]]()
    for temperature, runs in groupby(samples.series, key=lambda run: run.temperature_K):
        begin = equilibration.get(temperature, math.inf)
        spans = [(run, begin, ends.get((temperature, run.replica), math.inf)) for run in runs]
        if indices := [found for span in spans if (found := _indices(*span))]:
            curve[temperature] = {name: float(np.mean([found[name] for found in indices])) for name in indices[0]}
    if not curve:
        return None
    columns = {name: tuple(found[name] for found in curve.values()) for name in next(iter(curve.values()))}
    return LindemannCurve(tuple(curve), columns.pop(ALL), columns)


def _indices(run: TimeSeries, begin_ps: float, end_ps: float) -> dict[str, float]:
    """Return the index of all pairs of atoms and of each pair of elements; nothing with fewer than two frames."""
    chosen = [frame for time, frame in trajectory(run) if begin_ps < time <= end_ps]
    frames = [frame.positions_A for frame in chosen]
    if len(frames) < 2:
        return {}
    symbols = chosen[0].symbols
    several = len(set(symbols)) > 1 and run.swaps is None  # a swap moves no atom, but its element
    return {ALL: lindemann_index(frames)} | (lindemann_of_pairs(frames, symbols) if several else {})


def trajectory(run: TimeSeries) -> Iterator[tuple[float, Frame]]:
    """Yield time (ps) and each of a run's frames; nothing where it has none."""
    if run.frames is None:
        return
    timestep_ps = read_manifest(run.frames.parent).timestep_fs / 1000
    for frame in read_frames(run.frames):
        yield frame.step * timestep_ps, frame


def quenches_of(samples: Samples, study_folder: Path) -> Quenches:
    """Return what the runs' frames were quenched to, where isomers were looked for among them.

    Raises
    ------
    InputError
        If results/quenches.json is not readable.
    """
    quenched = read_quenches(study_folder)
    if not quenched:
        return {}
    return {
        (run.temperature_K, run.replica): RunQuenches(np.array(found.time_ps), np.array(found.energy_eV))
        for run in samples.series
        if run.frames is not None and (found := quenched.get(read_manifest(run.frames.parent).identity))
    }


def with_quenches(traces: Sequence[EnergyTrace], quenches: Quenches) -> tuple[EnergyTrace, ...]:
    """Return traces with the energies that the runs' frames were quenched to."""
    return tuple(
        replace(trace, quench_time_ps=found.time_ps, quench_energy_eV=found.energy_eV)
        if (found := quenches.get((trace.temperature_K, trace.replica)))
        else trace
        for trace in traces
    )


def about_quenches(samples: Samples, study_folder: Path) -> list[Finding]:
    """Say if the quench of a run's last frame ended below the relaxed start structure, and where it lies."""
    energies = dict(_quenched_energies(study_folder))
    if samples.start_energy_eV is None or not energies:
        return []
    file = min(energies, key=lambda path: energies[path])
    if not energies[file] < samples.start_energy_eV - BELOW_START_EV:
        return []
    temperature = read_manifest(file.parent).temperature_K
    message = (
        f"T = {temperature:g} K: the last frame quenches to {energies[file]:.5f} eV, "
        f"{samples.start_energy_eV - energies[file]:.4f} eV below the relaxed start structure; the start is not the "
        f'lowest minimum. Start a new study from [cluster] file = "{file.relative_to(study_folder)}"'
    )
    return [Finding("lower_minimum_found", message, temperature)]


def _quenched_energies(study_folder: Path) -> Iterator[tuple[Path, float]]:
    for path in sampled_files(study_folder, QUENCHED):
        for frame in read_frames(path):
            if math.isfinite(frame.potential_energy_eV):
                yield path, frame.potential_energy_eV
