"""Compressed files are read as if they were not; what no text can be does not fill the memory."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from deckgen import compressed
from deckgen.compressed import opened, opened_text, plain_name
from deckgen.errors import InputError
from deckgen.structures import read_structures

LINES = "".join(f"{number} café\n" for number in range(5000))


@pytest.mark.parametrize(("name", "pack"), [("a.xyz", bytes), ("a.xyz.gz", gzip.compress), ("a.xyz.xz", lzma.compress)])
def test_a_file_is_read_as_if_it_were_not_compressed(name: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(pack(LINES.encode()))
    assert plain_name(file) == "a.xyz"
    with opened_text(file) as text:
        assert text.readline() == "0 café\n"
        assert "0 café\n" + text.read() == LINES
    with opened(file) as content:
        assert content.read() == LINES.encode()


def test_a_line_that_no_text_has_is_refused(tmp_path: Path) -> None:
    """A sparse file of 100 GB that takes no room on the disk, and one that is compressed."""
    sparse, bomb = tmp_path / "sparse.xyz", tmp_path / "bomb.xyz.gz"
    with sparse.open("wb") as file:
        file.write(b"13\n")
        file.truncate(100_000_000_000)
    bomb.write_bytes(gzip.compress(b"13\n" + bytes(20_000_000), 1))
    for file_of_one_line in (sparse, bomb):
        with opened_text(file_of_one_line) as text, pytest.raises(InputError, match="a line of more than 10 MB"):
            list(text)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_compressed_file_that_is_damaged_is_named(
    suffix: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    whole, file = pack(LINES.encode()), tmp_path / f"OUTCAR{suffix}"
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + bytes(50) + whole[middle + 50 :], b"no such thing"):
        file.write_bytes(damaged)
        with (
            opened_text(file) as text,
            pytest.raises(InputError, match=rf"OUTCAR\{suffix}: not a whole \{suffix} file"),
        ):
            list(text)


def test_a_small_file_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MOST_BYTES", 1_000_000)
    bomb, text = tmp_path / "bomb.gz", tmp_path / "text.gz"
    bomb.write_bytes(gzip.compress(b"0\n" * 5_000_000, 9))
    text.write_bytes(gzip.compress(LINES.encode() * 20))
    assert text.stat().st_size > 5000
    with opened(bomb) as content, pytest.raises(InputError, match=r"bomb\.gz: .* more than 200 times its size"):
        content.read()
    with opened(text) as content:
        assert len(content.read()) > 1_000_000


@pytest.mark.parametrize("name", ["start.xyz.gz", "POSCAR.gz", "start.cif.gz"])
def test_a_structure_that_is_compressed_without_an_end_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed, "MOST_BYTES", 1_000_000)
    (tmp_path / name).write_bytes(gzip.compress(b"1\n\nNa 0 0 0\n" * 300_000))
    with pytest.raises(InputError, match=f"{name}: what is compressed there has more than 200 times its size"):
        list(read_structures(tmp_path / name, -1))
