"""Inputs that nobody made on purpose: valid files of every kind that deckgen reads, changed at random.

Each is given to the real reader, in this process. It may be read or refused; nothing else may come of it.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from hypothesis import strategies as st

from deckgen.errors import DeckgenError
from validation.torture import documents, readers, seeds
from validation.torture.energies import ELSEWHERE

PATIENCE_S = 20.0

TOKENS = (
    *(b"nan", b"-inf", b"1e999", b"1e-320", b"-1", b"0", b"1.0", b"1D+03", b"9" * 5000, b"-999999999999"),
    *(b"999999999999", b"0x" + b"f" * 5000, b"true", b'"13"', b'""', b"'", b'"""', b"[" * 100_000, b"{", b"]", b"}"),
    *(b"<", b"</", b"<!DOCTYPE a [", b"&lt;", b"&#0;", b"]]>", b"&amp;", b"#", b"$", b"&\n", b"\\", b"a" * 300),
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xe9",
        b"\x1b[31m",
        b"\r\n",
        b"\n\n",
        b"\t",
        b" ",
        b"=",
        b",",
        b"a.b" * 30,
    ),
    *(b"a.b" * 30, b"../../etc/passwd", b"/dev/zero", b":key: [red]", b"1979-05-27", b"[ [1, 2], 'a', {} ]"),
)
"""What is put into a file, or in place of a part of it."""

VALUES = (
    *('"13"', '""', '" "', '"na-gupta"', '"own"', '"a\\u0000b"', '"../../etc/passwd"', '"/dev/zero"', '":key: [red]"'),
    *("true", "false", "0", "1", "-1", "2", "13", "55.0", "1.5", "1e-3", "1e308", "1e-320", "nan", "inf", "-0.0"),
    *("9" * 30, "9" * 5000, "0x" + "f" * 5000, "1979-05-27", "07:32:00", "[]", "[[]]", "{}", "[1, 2]", "[nan]"),
    *("[100, 200, 300]", "[300, 200, 100]", "[1.0001, 1.0002, 1.0003]", "[true, 2, 3]", '["1", 2]', "[1e-9, 1, 2]"),
    *('["a.xyz", "a.xyz"]', "{a = {a = {a = 1}}}", "[[[[[[1]]]]]]", "{Na = true}", '[""]', '"' + "a" * 300 + '"'),
)
"""What a key of a TOML file is given."""


