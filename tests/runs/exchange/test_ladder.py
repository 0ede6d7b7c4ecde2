"""Ladders of real LAMMPS processes: nothing lost or doubled by kills, walkers where they are said to be, ensembles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaincc
from scipy.stats import ks_2samp

import deckgen
from deckgen.decks.manifest import ENERGIES, FRAMES, RESTART, SCRIPT
from deckgen.frames import read_frames
from deckgen.runs.exchange.state import read_state, state_file
from deckgen.runs.exchange.walkers import read_walkers, walkers_at
from deckgen.runs.harvest import harvest
from deckgen.runs.journal import read_attempts
from deckgen.runs.restarts import step_of
from deckgen.runs.rows import last_step
from deckgen.runs.status import status
from deckgen.samples import TimeSeries
from deckgen.units import KB_EV_K

RUN = "import sys; from deckgen.cli import main; sys.exit(main(['run', sys.argv[1]]))"
STUDY = """
[cluster]
element = "Ar"
size = 13
container_radius_A = 9.0
relax = false
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["* * 0.0103 3.4"]
mass_u = 39.948
[ladder]
temperatures_K = {kelvins}
[nvt]
duration_ps = {ps}
restart_every = 2000
frame_every = 100
{nvt}
[exchange]
every = 100
pairs = "{pairs}"
"""


def write(folder: Path, kelvins: list[float], ps: float, nvt: str = "", pairs: str = "all") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(STUDY.format(kelvins=kelvins, ps=ps, nvt=nvt, pairs=pairs))
    return folder


def decks_of(study: Path, replica: int = 1) -> list[Path]:
    return sorted((study / "decks" / "nvt").glob(f"*-r{replica}"))


def attempts(deck: Path) -> list[dict]:
    return [asdict(attempt) for attempt in read_attempts(deck)]


def assert_whole(deck: Path, n_steps: int) -> None:
    assert np.loadtxt(deck / ENERGIES)[:, 0].tolist() == list(range(10, n_steps + 10, 10))
    assert [frame.step for frame in read_frames(deck / FRAMES)] == list(range(100, n_steps + 100, 100))


def start(study: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, study], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def positions(decks: list[Path], noted: dict[str, np.ndarray], n_walkers: int) -> np.ndarray:
    """The frames of each walker in order of time, (walkers, frames, atoms, 3)."""
    frames = [list(read_frames(deck / FRAMES)) for deck in decks]
    found = np.full((n_walkers, len(frames[0]), *frames[0][0].positions_A.shape), np.nan)
    for deck, own in zip(decks, frames, strict=True):
        walkers = walkers_at(noted[deck.name], np.array([frame.step for frame in own]))
        for i, (walker, frame) in enumerate(zip(walkers, own, strict=True)):
            found[walker, i] = frame.positions_A
    return found


def test_kills_lose_one_interval_at_most_and_every_walker_stays_what_it_is(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    """Liquids that began apart: after 0.2 ps a configuration is still nearer to itself than to any other."""
    study = write(tmp_path / "study", [36, 40, 45], 40, nvt='start = "melted"')
    program = start(study)
    until(lambda: len(decks_of(study)) == 3 and last_step(decks_of(study)[1]) > 5300)
    program.kill()
    program.wait()
    decks = decks_of(study)
    until(lambda: all(deck.state != "running" for deck in status(study)), 10)
    stood = read_state(state_file(study, 1)).rungs[decks[0].name].step
    assert max(map(last_step, decks)) - stood <= 2100

    results = []
    batch = threading.Thread(target=lambda: results.append(deckgen.run(study, workers=2, progress=False)))
    batch.start()
    until(lambda: last_step(decks[2]) > stood + 5000)
    os.kill(attempts(decks[2])[-1]["pid"], signal.SIGKILL)
    batch.join()
    # the first and the third rung share a process
    assert [(deck.folder, "SIGKILL" in deck.message) for deck in results[0].failed] == [(decks[0], True)]
    assert results[0].interrupted == decks[1:]
    assert {deck.state for deck in status(study)} <= {"failed", "interrupted"}

    assert not deckgen.run(study, progress=False).failed
    for deck in decks:
        assert_whole(deck, 20_000)
        killed, failed, whole, quenched = attempts(deck)
        assert [one["outcome"] for one in (killed, whole, quenched)] == ["killed", "done", "done"]
        assert failed["from_step"] == stood
        assert 0 <= failed["to_step"] - whole["from_step"] <= 2100
        assert (quenched["from_step"], quenched["outcome"]) == (20_000, "done")
    assert len({attempts(deck)[2]["from_step"] for deck in decks}) == 1

    noted = read_walkers(state_file(study, 1))
    for deck in decks:
        assert noted[deck.name][:, 0].tolist() == list(range(0, 20_000, 100))
    assert (np.sort([noted[deck.name][:, 1] for deck in decks], axis=0) == np.arange(3)[:, None]).all()
    course = positions(decks, noted, 3)
    apart = np.linalg.norm(course[:, None, 1:] - course[None, :, :-1], axis=-1).mean(axis=-1)
    assert (apart.argmin(axis=0) == np.arange(3)[:, None]).all()
    assert np.mean(np.diff(noted[decks[1].name][:, 1]) != 0) > 0.2


def independent(run: TimeSeries, every: int = 50) -> np.ndarray:
    return run.potential_energy_eV[500::every]


@pytest.mark.long
def test_each_rung_has_the_canonical_distribution_of_its_temperature(tmp_path: Path) -> None:
    """Of two rungs the ratio of the energies' densities is exp(-(beta' - beta) U): Shirts, JCTC 9, 909 (2013)."""
    kelvins = [10, 12, 14.5]
    study = write(tmp_path / "study", kelvins, 60, nvt="damping_fs = 100", pairs="neighbours")
    assert not deckgen.run(study, progress=False).failed
    runs = harvest(study).series
    assert [run.ladder for run in runs] == [1, 1, 1]
    for run in runs:
        kinetic = run.kinetic_temperature_K[500:]
        error = np.std([part.mean() for part in np.array_split(kinetic, 10)], ddof=1) / np.sqrt(10)
        assert abs(kinetic.mean() - run.temperature_K) < 4 * error + 0.05
    for low, high in pairwise(runs):
        U = np.concatenate([independent(low), independent(high)])
        label = np.repeat([0.0, 1.0], [len(independent(low)), len(independent(high))])
        expected = 1 / (KB_EV_K * low.temperature_K) - 1 / (KB_EV_K * high.temperature_K)
        slope, error = logistic(U - U.mean(), label)
        assert abs(slope - expected) < 4 * error
        assert error < expected / 3


@pytest.mark.long
def test_each_rung_has_the_energies_of_the_same_deck_by_itself(tmp_path: Path) -> None:
    """Kolmogorov and Smirnov's test of rows so far apart that they are independent."""
    ladder = write(tmp_path / "ladder", [20, 26, 33], 300)
    plain = write(tmp_path / "plain", [20, 26, 33], 300)
    toml = plain / "study.toml"
    toml.write_text(toml.read_text().partition("[exchange]")[0])
    for study in (ladder, plain):
        assert not deckgen.run(study, progress=False).failed
    exchanged, alone = harvest(ladder).series, harvest(plain).series
    assert [run.ladder for run in (*exchanged, *alone)] == [1, 1, 1, None, None, None]
    for one, other in zip(exchanged, alone, strict=True):
        U, V = (run.potential_energy_eV[1000:] for run in (one, other))
        assert ks_2samp(U[:: apart(U)], V[:: apart(V)]).pvalue > 1e-3
    colder, hotter = (run.potential_energy_eV[1000:] for run in exchanged[:2])  # it would see the wrong rung
    assert ks_2samp(colder[:: apart(colder)], hotter[:: apart(hotter)]).pvalue < 1e-3


