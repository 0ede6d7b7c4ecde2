"""Clean virtual environments, and what is installed and run in them, from outside the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Environment", "build", "interpreters", "outside"]

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("python3.11", "python3.12", "python3.13")
MINUTES = 60.0


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has nothing but what is installed here."""

    folder: Path

    @classmethod
    def create(cls, interpreter: str, folder: Path) -> Environment:
        """Make an environment of an interpreter."""
        outside([interpreter, "-m", "venv", "--clear", str(folder)], folder.parent)
        return cls(folder)

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def pip(self, *arguments: str) -> None:
        """Run `pip install`.

        Raises
        ------
        SystemExit
            If it fails, with what pip said.
        """
        outside([self.python, "-m", "pip", "install", "--disable-pip-version-check", *arguments], self.folder)

    def run(self, *words: str, folder: Path | None = None) -> str:
        """Run a program of this environment, `deckgen` or `python`, and return what it printed.

        Raises
        ------
        SystemExit
            If it fails, with the end of what it said.
        """
        return outside([str(self.folder / "bin" / words[0]), *words[1:]], folder or self.folder)

    def versions(self) -> dict[str, str]:
        """Return what is installed, by lower-case names."""
        listed = json.loads(self.run("python", "-m", "pip", "list", "--format", "json"))
        return {package["name"].lower(): package["version"] for package in listed}


def outside(command: Sequence[str], folder: Path) -> str:
    """Run a command that sees neither the checkout nor this process' environment; return what it printed.

    Raises
    ------
    SystemExit
        If it fails.
    """
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "LAMMPS_PLUGIN_PATH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONNOUSERSITE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60 * MINUTES, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-4000:]
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
    return done.stdout


def interpreters(wanted: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield each Python, its path and version: those wanted, else the supported ones that are on PATH.

    Raises
    ------
    SystemExit
        If one that was wanted is not there.
    """
    for name in wanted or PYTHONS:
        path = shutil.which(name)
        command = [path or name, "-c", "import platform, sys; print(sys.executable, platform.python_version())"]
        done = subprocess.run(command, capture_output=True, text=True, check=False) if path else None
        if done is not None and done.returncode == 0:
            executable, version = done.stdout.split()
            yield executable, version
        elif wanted:
            raise SystemExit(f"{name}: no such Python")
        else:
            print(f"{name} is not on PATH: left out (name others in PYTHONS)", file=sys.stderr)


def build(folder: Path) -> tuple[Path, Path]:
    """Build the source distribution from a clean copy of the checkout, and the wheel from that; return both."""
    copy = checkout(folder / "checkout")
    outside([sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(copy)], folder)
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    return sdist, wheel


def checkout(target: Path) -> Path:
    """Copy what git tracks, or would track, to a new folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target
