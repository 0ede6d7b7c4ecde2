"""docs/study.md and docs/gap.md are made of the models (`make golden` rewrites them); the docs' links are whole."""

from __future__ import annotations

import ast
import json
import pydoc
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deckgen.findings import TITLES, Finding
from deckgen.processes.cluster.machine import Machine
from deckgen.study import Study
from deckgen.toml import Table
from deckgen.training.recipe import Recipe

HEADS = {
    "study.md": """# study.toml

All tables have defaults but `[cluster]`; keys carry their unit. An unknown key is refused, and a value of another type
than the key's ("13" for 13, true for 1; 13.0 is 13). `deckgen init DIR` writes a commented one, with a JSON Schema
beside it for editors. This page is made of the program's own model.
""",
    "gap.md": """# gap.toml

What a training project is made of; [training](training.md) says how it is used. All tables have defaults; keys carry
their unit. An unknown key is refused, and a value of another type than the key's ("13" for 13, true for 1; 13.0 is 13).
`deckgen train init DIR` writes a commented one, with a JSON Schema beside it for editors. This page is made of the
program's own model.
""",
    "machine.md": """# Profiles of machines

What `deckgen run STUDY --on NAME` knows of a machine: `~/.config/deckgen/machines/NAME.toml`, or any file whose path is
given as NAME. [cluster](cluster.md) says how it is used. An unknown key is refused, and a value of
another type than the key's. `deckgen machines init NAME` writes a commented one, with a JSON Schema beside it for
editors. This page is made of the program's own model.
""",
}
MODELS: dict[str, type[Table]] = {"study.md": Study, "gap.md": Recipe, "machine.md": Machine}


def kind(schema: dict[str, Any]) -> str:
    """Say what values a key takes."""
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}" if "items" in schema else "list"
    if "$ref" in schema:
        return "table"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"table of {kind(inner)}" if isinstance(inner, dict) else "table"
    limits = [
        f"{sign} {schema[word]:g}"
        for word, sign in (("exclusiveMinimum", ">"), ("minimum", ">="), ("exclusiveMaximum", "<"), ("maximum", "<="))
        if word in schema
    ]
    return " ".join([schema.get("format", schema.get("type", "")), *limits])


def tables(name: str, value: dict[str, Any], defs: dict[str, Any]) -> Iterator[str]:
    """Yield the section of a table and those of the tables in it."""
    model = defs[value["$ref"].rsplit("/", 1)[1]]
    yield f"## [{name}]\n\n{model['description'].strip()}\n"
    yield from rows_of(model)
    for key, one in model["properties"].items():
        if "$ref" in one:
            yield from tables(f"{name}.{key}", one, defs)
    for key, one in model["properties"].items():
        if "$ref" in one.get("items", {}):
            yield from tables(f"[{name}.{key}]", one["items"], defs)


def rows_of(model: dict[str, Any]) -> Iterator[str]:
    """Yield the table of a model's own keys."""
    keys = {key: one for key, one in model["properties"].items() if "$ref" not in one}
    if keys:
        yield "| key | default | values | |\n|---|---|---|---|"
    for key, one in keys.items():
        default = "" if one.get("default") is None else f"`{json.dumps(one['default'])}`"
        yield f"| `{key}` | {default} | {kind(one)} | {' '.join(one['description'].split())} |"
    if keys:
        yield ""


def page(name: str) -> str:
    schema = MODELS[name].model_json_schema()
    if "$defs" not in schema:  # all keys at the top
        return "\n".join([HEADS[name], f"{schema['description'].strip()}\n", *rows_of(schema)])
    sections = [tables(table, value, schema["$defs"]) for table, value in schema["properties"].items()]
    return "\n".join([HEADS[name], *(line for section in sections for line in section)])


@pytest.mark.parametrize("name", MODELS)
def test_the_reference_of_a_file_is_current(name: str, root: Path, rewrite_golden: bool) -> None:
    file = root / "docs" / name
    if rewrite_golden:
        file.write_text(page(name))
    assert file.read_text() == page(name), f"make golden writes docs/{name} anew"


def test_links_within_the_project_lead_somewhere(root: Path) -> None:
    pages = [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/*.md"), *root.glob("examples/*.md")]
    pages += root.glob("docs/tutorials/*.ipynb")
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def finding_codes(root: Path) -> set[str]:
    """Return the codes of all findings that the source makes, each written where it is made."""
    codes = set()
    for file in (
        file for folder in ("deckgen", "runs", "analysis", "training") for file in (root / folder).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{file}:{node.lineno}: write the code out"
                codes.add(code.value)
    return codes


def rows(page: Path) -> list[str]:
    """Return the codes that the table of warnings on a page explains."""
    section = page.read_text().split("\n## Warnings\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_finding_has_a_title_and_a_row_in_the_docs(root: Path) -> None:
    documented = rows(root / "docs" / "results.md") + rows(root / "docs" / "training.md")
    assert sorted(documented) == sorted(TITLES)  # each once
    assert finding_codes(root) == TITLES.keys()
    assert len(set(TITLES.values())) == len(TITLES)


def test_a_finding_without_a_title_is_refused() -> None:
    with pytest.raises(ValueError, match="'new_kind' has no title"):
        Finding("new_kind", "something is odd")


def test_every_page_stands_in_the_sites_contents(root: Path) -> None:
    named = (root / "docs" / "index.md").read_text().split()
    assert {page.stem for page in root.glob("docs/*.md")} - {"index"} <= set(named)
    assert {f"tutorials/{page.stem}" for page in root.glob("docs/tutorials/*.ipynb")} <= set(named)


def test_tutorials_hold_no_outputs(root: Path) -> None:
    """They would be stale, and hide what changes in a notebook; the site and the tests run them."""
    notebooks = [json.loads(page.read_text()) for page in root.glob("docs/tutorials/*.ipynb")]
    cells = [cell for notebook in notebooks for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 6
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []


def test_the_first_study_of_the_docs_is_a_study(root: Path, tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (root / "docs" / "first-study.md").read_text(), re.DOTALL)
    (tmp_path / "study.toml").write_text(block)
    assert Study.read(tmp_path).ladder.rungs_K == (150, 190, 230, 270, 310)


def test_every_name_of_deckgen_that_the_docs_show_is_there(root: Path) -> None:
    """As they show it: after `import deckgen` alone, or by its import."""
    pages = [root / "README.md", *root.glob("docs/*.md"), *root.glob("examples/*.md"), *root.glob("validation/*.md")]
    pages += root.glob("docs/tutorials/*.ipynb")
    text = "\n".join(page.read_text() for page in pages)
    calls = sorted(set(re.findall(r"\b(deckgen(?:\.\w+)+)\(", text)))
    imports = sorted(set(re.findall(r"\bfrom deckgen[\w.]* import \w+(?:, \w+)*", text)))
    assert len(calls) > 5
    assert imports
    for names in calls, imports:  # each kind in a process of its own: an import makes more names
        code = "\n".join(["import deckgen", *names])
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_what_the_page_of_the_functions_documents_is_there(root: Path) -> None:
    names = re.findall(r"^\.\. auto\w+:: (\S+)$", (root / "docs" / "api.md").read_text(), re.MULTILINE)
    assert {f"deckgen.{name}" for name in ("run", "status", "analyse")} <= set(names)
    for name in names:
        assert pydoc.locate(name) is not None, name
