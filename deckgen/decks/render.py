"""From a Study to the text of its decks. Nothing is written here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
)

from deckgen.decks.clusters import start_structure
from deckgen.decks.potentials import Potential, resolve
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = [
    "Prepared",
    "Rendering",
    "commands",
    "environment",
    "nvt_id",
    "prepare",
    "project_environment",
    "render",
    "render_isomer_runs",
    "render_quench",
    "structure_context",
]

RELAX_FORCE_eV_A = 1e-4
MELT_PS = 20
WALL_eV_A2 = 1.0  # an atom of 300 K goes 0.2 A into the wall
WALL_WIDTH_A = 3.0
FIRE_TIMESTEPS = 2.0  # of the dynamics: FIRE begins with so many, and grows to eight times that


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study with what all its decks share: the potential, the start structure, the templates."""

    study: Study
    potential: Potential
    start: Atoms
    templates: Environment


@dataclass(frozen=True)
class Rendering:
    """The text of one deck and what it was made of.

    `commands` is the script without comments and with everything left out that does not change what is computed: the
    length, the restart interval, the engine.
    """

    protocol: str
    name: str
    context: dict[str, Any]
    script: str
    commands: str
    data: str


def environment(template_folder: Path | None = None) -> Environment:
    """Return the Jinja environment: the user's templates first, then the package's; an undefined name is an error."""
    package = PackageLoader("deckgen.templates", "decks")
    own: list[BaseLoader] = [FileSystemLoader(template_folder)] if template_folder else []
    # deckgen/nvt.in.j2 is always the package's: what an nvt.in.j2 of the user extends
    return _environment(ChoiceLoader([*own, package, PrefixLoader({"deckgen": package})]))


def project_environment() -> Environment:
    """Return the Jinja environment of what a user starts from: study.toml and gap.toml."""
    return _environment(PackageLoader("deckgen.templates", "projects"))


def _environment(loader: BaseLoader) -> Environment:
    return Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (LAMMPS and TOML, not HTML)
    )


def prepare(study: Prepared | Study | Path | str) -> Prepared:
    """Resolve a study's potential and build its start structure; a study that is prepared already is returned as it is.

    A folder `templates` in the study's folder comes before the package's templates.

    Raises
    ------
    InputError
        If the study, its potential or its start structure is not usable, or an element is unknown to the potential.
    """
    if isinstance(study, Prepared):
        return study
    study = study if isinstance(study, Study) else Study.read(study)
    potential = resolve(study.potential, study.folder)
    start = start_structure(study.cluster, study.folder)
    unknown = sorted(set(start.symbols) - potential.elements) if potential.elements else []
    if unknown:
        raise InputError(
            f"{study.file}: [cluster] has {', '.join(unknown)}, which the potential {potential.name} does not know; "
            f"it knows {', '.join(sorted(potential.elements))}"
        )
    own = StudyFolder(study.folder).templates
    return Prepared(study, potential, start, environment(own if own.is_dir() else None))


def render(prepared: Prepared) -> Iterator[Rendering]:
    """Yield the study's decks: the relaxation of the start structure, then one for each temperature and replica.

    Raises
    ------
    InputError
        If a template fails.
    """
    study, env, common = prepared.study, prepared.templates, _common(prepared)
    if study.cluster.relax:
        yield _render(env, "minimize", "start", common | {"seed": _seed(study.nvt.seed, 0.0, 0)})
    for temperature in study.ladder.rungs_K:
        for replica in range(1, study.nvt.replicas + 1):
            yield _render(env, "nvt", nvt_id(temperature, replica), common | _nvt(study, temperature, replica))


def render_isomer_runs(prepared: Prepared) -> Iterator[Rendering]:
    """Yield the decks of the isomers' own runs: as the ladder's, with the temperatures, length and frames of [isomers].

    Raises
    ------
    InputError
        As `render`.
    """
    study, env, common = prepared.study, prepared.templates, _common(prepared)
    for temperature in study.isomers.temperatures_K:
        context = common | _nvt(study, temperature, 1)
        context["seed"] = _seed(study.nvt.seed, temperature, 0)  # not the run of a rung at the same temperature
        context |= {"n_steps": study.isomer_steps, "frame_every": study.isomers.frame_every}
        yield _render(env, "isomers", nvt_id(temperature, 1), context, template="nvt")


