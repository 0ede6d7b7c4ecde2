"""Kills at every bad moment. Afterwards: one row a step, no gap, no duplicate, and what was dropped is recorded."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from untidied import restarts_of, untidy

import deckgen
from deckgen.decks.manifest import ENERGIES, FRAMES, OLD_RESTART, RESTART, read_run
from deckgen.frames import read_frames
from deckgen.processes.executor import open_executor
from deckgen.runs import batch
from deckgen.runs.batch import BatchInterrupt, BatchResult
from deckgen.runs.engine import run_deck
from deckgen.runs.harvest import harvest
from deckgen.runs.rows import last_step
from deckgen.runs.status import status

RUN = "import sys; from deckgen.cli import main; sys.exit(main(['run', sys.argv[1]]))"
IN_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); " + RUN


@contextlib.contextmanager
def ended(program: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Make sure that a program does not outlive its test, also where the test fails."""
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def assert_whole(deck: Path, n_steps: int) -> None:
    rows = np.loadtxt(deck / ENERGIES)
    assert rows[:, 0].tolist() == list(range(10, n_steps + 10, 10))
    assert [frame.step for frame in read_frames(deck / FRAMES)] == list(range(1000, n_steps + 1000, 1000))
    assert (deck / FRAMES).read_text().count("Timestep=") == n_steps // 1000


def in_background(study: Path) -> tuple[threading.Thread, list[BatchResult]]:
    results = list[BatchResult]()
    thread = threading.Thread(target=lambda: results.append(deckgen.run(study, workers=3, progress=False)))
    thread.start()
    return thread, results


def test_killed_workers_leave_the_others_running_and_lose_one_interval_at_most(make_study, until, nvt_decks, attempts):
    study = make_study(duration_ps=120, restart_every=20000)
    deckgen.write_decks(study)
    decks = nvt_decks(study)
    batch, results = in_background(study)
    shots = {decks[0]: signal.SIGKILL, decks[1]: signal.SIGSEGV}

    def kill_one_in_mid_interval() -> bool:
        for deck in list(shots):
            if (deck / RESTART).exists() and last_step(deck) % 20000 > 5000:
                os.kill(attempts(deck)[-1]["pid"], shots.pop(deck))
        return not shots

    until(kill_one_in_mid_interval)
    batch.join()
    messages = {deck.folder: deck.message for deck in results[0].failed}
    assert messages.keys() == set(decks[:2])
    assert "SIGKILL" in messages[decks[0]]
    assert "SIGSEGV" in messages[decks[1]]
    assert [record.folder for record in results[0].done][-1] == decks[2]
    assert [deck.state for deck in status(study)] == ["done", "failed", "failed", "done"]

    reached = [last_step(deck) for deck in decks[:2]]
    assert not deckgen.run(study, progress=False).failed
    for deck, last in zip(decks[:2], reached, strict=True):
        killed, resumed = attempts(deck)
        assert (killed["outcome"], resumed["outcome"]) == ("failed", "done")
        assert killed["to_step"] == last
        assert resumed["from_step"] == last - last % 20000
        # the kill may have cut one more row short, in the midst of its write
        assert resumed["dropped_rows"] - (last % 20000) // 10 in {0, 1}
        assert resumed["dropped_rows"] == len((deck / "energies.dropped.dat").read_text().splitlines())
        assert len(list(read_frames(deck / "frames.dropped.extxyz"))) == (last % 20000) // 1000
        assert resumed["dropped_frames"] - (last % 20000) // 1000 in {0, 1}
    for deck in decks:
        assert_whole(deck, 60000)
    dropped = [attempts(deck)[-1]["dropped_rows"] for deck in decks]
    assert [run.dropped_rows for run in harvest(study).series] == dropped
    assert dropped[2] == 0


def test_a_kill_of_the_whole_program_takes_its_workers_along(make_study, until, nvt_decks, attempts):
    study = make_study(duration_ps=100_000, restart_every=10000)
    deckgen.write_decks(study)
    decks = nvt_decks(study)
    with ended(subprocess.Popen([sys.executable, "-c", RUN, study], stderr=subprocess.DEVNULL)) as program:
        until(lambda: all((deck / RESTART).exists() for deck in decks[:2]))
        assert [deck.state for deck in status(study)] == ["done", "running", "running", "pending"]
        program.kill()
    until(lambda: all(deck.state != "running" for deck in status(study)), 10)
    assert [deck.state for deck in status(study)] == ["done", "interrupted", "interrupted", "pending"]
    reached = [last_step(deck) for deck in decks[:2]]
    n_steps = max(reached) - max(reached) % 1000 + 2000
    make_study(duration_ps=n_steps / 500, restart_every=10000)
    assert len(deckgen.run(study, progress=False).done) == 3
    for deck in decks:
        assert_whole(deck, n_steps)
    for deck, last in zip(decks, reached, strict=False):
        assert [attempt["outcome"] for attempt in attempts(deck)] == ["killed", "done"]
        assert last - attempts(deck)[1]["from_step"] in range(10001)


