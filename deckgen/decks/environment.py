"""The Jinja environments: of decks, where templates may be a study's own, and of what a user starts from.

Both are sandboxes: a template sees plain data and makes text, it cannot reach Python.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from traceback import extract_tb
from typing import Any, NoReturn

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateRuntimeError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from deckgen.errors import DeckgenError, InputError
from deckgen.files import require_file

__all__ = ["deck_environment", "fill", "project_environment", "script_environment"]

EXTEND = (
    'a template of yours that changes a part of the package\'s begins with {% extends "deckgen/nvt.in.j2" %} and '
    "overrides blocks; see docs/templates.md"
)


def deck_environment(template_folder: Path | None = None) -> Environment:
    """Return the Jinja environment: the user's templates first, then the package's; an undefined name is an error.

    Raises
    ------
    InputError
        If a template of the user's is no file that can be read.
    """
    package = PackageLoader("deckgen.templates", "decks")
    own: list[BaseLoader] = []
    if template_folder:
        own.append(FileSystemLoader(template_folder))
        for file in sorted(template_folder.rglob("*.j2")):
            require_file(file)  # what is none would be passed over for the package's
    # deckgen/nvt.in.j2 is always the package's: what an nvt.in.j2 of the user extends
    env = _environment(ChoiceLoader([*own, package, PrefixLoader({"deckgen": package})]))
    env.globals["unknown"] = _unknown
    return env


def project_environment() -> Environment:
    """Return the Jinja environment of what a user starts from: study.toml and gap.toml."""
    return _environment(PackageLoader("deckgen.templates", "projects"), finalize=_toml)


def script_environment() -> Environment:
    """Return the Jinja environment of shell scripts; what they are told must be quoted already."""
    return _environment(PackageLoader("deckgen.templates", "projects"))


def fill(env: Environment, name: str, context: Mapping[str, Any]) -> str:
    """Return the text of a template, of which `context` is all that it is told (`deckgen.decks.script.told`).

    Raises
    ------
    InputError
        If the template fails, or tries what a template may not: names the template and the line.
    """
    try:
        return env.get_template(name).render(context)
    except DeckgenError:
        raise
    except Exception as error:  # whatever its expressions raise
        lines = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
        where = f"{lines[-1].filename}:{lines[-1].lineno}" if lines else name
        raise InputError(f"template {where}: {error or type(error).__name__}", hint=EXTEND) from error


def _environment(loader: BaseLoader, finalize: Callable[[object], object] | None = None) -> Environment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _unknown(what: str, value: object) -> NoReturn:
    """Fail: the last `else` of a choice in a template."""
    raise TemplateRuntimeError(f"this template has no {what} {value!r}")


def _toml(value: object) -> object:
    """Return a value as TOML has it: of a text what stands between its quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
    return json.dumps(value) if isinstance(value, list) else value
