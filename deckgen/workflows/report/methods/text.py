"""A methods text for a paper, made of what the study's settings and its results say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from deckgen.analysis.fragments import REACH
from deckgen.decks.potentials import BUILTIN, Potential
from deckgen.decks.protocols import WALL_eV_A2
from deckgen.decks.render import RELAX_FORCE_eV_A
from deckgen.minimisers import MINIMISERS
from deckgen.study import Study
from deckgen.workflows.analyse.read import ThermodynamicsDocument
from deckgen.workflows.document import ClusterEntry
from deckgen.workflows.isomers.read import IsomersDocument
from deckgen.workflows.report.methods.dynamics import integration, ladder_runs
from deckgen.workflows.report.methods.isomers import isomer_search
from deckgen.workflows.report.methods.literature import References
from deckgen.workflows.report.methods.templates import OwnTemplate, runs_by_templates

__all__ = ["Methods", "write_methods"]

CLOSED_SHELLS = (13, 55, 147, 309, 561, 923)
"""Mackay icosahedra."""


@dataclass(frozen=True)
class Methods:
    """Paragraphs of plain text that cite their numbered references as [n]."""

    paragraphs: tuple[str, ...]
    references: tuple[str, ...]


def write_methods(
    study: Study,
    potential: Potential,
    thermodynamics: ThermodynamicsDocument | None,
    isomers: IsomersDocument | None,
    lammps_versions: str,
    gap_engines: Collection[str] = (),
    templates: Sequence[OwnTemplate] = (),
) -> Methods:
    """Describe how a study's results were made.

    Parameters
    ----------
    study, potential
        The settings.
    thermodynamics, isomers
        The contents of results/thermodynamics.json and results/isomers.json, one of them at least.
    lammps_versions
        Of the runs; empty where unknown.
    gap_engines
        What evaluated the GAP, by the logs: `native`, `quip`, `plain`; empty where no log says.
    templates
        Those of the study's own; nothing is claimed of what they replace.
    """
    about = thermodynamics or isomers
    if about is None:
        raise ValueError("there are neither thermodynamics nor isomers to describe")
    references, cluster = References(), about.cluster
    sections = [_model(potential, cluster, references, gap_engines)]
    if templates:
        sections.append(runs_by_templates(templates, lammps_versions, references))
    elif thermodynamics or (isomers and isomers.settings.source == "own"):
        sections[0] += _start(study, references)
        sections.append(integration(study, cluster, lammps_versions, references))
    if thermodynamics:
        sections[-1] += ladder_runs(study, thermodynamics, references, own_templates=bool(templates))
        sections += [_reweighting(thermodynamics, references), _errors(study, thermodynamics, references)]
    if isomers:
        sections.append(isomer_search(study, isomers, references, own_templates=bool(templates)))
    sections[-1].append(f"Structures were handled with ASE {references.cite('ase')}.")
    return Methods(tuple(" ".join(sentences) for sentences in sections), tuple(references.cited))


def _model(potential: Potential, atoms: ClusterEntry, references: References, engines: Collection[str]) -> list[str]:
    formula = atoms.formula or f"of {atoms.n_atoms} atoms"
    return [f"A free cluster {formula} was described by {_potential(potential, references, engines)}."]


def _start(study: Study, references: References) -> list[str]:
    cluster, sentences = study.cluster, list[str]()
    source = f"a structure read from {cluster.file}" if cluster.file else _built(study)
    if cluster.relax:
        fire = references.cite(MINIMISERS["fire"].citation)
        sentences.append(
            f"The start structure, {source}, was relaxed by FIRE {fire} until no force on an atom exceeded "
            f"{RELAX_FORCE_eV_A:g} eV/Å."
        )
    else:
        sentences.append(f"The start structure was {source}, as it is.")
    if cluster.container_radius_A is not None:
        sentences.append(
            f"A spherical container about the centre of mass kept the cluster together: beyond "
            f"{cluster.container_radius_A:g} Å an atom feels a harmonic wall ({WALL_eV_A2:g} eV/Å² times the square of "
            "the excess), whose energy is part of the potential energy."
        )
    return sentences


def _potential(potential: Potential, references: References, engines: Collection[str]) -> str:
    works = f" {references.cite(potential.citation)}" if potential.citation else ""
    if potential.kind == "gap":
        source = "" if potential.name in BUILTIN else " (name the source of this fit here)"
        engine = _engine(potential, references, engines)
        return f"the Gaussian approximation potential {potential.name}{source}{works}, evaluated by {engine}"
    if potential.name in BUILTIN:
        return f"the {BUILTIN[potential.name].description}{works}"
    return f"the LAMMPS potential {potential.terms['pair_style']} (name its source here)"


def _engine(potential: Potential, references: References, engines: Collection[str]) -> str:
    """Say what evaluated a GAP: as the logs have it, else as the study chose."""
    quip, chosen = f"QUIP {references.cite('quip')}", potential.terms["engine"]
    known = set(engines) or ({chosen} - {"auto"})
    if known == {"native"}:
        return f"deckgen's own code, which was checked against {quip} on the first step of every run"
    if "native" in known:
        return f"deckgen's own code in some runs, checked against {quip} on their first step, and by QUIP in the others"
    if known:
        return quip
    return f"{quip} or by deckgen's own code, which is checked against it on the first step (no log says which)"


def _built(study: Study) -> str:
    cluster = study.cluster
    article = "a" if cluster.structure == "decahedron" else "an"
    whole = cluster.structure == "icosahedron" and cluster.n_atoms in CLOSED_SHELLS
    truncated = "" if whole else " (truncated where that closes no shell)"
    order = "" if cluster.formula is None else f", its elements in {cluster.ordering} order"
    return f"{article} {cluster.structure} of {cluster.n_atoms} atoms{truncated} built with ASE{order}"


def _reweighting(results: ThermodynamicsDocument, references: References) -> list[str]:
    cite, states = references.cite, results.states
    independent = [state.n_effective for state in states]
    sentences = [
        "The start of each run, at most its first half, was left out up to where most independent samples remained "
        f"{cite('equilibration')}, or as far as all runs together approached equilibrium. Correlation times are the "
        f"spectral density at zero frequency of autoregressive models of block averages {cite('autoregressive')}: "
        f"{min(independent):.0f} to {max(independent):.0f} independent samples per temperature.",
        f"All temperatures were combined by the multistate Bennett acceptance ratio (MBAR) {cite('mbar')} with pymbar "
        f"{version('pymbar')} and deckgen {results.deckgen_version}.",
        "The heat capacity is C_v/k_B = (3N − 3)/2 + Var(U)/(k_B T)², given in units of its classical limit at zero "
        f"temperature, C_0/k_B = {'3N − 4' if results.c0_over_kB == 2 else '3N − 9/2'} = {results.c0_over_kB:g}.",
    ]
    if results.rotation == "canonical":
        sentences.append(
            "Runs at zero angular momentum sample exp(−U/k_B T)/sqrt(det I), with the inertia tensor I; averages carry "
            "the weight sqrt(det I), so that they hold for the canonical ensemble."
        )
    elif results.estimators.rotation.canonical is not None:
        sentences.append(
            "Runs at zero angular momentum sample exp(−U/k_B T)/sqrt(det I), with the inertia tensor I; averages are "
            "those of this ensemble, without weights."
        )
    if any(warning.code == "evaporation" for warning in results.warnings):
        sentences.append(
            "Where a cluster fell into pieces (atoms further apart than "
            f"{REACH:g} times the median nearest-neighbour distance), its samples after the last intact frame were "
            "left out."
        )
    return sentences


def _errors(study: Study, results: ThermodynamicsDocument, references: References) -> list[str]:
    cite, sentences = references.cite, list[str]()
    if results.melting is not None and not results.melting.at_edge:
        sentences.append(
            "The melting temperature is that of the highest maximum of C_v, between the points of a grid of "
            f"{study.analysis.grid_K:g} K by a parabola; the latent heat is the area between the peak and the straight "
            "line that joins its feet."
        )
    if results.heat_capacity_ci95 is not None:
        sentences.append(
            f"Intervals of 95 % are the estimate, less its bias, and Student's t times the standard deviation of "
            f"{study.analysis.bootstraps} resamples of the whole analysis. Each temperature is drawn anew from MBAR's "
            "own distribution: the share of samples above the mean energy at the peak, and the energies on either "
            "side, each with as many independent samples as the runs are worth along their part of the quantity's "
            f"influence function {cite('influence')}."
        )
    if results.estimators.multiple_histogram is not None:
        sentences.append(f"The multiple histogram method {cite('multiple_histogram')} served as a check.")
    if results.lindemann.delta:
        sentences.append(
            "The Lindemann index is the relative fluctuation of the distances between all pairs of atoms "
            f"{cite('lindemann')}."
        )
    return sentences
