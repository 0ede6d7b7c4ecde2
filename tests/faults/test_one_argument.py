"""Whatever a text says, its deck has the commands of any other deck, and the text in one argument; or it is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lammps_input import tokenise
from pydantic import BaseModel

from deckgen.decks.clusters import start_structure
from deckgen.decks.environment import deck_environment
from deckgen.decks.potentials import resolve
from deckgen.decks.render import Prepared, render
from deckgen.decks.script import word
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.toml import validate
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.sampling import Sample
from deckgen.workflows.train.sample.nvt import _study

LJ = {"kind": "lammps", "pair_style": "lj/cut 30.0", "pair_coeff": ["* * 0.01 3.40"]}
BASE: dict[str, Any] = {
    "cluster": {"element": "Na", "size": 13},
    "potential": LJ,
    "ladder": {"temperatures_K": [100, 150, 200]},
}
OTHER_TABLES: dict[tuple[str, ...], dict[str, Any]] = {
    ("potential", "name"): {},
    ("potential", "file"): {"kind": "gap"},
    ("potential", "engine"): {"kind": "gap", "file": "plain.xml"},
    ("cluster", "file"): {},
}
"""What a table must be for a key that does not go with that of BASE."""
ARGUMENTS = {("potential", "file"), ("potential", "pair_style"), ("potential", "pair_coeff")}
"""Keys whose text has its place in a deck."""
LISTS = {("potential", "pair_coeff"), ("potential", "files"), ("isomers", "files")}
DIMER = "2\n\nNa 0 0 0\nNa 0 0 3\n"
TEMPLATES = deck_environment()  # compiled once
FRAGMENTS = (
    *(
        "a",
        "gap.xml",
        " ",
        "7",
        "/",
        "../",
        "%",
        "~",
        "é",
        "{{",
        "{% raw %}",
        "\nshell touch PWNED\n",
        " shell touch PWNED",
    ),
    *("#", '"', "'", '"""', "&", "&\n", "$", "${n_steps}", "$(step)", "\\", "`", ";", "|", "*", "?", "\n", "\r", "\t"),
    *("\v", "\x00", "\x1b[31m", "\x85", "\xa0", "\u2028", "\u2029", "\u201c", "\u2019", "\u2010", "\u02bc"),
)
hostile = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5).map("".join) | st.text(min_size=1, max_size=8)


