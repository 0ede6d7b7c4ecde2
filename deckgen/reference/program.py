"""The process of a reference calculator: reads a request, computes, writes the reply; both JSON.

Runs under any Python from 3.9 on that has ASE from 3.22 on, hence imports nothing of deckgen, which starts it
(`deckgen.reference`).
"""

from __future__ import annotations

import ctypes
import importlib
import io
import json
import os
import signal
import sys
import time
from typing import Any

DAMPING_FS = 100.0
_PR_SET_PDEATHSIG = 1
_ELSEWHERE = {"tblite": "tblite.ase:TBLite"}


def main(request_file: str, reply_file: str) -> None:
    """Answer one request; a calculator's exception is an answer too."""
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != request["parent"]:  # it died before we asked
        sys.exit(1)
    try:
        reply = _answer(request)
    except (Exception, SystemExit) as error:
        reply = _failure(error)
    with open(reply_file, "w", encoding="utf-8") as file:
        json.dump(reply, file)


class _NoCalculatorError(Exception):
    """There is no such calculator here."""


class _KeywordsError(Exception):
    """The calculator refuses its keywords."""


def _failure(error: BaseException) -> dict[str, str]:
    if isinstance(error, _NoCalculatorError):
        return {"error": str(error), "kind": "calculator"}
    if isinstance(error, _KeywordsError):
        return {"error": str(error), "kind": "keywords"}
    return {"error": f"{type(error).__name__}: {error}", "kind": "calculation"}


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    kind = _calculator_class(request["calculator"])
    try:
        calculator = kind(**request["keywords"])
    except Exception as error:
        raise _KeywordsError(f"{type(error).__name__}: {error}") from error
    reply: dict[str, Any] = {"versions": _versions(kind)}
    if "atoms" in request:
        atoms = _atoms(request["atoms"])
        atoms.calc = calculator
        if "dynamics" in request:
            _dynamics(atoms, request["dynamics"])
        else:
            reply.update(_labels(atoms))
    reply["seconds"] = time.monotonic() - began
    return reply


def _calculator_class(name: str) -> Any:
    """Find a calculator: "module:Class", or a name that ASE knows."""
    name = _ELSEWHERE.get(name.lower(), name)
    try:
        if ":" in name:
            module, _, attribute = name.partition(":")
            return getattr(importlib.import_module(module), attribute)
        from ase.calculators.calculator import get_calculator_class

        return get_calculator_class(name)
    except (ImportError, AttributeError) as error:
        raise _NoCalculatorError(str(error)) from error


def _versions(kind: Any) -> dict[str, str]:
    import ase

    package = importlib.import_module(kind.__module__.split(".")[0])
    versions = {"python": sys.version.split()[0], "ase": ase.__version__}
    if package.__name__ != "ase":
        versions[package.__name__] = getattr(package, "__version__", None) or _distribution(package.__name__)
    return versions


def _distribution(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _atoms(values: dict[str, Any]) -> Any:
    from ase import Atoms

    return Atoms(**values)


def _dynamics(atoms: Any, task: dict[str, Any]) -> None:
    from ase import units
    from ase.io import write
    from ase.md.langevin import Langevin
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary, ZeroRotation
    from numpy.random import RandomState

    rng = RandomState(task["seed"] + task["done"])
    if not task["done"]:
        MaxwellBoltzmannDistribution(atoms, temperature_K=task["temperature"], rng=rng)
        Stationary(atoms)
        ZeroRotation(atoms)
    friction = 1 / (DAMPING_FS * units.fs)
    course = Langevin(atoms, task["timestep"] * units.fs, temperature_K=task["temperature"], friction=friction, rng=rng)
    with open(task["output"], "a", encoding="utf-8") as output:
        for step in range(task["done"] + task["frame_every"], task["n_steps"] + 1, task["frame_every"]):
            course.run(task["frame_every"])
            atoms.info = {"Timestep": step}
            text = io.StringIO()
            write(text, atoms, format="extxyz", columns=["symbols", "positions", "momenta"], write_results=False)
            output.write(text.getvalue())
            output.flush()


def _labels(atoms: Any) -> dict[str, Any]:
    """Return the energy that is consistent with the forces, and which of the calculator's energies that is."""
    from ase.calculators.calculator import PropertyNotImplementedError

    forces = atoms.get_forces()
    try:
        energy, kind = atoms.get_potential_energy(force_consistent=True), "free_energy"
    except PropertyNotImplementedError:
        energy, kind = atoms.get_potential_energy(), "energy"
    return {
        "energy": float(energy),
        "energy_kind": kind,
        "forces": forces.tolist(),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
