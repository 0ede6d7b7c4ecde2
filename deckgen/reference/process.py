"""The process of a reference calculator: one request, one reply."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deckgen.errors import DeckgenError, InputError, InstallationError, KilledError, RunError
from deckgen.reference.settings import ReferenceChoice

__all__ = ["call"]

PROGRAM = Path(__file__).with_name("program.py")
RUN_PROGRAM = f"import runpy; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"  # leaves sys.path as it is
TAIL_BYTES = 1000
_KILLS = {signal.SIGKILL, signal.SIGTERM}


def call(choice: ReferenceChoice, request: dict[str, Any]) -> dict[str, Any]:
    """Run the calculator's process on one request, in a new folder, and return its reply.

    Raises
    ------
    InputError
        If no calculator is named, or it refuses its keywords.
    InstallationError
        If the interpreter or the calculator is not there.
    RunError
        If the calculation failed, or its process died.
    KilledError
        If its process was killed: by a user, a queueing system, or the kernel for want of memory.
    """
    if not choice.calculator:
        raise InputError("[reference] calculator is missing", hint='name one: calculator = "gpaw"')
    python = shutil.which(choice.python or sys.executable)
    if python is None:
        raise InstallationError(f'[reference] python = "{choice.python}": there is no such interpreter')
    whole = request | {"calculator": choice.calculator, "parent": os.getpid()}
    with tempfile.TemporaryDirectory(prefix="deckgen-reference-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(whole, default=str))
        (folder / "work").mkdir()
        kind, ended = _run(python, folder, choice)
        printed = (folder / "printed").read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
        try:
            reply = json.loads((folder / "reply.json").read_text())
        except (OSError, ValueError):
            raise kind(f"{choice.calculator}: {ended}; it printed last:\n{printed or '(nothing)'}") from None
    if "error" in reply:
        raise _error(choice, reply, printed)
    return dict(reply)


def _run(python: str, folder: Path, choice: ReferenceChoice) -> tuple[type[RunError], str]:
    """Run the program; return how it ended, in words, and the error that this is without a reply."""
    command = [python, "-c", RUN_PROGRAM, str(folder / "request.json"), str(folder / "reply.json")]
    with (folder / "printed").open("wb") as printed:
        try:
            ended = subprocess.run(
                command,
                cwd=folder / "work",
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=choice.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return RunError, f"not done after timeout_s = {choice.timeout_s:g}"
    if ended.returncode < 0:
        kind = KilledError if -ended.returncode in _KILLS else RunError
        return kind, f"its process was ended by {signal.Signals(-ended.returncode).name}"
    return RunError, f"its process ended without an answer (exit code {ended.returncode})"


def _error(choice: ReferenceChoice, reply: dict[str, Any], printed: str) -> DeckgenError:
    if reply["kind"] == "calculator":
        where = choice.python or "this Python"
        hint = 'install it there, or name the interpreter that has it: [reference] python = "/usr/bin/python3"'
        return InstallationError(
            f'[reference] calculator = "{choice.calculator}": not found by {where} ({reply["error"]})', hint=hint
        )
    if reply["kind"] == "keywords":
        return InputError(f"[reference] keywords: {choice.calculator} refuses them: {reply['error']}")
    tail = f"\nit printed last:\n{printed}" if printed else ""
    return RunError(f"{choice.calculator}: {reply['error']}{tail}")
