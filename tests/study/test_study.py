from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from deckgen.decks.scaffold import init
from deckgen.errors import InputError
from deckgen.study import Study, json_schema
from deckgen.study.folder import ResultsFolder
from deckgen.study.nvt import Longer

NA55 = '[cluster]\nelement = "Na"\nsize = 55\n'

LONGER = NA55 + "[nvt]\nlonger = [{{min_K = {}, max_K = {}, duration_ps = {}}}]"


def read(folder: Path, text: str) -> Study:
    (folder / "study.toml").write_text(text)
    return Study.read(folder)


def test_the_defaults_are_the_papers_protocol(tmp_path: Path) -> None:
    study = read(tmp_path, NA55)
    assert len(study.ladder.rungs_K) == 21
    assert (study.ladder.rungs_K[0], study.ladder.rungs_K[1], study.ladder.rungs_K[-1]) == (60.0, 73.5, 330.0)
    assert (study.nvt.timestep_fs, study.nvt.duration_ps, study.nvt.n_steps_at(300)) == (2.0, 400.0, 200_000)
    assert study.nvt.thermostat == "nose-hoover"
    assert study.potential.builtin == "na-gap"
    assert study.folder == tmp_path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[nvt]\nduration_ps = 1", ["study.toml: [cluster] is missing"]),
        (NA55 + "[nvt]\ntimestep = 2", ["[nvt] unknown key 'timestep'", "did you mean 'timestep_fs'?"]),
        (NA55 + "[nvvt]\nseed = 2", ["unknown table 'nvvt'", "did you mean 'nvt'?"]),
        (NA55 + "[nvt]\nduration_ps = -1", ["[nvt] duration_ps = -1"]),
        (NA55 + "[nvt]\nseed = 0", ["[nvt] seed = 0"]),
        (NA55 + "[nvt]\nduration_ps = 0.3011", ["duration_ps = 0.3011", "whole number of steps"]),
        (NA55 + "[nvt]\nsample_every = 7", ["sample_every = 7 must divide the run's 200000 steps"]),
        (NA55 + "[nvt]\nsample_every = 10000", ["leaves 20 samples", "at least 100"]),
        (NA55 + '[nvt]\nthermostat = "berendsen"', ['thermostat = "berendsen"', "'nose-hoover'"]),
        (NA55 + "[nvt]\nmelt_K = 300", ["melt_K is a key of"]),
        (NA55 + '[nvt]\nthermostat = "langevin"\n[exchange]\nevery = 100', ["use nose-hoover or csvr"]),
        (NA55 + '[exchange]\nevery = 100\npairs = "some"', ["[exchange] pairs", "'neighbours'"]),
        (LONGER.format(250, 290, 300), ["[nvt] longer: duration_ps = 300 is not above 400"]),
        (LONGER.format(250, 290, 600.001), ["[nvt] duration_ps = 600.001", "whole number of steps"]),
        (LONGER.format(261, 262, 600), ["[nvt] longer: the ladder has no rung from 261 to 262 K"]),
        (NA55 + "[ladder]\ntemperatures_K = [100, 90, 120]", ["must increase"]),
        (NA55 + "[ladder]\ntemperatures_K = [100, 120]", ["at least three"]),
        (NA55 + "[ladder]\ntemperatures_K = [-5, 100, 120]", ["temperatures_K.0 = -5"]),
        (NA55 + "[ladder]\ntemperatures_K = [1, 2, 3]\nmin_K = 4", ["either temperatures_K or min_K"]),
        (NA55 + "[ladder]\nmin_K = 400", ["max_K = 330 must be above min_K = 400"]),
        (NA55 + '[potential]\nkind = "gap"', ['kind = "gap" needs file']),
        (NA55 + '[potential]\nname = "na-gap"\nkind = "gap"\nfile = "a.xml"', ["not both"]),
        (NA55 + '[potential]\nkind = "gap"\nfile = "a.xml"\npair_style = "lj/cut"', ["pair_style: not a key of"]),
        ('[cluster]\nelement = "Na"', ["give element and size"]),
        ('[cluster]\nelement = "Na"\nsize = 13\nfile = "a.xyz"', ["not both"]),
        ('[cluster]\nelement = "Nq"\nsize = 13', ['element = "Nq": not the symbol of an element']),
        ("[cluster\n", ["not valid TOML", "line 1"]),
    ],
)
def test_what_is_wrong_is_named_with_file_key_value_and_mend(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "study.toml") in str(caught.value)
    for words in says:
        assert words in str(caught.value)


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, NA55 + "[nvt]\nseed = 0\nfoo = 1\n[analysis]\ngrid_K = 0")
    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_study_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="deckgen init"):
        Study.read(tmp_path)


