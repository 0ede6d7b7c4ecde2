"""From a Study to the text of its decks. Nothing is written here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from jinja2 import Environment

from deckgen.decks.clusters import start_structure
from deckgen.decks.environment import deck_environment, fill
from deckgen.decks.potentials import Potential, resolve
from deckgen.decks.protocols import QUENCH, TEMPER, Part, Protocol, protocols_of, temper_deck
from deckgen.decks.script import told
from deckgen.decks.structure_file import NOT_USED
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.thermostats import THERMOSTATS

__all__ = [
    "Prepared",
    "Rendering",
    "commands",
    "prepare",
    "render",
    "render_quench",
    "render_temper",
    "structure_context",
    "template_view",
]

RELAX_FORCE_eV_A = 1e-4
FIRE_TIMESTEPS = 2.0  # FIRE begins with this many time steps of the dynamics, and grows to eight times that


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study with what all its decks share: the potential, the start structure, the templates."""

    study: Study
    potential: Potential
    start: Atoms
    templates: Environment

    @property
    def remarks(self) -> list[str]:
        """What a user should know of the start structure: atom types of several elements, what is not used."""
        symbols = sorted(set(self.start.symbols))
        types = ", ".join(f"{k} = {symbol}" for k, symbol in enumerate(symbols, 1))
        frozen = (
            "atoms are not swapped: below melting the elements stay where they start, and C_v lacks their mixing; "
            "[nvt] swap_every = 100 swaps unlike atoms"
        )
        swapped = f"unlike atoms are swapped every {self.study.nvt.swap_every} steps; all atoms have the mean mass"
        order = frozen if self.study.nvt.swap_every is None else swapped
        return [*([f"atom types: {types}", order] if symbols[1:] else []), *self.start.info.get(NOT_USED, [])]


@dataclass(frozen=True)
class Rendering:
    """The text of one deck and what it was made of.

    `commands` is the script without comments and with everything left out that does not change what is computed: the
    length, the restart interval, whether rungs exchange configurations, the engine.
    """

    protocol: str
    name: str
    context: dict[str, Any]
    script: str
    commands: str
    data: str


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
            f"it knows {', '.join(sorted(potential.elements))}",
            hint='give one that does: [potential] kind = "gap" or kind = "lammps"',
        )
    _check_freedom(study, start)
    _check_swaps(study, start)
    own = StudyFolder(study.folder).templates
    return Prepared(study, potential, start, deck_environment(own if os.path.isdir(own) else None))


def _check_freedom(study: Study, start: Atoms) -> None:
    """Refuse two atoms that may not rotate: they have one vibration, and the decks count 3N - 6 = 0."""
    if len(start) == 2 and THERMOSTATS[study.nvt.thermostat].keeps_zero_angular_momentum:
        able = [name for name, record in THERMOSTATS.items() if not record.keeps_zero_angular_momentum]
        raise InputError(
            f'{study.file}: [nvt] thermostat = "{study.nvt.thermostat}" keeps two atoms from rotating: they then have '
            "3N - 5 = 1 degree of freedom, not the 3N - 6 of a cluster",
            hint=f'of two atoms only {" or ".join(able)} samples the canonical ensemble: thermostat = "{able[0]}"',
        )


def _check_swaps(study: Study, start: Atoms) -> None:
    """Refuse swaps where all atoms are alike, or where rungs exchange configurations."""
    symbols = sorted(set(start.symbols))
    if study.nvt.swap_every is not None and study.exchange.every is not None:
        raise InputError(
            f"{study.file}: [nvt] swap_every = {study.nvt.swap_every} and [exchange] every = {study.exchange.every}: "
            "swaps of atoms in rungs that exchange configurations have not been shown to sample rightly",
            hint="leave one of the two out",
        )
    if study.nvt.swap_every is not None and len(symbols) == 1:
        raise InputError(
            f"{study.file}: [nvt] swap_every = {study.nvt.swap_every}: there are no unlike atoms to swap, all are "
            f"{symbols[0]}",
            hint="leave swap_every out",
        )


