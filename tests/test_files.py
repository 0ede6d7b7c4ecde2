"""Files that are there whole or as they were, and what a path must lead to."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from deckgen.errors import InputError, RunError
from deckgen.files import (
    append,
    file_in_folders,
    first_free,
    make_folder,
    named,
    read_json,
    remove_leftovers,
    require_file,
    set_aside,
    unless_refused,
    whole,
    write_json,
    write_table,
    write_whole,
)


def stop_half_way(path: Path) -> None:
    with whole(path) as part:
        part.write_text("half")
        raise KeyboardInterrupt


def test_what_was_stopped_half_way_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_whole(path, "é")
    assert path.read_bytes() == b"\xc3\xa9"
    with pytest.raises(KeyboardInterrupt):
        stop_half_way(path)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "é"


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a folder"])
def test_only_a_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Neither in its own place nor at the end of a link: /dev/stdout is one."""
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    path, link = Path("there"), Path("link")
    link.symlink_to(path)
    with socket.socket(socket.AF_UNIX) as other:
        {"a pipe": os.mkfifo, "a socket": lambda one: other.bind(str(one)), "a folder": Path.mkdir}[kind](path)
        for one in (path, link):
            with pytest.raises(RunError, match=f"{one} cannot be written: {kind} is in its place"):
                write_whole(one, "text")
    assert link.is_symlink()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "there"]


def test_a_file_is_on_the_disk_before_it_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the renaming would else leave an empty one: the kernel is asked in this order."""
    asked, fsync, replace = list[str](), os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (asked.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *paths: (asked.append("replace"), replace(*paths)))
    write_whole(tmp_path / "file", "text")
    append(tmp_path / "file", "more")
    assert asked == ["fsync", "replace", "fsync"]
    assert (tmp_path / "file").read_text() == "textmore"


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room on that disk"),
        (errno.EDQUOT, "make room on that disk"),
        (errno.EFBIG, "make room on that disk"),
        (errno.EACCES, "make it writable for you"),
        (errno.EROFS, "make it writable for you"),
    ],
)
def test_a_disk_that_refuses_is_named_with_what_to_do(tmp_path: Path, number: int, hint: str) -> None:
    words = os.strerror(number)
    with pytest.raises(RunError, match=f"{tmp_path} cannot be written: {words}") as caught, named(tmp_path):
        raise OSError(number, words)
    assert caught.value.hint.startswith(hint)
    with pytest.raises(OSError, match="Invalid"), named(tmp_path):  # that is no matter of the disk
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def test_what_only_explains_is_left_out_where_the_disk_refuses_it(tmp_path: Path) -> None:
    with unless_refused():
        write_whole(tmp_path, "a folder is in its place")
    with pytest.raises(ZeroDivisionError), unless_refused():
        raise ZeroDivisionError


def test_no_document_holds_what_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    write_json(path, {"a": [1.5, None]})
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(path, {"a": value})
    assert read_json(path) == {"a": [1.5, None]}


def test_a_document_of_any_depth_is_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(tmp_path / "deep.json")


def test_a_table_has_all_digits_and_columns_of_equal_length(tmp_path: Path) -> None:
    values = np.array([1 / 3, -1e-300])
    write_table(tmp_path / "table.csv", {"x": np.array([1, 2]), "y": values})
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "x,y"
    assert [float(line.split(",")[1]) for line in lines[1:]] == values.tolist()
    with pytest.raises(ValueError, match="longer than"):
        write_table(tmp_path / "table.csv", {"x": np.array([1]), "y": values})
    assert (tmp_path / "table.csv").read_text().splitlines() == lines


def test_what_would_be_overwritten_gets_the_first_name_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "failed.extxyz"
    set_aside(path)  # there is none
    for content in "abc":
        path.write_text(content)
        set_aside(path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"failed-{k}.extxyz": content for k, content in enumerate("abc", 1)
    }
    assert first_free(tmp_path, "failed-{}.extxyz").name == "failed-4.extxyz"


def test_only_what_killed_commands_were_writing_is_removed(tmp_path: Path) -> None:
    for name in ("a/one.part", "a/one", "b/two.part", "three.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with whole(tmp_path / "a" / "written") as part:
        remove_leftovers(tmp_path, "a")
        part.write_text("whole")
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == {
        "a/one",
        "a/written",
        "b/two.part",
        "three.part",
    }


def test_a_path_leads_to_a_file_that_ends_and_is_not_too_large(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    require_file(tmp_path / "file", largest_bytes=5)
    with pytest.raises(InputError, match="at most"):
        require_file(tmp_path / "file", largest_bytes=4)
    with pytest.raises(InputError, match="no such file") as caught:
        require_file(tmp_path / "none", hint="make one")
    assert caught.value.hint == "make one"
    for name in ("x" * 300, "a\0b", "file/below"):
        with pytest.raises(InputError, match=r".") as caught:
            require_file(tmp_path / name, hint="make one")
        assert caught.value.hint == ""
        with pytest.raises(InputError, match="cannot make this folder"):
            make_folder(tmp_path / name)


def test_the_files_of_a_name_are_found_in_order_where_there_are_some(tmp_path: Path) -> None:
    assert file_in_folders(tmp_path / "none", "a") == []
    for name in ("z", "b", "m"):
        (tmp_path / name).mkdir()
    (tmp_path / "z" / "a").touch()
    (tmp_path / "b" / "a").touch()
    (tmp_path / "file").touch()
    assert [path.parent.name for path in file_in_folders(tmp_path, "a")] == ["b", "z"]