@pytest.mark.parametrize(
    ("ladder", "rungs"),
    [
        ("temperatures_K = [50, 100, 150.5]", (50, 100, 150.5)),
        ("min_K = 100\nmax_K = 400\ncount = 4", (100, 200, 300, 400)),
        ('min_K = 100\nmax_K = 800\ncount = 4\nspacing = "geometric"', (100, 200, 400, 800)),
        ("min_K = 100\nmax_K = 300\ncount = 3\nextra_K = [250, 200, 50]", (50, 100, 200, 250, 300)),
    ],
)
def test_ladders(tmp_path: Path, ladder: str, rungs: tuple[float, ...]) -> None:
    assert read(tmp_path, f"{NA55}[ladder]\n{ladder}").ladder.rungs_K == rungs


def test_init_writes_a_study_with_a_schema_and_never_over_one(tmp_path: Path) -> None:
    study = init(tmp_path / "new", element="Na", size=13, potential="na-gupta")
    assert (study.cluster.size, study.potential.builtin, study.nvt.n_steps_at(300)) == (13, "na-gupta", 200_000)
    assert (tmp_path / "new" / "study.schema.json").is_file()
    with pytest.raises(InputError, match="exists already"):
        init(tmp_path / "new")
    with pytest.raises(InputError, match="not the symbol"):
        init(tmp_path / "bad", element="Nq")
    assert not (tmp_path / "bad").exists()


def shown_keys(text: str) -> dict[str, dict[str, tuple[Any, str]]]:
    """Return the keys of a study.toml by table, commented out or not: the value and the remark behind it."""
    tables: dict[str, dict[str, tuple[Any, str]]] = {}
    for line in text.splitlines():
        if head := re.match(r"\[(\w+)\]", line):
            tables[head[1]] = {}
        elif key := re.match(r"(?:# )?(\w+) = [^#]*(.*)", line):
            assert key[1] not in list(tables.values())[-1], line
            list(tables.values())[-1][key[1]] = (tomllib.loads(line.removeprefix("# "))[key[1]], key[2])
    return tables


def test_init_shows_every_key_of_the_study(tmp_path: Path) -> None:
    init(tmp_path, size=13)
    shown = shown_keys((tmp_path / "study.toml").read_text())
    tables = {name: field.annotation for name, field in Study.model_fields.items()}
    assert {name: set(keys) for name, keys in shown.items()} == {
        name: set(table.model_fields) for name, table in tables.items()
    }
    ((longer,), _) = shown["nvt"]["longer"]
    assert longer.keys() == Longer.model_fields.keys()


def test_what_init_shows_is_the_default_or_an_example_that_is_valid(tmp_path: Path) -> None:
    init(tmp_path, size=13)
    text = (tmp_path / "study.toml").read_text()
    for name, keys in shown_keys(text).items():
        table = Study.model_fields[name].annotation
        for key, (value, remark) in keys.items():
            if f"\n{key} = " in text:  # what init was told
                continue
            field = table.model_fields[key]
            read_as = TypeAdapter(Annotated[field.annotation, field]).validate_python(value)
            is_default = read_as == field.default
            assert is_default != remark.startswith("# example"), f"[{name}] {key}: an example, or the default?"


def test_a_study_with_all_defaults_written_out_is_the_same_study(tmp_path: Path) -> None:
    given = init(tmp_path, size=13)
    lines = (tmp_path / "study.toml").read_text().splitlines()
    written = [line.removeprefix("# ") if " = " in line and "# example" not in line else line for line in lines]
    assert sum(a != b for a, b in zip(lines, written, strict=True)) > 30
    assert read(tmp_path, "\n".join(written)) == given


def test_the_schema_describes_every_table_and_key() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == {
        "study", "cluster", "potential", "ladder", "nvt", "exchange", "goal", "isomers", "analysis",
    }  # fmt: skip
    assert schema["additionalProperties"] is False
    nvt = schema["$defs"]["Nvt"]["properties"]
    assert nvt["timestep_fs"]["default"] == 2.0
    assert all("description" in key for key in nvt.values())


@pytest.mark.parametrize("calculator", ["gpaw-1", "emt:EMT-1", "../../../etc-1", "/etc/passwd-1", "..", "a/../../b-1"])
def test_what_a_reference_computed_lies_in_the_study_whatever_its_name(calculator: str, tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path / "results").reference_calculations(calculator)
    assert folder.resolve().is_relative_to((tmp_path / "results" / "reference").resolve())
    assert len(folder.relative_to(tmp_path / "results" / "reference").parts) == (calculator != "..")
