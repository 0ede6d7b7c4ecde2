import json
from dataclasses import asdict, replace

import numpy as np
import pytest

import deckgen
from deckgen.decks.manifest import ENERGIES, FRAMES, MANIFEST, Manifest, read_manifest
from deckgen.errors import InputError, RunError
from deckgen.frames import read_frames
from deckgen.runs.harvest import harvest
from deckgen.runs.rows import read_energies
from deckgen.runs.status import status
from deckgen.runs.timing import time_deck


@pytest.fixture
def make_decks(tmp_path):
    """Write the manifests of NVT decks, without anything else."""

    def make(temperatures_K) -> list:
        folders = []
        for temperature in temperatures_K:
            manifest = Manifest(
                protocol="nvt",
                id=f"T{temperature}",
                identity="",
                formula="Na55",
                n_atoms=55,
                potential_name="any",
                potential_sha256="0",
                settings={},
                n_steps=200,
                temperature_K=float(temperature),
                thermostat="csvr",
                timestep_fs=4.0,
                sample_every=10,
            )
            folder = tmp_path / "decks" / "nvt" / manifest.id
            folder.mkdir(parents=True)
            (folder / MANIFEST).write_text(json.dumps(asdict(manifest)))
            folders.append(folder)
        return folders

    return make


def text(steps, mark: float = 0.5) -> str:
    return "".join(f"{step} {mark * step:.8f} 300.5 1.0 2.0 3.0\n" for step in steps)


def test_without_moments_their_rotational_weights_are_kept(tmp_path, make_decks):
    (deck,) = make_decks([100])
    rows = [f"{step} -1.0 300.5 {step}.0 {2 * step}.5 3000.25\n" for step in range(10, 210, 10)]
    (deck / ENERGIES).write_text("".join(rows))
    (whole,), (lean,) = harvest(tmp_path).series, harvest(tmp_path, moments=False).series
    steps = np.arange(10.0, 210.0, 10.0)
    assert lean.principal_moments_uA2 is None
    np.testing.assert_allclose(lean.root_determinants**2, steps * (2 * steps + 0.5) * 3000.25)
    for start in (0, 7):
        np.testing.assert_array_equal(lean.rotation_weights(start), whole.rotation_weights(start))
    columns = (lean.potential_energy_eV, lean.kinetic_temperature_K, lean.root_determinants)
    assert sum(column.nbytes for column in columns) == 20 * 3 * 8
    assert all(column.base is None for column in columns)  # none keeps the table of all columns


def test_runs_with_rows_as_far_apart_have_their_times_in_common(tmp_path, make_decks):
    decks = make_decks([100, 200, 300])
    for deck, n in zip(decks, (5, 20, 10), strict=True):
        (deck / ENERGIES).write_text(text(range(10, 10 * n + 10, 10)))
    other = replace(read_manifest(decks[2]), timestep_fs=2.0)
    (decks[2] / MANIFEST).write_text(json.dumps(asdict(other)))
    more = make_decks([400])[0]
    (more / ENERGIES).write_text(text(range(10, 130, 10)))
    series = harvest(tmp_path).series
    for run, n, interval_ps in zip(series, (5, 20, 10, 12), (0.04, 0.04, 0.02, 0.04), strict=True):
        np.testing.assert_allclose(run.time_ps, interval_ps * np.arange(1, n + 1))
        assert not run.time_ps.flags.writeable
    assert np.shares_memory(series[1].time_ps, series[3].time_ps)


def test_rows_become_time_series(tmp_path, make_decks):
    cold, hot, _ = make_decks([100, 300, 200])
    (cold / ENERGIES).write_text("# step\n" + text(range(10, 210, 10)))
    (hot / ENERGIES).write_text("# step\n" + text(range(10, 110, 10)) + "110 -0.")
    (hot / FRAMES).write_text("")
    samples = harvest(tmp_path)
    assert (samples.formula, samples.n_atoms, samples.missing_K) == ("Na55", 55, (200.0,))
    assert samples.start_energy_eV is None
    first, second = samples.series
    assert (first.temperature_K, first.thermostat, first.label, first.frames) == (100.0, "csvr", "T100", None)
    np.testing.assert_allclose(first.time_ps, 0.04 * np.arange(1, 21))
    np.testing.assert_allclose(first.potential_energy_eV, 5.0 * np.arange(1, 21))
    np.testing.assert_array_equal(first.principal_moments_uA2, [[1.0, 2.0, 3.0]] * 20)
    assert first.kinetic_temperature_K[0] == 300.5
    assert first.planned_ps == pytest.approx(0.8)
    assert first.complete
    assert (second.n, second.complete, second.frames) == (10, False, hot / FRAMES)


