"""When the rounds of an augmentation end, and what they keep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deckgen.errors import InputError
from deckgen.training.recipe.sampling import Augment
from deckgen.workflows.train.rounds import Round, RoundLog, SetErrors, best_round, why_stop

SETTINGS = Augment(target_eV_A=0.1, max_rounds=5, patience=2)


def rounds(*held_out_meV_A: float, worst_eV_A: float = 0.3, picks: tuple[int, ...] = (4, 2)) -> list[Round]:
    """Rounds with these force errors on the held-out frames; on the fitted ones they fall, as they do."""
    return [
        Round(
            number=number,
            n_train=10 + 2 * number,
            xml=f"augment/round-{number:02d}/gap.xml",
            sets={
                "train": SetErrors(10, 1.0, 20.0 - number, 0.05),
                "holdout": SetErrors(5, 2.0, error, worst_eV_A),
            },
            picks=picks,
        )
        for number, error in enumerate(held_out_meV_A)
    ]


def test_the_best_round_is_that_of_the_held_out_frames() -> None:
    assert best_round(rounds(30.0, 20.0, 25.0, 20.0)).number == 1


def test_rounds_go_on_while_the_held_out_error_falls() -> None:
    assert why_stop(rounds(30.0, 25.0, 20.0), SETTINGS) == ""
    assert why_stop(rounds(30.0, 25.0, 26.0), SETTINGS) == ""  # one round of patience is left


def test_rounds_end_when_patience_is_exhausted() -> None:
    assert "not improved for 2 rounds" in why_stop(rounds(30.0, 25.0, 26.0, 25.5), SETTINGS)


def test_rounds_end_at_the_target_and_it_counts_for_every_set() -> None:
    assert "target is reached" in why_stop(rounds(30.0, worst_eV_A=0.09), SETTINGS)
    assert why_stop(rounds(30.0, worst_eV_A=0.11), SETTINGS) == ""  # the fitted frames alone are not enough


def test_rounds_end_after_max_rounds_or_without_frames() -> None:
    assert why_stop(rounds(30.0, 29, 28, 27, 26), SETTINGS) == ""
    assert "max_rounds = 5" in why_stop(rounds(30.0, 29, 28, 27, 26, 25), SETTINGS)
    assert "no more frames" in why_stop(rounds(30.0, picks=()), SETTINGS)


def test_the_log_gives_back_what_was_added_and_refuses_another_identity(tmp_path: Path) -> None:
    made = rounds(30.0, 25.0)
    log = RoundLog(tmp_path / "augment", "abc")
    for row in made:
        log.add(row)
    log.write("done")
    assert RoundLog(tmp_path / "augment", "abc").rounds == made
    assert json.loads(log.file.read_text())["outcome"] == "done"
    with pytest.raises(InputError, match="made of other curated frames"):
        RoundLog(tmp_path / "augment", "abd")


@pytest.mark.parametrize("text", ["", '{"rounds": [{}]}', '{"rounds": []}', "\0\0"])
def test_a_log_that_was_cut_short_is_kept_aside_and_made_anew(tmp_path: Path, text: str) -> None:
    log = RoundLog(tmp_path / "augment", "abc")
    log.write("")
    log.file.write_text(text)
    assert RoundLog(tmp_path / "augment", "abc").rounds == []
    assert log.file.with_name("rounds-1.json").read_text() == text
