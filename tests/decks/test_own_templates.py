"""A study's own templates are text and nothing more, and `deckgen decks` names what only their decks do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from lammps_input import tokenise

from deckgen.cli import main
from deckgen.decks.own_templates import OwnTemplates, own_templates
from deckgen.decks.render import prepare, render
from deckgen.decks.script import command_words
from deckgen.errors import InputError

STUDY = (
    '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n[ladder]\ntemperatures_K = [100, 150, 200]\n'
)
IN_RUN = '{% extends "deckgen/nvt.in.j2" %}{% block run %}\nLINES\n{{ super() }}{% endblock %}'


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "templates").mkdir()
    return tmp_path


def found(study: Path, lines: str) -> OwnTemplates:
    (study / "templates" / "nvt.in.j2").write_text(IN_RUN.replace("LINES", lines))
    return own_templates(prepare(study))


@pytest.mark.parametrize(
    ("lines", "command", "reaches_out"),
    [
        ("shell touch PWNED", "shell touch PWNED", True),
        ("shell mv nvt.restart elsewhere", "shell mv nvt.restart elsewhere", True),
        ("python f here 'open(1)'", "python f here open(1)", True),
        ("plugin load evil.so", "plugin load evil.so", True),
        ("include other", "include other", True),
        ("jump other", "jump other", True),
        ("jump SELF elsewhere", "jump SELF elsewhere", True),
        ("fix spin all momentum 100 angular", "fix momentum", False),
        ("fix spy all python/invoke 10 end_of_step f", "fix python/invoke", True),
        ("variable f python g", "variable python", True),
        ("variable home getenv HOME", "variable getenv", False),
        ("shell touch &  \n  PWNED", "shell touch PWNED", True),
        ('if "${resuming}" then "shell touch PWNED"', "shell touch PWNED", True),
        ('run 10 every 5 "python f"', "python f", True),
        ('variable c string "shell touch PWNED"', "shell touch PWNED", True),
        ('variable c string "shell"\n${c} touch PWNED', "${c}", True),
        ("atom_modify sort 0 0", "atom_modify", False),
    ],
)
def test_a_command_that_the_packages_decks_do_not_have_is_named(
    lines: str, command: str, reaches_out: bool, study: Path
) -> None:
    own = found(study, lines)
    assert own.names == ("nvt.in.j2",)
    assert command in own.commands
    assert own.reach_out == reaches_out


@pytest.mark.parametrize("lines", ["", "# shell touch PWNED", 'print "done"  # python', "fix other all nvt temp 1 1 1"])
def test_no_other_command_is_named(lines: str, study: Path) -> None:
    assert [command for command in found(study, lines).commands if command != "print"] == []


def test_a_study_without_templates_has_none(study: Path) -> None:
    assert own_templates(prepare(study)) == OwnTemplates()


def test_decks_names_them_and_runs_nothing_that_reaches_out(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found(study, f"shell touch {study}/PWNED")
    assert main(["decks", str(study)]) == 0
    said = capfd.readouterr().err
    assert "templates of the study's own: nvt.in.j2" in said
    assert f"do not have: shell touch {study}/PWNED" in said
    assert "the cost is not measured" in said
    assert not list(study.rglob("PWNED"))


def test_a_template_that_is_no_file_is_named(study: Path) -> None:
    os.mkfifo(study / "templates" / "nvt.in.j2")
    with pytest.raises(InputError, match=r"templates/nvt\.in\.j2: a pipe, not a file"):
        prepare(study)


def test_a_template_in_another_encoding_is_named(study: Path) -> None:
    (study / "templates" / "nvt.in.j2").write_bytes("{# Ångström #}".encode("latin-1"))
    with pytest.raises(InputError, match=r"template nvt\.in\.j2: 'utf-8' codec"):
        own_templates(prepare(study))


def test_what_is_wrong_with_a_template_says_how_one_extends_the_packages(study: Path) -> None:
    (study / "templates" / "nvt.in.j2").write_text('{% extends "base.in.j2" %}')
    with pytest.raises(InputError, match="Required block 'title' not found") as caught:
        own_templates(prepare(study))
    assert '{% extends "deckgen/nvt.in.j2" %}' in caught.value.hint


def test_the_example_of_the_docs_changes_every_nvt_deck_by_its_line(study: Path, root: Path) -> None:
    usual = [tokenise(deck.script) for deck in render(prepare(study))]
    example = re.search(
        r"^```jinja\n(.*?{% endblock %}\n)```", (root / "docs" / "templates.md").read_text(), re.M | re.S
    )
    assert example
    (study / "templates" / "nvt.in.j2").write_text(example[1])
    for deck, old in zip(render(prepare(study)), usual, strict=True):
        added = [("fix", "drag", "all", "viscous", "0.001")] if deck.protocol == "nvt" else []
        assert [words for words in tokenise(deck.script) if words not in old] == added


def test_the_words_of_every_golden_deck_are_those_of_lammps_rules(root: Path) -> None:
    for file in (root / "tests" / "golden").glob("*/*.in.lammps"):
        script = file.read_text()
        words = [tuple(command) for command in command_words(script)]
        expected = tokenise(script)
        assert [command for command in words if command in set(expected)] == expected
