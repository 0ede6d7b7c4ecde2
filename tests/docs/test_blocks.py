"""Every block of code of the README and the pages, checked without being run; test_sessions.py runs them."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main
from doc_blocks import LANGUAGES, Block, blocks, commands, pages, quoted_commands
from jinja2.sandbox import SandboxedEnvironment
from typer.core import TyperGroup
from typer.exceptions import TyperException

from deckgen.cli import app
from deckgen.processes.cluster.machine import Machine
from deckgen.study import Study
from deckgen.toml import Table
from deckgen.training.recipe import Recipe

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = [block for page in pages(ROOT) for block in blocks(page)]
MINIMAL: dict[type[Table], dict[str, object]] = {
    Study: {"cluster": {"element": "Na", "size": 13}},
    Recipe: {},
    Machine: {"scheduler": "local"},
}
PLACEHOLDERS = {"COMMAND", "..."}
"""Words of the pages that stand for some command, or for more of the same."""


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: page.name)
def test_every_block_names_its_language(page: Path) -> None:
    """An indented block has none: nothing would be checked of it."""
    assert [str(block) for block in blocks(page) if block.language not in LANGUAGES] == []


def test_no_comment_before_a_block_is_misspelt() -> None:
    """Else a block that is not to be run would be, and the other way round."""
    said = [comment for page in pages(ROOT) for comment in re.findall(r"<!--.*?-->", page.read_text())]
    assert len(said) == sum(bool(block.not_run or block.file) for block in BLOCKS)


def parse(command: str) -> None:
    """Parse one command as the command line would, to the last option and argument; nothing is run."""
    program, *words = shlex.split(command, comments=True)
    if program == "deckgen":
        parse_deckgen([word for word in words if word not in PLACEHOLDERS])
    elif program == "make":
        for target in (word for word in words if "=" not in word):
            assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
    elif program == "python":
        assert importlib.util.find_spec(words[words.index("-m") + 1]), command
    else:
        assert program in {"pip", "lmp", "python3", ".venv/bin/pre-commit"}, (
            f"say in this test how {program} is checked"
        )


def parse_deckgen(words: list[str]) -> None:
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="deckgen")
    while isinstance(command, TyperGroup) and words:
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, f"no command {name}"
        command, context = found, typer.Context(found, parent=context, info_name=name)
    if isinstance(command, TyperGroup):
        return
    _, left, _ = command.make_parser(context).parse_args(args=list(words))
    assert left == [], f"{context.command_path} takes no {left}"


@pytest.mark.parametrize("block", of("bash"), ids=str)
def test_every_command_of_a_block_parses(block: Block) -> None:
    for command in commands(block.text):
        parse(command)


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: page.name)
def test_every_command_between_the_lines_parses(page: Path) -> None:
    for command in quoted_commands(page):
        parse(command)


def test_a_command_that_is_not_there_does_not_parse() -> None:
    for wrong in "deckgen analyze .", "deckgen run . --worker 2", "deckgen doctor here there":
        with pytest.raises((AssertionError, TyperException)):
            parse(wrong)


@pytest.mark.parametrize("block", of("toml"), ids=str)
def test_every_block_of_toml_is_part_of_a_valid_file(block: Block) -> None:
    """Of study.toml, gap.toml or a machine's profile: what the block leaves out comes from the shortest valid file."""
    content = tomllib.loads(block.text)
    (model,) = [model for model in MINIMAL if content.keys() <= model.model_fields.keys()][:1]
    model.model_validate(MINIMAL[model] | content)


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_every_block_of_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", of("jinja"), ids=str)
def test_every_block_of_jinja_parses(block: Block) -> None:
    SandboxedEnvironment().parse(block.text)
