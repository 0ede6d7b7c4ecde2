"""How a command ends that does not succeed: a sentence and an exit code for every kind of exception."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator
from typing import NamedTuple

import typer
from rich.console import Console
from typer.exceptions import TyperException

from deckgen import __version__
from deckgen.cli.output import plain
from deckgen.errors import DeckgenError
from deckgen.files import reason

__all__ = ["INTERRUPTED", "end", "open_streams"]

INTERRUPTED = 130
STDOUT = "standard output"

RESUME = "make room, then give the same command again: what was done is kept"
NOT_YOURS = "you need the rights to it: ask its owner, or work on a copy of your own"
HINTS = {
    errno.ENOSPC: RESUME,
    errno.EDQUOT: RESUME,
    errno.EACCES: NOT_YOURS,
    errno.EPERM: NOT_YOURS,
    errno.EROFS: NOT_YOURS,
}


class _Output(io.TextIOWrapper):
    """Standard output that says so where it cannot be written to."""

    def write(self, text: str) -> int:
        with self._named():
            return super().write(text)

    def flush(self) -> None:
        with self._named():
            super().flush()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = STDOUT
            raise


class _Ending(NamedTuple):
    message: str
    hint: str
    code: int


def open_streams() -> None:
    """Let standard input, output and error be open, and take any character: for the start of a program.

    Where one is closed, the next file that is opened would take its number, and be printed to.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            setattr(sys, name, open(number, "r+" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, terminal = sys.stdout.encoding, sys.stdout.isatty()
        sys.stdout = _Output(sys.stdout.detach(), encoding, "backslashreplace", line_buffering=terminal)


def end(error: BaseException) -> int:
    """Say why a command did not succeed, and return its exit code."""
    ending = _ending(error)
    if ending.message:
        word = "interrupted" if ending.code == INTERRUPTED else "error"
        err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        with contextlib.suppress(OSError):  # the exit code says it where nothing can be printed
            err.print(f"[bold red]{word}:[/] {plain(ending.message)}")
            if ending.hint:
                err.print(plain(ending.hint))
    return ending.code


def _ending(error: BaseException) -> _Ending:
    if isinstance(error, DeckgenError):
        return _Ending(error.message, error.hint, error.exit_code)
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        command = "deckgen" if context is None else context.command_path
        return _Ending(error.format_message(), f"see: {command} --help", 2)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return _Ending("what was done is kept; give the same command again", "", INTERRUPTED)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_file(error)
    if isinstance(error, MemoryError):
        return _Ending("there is not enough memory for this", "give fewer or smaller structures, or more memory", 1)
    return _bug(error)


def _of_file(error: OSError) -> _Ending:
    """Name the file that the operating system refused."""
    if error.filename == STDOUT:
        _discard_output()
        gone = isinstance(error, BrokenPipeError)  # the reader of a pipe has read enough
        return _Ending("" if gone else f"{STDOUT}: {reason(error)}", "", 1)
    file = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    return _Ending(f"{file}{reason(error)}", HINTS.get(error.errno or 0, ""), 1)


def _discard_output() -> None:
    """Have Python not try again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _bug(error: BaseException) -> _Ending:
    words = f"this is a bug in deckgen: {type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(error))
    report = f"deckgen {__version__}, Python {platform.python_version()}\n{sys.argv}\n\n{trace}"
    try:
        number, name = tempfile.mkstemp(prefix="deckgen-bug-", suffix=".txt", text=True)
        with open(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(report)
    except OSError:
        return _Ending(words, report, 1)
    return _Ending(words, f"please report it; this file says where it happened: {name}", 1)
