"""The loop over tasks: what is submitted is collected, once, and a stop loses nothing that was answered."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from deckgen.errors import InputError, RunError
from deckgen.processes.display import Display, duration, time_left
from deckgen.processes.executor import WorkerError, open_executor
from deckgen.processes.tasks import AHEAD, Tasks, why_failed

POLITE = """
import pathlib, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
pathlib.Path({path!r}).touch()
signal.sigwait([signal.SIGTERM])
"""
STUBBORN = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({path!r}).touch()
time.sleep(60)
"""


class Threads(ThreadPoolExecutor):
    """Runs tasks in threads of this process."""

    @property
    def max_workers(self) -> int:
        return self._max_workers


class Log:
    """Keeps what a loop collects, in order, and lets it submit more."""

    def __init__(self, workers: int = 1, **options) -> None:
        self.collected, self.shown, self.then = [], [], {}
        self.tasks = Tasks(open_executor(workers), Display(quiet=True), self.collect, self.show, **options)

    def collect(self, key: str, future: Future) -> None:
        self.collected.append((key, future.exception() or future.result()))
        for submit in self.then.pop(key, ()):
            submit()

    def show(self) -> None:
        self.shown.append((len(self.collected), self.tasks.n_open))


def test_every_task_is_collected_once_in_order_with_what_it_is_for():
    log = Log()
    log.tasks.run(lambda: [log.tasks.submit(f"{n} squared", operator.mul, n, n) for n in (3, 1, 2)])
    assert log.collected == [("3 squared", 9), ("1 squared", 1), ("2 squared", 4)]
    assert log.shown[-1] == (3, 0)


def test_tasks_that_ended_together_are_collected_in_the_order_of_their_submission():
    """Also where they did not end in that order: what was said is the same in every run."""
    log, delays_s = Log(), [0.1, *40 * [0.0]]

    def begin() -> None:
        for number, delay_s in enumerate(delays_s):
            log.tasks.submit(str(number), time.sleep, delay_s)
        while log.tasks._ended.qsize() < len(delays_s):
            time.sleep(0.01)

    with Threads(4) as log.tasks.executor:
        log.tasks.run(begin)
    assert [key for key, _ in log.collected] == [str(number) for number in range(len(delays_s))]


def test_of_many_tasks_the_executor_has_a_few_for_each_worker_and_all_are_run_in_their_order():
    """What waits takes little memory: an executor keeps kilobytes of each task."""
    given, most, log = 0, 0, Log()

    class Counting(Threads):
        def submit(self, fn, /, *args, **kwargs) -> Future:
            nonlocal given, most
            given += 1
            most = max(most, given - len(log.collected))
            return super().submit(fn, *args, **kwargs)

    with Counting(20) as log.tasks.executor:
        log.tasks.run(lambda: [log.tasks.submit(str(n), operator.mul, n, n) for n in range(500)])
    assert sorted(log.collected, key=lambda one: one[1]) == [(str(n), n * n) for n in range(500)]
    assert given == 500
    assert 20 * AHEAD <= most <= 20 * AHEAD + 1  # one that is being collected
    assert log.tasks.n_open == 0


def test_of_many_tasks_those_that_were_never_given_to_the_executor_are_cut_short_too():
    log = Log(workers=1)

    def begin() -> None:
        for n in range(300):
            log.tasks.submit(str(n), time.sleep, 60)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        log.tasks.run(begin)
    assert sorted(int(key) for key, _ in log.tasks.cut_short) == list(range(300))
    assert log.collected == []
    assert log.tasks.n_open == 0


def test_looking_takes_a_small_part_of_the_time_however_long_one_look_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("deckgen.processes.tasks.TICK_S", 0.02)
    log = Log()

    def show() -> None:
        log.show()
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass

    log.tasks.show = show
    with Threads(1) as log.tasks.executor:
        log.tasks.run(lambda: log.tasks.submit("long", time.sleep, 1))
    assert len(log.shown) == 2  # at the start, and after the last task


def test_what_is_collected_may_submit_more():
    log = Log()
    log.then = {
        "first": [lambda: log.tasks.submit("second", operator.add, 1, 1)],
        "second": [lambda: log.tasks.submit("third", operator.add, 1, 2)],
    }
    log.tasks.run(lambda: log.tasks.submit("first", operator.add, 1, 0))
    assert log.collected == [("first", 1), ("second", 2), ("third", 3)]


def test_a_task_that_dies_or_fails_is_collected_and_the_others_go_on():
    log = Log(workers=2)

    def begin() -> None:
        log.tasks.submit("dies", os._exit, 3)
        log.tasks.submit("fails", int, "x")
        log.tasks.submit("lives", operator.add, 1, 2)

    log.tasks.run(begin)
    found = dict(log.collected)
    assert isinstance(found["dies"], WorkerError)
    assert isinstance(found["fails"], ValueError)
    assert found["lives"] == 3
    assert log.tasks.cut_short == []