def apart(values: np.ndarray) -> int:
    """How many rows make an independent one: by the variance of the means over a fiftieth of the run."""
    blocks = np.array_split(values, 50)
    return int(np.ceil(max(len(blocks[0]) * np.var([part.mean() for part in blocks], ddof=1) / values.var(), 1)))


def logistic(x: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """The slope of the log odds and its standard error, by Newton's method."""
    X, w = np.stack([np.ones_like(x), x / x.std()], axis=1), np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-X @ w))
        hessian = X.T @ (X * (p * (1 - p))[:, None])
        w += np.linalg.solve(hessian, X.T @ (label - p))
    return w[1] / x.std(), np.sqrt(np.linalg.inv(hessian)[1, 1]) / x.std()


def test_a_ladder_stops_at_one_step_and_goes_on_with_more_rungs_and_steps(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    study = write(tmp_path / "study", [20, 24, 29], 400)
    program = start(study)
    until(lambda: len(decks_of(study)) == 3 and last_step(decks_of(study)[0]) > 500)
    program.send_signal(signal.SIGTERM)
    assert program.wait() == 130
    decks = decks_of(study)
    (stood,) = {step_of(deck / RESTART) for deck in decks}
    assert stood is not None
    assert stood % 100 == 0
    assert {rung.step for rung in read_state(state_file(study, 1)).rungs.values()} == {stood}
    assert [deck.state for deck in status(study)] == ["interrupted"] * 3

    n_steps = stood + 1000
    longer = f"longer = [{{min_K = 20, max_K = 24, duration_ps = {(n_steps + 500) / 500}}}]"
    write(study, [20, 24, 26, 29], n_steps / 500, nvt=longer, pairs="neighbours")
    assert len(deckgen.run(study, progress=False).done) == 4
    for deck, more in zip(decks_of(study), [500, 500, 0, 0], strict=True):
        assert_whole(deck, n_steps + more)
    noted, new = read_walkers(state_file(study, 1)), decks_of(study)[2].name
    assert noted[new][0].tolist() == [0, 3]  # the new rung runs by itself to where the others wait
    assert noted[new][1, 0] == stood
    assert [attempt["dropped_rows"] for deck in decks for attempt in attempts(deck)] == [0] * 9


def test_a_replica_that_is_added_is_a_ladder_of_its_own(tmp_path: Path) -> None:
    study = write(tmp_path / "study", [20, 24, 29], 4)
    done = deckgen.run(study, progress=False).done
    assert [(record.from_step, record.to_step) for record in done] == [(0, 2000)] * 3
    for record in done:  # the dynamics in the ladder, and the last frame's quench
        assert record.seconds == pytest.approx(sum(attempt["seconds"] for attempt in attempts(record.folder)))
    first = read_walkers(state_file(study, 1))
    write(study, [20, 24, 29], 4, nvt="replicas = 2")
    result = deckgen.run(study, progress=False)
    assert (len(result.done), len(result.skipped)) == (3, 3)
    for replica in (1, 2):
        noted = read_walkers(state_file(study, replica))
        for deck in decks_of(study, replica):
            assert_whole(deck, 2000)
            assert len(noted[deck.name]) == 20
    for deck, walkers in first.items():
        assert read_walkers(state_file(study, 1))[deck].tolist() == walkers.tolist()
    assert {run.ladder for run in harvest(study).series} == {1, 2}


@pytest.mark.long
def test_twenty_kills_leave_the_ladder_as_one_that_nothing_happened_to(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    """Of the command, or of one of its processes: no row lost or doubled, every walker somewhere, the same energies."""
    rng, kelvins, n_steps = np.random.default_rng(20), [22, 25, 28.5], 200_000
    quiet = write(tmp_path / "quiet", kelvins, 400)
    assert not deckgen.run(quiet, progress=False).failed
    study = write(tmp_path / "study", kelvins, 400)
    for kill in range(20):
        before = max(map(last_step, decks_of(study)), default=0)
        program = start(study)
        goal = before + int(rng.integers(1, n_steps // 25))
        until(lambda goal=goal: len(decks_of(study)) == 3 and max(map(last_step, decks_of(study))) >= goal)
        deck = decks_of(study)[kill % 3]
        os.kill(program.pid if kill % 2 else attempts(deck)[-1]["pid"], signal.SIGKILL)
        program.wait()
        until(lambda: all(deck.state != "running" for deck in status(study)), 30)
    assert not deckgen.run(study, progress=False).failed
    noted = read_walkers(state_file(study, 1))
    for deck in decks_of(study):
        assert_whole(deck, n_steps)
        assert noted[deck.name][:, 0].tolist() == list(range(0, n_steps, 100))
    assert (np.sort([noted[deck.name][:, 1] for deck in decks_of(study)], axis=0) == np.arange(3)[:, None]).all()
    assert sum(one["outcome"] in ("killed", "failed") for one in attempts(decks_of(study)[0])) >= 10
    z = [difference(*pair) for pair in zip(harvest(study).series, harvest(quiet).series, strict=True)]
    assert gammaincc(len(z) / 2, np.square(z).sum() / 2) > 1e-3  # chi-squared


def difference(one: TimeSeries, other: TimeSeries) -> float:
    """Of the mean energies, in standard errors by blocks."""
    blocks = [[part.mean() for part in np.array_split(run.potential_energy_eV[1000:], 20)] for run in (one, other)]
    errors = [np.std(means, ddof=1) / np.sqrt(len(means)) for means in blocks]
    return float((np.mean(blocks[0]) - np.mean(blocks[1])) / np.hypot(*errors))


def test_a_swap_scales_the_kinetic_energy_and_does_no_work(tmp_path: Path) -> None:
    """Without thermostats each walker keeps its energy, but for T_new/T_old of the kinetic part at every swap.

    Forces or velocities left behind, or scaled the wrong way, would change it by some 1e-3 eV at a swap.
    """
    kelvins = np.array([25.0, 25.5, 26.0])
    study = write(tmp_path / "study", kelvins.tolist(), 8)
    (study / "templates").mkdir()
    (study / "templates" / "nvt.in.j2").write_text(
        '{% extends "deckgen/nvt.in.j2" %}\n{% block dynamics %}\nfix dynamics all nve\n'
        "{{ bath.container(container_radius_A, wall_width_A, wall_eV_A2, n_atoms, species) }}\n{% endblock %}\n"
    )
    assert not deckgen.run(study, workers=1, progress=False).failed
    runs = harvest(study).series
    walkers = np.array([run.walkers for run in runs])
    assert len({tuple(column) for column in walkers.T}) > 3
    potential = np.array([run.potential_energy_eV for run in runs])
    kinetic = (3 * 13 - 6) / 2 * KB_EV_K * np.array([run.kinetic_temperature_K for run in runs])
    rows = np.arange(walkers.shape[1])
    for walker in range(3):
        rung = (walkers == walker).argmax(axis=0)
        own = kinetic[rung, rows]
        by_swaps = own[:-1] * (kelvins[rung[1:]] / kelvins[rung[:-1]] - 1)
        drift = np.cumsum(np.diff(potential[rung, rows] + own) - by_swaps)
        assert np.abs(drift).max() < 2e-4


def test_a_template_that_runs_by_itself_cannot_exchange(tmp_path: Path) -> None:
    study = write(tmp_path / "study", [20, 24, 29], 2)
    (study / "templates").mkdir()
    (study / "templates" / "nvt.in.j2").write_text(
        '{% extends "deckgen/nvt.in.j2" %}\n{% block run %}\nrun ${n_steps} upto\n{% endblock %}\n'
        "{% block quench %}\nlabel end\n{% endblock %}\n"
    )
    failed = deckgen.run(study, progress=False).failed
    assert len(failed) == 1
    assert failed[0].message.startswith(f"{failed[0].folder}: the script ran by itself to step 1,000")
    assert "exchange" not in (failed[0].folder / SCRIPT).read_text()
