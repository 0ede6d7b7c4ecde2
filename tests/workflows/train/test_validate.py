"""validation/ of a potential whose errors are known, because its own predictions, shifted, are the labels."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from matplotlib.figure import Figure

from deckgen.decks.clusters import build
from deckgen.decks.potentials import BUILTIN
from deckgen.errors import InputError
from deckgen.quip.gapfile import read_gap
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.extxyz import read_dataset, write_dataset
from deckgen.training.predict import predict
from deckgen.workflows.train.validate import validate

NA_GAP = BUILTIN["na-gap"].file
E0 = -0.0811  # na-gap's own


def rattled(size: int, seed: int) -> Atoms:
    atoms = build("Na", size)
    atoms.positions += np.random.default_rng(seed).normal(0, 0.1, atoms.positions.shape)
    return atoms


def off(frames: list[Atoms], trajectory: str, energy_eV_atom: float, force_eV_A: float) -> Dataset:
    """Label frames with na-gap's predictions, less a known error."""
    labelled = [
        LabelledFrame(
            atoms,
            prediction.energy_eV - energy_eV_atom * len(atoms),
            prediction.forces_eV_A - force_eV_A,
            source=f"{trajectory}:{k}",
            trajectory=trajectory,
        )
        for k, (atoms, prediction) in enumerate(zip(frames, predict(NA_GAP, frames), strict=True))
    ]
    return Dataset(tuple(labelled), {"Na": E0})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "gap.toml").write_text('[validation]\nminima_trajectories = ["min*"]\nstretched_size = 6\n')
    frames = [rattled(size, seed) for seed, size in enumerate([6, 6, 6, 8, 8])]
    train = off(frames[:3], "minima", 0.002, 0.01) + off(frames[3:], "b", 0.002, 0.01)
    write_dataset(folder / "curated" / "train.extxyz", train)
    write_dataset(folder / "curated" / "holdout.extxyz", off([rattled(7, 9)], "c", -0.005, 0.03))
    (folder / "fit").mkdir()
    for file in read_gap(NA_GAP).files:
        shutil.copy(file, folder / "fit" / ("gap.xml" if file == NA_GAP else file.name))
    return folder


def test_known_errors_come_out_in_every_form(project: Path) -> None:
    result = validate(project, against=NA_GAP, workers=2)
    said = json.loads(result.errors.read_text())
    potential, other = said["potentials"]
    assert (potential["name"], other["name"]) == ("fit/gap.xml", str(NA_GAP))
    assert (other["sets"], other["sha256"]) == (potential["sets"], potential["sha256"])  # it is a copy
    train, held_out = potential["sets"]["train"], potential["sets"]["holdout"]
    assert train["all"]["n_frames"] == 5
    assert list(train["by_size"]) == ["6", "8"]
    for errors, energy_meV, force_meV in (
        (train["all"], 2, 10),
        (train["by_size"]["8"], 2, 10),
        (held_out["all"], 5, 30),
    ):
        assert errors["energy_rmse_meV_atom"] == pytest.approx(energy_meV, rel=1e-5)
        assert errors["force_rmse_meV_A"] == pytest.approx(force_meV, rel=1e-5)
        assert errors["max_force_error_eV_A"] == pytest.approx(force_meV / 1000, rel=1e-5)
    (minima,) = potential["minima"]
    assert (minima["formula"], minima["same_order"]) == ("Na6", True)
    assert minima["reference_eV"] == pytest.approx(minima["predicted_eV"], abs=1e-6)
    dimer, stretched = potential["scans"]
    assert dimer["coordinate"][-1] > read_gap(NA_GAP).cutoff_A
    assert dimer["energy_eV"][-1] == pytest.approx(0, abs=1e-3)  # beyond the cutoff two atoms are two atoms
    assert 2.8 < dimer["minimum"] < 3.4  # experiment: 3.08 A
    assert 0.8 < stretched["minimum"] < 1.2
    assert any("only 1 frames are held out" in warning for warning in said["warnings"])
    with (project / "validation" / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["set"] for row in rows] == 2 * (["holdout"] + 5 * ["train"])  # the worst first
    assert float(rows[0]["energy_error_meV_atom"]) == pytest.approx(-5, abs=1e-3)
    assert float(rows[0]["force_rmse_meV_A"]) == pytest.approx(30, abs=1e-2)
    assert float(rows[0]["max_force_error_eV_A"]) == pytest.approx(0.03, abs=1e-5)
    (labelled,) = read_dataset(project / "curated" / "holdout.extxyz").frames
    assert float(rows[0]["binding_eV_atom"]) == pytest.approx(labelled.energy_eV / 7 - E0, abs=1e-4)
    shown = result._repr_html_()
    assert "<td>fit/gap.xml</td><td>fitted</td><td>8</td><td>2.00</td><td>10.0</td><td>0.010</td>" in shown
    assert "<td>fit/gap.xml</td><td>held out</td><td>all</td><td>5.00</td><td>30.0</td><td>0.030</td>" in shown
    assert "<li>only 1 frames are held out</li>" in shown
    axes = Figure().add_subplot()
    assert result.plot(ax=axes) is axes
    fitted, unseen, _ = axes.lines  # the last is the diagonal
    assert fitted.get_ydata() - fitted.get_xdata() == pytest.approx(np.full(102, 0.01), abs=1e-6)
    assert unseen.get_ydata() - unseen.get_xdata() == pytest.approx(np.full(21, 0.03), abs=1e-6)
    page = result.page.read_text()
    assert page.count("data:image/svg+xml") == 5
    assert page.count(f'<td class="text">{NA_GAP}') >= 3
    assert "5.00 meV/atom, 30.0 meV/Å" in page
    for name in ("parity", "errors", "parity-2", "errors-2", "scans"):
        for suffix in ("svg", "png"):
            assert (project / "validation" / "figures" / f"{name}.{suffix}").stat().st_size > 5000


def test_what_is_missing_is_named(tmp_path: Path, project: Path) -> None:
    (tmp_path / "gap.toml").write_text("")
    with pytest.raises(InputError, match="no curated frames"):
        validate(tmp_path)
    with pytest.raises(InputError, match="no such potential"):
        validate(project, model=tmp_path / "none.xml")
