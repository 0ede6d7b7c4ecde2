"""One task on a node, and what becomes of the next one where the node was told to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from deckgen.processes.subprocesses import pickled_task


def test_no_task_begins_on_a_node_that_was_told_to_end(tmp_path: Path) -> None:
    """SIGTERM ends the task that runs; the next one is given back, with the pool that is to get no more."""
    running, next_one = pickled_task(time.sleep, (60,), {}), pickled_task(os.mkdir, (str(tmp_path / "begun"),), {})
    code = f"""
import os, signal, threading
from deckgen.processes.cluster.node import run_on_node
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
for payload in ({running!r}, {next_one!r}):
    answer = run_on_node(payload)
    print(type(answer.error).__name__, answer.ending_pool)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PARSL_WORKER_POOL_ID": "pool-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.splitlines() == ["WorkerError pool-1", "NodeLostError pool-1"], ended.stderr
    assert not (tmp_path / "begun").exists()