class HangError(Exception):
    """A reader that has not come to an end."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Parameters
    ----------
    name
        What it is called in the table.
    file
        The name that the reader expects.
    valid
        The contents of files that are right.
    read
        Reads the file at a path: the function of deckgen that a user's file comes to.
    keys
        The keys of a TOML file, as table and key.
    """

    name: str
    file: str
    valid: tuple[bytes, ...]
    read: Callable[[Path], object]
    keys: tuple[tuple[str, str], ...] = ()

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Generate files of this kind: right ones with a few changes."""
        changed = st.builds(_changed, st.sampled_from(self.valid), st.lists(_changes(), min_size=1, max_size=3))
        return st.one_of(_tomls(self.keys), changed) if self.keys else changed


def outcome(kind: Kind, content: bytes, folder: Path) -> Literal["read", "refused"]:
    """Write a file and read it.

    Raises
    ------
    HangError
        If that takes more than `PATIENCE_S` seconds.
    Exception
        Anything but a result or a `DeckgenError` with something to say.
    """
    file = folder / kind.file
    file.write_bytes(content)
    with _alarm():
        try:
            kind.read(file)
        except DeckgenError as error:
            if not error.message.strip():
                raise AssertionError("an error without words") from error
            return "refused"
    return "read"


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_Change = tuple[str, float, float, bytes]


def _changes() -> st.SearchStrategy[_Change]:
    ways = st.sampled_from(("insert", "replace word", "replace line", "cut", "drop", "double", "flip", "swap lines"))
    place = st.floats(0, 1, exclude_max=True)
    return st.tuples(ways, place, place, st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6)))


def _changed(content: bytes, changes: Sequence[_Change]) -> bytes:
    for change in changes:
        content = _change(content, *change)
    return content


def _change(content: bytes, way: str, place: float, other: float, token: bytes) -> bytes:
    """Change a file at a place (a fraction of its length)."""
    at, to = sorted((int(place * len(content)), int(other * len(content))))
    if way == "insert":
        return content[:at] + token + content[at:]
    if way == "cut":
        return content[:at]
    if way == "drop":
        return content[:at] + content[min(to, at + 200) :]
    if way == "double":
        return content[:to] + content[at:to][:2000] + content[to:]
    if way == "flip":
        return content[:at] + bytes(byte ^ 0x80 for byte in content[at : at + 1]) + content[at + 1 :]
    separator = b" " if way == "replace word" else b"\n"
    parts = content.split(separator)
    first, second = int(place * len(parts)), int(other * len(parts))
    if way == "swap lines":
        parts[first], parts[second] = parts[second], parts[first]
    else:
        parts[first] = token
    return separator.join(parts)


def _tomls(keys: Sequence[tuple[str, str]]) -> st.SearchStrategy[bytes]:
    chosen = st.lists(
        st.tuples(st.sampled_from(keys), st.sampled_from(VALUES)),
        min_size=1,
        max_size=4,
        unique_by=lambda pair: pair[0],
    )
    return chosen.map(_toml)


def _toml(values: Sequence[tuple[tuple[str, str], str]]) -> bytes:
    tables: dict[str, dict[str, str]] = {"cluster": {"element": '"Na"', "size": "13"}}
    if not any(table == "cluster" for (table, _), _ in values) and any("." in table for (table, _), _ in values):
        tables = {}
    for (table, key), value in values:
        tables.setdefault(table, {})[key] = value
    return "\n".join(
        line for name, table in tables.items() for line in (f"[{name}]", *(f"{k} = {v}" for k, v in table.items()))
    ).encode()


def kinds() -> tuple[Kind, ...]:
    """Return every kind of file that deckgen reads and did not write a moment before."""
    study, recipe = seeds.study_keys(), seeds.recipe_keys()
    named: tuple[tuple[Any, ...], ...] = (
        ("study.toml", "study.toml", seeds.STUDIES, readers.study, study),
        ("gap.toml", "gap.toml", seeds.RECIPES, readers.recipe, recipe),
        ("start structure", "start.xyz", seeds.STRUCTURES, readers.cluster),
        ("start structure, ASE's own format", "start.traj", seeds.trajectories(), readers.cluster),
        ("frames to quench", "frames.xyz", seeds.STRUCTURES, readers.frames_to_quench),
        ("frames of a run", "frames.extxyz", seeds.FRAMES, readers.frames),
        ("quenched frames", "quenched.extxyz", seeds.MINIMA, readers.minima),
        ("labelled frames", "labelled.extxyz", seeds.LABELLED, readers.labelled),
        ("labelled frames, ASE trajectory", "labelled.traj", seeds.labelled_trajectories(), readers.labelled),
        ("labelled frames, ASE database", "labelled.db", seeds.databases(".db"), readers.labelled),
        ("labelled frames, ASE database of text", "labelled.json", seeds.databases(".json"), readers.labelled),
        ("vasprun.xml", "vasprun.xml", seeds.vaspruns(), readers.vasp),
        ("OUTCAR", "OUTCAR", seeds.outcars(), readers.vasp),
        ("GAP xml", "gap.xml", seeds.potentials(), readers.potential),
        *(
            (f"energies from elsewhere, {name}", "energies", files, readers.energies_from_elsewhere)
            for name, files in ELSEWHERE.items()
        ),
        ("energies.dat", "energies.dat", seeds.ENERGIES, readers.energies),
        ("restart", "nvt.restart", seeds.RESTARTS, readers.restart),
        ("nvt.restart.json", "nvt.restart.json", seeds.RECORDS, readers.records),
        ("deck.json", "deck.json", documents.manifests(), readers.manifest),
        ("status.json", "status.json", documents.journals(), readers.journal),
        ("results/*.json", "isomers.json", documents.RESULTS, readers.results),
    )
    return tuple(Kind(*words) for words in named)
