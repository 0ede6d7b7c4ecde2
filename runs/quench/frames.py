"""Frames to quench: of runs, of files that ASE reads, or minima to go on with. Streamed, never all in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import AGAIN, sha256_of
from deckgen.decks.manifest import FRAMES, Manifest
from deckgen.errors import InputError
from deckgen.files import require_file, whole
from deckgen.frames import Record, Span, frame_spans, read_frames
from deckgen.minima import Minimum, append_minima, find_minima, read_minima
from deckgen.structures import read_structures

__all__ = ["FrameSource", "StartFrame", "frames_of_file", "frames_of_minima", "frames_of_run"]


@dataclass(frozen=True, eq=False)
class StartFrame:
    """A frame to quench: positions (N, 3) in A in the order of the deck's atoms, and where it is from."""

    positions_A: NDArray[np.float64]
    temperature_K: float | None
    source: str
    frame: int


@dataclass(frozen=True)
class FrameSource:
    """A file of frames.

    Parameters
    ----------
    file
        A run's frames, or a file of minima, which say themselves where they are from.
    name
        What the minima's files are called after.
    key
        Hash of what decides the frames: another key, other quenches.
    count
        How many frames are to be quenched.
    symbols
        Symbols of the deck's atoms, in their order.
    run
        The deck that the frames are of; empty for a file of minima.
    every
        Take every n-th frame of the run, with n = `every`.
    temperature_K
        Temperature of the run.
    """

    file: Path
    name: str
    key: str
    count: int
    symbols: tuple[str, ...]
    run: str = ""
    every: int = 1
    temperature_K: float | None = None

    def frames(self, first: int, last: int) -> Iterator[StartFrame]:
        """Yield the frames from number `first` up to and without number `last`.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        if self.run:
            for frame in read_frames(self.file, spans=_spans(self.file, self.every)[first:last]):
                # swaps of unlike atoms change which element is where
                positions = _in_order(frame.symbols, frame.positions_A, self.symbols)
                yield StartFrame(positions, self.temperature_K, self.run, frame.step)
        else:
            for minimum in read_minima(self.file, _records(self.file)[first:last]):
                yield StartFrame(minimum.positions_A, minimum.temperature_K, minimum.source, minimum.frame)


def _in_order(found: Sequence[str], positions_A: NDArray[np.float64], symbols: Sequence[str]) -> NDArray[np.float64]:
    """Return the positions (N, 3) of the same atoms in another order: that of `symbols`."""
    ordered = np.empty((len(symbols), 3))
    ordered[np.argsort(symbols, kind="stable")] = positions_A[np.argsort(found, kind="stable")]
    return ordered


@cache
def _spans(file: Path, every: int) -> list[Span]:
    return frame_spans(file, every)


@cache
def _records(file: Path) -> list[Record]:
    return find_minima(file)


def frames_of_run(folder: Path, manifest: Manifest, symbols: tuple[str, ...], every: int = 1) -> FrameSource:
    """Return the frames that a deck has written so far: all, or every n-th with n = `every`."""
    file = folder / FRAMES
    return FrameSource(
        file=file,
        name=f"{manifest.protocol}-{manifest.id}",
        key=_key(f"{manifest.identity}/{every}".encode()),
        count=len(frame_spans(file, every)) if file.exists() else 0,
        symbols=symbols,
        run=f"{manifest.protocol}/{manifest.id}",
        every=every,
        temperature_K=manifest.temperature_K,
    )


def frames_of_file(file: Path, folder: Path, symbols: tuple[str, ...], every: int = 1) -> FrameSource:
    """Return all or every n-th (n = `every`) of the frames of a file that ASE reads, from a copy in `folder`.

    The copy has the atoms in the order of the deck's, and is found quickly. All frames are looked at, one in memory at
    a time.

    Raises
    ------
    InputError
        If the file cannot be read, or a frame is not of the study's cluster.
    """
    require_file(file)
    sha256 = sha256_of(file)
    key = _key(f"{sha256}/{every}".encode())
    copy = folder / f"{file.stem}-{key}.starts.extxyz"
    _write_once(copy, _read_by_ase(file, sha256, symbols, every))
    return FrameSource(copy, file.stem, key, len(find_minima(copy)), symbols)


def frames_of_minima(minima: Sequence[Minimum], folder: Path, symbols: tuple[str, ...]) -> FrameSource:
    """Write minima to a file in `folder`, to be minimised further."""
    digest = hashlib.sha256()
    for minimum in minima:
        digest.update(f"{minimum.source}/{minimum.frame}".encode())
        digest.update(np.round(minimum.positions_A, 8).tobytes())
    key = _key(digest.digest())
    file = folder / f"minima-{key}.starts.extxyz"
    _write_once(file, minima)
    return FrameSource(file, "minima", key, len(minima), symbols)


def _read_by_ase(file: Path, sha256: str, symbols: tuple[str, ...], every: int) -> Iterator[Minimum]:
    """Yield the frames of a file of a known checksum as minima that are none yet."""
    nan, number = float("nan"), 0
    for atoms in read_structures(file, slice(0, None, every)):
        found = atoms.get_chemical_symbols()
        if sorted(found) != sorted(symbols):
            formula = atoms.get_chemical_formula("hill")
            raise InputError(f"{file}: frame {number} is {formula}, not the study's cluster")
        if not np.isfinite(atoms.positions).all():
            raise InputError(f"{file}: frame {number} has positions that are not numbers")
        positions = _in_order(found, atoms.positions, symbols)
        said = atoms.info.get("temperature_K")
        try:
            temperature = None if said is None else float(said)
        except (ValueError, TypeError):
            raise InputError(f"{file}: frame {number}: temperature_K = {said!r} is not a number") from None
        yield Minimum(symbols, positions, nan, nan, 0, False, temperature, file.name, number)
        number += every
    if sha256_of(file) != sha256:
        raise InputError(f"{file}: it changed while it was read", hint=AGAIN)


def _write_once(file: Path, minima: Iterable[Minimum]) -> None:
    """Write minima to a file, whole or not at all, unless it is there."""
    if not file.exists():
        with whole(file) as part:
            append_minima(part, minima)


def _key(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]
