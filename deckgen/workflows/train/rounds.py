"""augment/rounds.json: the results of every round of the augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.errors import InputError
from deckgen.files import set_aside, write_json
from deckgen.records import read_record
from deckgen.training.recipe.sampling import Augment
from deckgen.training.validation.errors import PotentialErrors

__all__ = ["Round", "RoundLog", "SetErrors", "best_round", "why_stop"]

ROUNDS = "rounds.json"


@dataclass(frozen=True)
class SetErrors:
    """The errors on one set of frames."""

    n_frames: int
    energy_rmse_meV_atom: float
    force_rmse_meV_A: float
    max_force_error_eV_A: float

    @classmethod
    def of(cls, errors: PotentialErrors) -> SetErrors:
        """Return the errors that the table of rounds shows."""
        return cls(errors.n_frames, errors.energy_rmse_meV_atom, errors.force_rmse_meV_A, errors.max_force_error_eV_A)


@dataclass(frozen=True)
class Round:
    """One round: fitted to `n_train` frames; its errors on `train`, `holdout` and, while there are any, `pool`.

    `picks` are the indices, in the round's pool, of the frames that the next round adds.
    """

    number: int
    n_train: int
    xml: str
    sets: Mapping[str, SetErrors]
    picks: tuple[int, ...]

    @property
    def max_force_error_eV_A(self) -> float:
        """The largest force error on any labelled frame."""
        return max(errors.max_force_error_eV_A for errors in self.sets.values())


@dataclass(frozen=True)
class _Log:
    """The file."""

    schema: int
    identity: str
    rounds: tuple[Round, ...]
    outcome: str

    def __post_init__(self) -> None:
        """Refuse rounds without the errors that the next one is chosen by."""
        if not all("holdout" in row.sets for row in self.rounds):
            raise ValueError("a round has no errors on the held-out frames")


class RoundLog:
    """The rounds on disk.

    Parameters
    ----------
    folder
        The folder `augment`.
    identity
        Hash of all that determines the rounds. A log of another one is refused.

    Raises
    ------
    InputError
        If rounds.json belongs to other frames or settings.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.file, self.identity, self.rounds = folder / ROUNDS, identity, list[Round]()
        if not self.file.is_file():
            return
        try:
            said = read_record(self.file, _Log)
        except ValueError:  # damaged: made anew, for their fits are kept
            set_aside(self.file)
            return
        if said.identity != identity:
            raise InputError(
                f"{self.file}: its rounds were made of other curated frames, or of another [fit] or [augment]",
                hint=f"move {folder} away to begin anew, or undo the change",
            )
        self.rounds = list(said.rounds)

    def add(self, row: Round) -> None:
        """Append a round."""
        self.rounds.append(row)
        self.write("")

    def write(self, outcome: str) -> None:
        """Write the file; `outcome` is why the rounds ended, if they have."""
        write_json(self.file, asdict(_Log(1, self.identity, tuple(self.rounds), outcome)))


def best_round(rounds: list[Round]) -> Round:
    """Return the round with the lowest force error on the held-out frames; the first of equals."""
    return min(rounds, key=lambda row: row.sets["holdout"].force_rmse_meV_A)


def why_stop(rounds: list[Round], settings: Augment) -> str:
    """Return why the rounds end; an empty string if they continue."""
    last = rounds[-1]
    if last.max_force_error_eV_A < settings.target_eV_A:
        return f"no force is further off than {last.max_force_error_eV_A:.3f} eV/A: the target is reached"
    if (waited := last.number - best_round(rounds).number) >= settings.patience:
        return f"the held-out force error has not improved for {waited} round{'s' * (waited > 1)}"
    if not last.picks:
        return "the pool has no more frames"
    if last.number >= settings.max_rounds:
        return f"max_rounds = {settings.max_rounds} is reached"
    return ""
