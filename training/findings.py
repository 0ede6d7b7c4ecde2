"""Checks of labelled frames: what can be left out or tolerated is a finding, anything else an error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.findings import Finding
from deckgen.training.dataset import Dataset, LabelledFrame, frame_key

__all__ = ["about_net_forces", "about_outliers", "about_settings", "about_two_energies", "listed", "without_duplicates"]

LARGEST_NET_FORCE_EV_A = 5e-3
"""A component of the sum of a frame's forces; the error of a single force is about sqrt(N) times smaller."""

SAME_LABEL_EV_ATOM = 1e-3
"""Two labels of one configuration that differ by more were made with different settings."""

HARMLESS = frozenset({"PREC", "EDIFF", "ISMEAR", "SIGMA", "ISPIN"})
"""Settings that hardly shift the energy; frames made with different values of any other cannot be fitted together."""

SAME_ENERGY_EV_ATOM = 1e-5

LARGEST_BINDING_EV_ATOM = 12.0
"""No solid or molecule binds its atoms by more; tungsten has 8.9 eV."""
ENERGY_RANGE_EV_ATOM = 10.0
"""No two configurations that one potential is for differ by more."""
LARGEST_FORCE_EV_A = 100.0
FAR = 20.0
"""An energy this many median deviations below the others of its formula, and `LEAST_FAR_EV_ATOM`, is an outlier."""
LEAST_FAR_EV_ATOM = 0.5
LEAST_GROUP = 10

SHOWN = 5


def listed(items: Sequence[str]) -> str:
    """Return the first few items as a list for a message."""
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def about_net_forces(frames: Iterable[LabelledFrame]) -> list[Finding]:
    """Return a warning if the forces of frames do not sum to zero."""
    nets = {frame.source: float(np.abs(frame.forces_eV_A.sum(axis=0)).max()) for frame in frames if frame.n_atoms > 1}
    wrong = sorted((net, source) for source, net in nets.items() if net > LARGEST_NET_FORCE_EV_A)
    if not wrong:
        return []
    worst, where = wrong[-1]
    message = (
        f"the forces of {len(wrong)} frames do not sum to zero (more than {LARGEST_NET_FORCE_EV_A:g} eV/A; the most "
        f"{worst:.3g} eV/A in {where}): not converged, a box that is too small, or fixed atoms"
    )
    return [Finding("net_force", message)]


def about_two_energies(set_aside_eV_atom: Mapping[str, float], energy_key: str) -> list[Finding]:
    """Return a warning where frames have a free energy beside the energy that the recipe names.

    Parameters
    ----------
    set_aside_eV_atom
        By frame, by how much the named energy lies above the free one.
    energy_key
        The named energy.
    """
    apart = {place: abs(gap) for place, gap in set_aside_eV_atom.items() if abs(gap) > SAME_ENERGY_EV_ATOM}
    if not apart:
        return []
    worst = max(apart, key=lambda place: apart[place])
    message = (
        f"{len(apart)} frames have a free energy beside {energy_key}, up to {1000 * apart[worst]:.1f} meV/atom apart "
        f"({worst}): the free energy, which the forces belong to, was taken"
    )
    return [Finding("two_energies", message)]


def about_outliers(dataset: Dataset) -> list[Finding]:
    """Return a warning about energies and forces that no configuration worth fitting has."""
    strange = []
    for frame, energy_eV_atom, far in zip(dataset.frames, *_energies(dataset), strict=True):
        force = float(np.abs(frame.forces_eV_A).max())
        if far:
            strange.append(f"{frame.source} ({energy_eV_atom:+.4g} eV/atom)")
        elif force > LARGEST_FORCE_EV_A:
            strange.append(f"{frame.source} (a force of {force:.4g} eV/A)")
    if not strange:
        return []
    message = f"{len(strange)} labels are far from all others; they would spoil a fit: {listed(strange)}"
    return [Finding("outlier", message)]


def _energies(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the energy per atom (K,), less that of the isolated atoms if all are known, and whether it is far off.

    Frames of several elements whose isolated atoms are not known are compared with those of their formula alone.
    """
    known = set(dataset.elements) <= set(dataset.isolated_eV)
    free = dataset.isolated_eV if known else dict.fromkeys(dataset.elements, 0.0)
    of_atoms = [sum(free[symbol] for symbol in frame.atoms.symbols) for frame in dataset.frames]
    energies = np.array(
        [(frame.energy_eV - atoms) / frame.n_atoms for frame, atoms in zip(dataset.frames, of_atoms, strict=True)]
    )
    far = np.zeros(len(energies), dtype=bool)
    if known:
        far |= energies < -LARGEST_BINDING_EV_ATOM
    if len(energies) and (known or len(dataset.elements) == 1):
        far |= np.abs(energies - np.median(energies)) > ENERGY_RANGE_EV_ATOM
    formulas = np.array([frame.formula for frame in dataset.frames])
    for formula in set(formulas.tolist()):
        members = formulas == formula
        far[members] |= energies[members] < _lowest_eV(energies[members])
    return energies, far


def _lowest_eV(energies: NDArray[np.float64]) -> float:
    """Return what the energies of one formula do not fall below: there is a lowest minimum, but no highest energy."""
    if len(energies) < LEAST_GROUP:
        return -np.inf
    middle = float(np.median(energies))
    return middle - max(LEAST_FAR_EV_ATOM, FAR * float(np.median(np.abs(energies - middle))))


def without_duplicates(frames: Iterable[LabelledFrame]) -> tuple[list[LabelledFrame], list[Finding]]:
    """Keep the first of configurations that occur more than once.

    Raises
    ------
    InputError
        If two labels of one configuration contradict each other.
    """
    first, again = dict[str, LabelledFrame](), list[str]()
    for frame in frames:
        known = first.setdefault(frame_key(frame.atoms), frame)
        if known is frame:
            continue
        if abs(known.energy_eV - frame.energy_eV) > SAME_LABEL_EV_ATOM * frame.n_atoms:
            raise InputError(
                f"{known.source} and {frame.source} are one configuration with two energies, "
                f"{known.energy_eV:.4f} and {frame.energy_eV:.4f} eV",
                hint="labels of different settings cannot be mixed: keep one of the files",
            )
        again.append(frame.source)
    message = f"{len(again)} frames occur more than once and were left out: {listed(again)}"
    return list(first.values()), [Finding("duplicates", message)] if again else []


def about_settings(settings: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    """Compare the settings of all files: {file: {setting: value}}.

    Raises
    ------
    InputError
        If files differ in what shifts the energy.
    """
    values = defaultdict[str, dict[str, str]](dict)
    for file, known in settings.items():
        for name, value in known.items():
            values[name].setdefault(value, file)
    findings = []
    for name, files in values.items():
        if len(files) > 1:
            words = f"{name} is " + ", ".join(f"{value} in {file}" for value, file in files.items())
            if name not in HARMLESS:
                raise InputError(words, hint="labels of different settings cannot be fitted together: keep one kind")
            findings.append(Finding("mixed_settings", words))
    return findings
