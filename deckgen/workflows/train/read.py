"""Reading: the labelled frames that [data] names, checked."""

from __future__ import annotations

from pathlib import Path

from deckgen.training.read import Reading, read_data
from deckgen.training.recipe import Recipe

__all__ = ["read"]


def read(recipe: Recipe | Path | str = ".") -> Reading:
    """Read and check the labelled frames of gap.toml's [data].

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.

    Raises
    ------
    InputError
        If a file is missing, cannot be read or has no usable frame, or labels of different settings are mixed.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    return read_data(recipe.data, recipe.folder)
