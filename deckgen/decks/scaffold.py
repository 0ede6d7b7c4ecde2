"""What a user starts from: a new study, and the templates to change."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from deckgen.decks.environment import deck_environment, project_environment
from deckgen.decks.render import prepare
from deckgen.errors import InputError
from deckgen.files import make_folder, write_json, write_whole
from deckgen.study import Study, json_schema
from deckgen.study.folder import StudyFolder
from deckgen.toml import validate

__all__ = ["SCHEMA_FILE", "deck_templates", "export_templates", "init"]

SCHEMA_FILE = "study.schema.json"


def init(
    folder: Path | str, *, element: str = "Na", size: int = 55, potential: str = "na-gap", name: str = ""
) -> Study:
    """Write a commented study.toml, and its JSON Schema for editors, into a new or empty folder.

    Raises
    ------
    InputError
        If the folder has a study already or cannot be made, or the values do not make a study that can run.
    """
    folder = Path(folder)
    file = StudyFolder(folder).study_file
    if os.path.exists(file):
        raise InputError(f"{file} exists already", hint="name another folder, or edit the file")
    words = {"element": element, "size": size, "potential": potential, "name": name or f"{element}{size}, {potential}"}
    text = project_environment().get_template("study.toml.j2").render(words)
    study = validate(tomllib.loads(text), Study, source=str(file))
    study.move_to(file)
    prepare(study)
    make_folder(folder)
    write_json(folder / SCHEMA_FILE, json_schema())
    write_whole(file, text)  # last: once it is there, this is a study
    return Study.read(folder)


def deck_templates() -> list[str]:
    """Return the names of the package's deck templates."""
    names = deck_environment().list_templates(extensions=["j2"])
    return [name for name in names if not name.startswith("deckgen/")]


def export_templates(folder: Path | str) -> list[Path]:
    """Copy the package's deck templates to a folder; files of the same name are never overwritten.

    Raises
    ------
    InputError
        If one of them exists already.
    """
    env, folder = deck_environment(), Path(folder)
    names = deck_templates()
    for name in names:
        if os.path.exists(folder / name):
            raise InputError(f"{folder / name} exists already", hint="name another folder")
    for name in names:
        assert env.loader is not None
        source, _, _ = env.loader.get_source(env, name)
        make_folder((folder / name).parent)
        write_whole(folder / name, source)
    return [folder / name for name in names]
