"""What is done once on each node, before its first task."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import node_needs
import pytest

from deckgen.processes.cluster.machine import Machine
from deckgen.processes.executor import open_executor
from deckgen.quip.build import ensure_plugin
from deckgen.runs.opening import prepare_nodes

TOOLS = Path(node_needs.__file__).parent


@pytest.fixture(autouse=True)
def tools_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TOOLS))


def pool(*command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "deckgen.processes.cluster.pool", *command]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_what_the_tasks_of_a_node_need_is_made_once_before_the_first_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(node_needs.MADE, str(tmp_path / "made"))
    machine = Machine(scheduler="local", cores=2, lost_after_s=8)
    with open_executor(machine=machine, log=tmp_path / "engine") as executor:
        for _ in range(2):  # whoever submits tasks asks for it
            executor.prepare_nodes(node_needs.make)
        tasks = [executor.submit(node_needs.read) for _ in range(3)]
        assert [task.result() for task in tasks] == ["made\n"] * 3


def test_a_node_that_cannot_make_it_says_why_and_runs_no_task(tmp_path: Path) -> None:
    ended = pool("--prepare", "node_needs:fail", "touch", str(tmp_path / "pool"))
    assert ended.returncode == 1
    assert ended.stderr.endswith(": no compiler here\nload one\n")
    assert not (tmp_path / "pool").exists()


def test_only_decks_that_need_the_plugin_ask_for_it(tmp_path: Path) -> None:
    class Asked:
        def __init__(self) -> None:
            self.functions = list[object]()

        def prepare_nodes(self, function: object) -> None:
            self.functions.append(function)

    asked = Asked()
    (tmp_path / "in.lammps").write_text("pair_style lj/cut 8.0\n# not quip\n")
    prepare_nodes(asked, tmp_path)  # type: ignore[arg-type]
    assert asked.functions == []
    (tmp_path / "in.lammps").write_text("pair_style hybrid/overlay zbl 1 2 quip\n")
    prepare_nodes(asked, tmp_path)  # type: ignore[arg-type]
    assert asked.functions == [ensure_plugin]
