"""The recipe of a potential: gap.toml. All tables have defaults; keys carry their unit."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from deckgen.reference.settings import ReferenceChoice
from deckgen.toml import Document
from deckgen.training.recipe.data import Curate, Data
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.sampling import Augment, Sample
from deckgen.training.recipe.tuning import Tune
from deckgen.training.recipe.validation import Validation

__all__ = ["RECIPE_FILE", "Recipe", "json_schema"]

RECIPE_FILE = "gap.toml"


class Recipe(Document):
    """The settings of every step, from sampling configurations to validating the potential."""

    FILE = RECIPE_FILE
    MADE_BY = "deckgen train init DIR"

    data: Data = Data()
    reference: ReferenceChoice = ReferenceChoice()
    sample: Sample = Sample()
    curate: Curate = Curate()
    fit: Fit = Fit()
    tune: Tune = Tune()
    augment: Augment = Augment()
    validation: Validation = Validation()

    @model_validator(mode="after")
    def _variance(self) -> Self:
        if self.augment.by == "variance" and self.fit.engine != "native":
            raise ValueError('[augment] by = "variance" needs the factor of a fit with [fit] engine = "native"')
        return self


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of gap.toml, for editors."""
    schema = Recipe.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deckgen training project"
    return schema
