"""How the runs were made, in words: the dynamics of the ladder and that of the isomers."""

from __future__ import annotations

from deckgen.analysis.swaps import elements_of
from deckgen.study import Study
from deckgen.study.runs import read_plan
from deckgen.thermostats import THERMOSTATS
from deckgen.workflows.analyse.read import ThermodynamicsDocument
from deckgen.workflows.document import ClusterEntry
from deckgen.workflows.report.methods.literature import References

__all__ = ["integration", "ladder_runs", "melting"]


def integration(study: Study, cluster: ClusterEntry, lammps_versions: str, references: References) -> list[str]:
    """Describe the dynamics that all runs share."""
    n_atoms, n_elements = cluster.n_atoms, len(elements_of(cluster.formula or ""))
    cite, nvt, thermostat = references.cite, study.nvt, THERMOSTATS[study.nvt.thermostat]
    release = f" ({lammps_versions})" if lammps_versions else ""
    return [
        f"Molecular dynamics at constant temperature was run with LAMMPS{release} {cite('lammps')}, with a time step "
        f"of {nvt.timestep_fs:g} fs and {thermostat.description} {cite(thermostat.citation)} (time constant "
        f"{nvt.damping_fs:g} fs).",
        thermostat.momenta.format(dof=3 * n_atoms - thermostat.removed_dof),
        *_swaps(study, n_elements),
    ]


def _swaps(study: Study, n_elements: int) -> list[str]:
    """Say how the chemical order was sampled, or that it was not."""
    every = study.nvt.swap_every
    if n_elements < 2:
        return []
    if every is None:
        return ["Unlike atoms were not swapped: the chemical order changed by diffusion alone."]
    return [
        f"Every {every * study.nvt.timestep_fs:g} fs a swap of two unlike atoms, chosen at random"
        + (" for each pair of elements" if n_elements > 2 else "")
        + ", was accepted with the Metropolis probability at the temperature of the run. All atoms had the mean mass, "
        "which leaves classical averages over configurations as they are: a swap then changes no momentum."
    ]


def ladder_runs(
    study: Study, results: ThermodynamicsDocument, references: References, *, own_templates: bool = False
) -> list[str]:
    """Describe the runs behind results/thermodynamics.json; templates of the study's own decide how they began."""
    nvt, states = study.nvt, results.states
    sentences = [
        f"The results rest on {len(states)} temperatures from {states[0].temperature_K:g} to "
        f"{states[-1].temperature_K:g} K, with {_planned(study)}."
    ]
    if any(warning.code == "partial" for warning in results.warnings):
        sentences.append("Not all runs are finished; the results are those of the part that is.")
    start = nvt.start if study.goal.melting_K is None else "alternate"
    sentences += [] if own_templates else melting(study, start)
    if study.exchange.every is not None:
        sentences.append(_exchange(study, references))
    sentences.append(
        f"The potential energy was recorded every {nvt.sample_every * nvt.timestep_fs:g} fs and the structure every "
        f"{nvt.frame_every * nvt.timestep_fs / 1000:g} ps."
    )
    if results.external:
        kelvins = ", ".join(f"{source.temperature_K:g}" for source in results.external)
        sentences.append(
            f"Energies of runs made elsewhere, whose protocol is not described here, joined at {kelvins} K."
        )
    return sentences


def _planned(study: Study) -> str:
    """Say how many runs of what length there are at each temperature."""
    nvt = study.nvt
    if study.goal.melting_K is None:
        runs = f"{nvt.replicas} independent runs" if nvt.replicas > 1 else "one run"
        longer = (f", {some.duration_ps:g} ps from {some.min_K:g} to {some.max_K:g} K" for some in nvt.longer)
        return f"{runs} of {nvt.duration_ps:g} ps planned at each" + "".join(longer)
    plan = read_plan(study.folder)
    pilot = f"a pilot of one run of {study.goal.pilot_ps:g} ps at each"
    if plan is None or plan.window_K is None:
        return pilot
    lengths = [run.n_steps * nvt.timestep_fs / 1000 for run in plan.in_window]
    low, high = plan.window_K
    return (
        f"{pilot}, and {len(lengths)} independent runs of {min(lengths):g} to {max(lengths):g} ps from {low:g} to "
        f"{high:g} K, extended where that narrowed the interval of the melting temperature most, until it was "
        f"{study.goal.melting_K:g} K wide or {study.goal.max_ns:g} ns were used"
    )


def melting(study: Study, start: str) -> list[str]:
    """Say which runs were melted first, and how."""
    if start == "minimum":
        return []
    which = "Every second run, by temperature and by replica," if start == "alternate" else "Each run"
    return [f"{which} began with {study.nvt.melt_ps:g} ps at {study.melt_K:g} K to melt the start structure."]


def _exchange(study: Study, references: References) -> str:
    """Say how configurations went from rung to rung."""
    pairs = "random pairs of" if study.exchange.pairs == "all" else "neighbouring"
    also = f", {references.cite('independence')}" if study.exchange.pairs == "all" else ""
    return (
        f"Every {study.exchange.every} steps, {pairs} temperatures of a ladder swapped their configurations by the "
        f"Metropolis criterion, the velocities scaled to the new temperature {references.cite('exchange')}{also}."
    )
