"""A new training project: its gap.toml shows every key with its default, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import deckgen
from deckgen.errors import InputError
from deckgen.toml import Table
from deckgen.training.curate import DEFAULT_FRACTION
from deckgen.training.recipe import Recipe

WITHOUT_DEFAULT = {"curate.holdout_fraction", "reference.timeout_s"}
"""Keys whose absence means something: the file shows a value of theirs that is not in the model."""


def keys(model: type[Table], prefix: str = "") -> Iterator[str]:
    """Yield the path of every key of a model."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Table):
            yield from keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def shown(text: str) -> dict[str, Any]:
    """Return what the file says once every key in it is uncommented."""
    return tomllib.loads(re.sub(r"^# (?=\w+ = |\[|\]| +\{)", "", text, flags=re.MULTILINE))


def flat(table: dict[str, Any], model: type[Table], prefix: str = "") -> dict[str, Any]:
    found = {}
    for name, value in table.items():
        inner = model.model_fields[name].annotation
        if isinstance(inner, type) and issubclass(inner, Table):
            found |= flat(value, inner, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def test_gap_toml_shows_every_key_with_its_default(tmp_path: Path) -> None:
    recipe = deckgen.train.init(tmp_path / "new")
    assert recipe.model_dump() == Recipe().model_dump()
    document = shown(recipe.file.read_text())
    assert set(flat(document, Recipe)) == set(keys(Recipe))
    assert document["curate"].pop("holdout_fraction") == DEFAULT_FRACTION
    del document["reference"]["timeout_s"]
    assert {key for key in keys(Recipe) if key not in flat(document, Recipe)} == WITHOUT_DEFAULT
    assert Recipe.model_validate(document).model_dump() == Recipe().model_dump()


def test_given_files_are_found_from_anywhere_and_a_project_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.extxyz").touch()
    recipe = deckgen.train.init("new", ["a.extxyz"])
    assert recipe.data.files == (tmp_path / "a.extxyz",)
    before = recipe.file.read_bytes()
    with pytest.raises(InputError, match=r"gap\.toml exists already"):
        deckgen.train.init("new")
    assert recipe.file.read_bytes() == before
