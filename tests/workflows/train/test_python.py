"""The steps as Python functions: the code of docs/training.md, on a part of the data of the built-in potential."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import deckgen
from deckgen.cli.train import train_app
from deckgen.decks.potentials import BUILTIN
from deckgen.errors import RunError
from deckgen.processes.lock import LOCK, lock
from deckgen.training.dataset import Dataset
from deckgen.training.extxyz import write_dataset
from deckgen.training.recipe import Recipe

STEPS = ["init", "sample", "label", "read", "curate", "fit", "predict", "validate", "tune", "augment"]


def code(page: str, heading: str) -> str:
    """Return the Python of a section."""
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def small() -> Dataset:
    """The dimers and Na13 of the shipped data, and the isolated atom with the spin of their labels."""
    recipe = Recipe.read(BUILTIN["na-gap"].file.parent)
    data = deckgen.train.read(recipe).dataset
    assert isinstance(recipe.data.e0, dict)
    frames = tuple(frame for frame in data.frames if frame.n_atoms in (2, 13))
    return Dataset(frames, recipe.data.e0)


def test_the_documented_code_makes_a_fair_potential(
    root: Path, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "frames.extxyz", small)
    deckgen.train.init("sodium", ["frames.extxyz"])
    exec(code((root / "docs" / "training.md").read_text(), "From Python"), {})
    counts, errors = capsys.readouterr().out.splitlines()
    n_fitted, n_held_out = (int(number) for number in re.findall(r"\d+", counts))
    assert n_fitted + n_held_out == len(small)
    assert n_held_out > 0
    potential, rmse_meV_A, _ = errors.split()
    assert potential == "fit/gap.xml"
    # on trajectories that the fit has not seen; without a potential the error would be the forces themselves
    forces = np.concatenate([frame.forces_eV_A.ravel() for frame in small.frames if frame.n_atoms > 2])
    assert float(rmse_meV_A) < 0.5 * 1000 * np.sqrt(np.square(forces).mean())

    with lock(tmp_path / "sodium" / LOCK, "this test"), pytest.raises(RunError, match="sodium is in use"):
        deckgen.train.fit("sodium", progress=False)
    again = deckgen.train.fit("sodium", progress=False)
    assert not again.new
    assert not (tmp_path / "sodium" / "fit" / "running").exists()
    assert capsys.readouterr() == ("", "")


def test_what_was_read_and_curated_shows_itself(small: Dataset, tmp_path: Path) -> None:
    write_dataset(tmp_path / "frames.extxyz", small)
    (tmp_path / "gap.toml").write_text(
        '[data]\nfiles = ["frames.extxyz"]\n[curate]\nholdout_trajectories = ["gupta-Na13-240K"]\n'
    )
    reading, curated = deckgen.train.read(tmp_path), deckgen.train.curate(tmp_path, workers=1)
    assert repr(reading) == f"<Reading: {len(small)} frames>"
    assert reading._repr_html_() == small._repr_html_()
    train, held_out = curated.curation.train, curated.curation.holdout
    assert repr(curated) == f"<Curated: {len(train)} frames to fit, {len(held_out)} held out>"
    na13 = len(train.of_size(13))
    assert f"<td>Na13</td><td>{na13}</td><td>{len(held_out)}</td><td>0</td>" in curated._repr_html_()


def test_every_command_is_a_function_and_they_are_called_alike() -> None:
    commands = [command.callback.__name__ for command in train_app.registered_commands if command.callback]
    assert commands == STEPS
    assert sorted(STEPS) == deckgen.train.__all__
    for name in STEPS:
        function = getattr(deckgen.train, name)
        assert function.__name__ == name
        first, *others = inspect.signature(function).parameters.values()
        assert first.name == ("folder" if name == "init" else "recipe")
        if name != "init":
            assert first.default == "."
            assert all(parameter.kind == parameter.KEYWORD_ONLY for parameter in others)
    for name in ("sample", "augment", "validate"):
        assert getattr(deckgen, name) is getattr(deckgen.train, name)
    with pytest.raises(AttributeError, match=r"'deckgen\.train' has no attribute 'nothing'"):
        _ = deckgen.train.nothing