def test_an_error_of_the_collector_ends_the_loop_and_its_tasks():
    log = Log(workers=2)

    def refuse() -> None:
        raise RunError("enough")

    log.then = {"quick": [refuse]}

    def begin() -> None:
        log.tasks.submit("long", time.sleep, 60)
        log.tasks.submit("quick", operator.add, 1, 2)

    with pytest.raises(RunError, match="enough"):
        log.tasks.run(begin)
    assert [thread.name for thread in threading.enumerate() if thread.name == "deckgen-executor"] == []


def run_until_ctrl_c(log: Log, begin, ready, until, *more) -> None:
    """Run a loop and press Ctrl-C once something holds, then again after each of `more` holds."""

    def press() -> None:
        for holds in (ready, *more):
            until(holds)
            os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        log.tasks.run(begin)
    presser.join()


def test_ctrl_c_lets_tasks_end_by_themselves_and_keeps_their_answers(tmp_path: Path, until, capsys):
    begun = tmp_path / "begun"
    log = Log(grace_s=30, stopping="stopping gently")
    log.tasks.display = Display()
    log.then = {"runs": [lambda: log.tasks.submit("never", operator.add, 1, 2)]}

    def begin() -> None:
        log.tasks.submit("runs", exec, POLITE.format(path=str(begun)))
        log.tasks.submit("waits", operator.add, 1, 2)

    run_until_ctrl_c(log, begin, begun.exists, until)
    assert log.collected == [("runs", None)]
    assert log.tasks.cut_short == [("waits", "")]
    assert log.tasks.n_open == 0
    assert capsys.readouterr().err == "stopping gently\n"


def test_a_second_ctrl_c_kills_what_does_not_end(tmp_path: Path, until):
    begun = tmp_path / "begun"
    log = Log(workers=2, grace_s=600)

    def begin() -> None:
        log.tasks.submit("stubborn", exec, STUBBORN.format(path=str(begun)))
        log.tasks.submit("ended", operator.add, 1, 2)

    stopping = threading.Event()
    stop = log.tasks.executor.stop

    def tell(grace_s: float = 10.0) -> None:
        stopping.set()
        stop(grace_s)

    log.tasks.executor.stop = tell
    run_until_ctrl_c(log, begin, lambda: begun.exists() and log.collected, until, stopping.is_set)
    assert log.collected == [("ended", 3)]
    [(key, message)] = log.tasks.cut_short
    assert key == "stubborn"
    assert "SIGKILL" in message


def test_without_grace_ctrl_c_kills_at_once(tmp_path: Path, until):
    begun = tmp_path / "begun"
    log = Log()
    run_until_ctrl_c(
        log,
        lambda: log.tasks.submit("stubborn", exec, STUBBORN.format(path=str(begun))),
        begun.exists,
        until,
    )
    assert [key for key, _ in log.tasks.cut_short] == ["stubborn"]


def test_sigterm_is_ctrl_c_only_while_the_loop_runs(tmp_path: Path):
    """A queueing system's SIGTERM ends a program that is not at its tasks."""
    code = f"""
import os, signal, sys, time, pathlib
from deckgen.processes.display import Display
from deckgen.processes.executor import open_executor
from deckgen.processes.tasks import Tasks
tasks = Tasks(open_executor(1), Display(quiet=True), print, lambda: os.kill(os.getpid(), signal.SIGTERM))
try:
    tasks.run(lambda: tasks.submit("long", time.sleep, 60))
except KeyboardInterrupt:
    pathlib.Path({str(tmp_path / "heard")!r}).touch()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert (tmp_path / "heard").exists()
    assert ended.returncode == -signal.SIGTERM


def test_why_a_task_failed_is_said_with_its_hint_or_its_kind():
    assert why_failed(InputError("wrong", hint="do this")) == str(InputError("wrong", hint="do this"))
    assert why_failed(ValueError("wrong")) == "ValueError: wrong"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "?"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "120 min"), (7200, "2.0 h"), (172799, "48.0 h"),
     (172800, "2.0 d")],
)  # fmt: skip
def test_durations_are_said_in_the_unit_that_suits_them(seconds, words):
    assert duration(seconds) == words


def test_the_time_left_names_the_workers():
    assert time_left(720, 1) == "about 12 min left on 1 worker"
    assert time_left(720, 2) == "about 12 min left on 2 workers"


def test_a_line_is_printed_when_it_is_new_and_due(monkeypatch: pytest.MonkeyPatch, capsys):
    with Display() as display:
        display.update("too early")
        display.update("at once", at_once=True)
        display.update("at once", at_once=True)
        monkeypatch.setattr("deckgen.processes.display.LINE_EVERY_S", 0.0)
        display.update("at once")
        display.update("due")
    assert capsys.readouterr().err.splitlines() == ["at once", "due"]
