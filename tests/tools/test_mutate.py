"""The mutations fit the code, act on a copy only, and are reported as what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import mutate
import pytest

PACKAGES = ("deckgen", "deckgen.templates", "deckgen.runs", "deckgen.analysis", "deckgen.training")


@pytest.mark.parametrize("mutation", mutate.read_mutations(), ids=lambda one: f"{one.file}: {one.effect}")
def test_a_mutation_applies_to_the_code_and_names_its_tests(mutation: mutate.Mutation, root: Path) -> None:
    text = (root / mutation.file).read_text()
    assert mutation.applied_to(text) != text
    assert mutation.effect
    assert bool(mutation.tests) != bool(mutation.equivalent)
    assert all((root / name.split("::")[0]).exists() for name in mutation.tests if name.startswith("tests/"))


def test_no_mutation_is_listed_twice() -> None:
    counts = Counter((one.file, one.old, one.new) for one in mutate.read_mutations())
    assert [key for key, count in counts.items() if count > 1] == []


def test_what_a_copy_tests_is_the_copy(tmp_path: Path) -> None:
    mutate.copy_checkout(tmp_path)
    code = f"import importlib; print([importlib.import_module(name).__file__ for name in {PACKAGES}])"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-P", "-c", code]
    printed = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    assert printed.count(str(tmp_path)) == len(PACKAGES)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of one function and one test of it, which knows one of its two laws."""
    (tmp_path / "halves.py").write_text("def half(x):\n    assert x >= 0\n    return x / 2\n")
    test = "import sys\nsys.path.insert(0, '.')\nfrom halves import half\ndef test_half():\n    assert half(4) == 2\n"
    (tmp_path / "test_halves.py").write_text(test)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x / 2", "x / 3", mutate.CAUGHT),
        ("x >= 0", "x >= 1", mutate.SURVIVED),
        ("def half", "def third", mutate.BROKEN),  # the tests could not be collected
        ("x / 4", "x / 5", mutate.BROKEN),  # not in the file
        ("x", "y", mutate.BROKEN),  # more than once
    ],
)
def test_an_outcome_says_whether_the_tests_noticed(checkout: Path, old: str, new: str, expected: str) -> None:
    before = (checkout / "halves.py").read_text()
    mutation = mutate.Mutation("halves.py", old, new, ("test_halves.py",), "wrong halves")
    assert mutate.outcome(mutation, checkout) == expected
    assert (checkout / "halves.py").read_text() == before


def test_the_table_holds_every_outcome() -> None:
    mutation = mutate.Mutation("a.py", "x | y", "x &\n y", ("tests/test_a.py", "-k one"), "lost rows")
    equivalent = mutate.Mutation("a.py", "3", "4", (), "slower", equivalent="a guess only")
    text = mutate.table([(mutation, mutate.CAUGHT, 1.0), (equivalent, mutate.EQUIVALENT, 0.0)])
    assert "| a.py | `x \\| y` → `x & y` | lost rows | tests/test_a.py -k one | caught |" in text
    assert "| a.py | `3` → `4` | slower | none | equivalent: a guess only |" in text
