"""Minima: frames that were quenched, in extended XYZ files that are appended to and streamed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import regular
from deckgen.errors import InputError
from deckgen.files import named, refuse_link
from deckgen.frames import Record, columns_of, end_of_whole, find_records

__all__ = ["Minimum", "append_minima", "find_minima", "read_minima"]

_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|(\S+))')


@dataclass(frozen=True, eq=False)
class Minimum:
    """One quenched frame.

    Parameters
    ----------
    symbols
        Chemical symbol of each atom.
    positions_A : (N, 3)
        Cartesian positions after the quench; those of the frame where LAMMPS failed.
    energy_eV
        Potential energy; NaN where LAMMPS failed.
    max_force_eV_A
        Length of the largest force on an atom; NaN where LAMMPS failed.
    n_steps
        Steps of the minimiser.
    converged
        Whether the largest force came below the tolerance within the steps allowed.
    temperature_K
        Temperature of the run that the frame is of, where it is known.
    source
        The deck or the file that the frame is of.
    frame
        Step of the frame in its run, or its index in its file.
    """

    symbols: tuple[str, ...]
    positions_A: NDArray[np.float64]
    energy_eV: float
    max_force_eV_A: float
    n_steps: int
    converged: bool
    temperature_K: float | None
    source: str
    frame: int


def append_minima(path: Path, minima: Iterable[Minimum]) -> int:
    """Append minima to a file, each as it comes, and return how many they were; what a kill cut short is cut off first.

    The file is extended XYZ (ASE reads it), with `Potential_energy`, `max_force_eV_A`, `quench_steps`, `converged`,
    `temperature_K`, `source` and `frame` in the comment line.
    """
    count = 0
    refuse_link(path)
    with named(path), open(path, "a+b", opener=regular) as file:
        file.seek(0)
        file.truncate(end_of_whole(file))
        for minimum in minima:
            file.write(_text(minimum).encode())
            file.flush()
            count += 1
    return count


def find_minima(path: Path) -> list[Record]:
    """Find the minima of a file in its order; one that a kill cut short is passed over.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with open(path, "rb", opener=regular) as file:
            return list(find_records(file))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def read_minima(path: Path, records: Sequence[Record] | None = None) -> Iterator[Minimum]:
    """Yield the minima of a file in its order, one in memory at a time; all, or those that `find_minima` has found.

    Raises
    ------
    InputError
        If the file cannot be read or holds something else.
    """
    records = find_minima(path) if records is None else records
    with open(path, "rb", opener=regular) as file:
        for record in records:
            file.seek(record.start)
            try:
                yield _parse(file.read(record.end - record.start))
            except (ValueError, KeyError, IndexError) as error:
                raise InputError(f"{path}: not a file of quenched frames ({error!r})") from error


def _text(minimum: Minimum) -> str:
    temperature = "" if minimum.temperature_K is None else f" temperature_K={minimum.temperature_K:g}"
    comment = (
        f"Properties=species:S:1:pos:R:3 energy={minimum.energy_eV:.10f} Potential_energy={minimum.energy_eV:.10f} "
        f"max_force_eV_A={minimum.max_force_eV_A:.6g} quench_steps={minimum.n_steps} "
        f'converged={"T" if minimum.converged else "F"}{temperature} source="{minimum.source}" frame={minimum.frame} '
        'pbc="F F F"'
    )
    atoms = zip(minimum.symbols, minimum.positions_A.tolist(), strict=True)
    lines = [f"{symbol} {x:.10f} {y:.10f} {z:.10f}" for symbol, (x, y, z) in atoms]
    return "\n".join([str(len(lines)), comment, *lines, ""])


def _parse(text: bytes) -> Minimum:
    symbols, positions, comment = columns_of(text)
    said: dict[str, Any] = {key: quoted or bare for key, quoted, bare in _PAIR.findall(comment)}
    return Minimum(
        symbols=symbols,
        positions_A=positions,
        energy_eV=float(said["Potential_energy"]),
        max_force_eV_A=float(said["max_force_eV_A"]),
        n_steps=int(said["quench_steps"]),
        converged=said["converged"] == "T",
        temperature_K=float(said["temperature_K"]) if "temperature_K" in said else None,
        source=said["source"],
        frame=int(said["frame"]),
    )