def render(prepared: Prepared, part: Part = "ladder") -> Iterator[Rendering]:
    """Yield the decks of a part of a study, in the order in which they run.

    Raises
    ------
    InputError
        If a template fails.
    """
    common = _common(prepared)
    for protocol in protocols_of(part):
        for deck in protocol.decks(prepared.study):
            yield _render(prepared.templates, protocol, deck.id, common | deck.context)


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
    return _render(prepared.templates, QUENCH, stage, _common(prepared) | quench)


def render_temper(prepared: Prepared, replica: int) -> Rendering:
    """Return the deck of a whole ladder of a study with [exchange], for LAMMPS' own replica exchange.

    Raises
    ------
    InputError
        As `render`.
    """
    deck = temper_deck(prepared.study, replica)
    return _render(prepared.templates, TEMPER, deck.id, _common(prepared) | deck.context)


def structure_context(atoms: Atoms, masses_u: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Return what the templates need to know of a structure; atom types in the order of the elements' symbols."""
    symbols = sorted(set(atoms.symbols))
    numbers = [atomic_numbers[symbol] for symbol in symbols]
    standard = {symbol: round(float(atomic_masses[number]), 8) for symbol, number in zip(symbols, numbers, strict=True)}
    masses = [(standard | dict(masses_u or {}))[symbol] for symbol in symbols]
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
    return structure_context(prepared.start, _masses_u(prepared)) | {
        "potential": prepared.potential,
        "relax": prepared.study.cluster.relax,
        "max_force_eV_A": RELAX_FORCE_eV_A,
    }


def _masses_u(prepared: Prepared) -> dict[str, float]:
    """Return the masses that the study states."""
    choice, symbols = prepared.study.potential, sorted(set(prepared.start.symbols))
    if choice.mass_u is not None and len(symbols) > 1:
        raise InputError(
            f"{prepared.study.file}: [potential] mass_u = {choice.mass_u:g}: the cluster has {', '.join(symbols)}",
            hint=f"one mass per element: masses_u = {{{symbols[0]} = {choice.mass_u:g}, ...}}",
        )
    if extra := sorted(set(choice.masses_u) - set(symbols)):
        raise InputError(
            f"{prepared.study.file}: [potential] masses_u names {', '.join(extra)}; the cluster has "
            f"{', '.join(symbols)}"
        )
    return dict.fromkeys(symbols, choice.mass_u) if choice.mass_u is not None else dict(choice.masses_u)


def template_view(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what templates see of a deck's context: plain data, fit for LAMMPS; of a potential its names and terms.

    Raises
    ------
    InputError
        If something in it cannot stand in a deck.
    """
    potential: Potential = context["potential"]
    seen = {key: getattr(potential, key) for key in ("name", "kind", "sha256", "elements", "terms")}
    files = [{"name": file} for file in potential.files]
    return {
        key: value if key == "positions" else told(value, key)  # numbers of our own, many
        for key, value in {**context, "potential": seen | {"files": files}}.items()
    }


def _render(env: Environment, protocol: Protocol, name: str, context: dict[str, Any]) -> Rendering:
    view = template_view(context)
    potential = view["potential"]
    neutral = {"potential": potential | {"terms": potential["terms"] | {"engine": "auto"}}}
    neutral |= {"n_steps": 0, "restart_every": 0, "exchange": False}
    template = f"{protocol.template}.in.j2"
    return Rendering(
        protocol=protocol.name,
        name=name,
        context=context,
        script=fill(env, template, view),
        commands=commands(fill(env, template, view | neutral)),
        data=fill(env, "cluster.data.j2", view),
    )


def commands(script: str) -> str:
    """Return a script without its comments and blank space: words about a deck are not part of its identity."""
    lines = (" ".join(line.split("#", 1)[0].split()) for line in script.splitlines())
    return "\n".join(line for line in lines if line)
