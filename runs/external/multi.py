"""LAMMPS' thermo output of several lines per step, `thermo_modify line multi`, as columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["BLOCK", "in_columns"]

BLOCK = re.compile(r"-+ Step\s+(\d+) -+")
PAIR = re.compile(r"(\S+)\s+=\s+(\S+)")


def in_columns(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a log, each block of several lines as one row, under a header where its names are new."""
    names: tuple[str, ...] = ()
    block: dict[str, str] = {}
    for line in lines:
        step, pairs = BLOCK.match(line), PAIR.findall(line)
        if block and (step or not pairs):
            if tuple(block) != names:
                names = tuple(block)
                yield " ".join(names) + "\n"
            yield " ".join(block.values()) + "\n"
            block = {}
        if step:
            block = {"Step": step[1]}
        elif block:
            block |= dict(pairs)
        else:
            yield line
            names = () if line.startswith("Loop time of") else names
