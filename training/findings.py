"""Checks of labelled frames: what can be left out or tolerated is a finding, anything else an error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from deckgen.errors import InputError
from deckgen.findings import Finding
from deckgen.training.dataset import LabelledFrame, frame_key

__all__ = ["about_net_forces", "about_settings", "listed", "without_duplicates"]

LARGEST_NET_FORCE_EV_A = 5e-3
"""A component of the sum of a frame's forces; the error of a single force is about sqrt(N) times smaller."""

SAME_LABEL_EV_ATOM = 1e-3
"""Two labels of one configuration that differ by more were made with different settings."""

DECISIVE = frozenset({"GGA", "ENCUT", "POTCAR", "reference"})
"""Settings that shift the energy: frames made with different ones cannot be fitted together."""

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
            if name in DECISIVE:
                raise InputError(words, hint="labels of different settings cannot be fitted together: keep one kind")
            findings.append(Finding("mixed_settings", words))
    return findings