def text_fields(model: type[BaseModel], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the keys of a TOML file that hold a text, or texts."""
    for key, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        tables = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        for table in tables:
            yield from text_fields(table, (*place, key))
        if not tables and any(name in str(kind) for kind in kinds for name in ("str", "Path", "Literal")):
            yield (*place, key)


def with_text(key: tuple[str, ...], value: str) -> dict[str, Any]:
    """Return a study whose `key` is a text, with what else it then needs."""
    study = json.loads(json.dumps(BASE))
    if key in OTHER_TABLES:
        study[key[0]] = dict(OTHER_TABLES[key])
    study.setdefault(key[0], {})[key[1]] = [value] if key in LISTS else value
    return dict(study)


def make_file(path: Path, content: str) -> None:
    with suppress(OSError, ValueError):  # no file can have such a name
        path.write_text(content)


def decks(folder: Path, raw: dict[str, Any]) -> list[list[tuple[str, ...]]]:
    """Return the commands of a study's decks."""
    study = validate(raw, Study, source="study.toml")
    start, potential = start_structure(study.cluster, folder), resolve(study.potential, folder)
    return [tokenise(rendering.script) for rendering in render(Prepared(study, potential, start, TEMPLATES))]


def argument(key: tuple[str, ...], value: str, old: tuple[str, ...]) -> tuple[str, ...]:
    """Return what becomes of the command `old` where the value of a key has its place in it."""
    if key == ("potential", "file"):
        return (*old[:3], Path(value).name, *old[4:])
    return tuple(tokenise(f"{key[1]} {value}")[0])


@pytest.mark.parametrize("key", sorted(text_fields(Study)), ids=".".join)
def test_no_text_of_a_study_adds_a_command(key: tuple[str, ...], tmp_path: Path, gap_xml: Callable[..., str]) -> None:
    content = DIMER if key[0] == "cluster" else gap_xml()
    usual = {("potential", "file"): "plain.xml", ("potential", "engine"): "auto", ("cluster", "file"): "plain.xyz"}
    for name in ("plain.xml", "plain.xyz"):
        make_file(tmp_path / name, content)
    golden = decks(tmp_path, with_text(key, usual[key]) if key in usual else BASE)

    @settings(max_examples=100 if key[0] == "potential" else 10, suppress_health_check=list(HealthCheck))
    @given(hostile)
    def no_command_is_added(value: str) -> None:
        make_file(tmp_path / value, content)
        try:
            found = decks(tmp_path, with_text(key, value))
        except InputError:
            return
        for deck, old in zip(found, golden, strict=True):
            assert [words[0] for words in deck] == [words[0] for words in old]
            changed = [(new, words) for new, words in zip(deck, old, strict=True) if new != words]
            assert all(new == argument(key, value, words) for new, words in changed)
            assert len(changed) <= (key in ARGUMENTS)

    no_command_is_added()


@pytest.mark.parametrize("name", ["my gap.xml", "gap (1).xml", "gap#2.xml", "[gap]%=@,.xml"])
def test_a_name_that_can_be_quoted_is_one_argument(name: str, tmp_path: Path, gap_xml: Callable[..., str]) -> None:
    (tmp_path / name).write_text(gap_xml())
    coefficients = [line for deck in decks(tmp_path, with_text(("potential", "file"), name)) for line in deck]
    expected = ("pair_coeff", "*", "*", name, "Potential xml_label=GAP_1", "11")
    assert [line for line in coefficients if line[0] == "pair_coeff"] == 4 * [expected]


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(label=hostile)
def test_a_label_is_a_plain_word_or_refused(label: str, tmp_path: Path, gap_xml: Callable[..., str]) -> None:
    try:
        (tmp_path / "plain.xml").write_text(gap_xml(label=escape(label, {'"': "&quot;", "\n": "&#10;"})))
        found = decks(tmp_path, with_text(("potential", "file"), "plain.xml"))
    except (InputError, UnicodeEncodeError):
        return
    words = next(words for words in found[0] if words[0] == "pair_coeff")
    assert words == ("pair_coeff", "*", "*", "plain.xml", f"Potential xml_label={label}", "11")
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", label)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(comment=hostile, symbol=hostile)
def test_the_words_of_a_structure_stay_out_of_its_deck(comment: str, symbol: str, tmp_path: Path) -> None:
    golden = decks(tmp_path, BASE | {"cluster": {"element": "Na", "size": 2}})
    line = comment.replace("\n", " ").replace("\r", " ")
    for text in (DIMER.replace("\n\n", f"\n{line}\n", 1), DIMER.replace("Na", symbol)):
        make_file(tmp_path / "start.xyz", text)
        try:
            found = decks(tmp_path, with_text(("cluster", "file"), "start.xyz"))
        except InputError:
            continue
        commands = [[words for words in deck if words[0] not in {"dump_modify", "write_dump"}] for deck in found]
        assert commands == [
            [words for words in deck if words[0] not in {"dump_modify", "write_dump"}] for deck in golden
        ]
        assert all(
            word.isalnum() for deck in found for words in deck if words[0] == "dump_modify" for word in words[7:8]
        )


def sampled(key: tuple[str, ...], value: object) -> tuple[Sample, Study]:
    """Return what a training project samples with, and the study that does it."""
    raw: dict[str, Any] = {"sample": {"potential": "plain.xml"}, "data": {"files": ["a.xyz"]}}
    table = raw
    for name in key[:-1]:
        table = table.setdefault(name, {})
    table[key[-1]] = value
    sample = validate(raw, Recipe, source="gap.toml").sample
    return sample, validate(tomllib.loads(_study(sample, 13)), Study, source="study.toml")


@pytest.mark.parametrize("key", sorted(text_fields(Recipe)), ids=".".join)
def test_no_text_of_a_training_project_changes_the_study_that_samples(key: tuple[str, ...]) -> None:
    """The decks are then those of a study, whose texts are tried above."""
    said = {"study", "potential", *({"cluster"} if key[-1] == "element" else ())}
    _, golden = sampled(("sample", "potential"), "plain.xml")

    @settings(max_examples=30 if key[0] == "sample" else 3)
    @given(hostile)
    def nothing_else_changes(text: str) -> None:
        for value in (text, f"{text}.xml", [text], {text: text}):
            try:
                sample, study = sampled(key, value)
            except InputError:
                continue
            assert study.model_dump(exclude=said) == golden.model_dump(exclude=said)
            assert study.cluster.element == sample.element
            if key == ("sample", "potential"):
                is_file = str(value).endswith(".xml")
                chosen = study.potential.file if is_file else study.potential.name
                assert chosen == (Path(str(value)) if is_file else value)

    nothing_else_changes()


def test_lammps_reads_a_quoted_word_as_it_was() -> None:
    """LAMMPS itself is asked: each word becomes a variable, whose value it is."""
    names = ["my gap.xml", "gap (1)#2.xml", "[a]  b", "plain", "~^%@,:=+-", " x"]
    script = "".join(f"variable w{k} string {word(name, 'name')}\n" for k, name in enumerate(names))
    code = f"""
import json
from deckgen.runs.opening import open_lammps
lmp = open_lammps("none")
lmp.commands_string({script!r})
print(json.dumps([lmp.extract_variable(f"w{{k}}") for k in range({len(names)})]))
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed.splitlines()[-1]) == names
    assert [words[-1] for words in tokenise(script)] == names
