"""The whole loop on labels of a true electronic-structure calculator (tblite, GFN1-xTB): from nothing to rounds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from deckgen.decks.clusters import build
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.training.extxyz import read_dataset
from deckgen.training.fit.committee import disagreement
from deckgen.training.fit.record import read_fit
from deckgen.training.predict import predict
from deckgen.training.recipe import Recipe
from deckgen.training.validation.errors import frame_errors
from deckgen.workflows.train.augment import Augmented, augment
from deckgen.workflows.train.curate import curate
from deckgen.workflows.train.fit import fit
from deckgen.workflows.train.label import label
from deckgen.workflows.train.sample.sample import Sampled, sample
from deckgen.workflows.train.validate import validate

pytest.importorskip("tblite", reason="the reference calculator of the dev tools")

RECIPE = """
[data]
e0 = "average"                     # GFN1 binds sodium far beyond any cutoff

[sample]
sizes = [3, 4]
temperatures_K = [100, 200, 300]
timestep_fs = 4.0
equilibration_ps = 0.4
duration_ps = 1.2
frames = 4
scale = [0.97, 1.0, 1.03]
rattle_A = 0.05
dimers_A = [2.8, 3.2, 4.0]

[reference]
calculator = "tblite"
keywords = {method = "GFN1-xTB", verbosity = 0}

[curate]
select = 12
holdout_trajectories = ["na-gupta-Na4-200K"]

[fit.two_body]
cutoff_A = 8.0
n_sparse = 15
delta_eV = 1.0
[fit.soap]
cutoff_A = 8.0
n_max = 6
l_max = 3
n_sparse = 60
delta_eV = 0.5
[fit.sigma]
energy_eV_atom = 0.002
force_eV_A = 0.02
rules = []

[augment]
add_per_round = 4
max_rounds = 1
target_eV_A = 0.001

[validation]
stretched_size = 4
"""


@pytest.fixture(scope="module")
def project(made_once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A project whose frames are sampled, labelled and curated: the steps below find all that done."""

    def make(folder: Path) -> None:
        (folder / "gap.toml").write_text(RECIPE)
        for step in (sample, label):
            step(folder, workers=2, progress=False)
        curate(folder)

    folder = tmp_path_factory.mktemp("loop") / "project"
    shutil.copytree(made_once("training-loop", make), folder, symlinks=True)
    return Recipe.read(folder)


@pytest.fixture(scope="module")
def sampled(project: Recipe) -> Sampled:
    return sample(project, workers=2, progress=False)


@pytest.fixture(scope="module")
def labelled(project: Recipe, sampled: Sampled) -> Recipe:  # noqa: ARG001 (its frames are read)
    label(project, workers=2, progress=False)
    curate(project)
    return project


@pytest.fixture(scope="module")
def augmented(labelled: Recipe) -> Augmented:
    return augment(labelled, workers=2, progress=False)


def test_frames_are_sampled_scaled_and_rattled(project: Recipe, sampled: Sampled) -> None:
    assert (sampled.n_frames, sampled.n_runs, sampled.failed) == (2 * 3 * 4 + 3, 6, ())
    frames = read(sampled.file, ":")
    names = [frame.info["trajectory"] for frame in frames]
    assert names[:12] == [f"na-gupta-Na3-{T}K" for T in (100, 200, 300) for _ in range(4)]
    assert [frame.get_distance(0, 1) for frame in frames[-3:]] == pytest.approx([2.8, 3.2, 4.0])
    assert {frame.info["temperature_K"] for frame in frames if len(frame) == 4} == {100, 200, 300}
    # displaced by scale (0.97, 1, 1.03 in turn) and rattle (0.05 A), from where the run was
    found, rattles = list[float](), list[float]()
    runs = [(size, T) for size in (3, 4) for T in (100, 200, 300)]
    for number, (size, T) in enumerate(runs):
        deck = project.folder / "frames" / "studies" / f"Na{size}" / "decks" / "nvt" / f"T{T:08.3f}K-r1"
        for k, raw in enumerate(read(deck / "frames.extxyz", ":")[-4:]):
            before, after = (a.positions - a.positions.mean(axis=0) for a in (raw, frames[4 * number + k]))
            found.append(float((after * before).sum() / np.square(before).sum()))
            rattles.append(float(np.square(after - found[-1] * before).sum() / (3 * size - 4)))  # 4 are taken off
    # the mean of eight has a standard error of 0.006 or so
    assert [np.mean(found[k::3]) for k in range(3)] == pytest.approx([0.97, 1.0, 1.03], abs=0.015)
    assert np.sqrt(np.mean(rattles)) == pytest.approx(0.05, rel=0.2)


