"""The executor over nodes, here over blocks that are processes of this machine: scheduler = "local"."""

from __future__ import annotations

import math
import operator
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from deckgen.errors import InputError
from deckgen.processes.cluster.machine import Machine
from deckgen.processes.executor import NodeLostError, TaskExecutor, WorkerError, open_executor
from deckgen.processes.shares import ended, share_out


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TaskExecutor]:
    machine = Machine(scheduler="local", cores=2, lost_after_s=8)
    with open_executor(machine=machine, log=tmp_path_factory.mktemp("engine")) as opened:
        yield opened


def test_results_come_in_the_order_of_the_arguments(executor: TaskExecutor) -> None:
    assert executor.max_workers == 2
    assert list(executor.map(operator.mul, range(5), range(5))) == [0, 1, 4, 9, 16]


def test_a_task_that_fails_or_dies_fails_alone_with_its_words(executor: TaskExecutor) -> None:
    wrong, dead, good = executor.submit(math.sqrt, -1), executor.submit(os.abort), executor.submit(math.sqrt, 4)
    assert isinstance(wrong.exception(), ValueError)
    error = dead.exception()
    assert isinstance(error, WorkerError)
    assert error.exit_code == -signal.SIGABRT
    assert good.result() == 2


def test_only_a_task_that_others_took_away_may_begin_again(executor: TaskExecutor) -> None:
    assert executor.has_lost(WorkerError(-signal.SIGKILL, ""))
    assert executor.has_lost(NodeLostError("gone"))
    assert not executor.has_lost(WorkerError(-signal.SIGSEGV, ""))
    with open_executor(1) as here:
        assert not here.has_lost(WorkerError(-signal.SIGKILL, ""))


def test_what_another_process_cannot_find_is_refused(executor: TaskExecutor) -> None:
    with pytest.raises(InputError, match="cannot be carried into another process"):
        executor.submit(lambda: 1)


def test_a_task_whose_worker_is_killed_begins_again(executor: TaskExecutor, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"""
import os, pathlib, signal
server = pathlib.Path(f"/proc/{{os.getppid()}}/stat").read_text()
worker = int(server.rsplit(")", 1)[1].split()[1])
seen = pathlib.Path({str(seen)!r})
first = not seen.exists()
seen.open("a").write("once ")
if first:
    os.kill(worker, signal.SIGKILL)
"""
    assert executor.submit(exec, code).result() is None
    assert seen.read_text() == "once once "


def test_what_is_shared_out_comes_back_in_order(executor: TaskExecutor) -> None:
    assert share_out(executor, range(5), list) == [0, 1, 2, 3, 4]
    assert share_out(executor, [], list) == []


def test_a_task_that_a_scheduler_stops_begins_again_three_times_at_most_unless_it_gets_further(
    executor: TaskExecutor, tmp_path: Path
) -> None:
    """What predicts energies, say, dies of the signal with which a scheduler ends a job: that says nothing of it."""

    def stopped(times: int, name: str) -> Callable[[], Future[None]]:
        code = f"""
import os, pathlib, signal
seen = pathlib.Path({str(tmp_path / name)!r})
seen.open("a").write("x")
if seen.stat().st_size <= {times}:
    os.kill(os.getpid(), signal.SIGTERM)
"""
        return partial(executor.submit, exec, code)

    once, often = ended(executor, [stopped(1, "once"), stopped(9, "often")])
    assert once.result() is None
    assert (tmp_path / "once").read_text() == "xx"
    assert isinstance(often.exception(), WorkerError)
    assert (tmp_path / "often").read_text() == "xxx"
    (further,) = ended(executor, [stopped(5, "further")], lambda _: (tmp_path / "further").stat().st_size)
    assert further.result() is None


def test_a_node_runs_as_many_tasks_at_once_as_it_has_cores_for(executor: TaskExecutor, tmp_path: Path) -> None:
    """Each of two waits for the other to have begun."""

    def meeting(own: str, other: str) -> str:
        return f"""
import pathlib, time
pathlib.Path({str(tmp_path / own)!r}).touch()
end = time.monotonic() + 60
while not pathlib.Path({str(tmp_path / other)!r}).exists():
    assert time.monotonic() < end, "alone"
    time.sleep(0.01)
"""

    tasks = [executor.submit(exec, meeting("one", "two")), executor.submit(exec, meeting("two", "one"))]
    assert [task.exception() for task in tasks] == [None, None]


def test_however_many_tasks_wait_all_are_run_in_their_order(executor: TaskExecutor) -> None:
    """The engine has eight of them at once."""
    tasks = [executor.submit(time.monotonic) for _ in range(30)]
    began = [task.result() for task in tasks]
    assert all(later > earlier for earlier, later in zip(began, began[8:], strict=False))


@pytest.mark.long
def test_tasks_that_cannot_resume_begin_in_the_next_job_where_the_end_of_one_is_near(tmp_path: Path) -> None:
    machine = Machine(scheduler="local", cores=1, walltime="0:01:00", drain_s=30, lost_after_s=8)
    code = f"""
import os, pathlib, time
with pathlib.Path({str(tmp_path / "begun")!r}).open("a") as file:
    file.write(os.environ["PARSL_WORKER_POOL_ID"] + "\\n")
time.sleep(6)
"""
    with open_executor(machine=machine, log=tmp_path / "engine", drain=True) as executor:
        for task in [executor.submit(exec, code) for _ in range(7)]:
            task.result()
    pools = (tmp_path / "begun").read_text().split()
    assert len(pools) == 7  # none was cut short, to begin again
    assert len(set(pools)) > 1


@pytest.mark.long
def test_tasks_that_wait_when_a_job_is_told_to_end_are_done_in_the_next(tmp_path: Path) -> None:
    """The job's worker is free once its task has answered, and would take, and give back, one after the other."""
    code = """
import os, pathlib, signal, time
from deckgen.processes.signals import StopRequest
pool = pathlib.Path(f"/proc/{os.getsid(0)}/stat").read_text()
with StopRequest() as stop:
    os.kill(int(pool.rsplit(")", 1)[1].split()[1]), signal.SIGTERM)  # as a scheduler does
    while not stop.requested:
        time.sleep(0.05)
"""
    machine = Machine(scheduler="local", cores=1, lost_after_s=8)
    with open_executor(machine=machine, log=tmp_path / "engine") as executor:
        told, waiting = executor.submit(exec, code), [executor.submit(math.sqrt, 4) for _ in range(6)]
        assert told.exception() is None
        assert [task.result() for task in waiting] == [2] * 6


@pytest.mark.long
def test_at_a_stop_tasks_are_told_and_their_answers_arrive(tmp_path: Path, until: Callable[..., None]) -> None:
    machine, begun = Machine(scheduler="local", cores=1, lost_after_s=8), tmp_path / "begun"
    code = f"""
import pathlib, signal, time
from deckgen.processes.signals import StopRequest
with StopRequest() as stop:
    pathlib.Path({str(begun)!r}).touch()
    while not stop.requested:
        time.sleep(0.05)
raise ValueError("told to stop")
"""
    executor = open_executor(machine=machine, log=tmp_path / "engine")
    running, waiting = executor.submit(exec, code), executor.submit(time.sleep, 60)
    until(begun.exists)
    executor.stop(grace_s=60)
    assert str(running.exception()) == "told to stop"
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(math.sqrt, 4)
