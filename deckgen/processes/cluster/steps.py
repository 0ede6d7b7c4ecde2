"""The step of a job of Slurm in which this process has its blocks, where it runs inside the job itself."""

from __future__ import annotations

import contextlib
import os
import subprocess

__all__ = ["ask_step_to_end", "step_name"]

ANSWER_S = 5.0


def step_name() -> str:
    """Return the name of the steps that this process starts: others of the job have others."""
    return f"deckgen-{os.getpid()}"


def ask_step_to_end() -> None:
    """Send SIGTERM to all processes of the steps that this process has started.

    By way of Slurm: srun does not pass the signal on. Told to end, it has its step killed at once, without restarts.
    """
    # Slurm does not answer at once while it ends the job; it has told them itself then
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        listed = _said_by("squeue", "--noheader", "--steps", f"--jobs={os.environ['SLURM_JOB_ID']}", "--format=%i %j")
        steps = [words[0] for line in listed.splitlines() if (words := line.split())[1:] == [step_name()]]
        if steps:
            _said_by("scancel", "--signal=TERM", *steps)


def _said_by(*command: str) -> str:
    said: str = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ANSWER_S).stdout
    return said
