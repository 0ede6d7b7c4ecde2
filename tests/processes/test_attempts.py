"""A task that is stopped again and again may begin again while it gets further, and three times where it does not."""

from __future__ import annotations

from deckgen.processes.attempts import Attempts


def test_a_task_that_gets_further_may_begin_again_for_ever() -> None:
    attempts = Attempts[str]()
    assert all(attempts.allow("deck", 10 * n) for n in range(1, 1000))


def test_three_attempts_without_a_step_are_the_last() -> None:
    attempts = Attempts[str]()
    assert [attempts.allow("deck", step) for step in (0, 0, 70, 70, 70, 70)] == [True, True, True, True, True, False]
    assert [attempts.allow("other", 0) for _ in range(3)] == [True, True, False]


def test_falling_back_behind_an_older_restart_is_no_progress() -> None:
    attempts = Attempts[str]()
    assert [attempts.allow("deck", step) for step in (100, 60, 90, 95)] == [True, True, True, False]
