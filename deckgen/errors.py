"""Every error that deckgen raises on purpose.

The command line turns them into a message and an exit code in one place (`deckgen.cli.main`); a library caller catches
`DeckgenError`. A message names the file, the key and the value; `hint` says how to fix it.
"""

from __future__ import annotations

__all__ = ["AnalysisError", "DeckgenError", "InputError", "InstallationError", "KilledError", "RunError"]


class DeckgenError(Exception):
    """Base of deckgen's errors.

    Parameters
    ----------
    message
        What is wrong and where: the file, the key, the value.
    hint
        What to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(DeckgenError):
    """What the user gave is wrong: a study, a file, an option (exit code 2)."""

    exit_code = 2


class InstallationError(DeckgenError):
    """Something is not installed here, or in a version that does not fit."""


class RunError(DeckgenError):
    """A deck failed, or a batch could not be run."""


class KilledError(RunError):
    """A process was killed: by a user, a queueing system, or the kernel for want of memory."""


class AnalysisError(DeckgenError):
    """The samples do not carry the analysis asked for, or a solver did not converge."""
