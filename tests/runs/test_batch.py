import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import deckgen
from deckgen.decks.manifest import ENERGIES, FRAMES, SCRIPT
from deckgen.errors import InputError, RunError
from deckgen.processes.executor import open_executor
from deckgen.processes.lock import held, lock
from deckgen.runs import batch
from deckgen.runs.batch import FailedDeck
from deckgen.runs.engine import run_deck
from deckgen.runs.status import status


def ids(folders) -> list[str]:
    return [getattr(folder, "folder", folder).name for folder in folders]


def test_a_finished_deck_is_never_run_again_and_extensions_recompute_nothing(make_study, nvt_decks, steps):
    study = make_study(duration_ps=4)
    first = deckgen.run(study, progress=False)
    assert sorted(ids(first.done)) == ["T0020.000K-r1", "T0025.000K-r1", "T0030.000K-r1", "start"]
    assert not first.failed
    assert not first.interrupted
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in study.glob("decks/*/*/*")}

    again = deckgen.run(study, progress=False)
    assert sorted(ids(again.skipped)) == sorted(ids(first.done))
    assert not again.done
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in study.glob("decks/*/*/*")}

    make_study(temperatures_K=[20, 25, 30, 35], duration_ps=6, replicas=2)
    assert [deck.state for deck in status(study)] == ["done", "done", "done", "done"]
    longer = deckgen.run(study, progress=False)
    assert ids(longer.skipped) == ["start"]
    assert len(longer.done) == 8
    for deck in nvt_decks(study):
        assert steps(deck).tolist() == list(range(10, 3010, 10))
        for name in (ENERGIES, FRAMES):
            assert (deck / name).read_bytes().startswith(before.get(deck / name, (0, b""))[1])
    assert {record.from_step for record in longer.done} == {0, 2000}


def test_the_longest_goes_first_after_the_minimisation(make_study):
    study = make_study(duration_ps=4)
    deckgen.run(study, progress=False)
    make_study(temperatures_K=[20, 25, 30, 35], duration_ps=8)
    done = deckgen.run(study, workers=1, progress=False).done
    assert ids(done) == ["T0035.000K-r1", "T0020.000K-r1", "T0025.000K-r1", "T0030.000K-r1"]


def test_the_process_of_a_deck_imports_no_study():
    """It would take three times as long to start."""
    code = f"import sys, {batch.run_alone.__module__}; print({{'ase', 'pydantic', 'scipy'}} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_a_bad_potential_is_reported_in_lammps_words(make_study):
    study = make_study(pair_style="lj/cutt 60.0")
    result = deckgen.run(study, progress=False)
    assert not result.done
    assert len(result.failed) == 4
    for deck in result.failed:
        assert "Unrecognized pair style 'lj/cutt'" in deck.message
        assert "Last input line: pair_style" in deck.message
        assert "log.lammps" in deck.message
    assert {(deck.state, "lj/cutt" in deck.message) for deck in status(study)} == {("failed", True)}


def test_decks_that_fail_do_not_disturb_the_others(make_study, nvt_decks, steps):
    study = make_study(relax="false", container="")
    deckgen.write_decks(study)
    not_a_number, no_data, good = nvt_decks(study)
    data = (not_a_number / "cluster.data").read_text().splitlines(keepends=True)
    (not_a_number / "cluster.data").write_text("".join(data[:-1]) + " ".join(["13", *data[-2].split()[1:]]) + "\n")
    (no_data / "cluster.data").write_text("".join([*data[:-5], data[-1]]))
    result = deckgen.run(study, progress=False)
    assert ids(result.done) == [good.name]
    messages = {deck.folder.name: deck.message for deck in result.failed}
    assert "Non-numeric" in messages[not_a_number.name]
    assert "Last input line: run" in messages[not_a_number.name]
    assert "Last input line: read_data" in messages[no_data.name]
    assert steps(good)[-1] == 20000
    assert [deck.state for deck in status(study)] == ["failed", "failed", "done"]


def test_lost_atoms_are_reported(make_study, nvt_decks):
    study = make_study(container="")
    deckgen.write_decks(study)
    deck = nvt_decks(study)[0]
    script = (deck / SCRIPT).read_text().replace("s s s", "f f f")
    (deck / SCRIPT).write_text(script.replace("\nrun  ", "\nvelocity all set 100 0 0\nrun  "))
    with open_executor(1) as executor:
        error = executor.submit(run_deck, deck).exception()
    assert isinstance(error, RunError)
    assert "Lost atoms" in error.message
    assert "Last input line: run" in error.message


def test_a_script_that_ends_too_early_is_an_error(make_study, nvt_decks):
    study = make_study()
    deckgen.write_decks(study)
    deck = nvt_decks(study)[0]
    script = (deck / SCRIPT).read_text()
    (deck / SCRIPT).write_text(script.replace("index 20000", "index 10000"))
    with open_executor(1) as executor:
        error = executor.submit(run_deck, deck).exception()
    assert "ended at step 10000 of 20000" in str(error)


def test_a_second_batch_on_a_study_is_refused(make_study):
    study = make_study()
    with lock(study / ".deckgen.lock", "the study"), pytest.raises(RunError, match=r"in use: process \d+ on .*, since"):
        deckgen.run(study, progress=False)


def test_a_stale_lock_is_recognised(tmp_path):
    path = tmp_path / "lock"
    hold = f"""
import time
from pathlib import Path
from deckgen.processes.lock import held, lock
with lock(Path({str(path)!r}), "this"):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert held(path)
        with pytest.raises(RunError, match=f"process {holder.pid} on"), lock(path, "this"):
            pass
        holder.kill()
    assert json.loads(path.read_text())["pid"] == holder.pid
    assert not held(path)
    with lock(path, "this"):
        assert held(path)
    assert not held(path)


def test_a_lock_of_another_machine_counts_until_its_heartbeat_stops(tmp_path, monkeypatch):
    monkeypatch.setattr("deckgen.processes.lock.SILENT_S", 0.2)
    path = tmp_path / "lock"
    path.write_text(json.dumps({"pid": 1, "host": "elsewhere", "since": "yesterday"}))
    with pytest.raises(RunError, match="process 1 on elsewhere, since yesterday"), lock(path, "this"):
        pass
    assert held(path)
    os.utime(path, (time.time() - 600, time.time() - 600))
    assert not held(path)
    with lock(path, "this"):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_study_that_is_not_there(tmp_path):
    with pytest.raises(InputError):
        deckgen.run(tmp_path / "nowhere", progress=False)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{folder} cannot be written: No space left on device", "the deck's folder cannot be written: No space left"),
        ("{folder}/log.lammps cannot be written: No space left on device", "./log.lammps cannot be written: No space"),
        ("{folder}: the process died", "the process died"),
    ],
)
def test_what_decks_fail_of_alike_is_said_without_their_folders(message, reason):
    folder = Path("/study/decks/nvt/T0100.000K-r1")
    assert FailedDeck(folder, message.format(folder=folder)).reason.startswith(reason)