def test_rows_gone_over_again_are_left_out(tmp_path):
    path = tmp_path / ENERGIES
    path.write_text(
        "# a\n" + text((10, 20, 30), 1) + "40 -0.4# resumed\n" + text((20, 30), 2) + "# resumed\n" + text([40], 3)
    )
    rows, dropped = read_energies(path)
    assert rows[:, 0].tolist() == [10, 20, 30, 40]
    assert rows[:, 1].tolist() == [10, 40, 60, 120]
    assert dropped == 2


def test_rows_end_where_the_energy_is_not_a_number(tmp_path):
    path = tmp_path / ENERGIES
    path.write_text("# a\n0 1 1 1 1 1\n" + text((10, 20)) + "30 nan 1 1 1 1\n" + text([40]))
    assert read_energies(path)[0][:, 0].tolist() == [10, 20]


@pytest.mark.parametrize("content", ["", "# step\n", "# step\n10 -0.", "10"])
def test_no_rows_at_all(tmp_path, make_decks, content):
    (deck,) = make_decks([100])
    (deck / ENERGIES).write_text(content)
    assert read_energies(deck / ENERGIES)[0].shape == (0, 6)
    with pytest.raises(RunError, match="no deck has samples yet"):
        harvest(tmp_path)


@pytest.mark.parametrize("steps", [(20, 30), (10, 20, 40), (10, 15, 20)])
def test_missing_rows_are_an_error(tmp_path, make_decks, steps):
    (deck,) = make_decks([100])
    (deck / ENERGIES).write_text(text(steps))
    with pytest.raises(RunError, match=r"T100/energies\.dat: row \d is at step"):
        harvest(tmp_path)


def test_decks_of_different_potentials_are_not_mixed(tmp_path, make_decks):
    deck, _ = make_decks([100, 200])
    other = replace(read_manifest(deck), potential_sha256="1")
    (deck / MANIFEST).write_text(json.dumps(asdict(other)))
    with pytest.raises(RunError, match="different"):
        harvest(tmp_path)


def test_samples_of_a_thermostat_that_deckgen_does_not_know_are_refused(tmp_path, make_decks):
    (folder,) = make_decks([100.0])
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / ENERGIES).write_text("".join(f"{10 * k} -1.0 100 1 2 3\n" for k in range(1, 5)))
    (folder / MANIFEST).write_text(json.dumps(manifest | {"thermostat": ""}))
    assert not harvest(tmp_path).series[0].angular_momentum_is_zero
    (folder / MANIFEST).write_text(json.dumps(manifest | {"thermostat": "svr2"}))
    with pytest.raises(InputError, match=r"T100\.0: the thermostat is 'svr2'; known are nose-hoover, csvr, langevin"):
        harvest(tmp_path)


def test_a_study_from_run_to_samples(make_study):
    study = make_study(duration_ps=20, replicas=2)
    with pytest.raises(InputError, match="there are no decks"):
        status(study)
    deckgen.write_decks(study)
    assert {deck.state for deck in status(study)} == {"pending"}
    before = {path: path.read_bytes() for path in study.glob("decks/**/*") if path.is_file()}
    assert time_deck(next(study.glob("decks/nvt/*"))) > 0
    assert before == {path: path.read_bytes() for path in study.glob("decks/**/*") if path.is_file()}

    deckgen.run(study, progress=False)
    done = status(study)
    assert {(deck.state, deck.fraction) for deck in done} == {("done", 1.0)}
    assert [(deck.temperature_K, deck.replica) for deck in done][1:4] == [(20.0, 1), (20.0, 2), (25.0, 1)]
    assert done[0].ns_per_day is None
    assert all(deck.ns_per_day > 0 for deck in done[1:])
    assert json.loads(json.dumps([asdict(deck) for deck in done]))[1]["state"] == "done"

    samples = harvest(study)
    assert samples.missing_K == ()
    assert samples.start_energy_eV == pytest.approx(-44.326801 * 0.0103, abs=2e-4)  # LJ13, Cambridge Cluster Database
    for run in samples.series:
        assert run.complete
        assert run.n == 1000
        assert run.potential_energy_eV.min() > samples.start_energy_eV
        frames = {frame.step: frame.potential_energy_eV for frame in read_frames(run.frames)}
        assert list(frames) == list(range(1000, 11000, 1000))
        for step, energy in frames.items():
            assert run.potential_energy_eV[step // 10 - 1] == pytest.approx(energy, abs=1e-7)


def test_a_deck_that_cannot_run_cannot_be_timed(make_study, nvt_decks):
    study = make_study(pair_style="lj/cutt 60.0")
    deckgen.write_decks(study)
    with pytest.raises(RunError, match="lj/cutt"):
        time_deck(nvt_decks(study)[0])