@contextlib.contextmanager
def one_deck(deck: Path):
    """Run one deck in a process of its own; give its executor and the future."""
    executor = open_executor(1)
    try:
        yield executor, executor.submit(run_deck, deck)
    finally:
        executor.stop(0)


def test_a_kill_during_the_restart_write_is_harmless(make_study, until, nvt_decks, attempts):
    study = make_study(duration_ps=50, restart_every=10000)
    deckgen.write_decks(study)
    deck = nvt_decks(study)[0]
    part = deck / f"{RESTART}.part"
    with one_deck(deck) as (_, future):
        until((deck / RESTART).exists)
        os.mkfifo(part)  # LAMMPS now hangs in the midst of the next write: nobody reads
        until(lambda: last_step(deck) in (20000,))
        whole = (deck / RESTART).read_bytes()
        os.kill(attempts(deck)[-1]["pid"], signal.SIGKILL)
        assert "SIGKILL" in str(future.exception())
    last = last_step(deck)
    part.unlink()
    part.write_bytes(whole[: len(whole) // 2])
    assert not deckgen.run(study, progress=False).failed
    assert attempts(deck)[1]["from_step"] == last - 10000
    assert not part.exists()
    assert_whole(deck, 25000)


def test_a_kill_before_the_first_restart_starts_afresh(make_study, until, nvt_decks):
    study = make_study(duration_ps=40, restart_every=20000)
    deckgen.write_decks(study)
    deck = nvt_decks(study)[0]
    with one_deck(deck) as (executor, future):
        until(lambda: last_step(deck) > 1000)
        executor.stop(0)
        assert "SIGKILL" in str(future.exception())
    assert not (deck / RESTART).exists()
    last = last_step(deck)
    with one_deck(deck) as (_, future):
        assert future.result().from_step == 0
        assert future.result().cut.rows - last // 10 in {0, 1}
    assert_whole(deck, 20000)


def test_a_kill_during_the_last_quench_runs_only_that_again(make_study, nvt_decks):
    study = make_study(duration_ps=4)
    deckgen.run(study, progress=False)
    deck = nvt_decks(study)[0]
    quenched = (deck / "quenched.extxyz").read_text()
    (deck / "quenched.extxyz").unlink()
    assert [record.from_step for record in deckgen.run(study, progress=False).done] == [2000]
    again = next(read_frames(deck / "quenched.extxyz"))
    assert again.potential_energy_eV == pytest.approx(
        float(quenched.split("Potential_energy=")[1].split()[0]), abs=1e-6
    )
    assert_whole(deck, 2000)


def test_ctrl_c_in_a_terminal_stops_inside_a_long_run_and_loses_nothing(make_study, until, nvt_decks, attempts):
    study = make_study(duration_ps=100_000, restart_every=10_000_000)
    deckgen.write_decks(study)
    decks = nvt_decks(study)
    master, terminal = pty.openpty()
    screen = bytearray()
    command = [sys.executable, "-c", IN_TERMINAL, study]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with ended(
        subprocess.Popen(command, stdin=terminal, stderr=terminal, start_new_session=True, env=environment)
    ) as program:
        os.close(terminal)

        def look() -> bytes:
            with contextlib.suppress(BlockingIOError, OSError):
                screen.extend(os.read(master, 10000))
            return bytes(screen)

        os.set_blocking(master, False)
        until(lambda: b"/50,000,000" in look() and b"left on 2 workers" in look())
        until(lambda: all(last_step(deck) > 0 for deck in decks[:2]))
        os.write(master, b"\x03")
        until(lambda: look() is not None and program.poll() is not None, 30)
        look()
    os.close(master)
    assert b"ns/day" in screen
    assert b"T0020.000K-r1" in screen
    assert f"deckgen run {study}".encode() in screen.replace(b"\r\n", b"")
    assert program.returncode == 130
    stopped = [attempts(deck)[-1] for deck in decks[:2]]
    assert [attempt["outcome"] for attempt in stopped] == ["interrupted"] * 2
    assert not attempts(decks[2])
    assert [deck.state for deck in status(study)] == ["done", "interrupted", "interrupted", "pending"]
    assert all((deck / RESTART).exists() for deck in decks[:2])

    reached = max(attempt["to_step"] for attempt in stopped)
    n_steps = reached - reached % 1000 + 2000
    make_study(duration_ps=n_steps / 500, restart_every=10_000_000)
    assert len(deckgen.run(study, progress=False).done) == 3
    for deck, attempt in zip(decks, stopped, strict=False):
        assert attempts(deck)[-1]["from_step"] == attempt["to_step"]
        assert attempts(deck)[-1]["dropped_rows"] == attempts(deck)[-1]["dropped_frames"] == 0
        assert_whole(deck, n_steps)


def test_sigterm_stops_the_batch_as_ctrl_c_does_and_lines_tell_the_progress(make_study, until, nvt_decks, attempts):
    study = make_study(duration_ps=100_000, restart_every=10_000_000)
    deckgen.write_decks(study)
    log = study / "stderr"
    with log.open("w") as stderr, ended(subprocess.Popen([sys.executable, "-c", RUN, study], stderr=stderr)) as program:
        until(lambda: "left on 2 workers" in log.read_text())
        until(lambda: all(last_step(deck) > 0 for deck in nvt_decks(study)[:2]))
        program.terminate()
        assert program.wait(30) == 130
    text = log.read_text()
    assert "minimize/start: done" in text
    assert "1 of 4 decks done" in text
    assert f"deckgen run {study}" in text
    assert "\x1b" not in text
    for deck in nvt_decks(study)[:2]:
        assert attempts(deck)[-1]["outcome"] == "interrupted"
        assert attempts(deck)[-1]["to_step"] - last_step(deck) in range(10)


def test_a_deck_that_had_no_time_left_to_stop_is_killed_and_resumes(
    make_study, until, nvt_decks, attempts, monkeypatch
):
    study = make_study(duration_ps=100_000, restart_every=100_000)
    deckgen.write_decks(study)
    decks = nvt_decks(study)
    monkeypatch.setattr(batch, "GRACE_S", 0.0)

    def press_ctrl_c() -> None:
        for deck in decks[:2]:
            until(lambda deck=deck: last_step(deck) > 0)
            os.mkfifo(deck / f"{RESTART}.part")  # LAMMPS hangs in its first write, since nobody reads: it cannot stop
        until(lambda: all(last_step(deck) == 100_000 for deck in decks[:2]))
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press_ctrl_c)
    presser.start()
    with pytest.raises(BatchInterrupt, match=f"interrupted, 3 decks to go; to resume: deckgen run {study}") as ended:
        deckgen.run(study, workers=2, progress=False)
    presser.join()
    assert set(ended.value.result.interrupted) == set(decks)
    assert ended.value.result.failed == []
    for deck in decks[:2]:
        (attempt,) = attempts(deck)
        assert attempt["outcome"] == "killed"
        assert "SIGKILL" in attempt["message"]
        assert attempt["to_step"] == 100_000
    assert not attempts(decks[2])
    assert [deck.state for deck in status(study)] == ["done", "interrupted", "interrupted", "pending"]


def test_an_interrupt_during_the_relaxation_leaves_no_restart(make_study, nvt_decks):
    """The cut-short relaxation must not become the start of the dynamics, nor its result the relaxed structure."""
    study = make_study()
    deckgen.write_decks(study)
    for deck in (study / "decks/minimize/start", nvt_decks(study)[0]):
        script = (deck / "in.lammps").read_text()
        slow = 'fix slow all print 1 "$(step)" screen no\n'
        (deck / "in.lammps").write_text(
            script.replace("min_style ", slow + "shell touch relaxing\nshell sleep 1\nmin_style ", 1)
        )
        with one_deck(deck) as (executor, future):
            while not (deck / "relaxing").exists():
                pass
            executor.stop(30)
            assert future.result().outcome == "interrupted"
        assert not (deck / RESTART).exists()
        assert not (deck / "quenched.extxyz").exists()
        assert last_step(deck) == 0


@pytest.mark.parametrize("content", [b"", b"not a restart", None])
def test_a_damaged_restart_costs_one_interval_and_two_of_them_are_an_error(make_study, nvt_decks, attempts, content):
    study = make_study(duration_ps=3, restart_every=500)
    deckgen.run(study, progress=False)
    before = restarts_of(nvt_decks(study))
    make_study(duration_ps=4, restart_every=500)
    deckgen.run(study, progress=False)
    untidy(before)
    make_study(duration_ps=8, restart_every=500)
    deckgen.write_decks(study)
    one, two, _ = nvt_decks(study)
    for path in (one / RESTART, two / RESTART, two / OLD_RESTART):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    before = {path.name: path.read_bytes() for path in two.iterdir()}
    (failed,) = deckgen.run(study, progress=False).failed
    assert failed.folder == two
    assert "nvt.restart is cut short or damaged; nvt.restart.old is cut short or damaged" in failed.message
    assert "--redo nvt/T0025.000K-r1" in failed.message
    assert before == {path.name: path.read_bytes() for path in two.iterdir()}
    assert attempts(one)[-1]["from_step"] == 1500
    assert "nvt.restart is cut short or damaged" in attempts(one)[-1]["passed_over"]
    assert_whole(one, 4000)


def test_a_restart_that_does_not_fit_its_rows_is_an_error(make_study, nvt_decks):
    study = make_study(duration_ps=4, restart_every=500)
    deckgen.run(study, progress=False)
    make_study(duration_ps=8, restart_every=500)
    deckgen.write_decks(study)
    no_restart, no_rows, _ = nvt_decks(study)
    (no_restart / RESTART).unlink()
    (no_rows / ENERGIES).unlink()
    messages = {deck.folder: deck.message for deck in deckgen.run(study, progress=False).failed}
    assert "nvt.restart is missing" in messages[no_restart]
    assert "nvt.restart is at step 2,000, rows or frames are missing after step 0" in messages[no_rows]
    assert last_step(no_restart) == 2000


def test_what_a_bare_lmp_ran_counts_also_after_a_kill(make_study, until, nvt_decks):
    study = make_study(duration_ps=60, restart_every=10000)
    deckgen.write_decks(study)
    deck = nvt_decks(study)[0]
    lmp = [Path(sys.prefix, "bin", "lmp"), "-in", "in.lammps", "-screen", "none"]
    with ended(subprocess.Popen(lmp, cwd=deck, start_new_session=True)) as process:
        until(lambda: last_step(deck) > 13000)
        os.killpg(process.pid, signal.SIGKILL)
    reached = last_step(deck)
    assert [each.state for each in status(study)][1] == "interrupted"
    subprocess.run(lmp, cwd=deck, check=True)
    assert [each.state for each in status(study)][1] == "done"
    (run,) = harvest(study).series
    np.testing.assert_allclose(run.time_ps, np.arange(1, 3001) * 0.02)
    assert run.dropped_rows == reached % 10000 // 10  # a row cut short is no row
    assert [frame.step for frame in read_frames(deck / FRAMES)] == list(range(1000, 31000, 1000))


def test_a_scheduler_that_also_tells_the_shell_of_a_restart_does_not_lose_the_restart(
    make_study, nvt_decks, attempts, tmp_path, monkeypatch
):
    """Slurm sends SIGTERM to every process of a job, also to the shell that is just putting a restart in place."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sync").write_text("#!/bin/sh\nkill -TERM $PPID $$\ntouch told\n")
    (tools / "sync").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    study = make_study()
    assert not deckgen.run(study, progress=False).failed
    for deck in nvt_decks(study):
        assert (deck / "told").exists()
        assert [record["step"] for record in read_run(deck)["restarts"]] == [20_000]
        (attempt,) = attempts(deck)
        assert attempt["outcome"] == "done"
        assert_whole(deck, 20_000)


def test_what_a_deck_is_made_of_is_on_the_disk_before_it_begins(make_study, tmp_path):
    """New decks are written without waiting for the disk: what is computed must not outlive them in a power cut."""
    deck = deckgen.write_decks(make_study())[0].folder  # a relaxation: the shortest
    code = f"""
import os, pathlib
from deckgen.runs.engine import run_deck
asked, fsync = [], os.fsync
def noted(file):
    asked.append(os.path.basename(os.readlink(f"/proc/self/fd/{{file}}")))
    fsync(file)
os.fsync = noted
run_deck(pathlib.Path({str(deck)!r}))
pathlib.Path({str(tmp_path / "asked")!r}).write_text(" ".join(asked))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    asked = (tmp_path / "asked").read_text().split()
    begun = asked.index("status.json.part")
    assert {"cluster.data", "in.lammps", "deck.json"} <= set(asked[:begun])