def test_the_dynamics_is_that_of_the_table(project: Recipe, sampled: Sampled) -> None:  # noqa: ARG001
    study = Study.read(project.folder / "frames" / "studies" / "Na4")
    start = build("Na", 4)
    radius = np.linalg.norm(start.positions - start.get_center_of_mass(), axis=1).max()
    assert study.cluster.container_radius_A == pytest.approx(radius + 6.0, abs=1e-3)
    assert (study.nvt.timestep_fs, study.nvt.damping_fs) == (4.0, 400.0)
    assert study.nvt.frame_every == 75  # 1.2 ps in 4 frames
    assert study.nvt.duration_ps == pytest.approx((2 + 4) * 75 * 0.004)  # 0.4 ps in whole frames before


def test_sampling_again_changes_nothing_and_another_sample_is_kept_beside(project: Recipe, sampled: Sampled) -> None:
    before = sampled.file.read_bytes()
    assert sample(project, workers=2, progress=False) == sampled
    assert sampled.file.read_bytes() == before
    other = project.model_copy(update={"sample": project.sample.model_copy(update={"dimers_A": (3.0,)})})
    sample(other, workers=2, progress=False)
    aside = [path for path in sampled.file.parent.glob("sampled*.extxyz") if path != sampled.file]
    assert [path.read_bytes() for path in aside] == [before]
    sampled.file.write_bytes(before)
    aside[0].unlink()


def test_the_potential_of_the_curated_frames_is_better_than_none(labelled: Recipe) -> None:
    train = read_dataset(labelled.folder / "curated" / "train.extxyz")
    assert len(train) == 12
    fit(labelled, threads=2, progress=False)
    result = validate(labelled, workers=2)
    (report,) = result.reports.values()
    held_out = read_dataset(labelled.folder / "curated" / "holdout.extxyz")
    assert {frame.trajectory for frame in held_out.frames} == {"na-gupta-Na4-200K"}
    assert report.errors["holdout"].overall.n_frames == len(held_out) == 4
    assert result.page.is_file()
    # better than the mean of the fitted energies would be
    energies = np.array([frame.energy_eV / frame.n_atoms for frame in train.frames])
    assert report.errors["train"].overall.energy_rmse_meV_atom < 0.5 * 1000 * energies.std()


def test_a_round_adds_the_worst_frames_of_the_pool(labelled: Recipe, augmented: Augmented) -> None:
    first, second = augmented.rounds
    pool = read_dataset(labelled.folder / "curated" / "pool.extxyz")
    assert (first.n_train, first.sets["pool"].n_frames, len(first.picks)) == (12, len(pool), 4)
    assert (second.n_train, second.sets["pool"].n_frames) == (16, len(pool) - 4)
    predictions = predict(labelled.folder / first.xml, [frame.atoms for frame in pool.frames])
    worst = frame_errors(pool.frames, predictions).max_force_eV_A
    assert first.picks[0] == int(worst.argmax())
    assert first.sets["pool"].max_force_error_eV_A == pytest.approx(worst.max())
    # what was added is now fitted
    added = pool.select(first.picks)
    again = predict(labelled.folder / second.xml, [frame.atoms for frame in added.frames])
    after = frame_errors(added.frames, again).force_rmse_eV_A
    assert np.mean(after) < np.mean(frame_errors(added.frames, [predictions[k] for k in first.picks]).force_rmse_eV_A)
    record = read_fit(labelled.folder / "augment" / "round-01")
    assert record is not None
    assert record.n_frames == 16
    assert augmented.outcome == "max_rounds = 1 is reached"
    assert augmented.xml == labelled.folder / augmented.best.xml
    assert augmented.best.sets["holdout"].force_rmse_meV_A == min(
        row.sets["holdout"].force_rmse_meV_A for row in augmented.rounds
    )


