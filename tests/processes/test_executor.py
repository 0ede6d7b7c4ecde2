import operator
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from warmed_elsewhere import where_imported
from warmed_task import never, raise_two_words, where

from deckgen.decks.manifest import read_manifest
from deckgen.errors import InputError, RunError
from deckgen.processes.executor import WorkerError, open_executor, use_executor
from deckgen.processes.subprocesses import SubprocessExecutor

SLEEPER = "import os, pathlib, time; pathlib.Path({path!r}).write_text(str(os.getpid())); time.sleep(60)"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_results_come_in_the_order_of_the_arguments():
    with SubprocessExecutor(2) as executor:
        assert list(executor.map(operator.mul, range(5), range(5))) == [0, 1, 4, 9, 16]


def test_each_task_has_a_process_of_its_own_with_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # as on a node of a queueing system
    with SubprocessExecutor(2) as executor:
        pids = list(executor.map(eval, ["__import__('os').getpid()"] * 3))
        threads = executor.submit(os.getenv, "OMP_NUM_THREADS").result()
    assert len({*pids, os.getpid()}) == 4
    assert threads == "1"


def test_exceptions_travel_back_with_their_hint_and_traceback(tmp_path):
    with SubprocessExecutor(1) as executor:
        error = executor.submit(read_manifest, tmp_path / "nowhere").exception()
        other = executor.submit(int, "x").exception()
    assert isinstance(error, InputError)
    assert error.hint == "write the decks again: deckgen decks"
    assert "in read_manifest" in str(error.__cause__)
    assert isinstance(other, ValueError)


def test_an_exception_that_cannot_travel_keeps_its_words():
    with SubprocessExecutor(1) as executor:
        error = executor.submit(exec, "class Odd(Exception): pass\nraise Odd('in odd words')").exception()
        unreadable = executor.submit(raise_two_words).exception()
        ended = executor.submit(sys.exit, 3).exception()
    assert isinstance(error, RunError)
    assert "Odd: in odd words" in str(error)
    assert isinstance(unreadable, RunError)
    assert "TwoWordsError: two words" in str(unreadable)
    assert isinstance(ended, SystemExit)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_death_fails_its_own_task_only_and_tells_what_was_printed(number):
    code = f"import os; print('my last words', flush=True); os.kill(os.getpid(), {int(number)})"
    with SubprocessExecutor(2) as executor:
        other = executor.submit(time.sleep, 0.5)
        error = executor.submit(exec, code).exception()
        later = executor.submit(operator.add, 1, 2)
    assert isinstance(error, WorkerError)
    assert error.exit_code == -number
    assert number.name in str(error)
    assert "my last words" in str(error)
    assert other.exception() is None
    assert later.result() == 3


def test_a_process_that_ends_early_but_quietly_has_died_too():
    with SubprocessExecutor(1) as executor:
        error = executor.submit(os._exit, 0).exception()
    assert isinstance(error, WorkerError)
    assert "exit code 0" in str(error)


def test_no_more_tasks_at_once_than_workers():
    # each task says when it began and ended, by a clock that all processes share
    code = "(t := __import__('time')).monotonic(), t.sleep(0.2), t.monotonic()"
    with SubprocessExecutor(2) as executor:
        spans = list(executor.map(eval, [code] * 5))
    for began, _, _ in spans:
        assert sum(start <= began < end for start, _, end in spans) <= 2


def test_shutdown_cancels_what_waits(until):
    executor = SubprocessExecutor(1)
    running, waiting = executor.submit(time.sleep, 0.5), executor.submit(time.sleep, 60)
    until(running.running)
    executor.shutdown(cancel_futures=True)
    assert running.exception() is None
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(operator.add, 1, 2)


def test_stop_asks_first_and_kills_then(tmp_path, until):
    polite = "import signal, sys; signal.signal(15, lambda *_: sys.exit('bye')); "
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); "
    files = [tmp_path / name for name in ("polite", "stubborn", "plain")]
    executor = SubprocessExecutor(3)
    futures = [
        executor.submit(exec, preface + SLEEPER.format(path=str(file)))
        for preface, file in zip((polite, stubborn, ""), files, strict=True)
    ]
    waiting = executor.submit(time.sleep, 60)
    until(lambda: all(file.exists() and file.read_text() for file in files))
    executor.stop(grace_s=1)
    assert [getattr(future.exception(), "exit_code", None) for future in futures] == [None, -9, -15]
    assert futures[0].exception().code == "bye"
    with pytest.raises(CancelledError):
        waiting.result()
    assert not any(alive(int(file.read_text())) for file in files)


def test_leaving_by_ctrl_c_stops_the_tasks(tmp_path, until):
    file = tmp_path / "pid"

    def leave() -> None:
        with SubprocessExecutor(1) as executor:
            executor.submit(exec, SLEEPER.format(path=str(file)))
            until(lambda: file.exists() and file.read_text())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert not alive(int(file.read_text()))


