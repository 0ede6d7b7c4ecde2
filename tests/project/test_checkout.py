"""What is tested is this checkout: an editable installation maps each package to a folder of its own."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("package", "folder"),
    [
        ("deckgen", "deckgen"),
        ("deckgen.analysis", "analysis"),
        ("deckgen.runs", "runs"),
        ("deckgen.templates", "templates"),
        ("deckgen.training", "training"),
    ],
)
def test_all_packages_come_from_the_checkout_of_these_tests(package: str, folder: str, root: Path) -> None:
    file = importlib.import_module(package).__file__
    assert file is not None
    assert Path(file).resolve().parent == root / folder, "install this checkout: pip install -e ."
