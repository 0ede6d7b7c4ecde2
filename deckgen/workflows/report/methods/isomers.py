"""How isomers were found and distinguished, in words."""

from __future__ import annotations

from deckgen.minimisers import MINIMISERS
from deckgen.study import Study
from deckgen.workflows.isomers.read import IsomersDocument
from deckgen.workflows.report.methods.dynamics import melting
from deckgen.workflows.report.methods.literature import References

__all__ = ["isomer_search"]


def isomer_search(
    study: Study, isomers: IsomersDocument, references: References, *, own_templates: bool = False
) -> list[str]:
    """Describe what led to results/isomers.json, whose contents are `isomers`.

    Templates of the study's own decide how frames were quenched, and how the isomers' own runs began.
    """
    cite, settings, tolerances = references.cite, isomers.settings, isomers.tolerances
    minimiser = MINIMISERS[settings.minimizer]
    source = f" {cite(minimiser.citation)}" if minimiser.citation and not own_templates else ""
    by = "as those templates say" if own_templates else f"by {minimiser.description}{source}"
    reflection = ", a reflection" if tolerances.reflection else ""
    groups = f"each of the lowest {isomers.n_tightened} groups" if isomers.n_higher else "each group"
    sentences = [
        *_frames(study, isomers, own_templates=own_templates),
        f"Isomers are the distinct inherent structures {cite('inherent')} of {isomers.n_quenched} configurations, "
        f"of which {isomers.n_failed} could not be quenched or fell apart. Each was quenched "
        f"{by} in LAMMPS {cite('lammps')} until no force on an atom exceeded "
        f"{settings.loose_force_eV_A:g} eV/Å; one of {groups} of equal energies and fingerprints was converged "
        f"to {settings.max_force_eV_A:g} eV/Å"
        + (", and pushed off the saddle where its lowest curvature was negative." if settings.off_saddles else "."),
        f"Minima are one isomer when their energies differ by at most {tolerances.tight_energy_eV:g} eV and a "
        f"translation, a rotation{reflection} and a permutation of like atoms leave no atom further than "
        f"{tolerances.match_A:g} Å from its counterpart; point groups hold within {tolerances.symmetry_A:g} Å.",
        f"Minima within {tolerances.energy_eV:g} eV of each other whose fingerprints differ by at most "
        f"{tolerances.doubt_A:g} Å were converged to {settings.settled_force_eV_A:g} eV/Å before that.",
    ]
    if hopping := isomers.hopping:
        sentences.append(
            f"Basin hopping {cite('hopping')} continued from {len(hopping.first_hops)} of them, with displacements of "
            f"up to {hopping.step:g} nearest-neighbour distances and acceptance at {hopping.temperature_K:g} K: "
            f"{hopping.sentence}."
        )
    if any(isomer.log_frequency_product is not None for isomer in isomers.isomers):
        sentences.append(
            "Harmonic frequencies are those of Hessians by finite differences of the forces; they enter the heat "
            f"capacity of the superposition of harmonic wells {cite('superposition')}."
        )
    return sentences


def _frames(study: Study, isomers: IsomersDocument, *, own_templates: bool) -> list[str]:
    chosen, source = study.isomers, isomers.settings.source
    kelvins = ", ".join(f"{temperature:g}" for temperature in isomers.temperatures_K)
    if source == "files":
        return ["The configurations to be quenched were read from files."]
    if source == "nvt":
        part = "all" if chosen.every == 1 else f"one in {chosen.every} of the"
        return [f"The configurations to be quenched are {part} structures recorded at {kelvins} K."]
    return [
        f"The configurations to be quenched are from runs of {chosen.duration_ps:g} ps at {kelvins} K, one every "
        f"{chosen.frame_every * study.nvt.timestep_fs / 1000:g} ps.",
        *([] if own_templates else melting(study, study.nvt.start)),
    ]
