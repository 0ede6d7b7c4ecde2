"""What `deckgen doctor --on` says of a node; here the node is this process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from deckgen.processes.cluster.machine import Machine
from deckgen.quip.build import ensure_plugin
from deckgen.workflows.doctor import Check
from deckgen.workflows.doctor_on import _checks, _look


def checks_of_this_node(folder: Path) -> dict[str, Check]:
    probe = folder / "probe"
    probe.touch()
    began = time.time()
    seen = _look(probe)
    return {check.name: check for check in _checks(Machine(scheduler="local"), seen, folder, (began, time.time()))}


def test_a_node_without_a_compiler_is_named_with_what_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nowhere/c++")
    monkeypatch.setenv("DECKGEN_CACHE", str(tmp_path / "cache"))
    found = checks_of_this_node(tmp_path)
    assert (found["compiler"].state, found["plugin"].state) == ("failed", "failed")
    assert "/nowhere/c++ not found" in found["compiler"].detail
    assert "module load gcc" in found["compiler"].mend
    assert "DECKGEN_CACHE" in found["plugin"].mend
    assert found["clock"].state == "ok"


def test_a_node_without_a_compiler_needs_none_where_its_plugin_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_plugin()
    monkeypatch.setenv("CXX", "/nowhere/c++")
    found = checks_of_this_node(tmp_path)
    assert (found["compiler"].state, found["plugin"].state) == ("ok", "ok")
    assert "not needed" in found["compiler"].detail
