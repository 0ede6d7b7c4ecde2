"""The recipe of a potential: what gap.toml says. All tables have defaults; keys carry their unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr

from deckgen.reference import ReferenceChoice
from deckgen.toml import Table, read_toml
from deckgen.training.recipe.data import Curate, Data
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.sampling import Augment, Sample
from deckgen.training.recipe.validation import Validation

__all__ = ["RECIPE_FILE", "Recipe", "json_schema"]

RECIPE_FILE = "gap.toml"


class Recipe(Table):
    """From labelled configurations, or from nothing, to a validated potential: how each step is done."""

    data: Data = Data()
    reference: ReferenceChoice = ReferenceChoice()
    sample: Sample = Sample()
    curate: Curate = Curate()
    fit: Fit = Fit()
    augment: Augment = Augment()
    validation: Validation = Validation()

    _file: Path = PrivateAttr(default_factory=lambda: Path.cwd() / RECIPE_FILE)

    @classmethod
    def read(cls, path: Path | str = ".") -> Self:
        """Read a recipe from its folder or its file.

        Raises
        ------
        InputError
            If the file is missing or wrong: names the file, the key, the value and the mend.
        """
        file = Path(path)
        file = file / RECIPE_FILE if file.is_dir() else file
        recipe = read_toml(file, cls, made_by="deckgen train init DIR")
        recipe._file = file.resolve()
        return recipe

    @property
    def folder(self) -> Path:
        """The project's folder: relative files are looked for here, all results are written here."""
        return self._file.parent

    @property
    def file(self) -> Path:
        """The project's file."""
        return self._file


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of gap.toml, for editors."""
    schema = Recipe.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deckgen training project"
    return schema