def render_quench(prepared: Prepared, stage: str, max_force_eV_A: float) -> Rendering:
    """Return the deck that quenches frames of the study's cluster to a force tolerance.

    Raises
    ------
    InputError
        As `render`.
    """
    study = prepared.study
    quench = {
        "max_force_eV_A": max_force_eV_A,
        "minimizer": study.isomers.minimizer,
        "max_steps": study.isomers.max_steps,
        "timestep_ps": FIRE_TIMESTEPS * study.nvt.timestep_fs / 1000,
    }
    return _render(prepared.templates, "quench", stage, _common(prepared) | quench)


def nvt_id(temperature_K: float, replica: int) -> str:
    """Return the name of an NVT deck: T0281.000K-r1."""
    return f"T{temperature_K:08.3f}K-r{replica}"


def structure_context(atoms: Atoms, mass_u: float | None = None) -> dict[str, Any]:
    """Return what the templates need to know of a structure; atom types in the order in which elements appear."""
    symbols = list(dict.fromkeys(atoms.symbols))
    numbers = [atomic_numbers[symbol] for symbol in symbols]
    masses = [mass_u or round(float(atomic_masses[number]), 8) for number in numbers]
    types = [symbols.index(symbol) + 1 for symbol in atoms.symbols]
    keys = ("symbol", "number", "mass_u")
    return {
        "formula": atoms.get_chemical_formula("hill"),
        "n_atoms": len(atoms),
        "species": [dict(zip(keys, kind, strict=True)) for kind in zip(symbols, numbers, masses, strict=True)],
        "positions": list(zip(types, (np.round(atoms.positions, 10) + 0.0).tolist(), strict=True)),
        "half_box_A": float(abs(atoms.positions).max()) + 10,
    }


def _common(prepared: Prepared) -> dict[str, Any]:
    """Return what all decks of a study share."""
    return structure_context(prepared.start, prepared.study.potential.mass_u) | {
        "potential": prepared.potential,
        "relax": prepared.study.cluster.relax,
        "max_force_eV_A": RELAX_FORCE_eV_A,
    }


def _nvt(study: Study, temperature_K: float, replica: int) -> dict[str, Any]:
    """Return what one NVT deck has of its own."""
    nvt = study.nvt
    return {
        "temperature_K": temperature_K,
        "replica": replica,
        "seed": _seed(nvt.seed, temperature_K, replica),
        "thermostat": nvt.thermostat,
        "damping_ps": nvt.damping_fs / 1000,
        "timestep_ps": nvt.timestep_fs / 1000,
        "timestep_fs": nvt.timestep_fs,
        "n_steps": nvt.n_steps_at(temperature_K),
        "sample_every": nvt.sample_every,
        "frame_every": nvt.frame_every,
        "restart_every": nvt.restart_every,
        "thermo_every": 100 * nvt.sample_every,
        "melt_K": study.melt_K if nvt.start == "melted" else None,
        "melt_steps": round(MELT_PS * 1000 / nvt.timestep_fs),
        "container_radius_A": study.cluster.container_radius_A,
        "wall_eV_A2": WALL_eV_A2,
        "wall_width_A": WALL_WIDTH_A,
    }


def _seed(seed: int, temperature_K: float, replica: int) -> int:
    """Derive a run's seed of the study's: the same whatever other runs there are; LAMMPS takes up to 9e8."""
    digest = hashlib.sha256(f"{seed}/{temperature_K:.3f}/{replica}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % 800_000_000


def _render(
    env: Environment, protocol: str, name: str, context: dict[str, Any], *, template: str | None = None
) -> Rendering:
    neutral = context | {
        "potential": replace(context["potential"], terms=context["potential"].terms | {"engine": "auto"})
    }
    neutral |= {"n_steps": 0, "restart_every": 0}
    template = f"{template or protocol}.in.j2"
    try:
        return Rendering(
            protocol=protocol,
            name=name,
            context=context,
            script=env.get_template(template).render(context),
            commands=commands(env.get_template(template).render(neutral)),
            data=env.get_template("cluster.data.j2").render(context),
        )
    except (TemplateError, RecursionError) as error:
        where = f"{getattr(error, 'filename', None) or template}:{getattr(error, 'lineno', '?')}"
        raise InputError(f"template {where}: {error}") from error


def commands(script: str) -> str:
    """Return a script without its comments and blank space: words about a deck are not part of its identity."""
    lines = (" ".join(line.split("#", 1)[0].split()) for line in script.splitlines())
    return "\n".join(line for line in lines if line)