def test_rounds_go_on_where_they_were_and_refuse_other_frames(labelled: Recipe, augmented: Augmented) -> None:
    log = labelled.folder / "augment" / "rounds.json"
    rows = json.loads(log.read_text())["rounds"]
    times = {path: path.stat().st_mtime_ns for path in labelled.folder.glob("augment/round-*/gap.xml")}
    longer = labelled.model_copy(update={"augment": labelled.augment.model_copy(update={"max_rounds": 2})})
    result = augment(longer, workers=2, progress=False)
    assert result.rounds[:2] == augmented.rounds
    assert len(result.rounds) == 3
    assert json.loads(log.read_text())["rounds"][:2] == rows
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    for table, change in (("augment", {"spread": 1}), ("fit", {"seed": 2}), ("data", {"e0": {"Na": -4.0}})):
        other = labelled.model_copy(update={table: getattr(labelled, table).model_copy(update=change)})
        with pytest.raises(InputError, match="made of other curated frames"):
            augment(other)


@pytest.mark.long
def test_the_outer_loop_labels_what_the_dynamics_finds(labelled: Recipe, augmented: Augmented) -> None:
    """Two potentials disagree where they know little; a round by distance adds labelled frames of new runs."""
    xmls = [labelled.folder / row.xml for row in augmented.rounds]
    near = [
        frame.atoms for frame in read_dataset(labelled.folder / "curated" / "train.extxyz").frames if frame.n_atoms > 2
    ]
    squeezed = [atoms.copy() for atoms in near]
    for atoms in squeezed:
        atoms.positions *= 0.75
    found = disagreement(xmls, near + squeezed)
    assert np.median(found[len(near) :]) > 2 * np.median(found[: len(near)])

    folder = labelled.folder.with_name("outer")
    folder.mkdir()
    (folder / "curated").symlink_to(labelled.folder / "curated")
    (folder / "labels").symlink_to(labelled.folder / "labels")
    text = RECIPE.replace("sizes = [3, 4]", "sizes = [4]").replace("[100, 200, 300]", "[60, 80, 100]")
    (folder / "gap.toml").write_text(text.replace("[augment]", '[augment]\nby = "distance"'))
    result = augment(folder, workers=2, progress=False)
    first, second = result.rounds
    assert second.n_train == first.n_train + first.sets["pool"].n_frames
    new = read_dataset(folder / "augment" / "round-00" / "labels" / "labelled.extxyz")
    assert len(new) == 4
    assert all(frame.trajectory.startswith("round-00-gap-Na4-") for frame in new.frames)
    assert augment(folder, workers=2, progress=False).rounds == result.rounds


def test_the_calculator_itself_can_drive_the_dynamics(project: Recipe) -> None:
    folder = project.folder.with_name("born-oppenheimer")
    folder.mkdir()
    words = 'by = "reference"\nsizes = [2]\ntemperatures_K = [100, 200, 300]\ntimestep_fs = 4.0\n'
    words += "equilibration_ps = 0.2\nduration_ps = 0.2\nframes = 5\n"
    (folder / "gap.toml").write_text("[sample]\n" + words + RECIPE[RECIPE.index("[reference]") :])
    result = sample(folder, workers=2)
    assert (result.n_frames, result.n_runs) == (15, 3)
    frames = read(result.file, ":")
    assert [frame.info["trajectory"] for frame in frames[::5]] == [f"tblite-Na2-{T}K" for T in (100, 200, 300)]
    # GFN1's minimum is at 2.9 A; it starts at the solid's 3.7 A and falls in
    distances = np.array([frame.get_distance(0, 1) for frame in frames])
    assert np.all((distances > 2.3) & (distances < 4.2))
    assert np.ptp(distances) > 0.1
    before = result.file.read_bytes()
    assert sample(folder, workers=2) == result
    assert result.file.read_bytes() == before