def test_workers_die_with_a_parent_that_is_killed(tmp_path, until):
    file, of_task = tmp_path / "pid", tmp_path / "program"
    task = f"import subprocess; started = subprocess.Popen(['sleep', '60']); open({str(of_task)!r}, 'w')"
    task += f".write(str(started.pid)); {SLEEPER.format(path=str(file))}"
    program = (
        "from deckgen.processes.subprocesses import SubprocessExecutor\n"
        f"SubprocessExecutor(1).submit(exec, {task!r}).result()"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        until(lambda: file.exists() and file.read_text())
        worker = int(file.read_text())
        started = int(of_task.read_text())
        assert alive(worker)
        parent.kill()
    until(lambda: not alive(worker) and not alive(started), 10)


def test_programs_that_a_task_started_do_not_outlive_it(until):
    start = "__import__('subprocess').Popen(['sleep', '60']).pid"
    with SubprocessExecutor(1) as executor:
        left_behind = executor.submit(eval, start).result()
    until(lambda: not alive(left_behind), 10)


def test_tasks_that_cannot_be_carried_over_are_refused():
    def local() -> None: ...

    class Unknown:
        pass

    executor = SubprocessExecutor(1)
    with pytest.raises(InputError, match="cannot be carried"):
        executor.submit(local)
    with pytest.raises(InputError, match="cannot be carried"):
        executor.submit(print, Unknown())
    local.__module__ = "__main__"
    with pytest.raises(InputError, match="__main__"):
        executor.submit(local)
    with pytest.raises(InputError, match="max_workers is 0"):
        SubprocessExecutor(0)


def test_an_executor_that_is_handed_down_stays_open_and_one_of_its_own_ends():
    with open_executor(1) as given:
        with use_executor(given, None) as used:
            assert used is given
        assert given.submit(operator.add, 1, 2).result() == 3
    with use_executor(None, 1) as own:
        assert own.max_workers == 1
    with pytest.raises(RuntimeError, match="shut down"):
        own.submit(operator.add, 1, 2)


def test_what_tasks_need_is_loaded_once_before_their_processes_are_forked() -> None:
    with SubprocessExecutor(1) as executor:
        (loaded, server, first), (again, _, second) = (executor.submit(where).result() for _ in range(2))
        cold = executor.submit(eval, "'warmed_task' in __import__('sys').modules").result()
    assert loaded == again == [server]
    assert len({os.getpid(), server, first, second}) == 4
    assert cold  # the same server
    with SubprocessExecutor(1) as executor:
        assert not executor.submit(eval, "'warmed_task' in __import__('sys').modules").result()


def test_the_module_of_a_task_is_imported_before_its_processes_are_forked() -> None:
    """Of a deck of a second the import of numpy alone would be a good part."""
    with SubprocessExecutor(1) as executor:
        imported_in, server = executor.submit(where_imported).result()
    assert imported_in == server


def test_a_library_that_ends_the_server_is_heard() -> None:
    with SubprocessExecutor(1) as executor:
        error = executor.submit(never).exception()
    assert isinstance(error, WorkerError)
    assert (error.exit_code, error.tail.strip()) == (3, "no such device")


def test_a_task_has_the_folder_the_environment_and_the_path_of_the_moment(tmp_path, monkeypatch) -> None:
    seen = "(__import__('os').getcwd(), *map(__import__('os').getenv, 'AB'), __import__('sys').path[0])"
    monkeypatch.setenv("A", "before")
    with SubprocessExecutor(1) as executor:
        assert executor.submit(eval, seen).result()[1:3] == ("before", None)
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("A")
        monkeypatch.setenv("B", "after")
        monkeypatch.syspath_prepend("/elsewhere")
        assert executor.submit(eval, seen).result() == (str(tmp_path), None, "after", "/elsewhere")


def test_a_signal_to_every_process_of_a_job_is_the_tasks_alone_to_answer(tmp_path, until) -> None:
    """A scheduler sends SIGTERM to all of them; the task must live to write its restart."""
    file = tmp_path / "pid"
    code = f"""
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit("my last words"))
pathlib.Path({str(file)!r}).write_text(str(__import__("os").getpid()))
time.sleep(60)
"""
    with SubprocessExecutor(1) as executor:
        future = executor.submit(exec, code)
        until(lambda: file.exists() and file.read_text())
        task = int(file.read_text())
        server = int(Path(f"/proc/{task}/stat").read_text().rsplit(")", 1)[1].split()[1])
        for process in (server, task):
            os.kill(process, signal.SIGTERM)
        assert str(future.exception()) == "my last words"


def test_tasks_of_a_server_that_is_killed_were_killed_and_the_next_one_has_another(tmp_path, until) -> None:
    file = tmp_path / "pid"
    code = f"""
import os, signal, time
open({str(file)!r}, "w").write(str(os.getpid()))
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(60)
"""
    with SubprocessExecutor(1) as executor:
        error = executor.submit(exec, code).exception()
        assert executor.submit(operator.add, 1, 2).result() == 3
    assert isinstance(error, WorkerError)
    assert error.was_killed
    until(lambda: not alive(int(file.read_text())), 10)
