"""docs/study.md is made of the study's own model (`make golden` rewrites it), and the docs' links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from deckgen.study import Study, json_schema

HEAD = """# study.toml

All tables have defaults but `[cluster]`; keys carry their unit. An unknown key is refused. `deckgen init DIR` writes a
commented one, with a JSON Schema beside it for editors. This page is made of the program's own model.
"""


def kind(schema: dict[str, Any]) -> str:
    """Say what values a key takes."""
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    limits = [
        f"{sign} {schema[word]:g}"
        for word, sign in (("exclusiveMinimum", ">"), ("minimum", ">="), ("maximum", "<="))
        if word in schema
    ]
    return " ".join([schema.get("format", schema.get("type", "")), *limits])


def page() -> str:
    schema = json_schema()
    lines = [HEAD]
    for table in Study.model_fields:
        reference = schema["properties"][table]["$ref"].rsplit("/", 1)[1]
        model = schema["$defs"][reference]
        lines += [f"## [{table}]", "", model["description"].strip(), ""]
        lines += ["| key | default | values | |", "|---|---|---|---|"]
        for key, value in model["properties"].items():
            default = "" if value.get("default") is None else f"`{json.dumps(value['default'])}`"
            lines.append(f"| `{key}` | {default} | {kind(value)} | {value['description']} |")
        lines.append("")
    return "\n".join(lines)


def test_the_reference_of_study_toml_is_current(root: Path, rewrite_golden: bool) -> None:
    file = root / "docs" / "study.md"
    if rewrite_golden:
        file.write_text(page())
    assert file.read_text() == page(), "make golden writes docs/study.md anew"


def test_links_within_the_project_lead_somewhere(root: Path) -> None:
    pages = [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/*.md"), *root.glob("examples/*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
