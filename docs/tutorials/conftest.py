"""Tutorials are tests, with `--nbmake`: two of them in `make test-notebooks`, the others in `make test-long`."""

from __future__ import annotations

import pytest

SHORT = {"alloy", "your-own-logs"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long ones."""
    for item in items:
        if item.path.suffix == ".ipynb" and item.path.stem not in SHORT:
            item.add_marker("long")
