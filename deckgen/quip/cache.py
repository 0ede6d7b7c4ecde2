"""Where built plugins are kept: one folder for each LAMMPS, QUIP, compiler, processor and state of the sources."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deckgen.errors import InstallationError
from deckgen.files import read_json

__all__ = ["SEAL", "cache_folder", "digest", "digest_of_files", "is_intact", "locked", "seal"]

SEAL = "checksums.json"


def cache_folder() -> Path:
    """Folder of the built plugins: `$DECKGEN_CACHE`, else deckgen/quip in `$XDG_CACHE_HOME` or `~/.cache`.

    Raises
    ------
    InstallationError
        If the user has no home.
    """
    own = os.environ.get("DECKGEN_CACHE")
    if own:
        return Path(own)
    root = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(root) if root else Path.home() / ".cache") / "deckgen" / "quip"
    except RuntimeError as error:
        raise InstallationError(f"no folder for the plugin: {error}", hint="name one in DECKGEN_CACHE") from None


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return _sha256(text.encode())


def digest_of_files(folder: Path) -> str:
    """Return one SHA-256 of all files below a folder: of their paths, as includes and objects go by them, and bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest("\n".join(f"{path.relative_to(folder)} {_sha256(path.read_bytes())}" for path in files))


def seal(folder: Path, names: Iterable[str]) -> None:
    """Write down the checksums of the files that were built in a folder."""
    part = folder / f"{SEAL}.part"
    part.write_text(json.dumps({name: _sha256((folder / name).read_bytes()) for name in names}))
    os.replace(part, folder / SEAL)


def is_intact(folder: Path, names: Iterable[str]) -> bool:
    """Return whether files are there as they were built: a damaged library ends the process that loads it."""
    try:
        known = read_json(folder / SEAL)
        return all(known[name] == _sha256((folder / name).read_bytes()) for name in names)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time build in `folder`; the others wait."""
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
