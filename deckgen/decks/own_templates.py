"""A study's own templates, and what their decks do that the package's do not: to be looked at before they run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jinja2 import FileSystemLoader

from deckgen.decks.environment import deck_environment
from deckgen.decks.protocols import PARTS
from deckgen.decks.render import Prepared, render, render_quench
from deckgen.decks.script import command_words
from deckgen.study.folder import StudyFolder

__all__ = ["OwnTemplates", "own_templates"]

OUTSIDE = {"geturl", "include", "jump", "mdi", "plugin", "python", "shell"}
"""Commands that run or read something else than the deck; here all their words count."""
STYLE = {"compute": 3, "dump": 3, "fix": 3, "pair_style": 1, "variable": 2}
"""Where the word is that says what a command does."""


@dataclass(frozen=True)
class OwnTemplates:
    """Templates in a study's folder.

    Attributes
    ----------
    names
        Their files, relative to the folder `templates`.
    commands
        Commands of their decks that the decks of the package's templates do not have, in the order of the decks:
        `shell touch here`, `fix momentum`.
    """

    names: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def reach_out(self) -> bool:
        """Whether one of the commands runs or reads something else than the deck, as far as can be told."""
        return any(command.startswith("$") or OUTSIDE & set(re.split("[ /]", command)) for command in self.commands)

    def __str__(self) -> str:
        words = f"templates of the study's own: {', '.join(self.names)}"
        if not self.commands:
            return words
        return f"{words}\ncommands that the decks of the package's templates do not have: {'; '.join(self.commands)}"


def own_templates(prepared: Prepared) -> OwnTemplates:
    """Return a study's own templates, and what is in their decks only.

    Raises
    ------
    InputError
        If a template fails.
    """
    folder = StudyFolder(prepared.study.folder).templates
    names = FileSystemLoader(folder).list_templates() if folder.is_dir() else []
    if not names:
        return OwnTemplates()
    known = set(_commands(replace(prepared, templates=deck_environment())))
    found = dict.fromkeys(command for command in _commands(prepared) if command not in known)
    return OwnTemplates(tuple(names), tuple(found))


def _commands(prepared: Prepared) -> Iterator[str]:
    """Yield what each command of all decks of a study does."""
    quench = render_quench(prepared, "loose", prepared.study.isomers.loose_force_eV_A)
    for rendering in [quench, *(rendering for part in PARTS for rendering in render(prepared, part))]:
        for words in command_words(rendering.script):
            place = STYLE.get(words[0], 0)
            yield " ".join(words) if words[0] in OUTSIDE else " ".join(dict.fromkeys((words[0], *words[place:][:1])))
