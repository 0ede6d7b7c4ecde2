"""A new training project: a folder with a commented gap.toml."""

from __future__ import annotations

import glob
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path

from deckgen.decks.environment import project_environment
from deckgen.errors import InputError
from deckgen.files import make_folder, require_file, write_json, write_whole
from deckgen.toml import validate
from deckgen.training.recipe import RECIPE_FILE, Recipe, json_schema
from deckgen.training.recipe.folder import LABELLED, LABELS

__all__ = ["init"]

SCHEMA_FILE = "gap.schema.json"


def init(folder: Path | str, files: Sequence[Path | str] = ()) -> Recipe:
    """Begin a training project: write a commented gap.toml, and its JSON Schema for editors, into a folder.

    Parameters
    ----------
    folder
        The project's folder.
    files
        Files of labelled frames to train on; none: the one that `deckgen train label` will write.

    Returns
    -------
    The recipe, which the other steps take.

    Raises
    ------
    InputError
        If the folder has a gap.toml already or cannot be made, or a file is not there.
    """
    folder = Path(folder)
    path = folder / RECIPE_FILE
    if os.path.exists(path):
        raise InputError(f"{path} exists already", hint="name another folder, or edit the file")
    for file in files:
        if not glob.has_magic(str(file)):
            require_file(Path(file))
    names = [str(Path(file).resolve()) for file in files] or [str(LABELS / LABELLED)]
    text = project_environment().get_template("gap.toml.j2").render(files=names)
    validate(tomllib.loads(text), Recipe, source=str(path))
    make_folder(folder)
    write_json(folder / SCHEMA_FILE, json_schema())
    write_whole(path, text)  # last: once it is there, this is a project
    return Recipe.read(path)
