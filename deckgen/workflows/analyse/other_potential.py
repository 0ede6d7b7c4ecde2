"""What another GAP would say of a study: its samples reweighted, without new runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from deckgen.analysis.isomers.geometry import principal_moments
from deckgen.analysis.mbar.other_potential import EvaluatedRun, OtherPotential, reweight_to_potential
from deckgen.analysis.production import MIN_SAMPLES, Production, make_productions
from deckgen.errors import InputError
from deckgen.frames import Frame
from deckgen.processes.executor import TaskExecutor, use_executor
from deckgen.runs.harvest import harvest
from deckgen.study import Study
from deckgen.training.predict import predict
from deckgen.workflows.analyse.trajectories import evaporations, trajectory

__all__ = ["reweight_study"]


def reweight_study(
    study: Study | Path | str,
    xml: Path | str,
    *,
    grid_K: float = 1.0,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
) -> OtherPotential:
    """Return the heat capacity of a study's cluster with another GAP, from the frames of the runs that it has.

    Frames of the equilibration, and of clusters that fell apart, are left out.

    Parameters
    ----------
    study
        A study, its folder or its file.
    xml
        The other GAP, its sparseX files beside it.
    grid_K
        Step of the temperature grid.
    workers
        Processes at once; None: as many as cores.
    executor
        Evaluates the frames, in place of one of its own.

    Raises
    ------
    InputError
        If the GAP is incomplete, the study has a container, whose energy is part of its samples, or a run has fewer
        than ten frames.
    RunError
        If nothing was sampled yet, or QUIP fails.
    AnalysisError
        If MBAR does not converge.
    """
    study = study if isinstance(study, Study) else Study.read(Path(study))
    if study.cluster.container_radius_A is not None:
        raise InputError(
            f"{study.file}: the energies of frames in a container hold that of its wall",
            hint="run the study with the other potential",
        )
    samples = harvest(study.folder)
    ends = {(found.temperature_K, found.replica): found.last_intact_ps for found in evaporations(samples)}
    with use_executor(executor, workers) as pool:
        runs = [
            _evaluated(run, ends.get((run.series.temperature_K, run.series.replica), math.inf), Path(xml), pool)
            for run in make_productions([run for run in samples.series if run.n >= MIN_SAMPLES])
        ]
    return reweight_to_potential(runs, samples.n_atoms, grid_K=grid_K)


def _evaluated(run: Production, end_ps: float, xml: Path, executor: TaskExecutor) -> EvaluatedRun:
    frames = list(_frames(run, end_ps))
    answers = predict(xml, [frame.atoms() for frame in frames], executor=executor) if frames else []
    moments = [principal_moments(frame.symbols, frame.positions_A)[0] for frame in frames]
    canonical = run.series.angular_momentum_is_zero
    return EvaluatedRun(
        run.series.temperature_K,
        np.array([frame.potential_energy_eV for frame in frames]),
        np.array([answer.energy_eV for answer in answers]),
        np.array([np.sqrt(np.prod(one)) if canonical else 1.0 for one in moments]),
    )


def _frames(run: Production, end_ps: float) -> Iterator[Frame]:
    begin_ps = run.series.time_ps[run.start]
    return (frame for time_ps, frame in trajectory(run.series) if begin_ps <= time_ps <= end_ps)
