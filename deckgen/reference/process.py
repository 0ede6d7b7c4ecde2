"""Starting the process of a reference calculator: what gap.toml says of it, one request, one reply."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from deckgen.errors import DeckgenError, InputError, InstallationError, RunError
from deckgen.toml import Table

__all__ = ["ReferenceChoice", "call"]

Positive = Annotated[float, Field(gt=0)]

PROGRAM = Path(__file__).with_name("program.py")
RUN_PROGRAM = f"import runpy; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"  # leaves sys.path as it is
TAIL_BYTES = 1000


class ReferenceChoice(Table):
    """The reference calculator, and the vacuum box in which it sees a free cluster."""

    calculator: str = ""
    """Name of an ASE calculator (gpaw, tblite, espresso, cp2k, emt, ...), or "module:Class"."""
    keywords: dict[str, Any] = Field(default_factory=dict)
    """The calculator's keywords. It runs in an empty folder of its own: paths among them must be absolute."""
    isolated_keywords: dict[str, Any] = Field(default_factory=dict)
    """Keywords that are others for an isolated atom: those of its spin."""
    python: str = ""
    """Another interpreter (Python 3.9 or later, ASE 3.22 or later) that has the calculator; empty: this one."""
    vacuum_A: Positive = 9.0
    """A free cluster sits in a cube whose edge is its largest extent and this, rounded up to a whole angstrom."""
    min_box_A: Positive = 14.0
    """That edge is at least so long."""
    timeout_s: Positive | None = None
    """A calculation that takes longer than this fails; by default they take as long as they take."""

    @property
    def name(self) -> str:
        """The calculator and a hash of all that its energies depend on."""
        what = self.model_dump(mode="json", exclude={"python", "timeout_s"})
        return f"{self.calculator}-{hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]}"


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
        ended = _run(python, folder, choice)
        printed = (folder / "printed").read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
        try:
            reply = json.loads((folder / "reply.json").read_text())
        except (OSError, ValueError):
            raise RunError(f"{choice.calculator}: {ended}; it printed last:\n{printed or '(nothing)'}") from None
    if "error" in reply:
        raise _error(choice, reply, printed)
    return dict(reply)


def _run(python: str, folder: Path, choice: ReferenceChoice) -> str:
    """Run the program to its end; return in words how it ended."""
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
            return f"not done after timeout_s = {choice.timeout_s:g}"
    if ended.returncode < 0:
        return f"its process was ended by {signal.Signals(-ended.returncode).name}"
    return f"its process ended without an answer (exit code {ended.returncode})"


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
