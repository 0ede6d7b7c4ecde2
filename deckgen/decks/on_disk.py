"""The files of decks: texts compared, potentials linked, folders moved out of the way."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path

from deckgen.contents import text_in
from deckgen.decks.manifest import DATA, MANIFEST, SCRIPT
from deckgen.errors import InputError, RunError
from deckgen.files import first_free, to_disk, write_whole

__all__ = [
    "inputs_to_disk",
    "link",
    "move_aside",
    "packed",
    "require_own_files",
    "text_of",
    "unpacked",
    "without_length",
]

_LENGTH = re.compile(
    r"^variable +(n_steps|restart_every|exchange) index .*\n|^if \"\$\{exchange\}\" .*\n", re.MULTILINE
)


def move_aside(folder: Path, attic: Path) -> None:
    """Move a deck's folder to the first free name in `attic`; its links go on pointing to the potential."""
    attic.mkdir(exist_ok=True)
    place = first_free(attic, f"{folder.parent.name}-{folder.name}.{{}}")
    links = {path.name: folder / os.readlink(path) for path in folder.iterdir() if path.is_symlink()}
    shutil.move(folder, place)
    for name, target in links.items():
        (place / name).unlink()
        (place / name).symlink_to(os.path.relpath(target, place))


def require_own_files(folder: Path, name: object) -> None:
    """Make sure that no file of a deck is a link out of the decks, to be written to or packed.

    Parameters
    ----------
    folder
        The deck's; its parent's parent holds all decks, and the potentials that they link to.
    name
        Names it in the message.

    Raises
    ------
    RunError
        If a file is a link that leads elsewhere.
    """
    decks = folder.resolve().parents[1]
    for file in folder.iterdir():
        if file.is_symlink() and not file.resolve().is_relative_to(decks):
            raise RunError(f"{name}: {file.name} is a link out of the decks", hint="put the file itself there")


def inputs_to_disk(folder: Path) -> None:
    """Have the kernel write out what a deck is made of: what it computes must not outlive that in a power cut."""
    for name in (DATA, SCRIPT, MANIFEST):
        with contextlib.suppress(FileNotFoundError):
            to_disk(folder / name)


def text_of(path: Path) -> str:
    """Return what a file says; nothing where it is not there."""
    return text_in(path, errors="replace") if path.is_file() else ""


def packed(texts: Mapping[str, str]) -> bytes:
    """Return texts by their names in little memory; nothing for none."""
    return zlib.compress(json.dumps(texts).encode(), level=1) if texts else b""


def unpacked(texts: bytes) -> dict[str, str]:
    """Return the texts that were packed."""
    return dict(json.loads(zlib.decompress(texts))) if texts else {}


def without_length(script: str) -> str:
    """Return a script less its length, restart interval and exchange, which may change."""
    return _LENGTH.sub("", script)


def link(file: Path, sha256: str, store: Path, folder: Path, *, untagged: bool = False) -> None:
    """Give a deck a potential file: a relative link to the study's one copy, or a copy where links cannot be made.

    In an `untagged` copy LAMMPS does not find the units that the file is in.

    Raises
    ------
    InputError
        If the file has another checksum by now: the potential's, which the deck is known by, is of what it was.
    """
    store.mkdir(parents=True, exist_ok=True)
    copy, name, size = store / file.name, folder / file.name, file.stat().st_size
    if not copy.exists() or copy.stat().st_size != size:  # cut short
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError(f"{file}: it changed while the decks were written", hint="give the command again")
        write_whole(copy, _untagged(content) if untagged else content)
    if name.exists() and name.stat().st_size == size:
        return
    try:
        name.symlink_to(os.path.relpath(copy, folder))
    except OSError:
        write_whole(name, copy.read_bytes())


def _untagged(content: bytes) -> bytes:
    first, rest, others = content.partition(b"\n")
    return first.replace(b"UNITS:", b"units:") + rest + others  # as long as it was
