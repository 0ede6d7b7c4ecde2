"""Parsl, started for a machine: its kernel and its executor, and what its exceptions mean.

What it starts goes with the head, however that ends: a head that is killed takes its interchange along, without which
its blocks end by themselves.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deckgen.errors import RunError
from deckgen.processes.children import dying_with_parent
from deckgen.processes.cluster.machine import Machine
from deckgen.processes.cluster.pool import PREPARE
from deckgen.processes.cluster.providers import provider_of
from deckgen.processes.executor import NodeLostError

__all__ = ["reason", "start_engine"]

POOL = "exec python -m deckgen.processes.cluster.pool"
LOOPBACK = "127.0.0.1"
_OUT_OF_REACH = "import os, sys; os.setsid(); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
"""Runs a script out of reach of the terminal's Ctrl-C: without its interchange, the head could ask for nothing more."""
IDLE_S = 60.0
_OF_TASKS = ("parsl.dataflow", "parsl.executors.high_throughput")
"""What writes a dozen lines for each task: a third of what a task costs the head."""


def start_engine(machine: Machine, log: Path, *, drain: bool, preparations: Sequence[str]) -> tuple[Any, Any]:
    """Start Parsl; return its kernel and its executor.

    Parameters
    ----------
    machine
        The machine.
    log
        Folder of its logs and submit scripts.
    drain
        Begin no task shortly before the end of a job.
    preparations
        Functions, as module:name, that are called on each node before its first task.
    """
    from parsl.config import Config
    from parsl.dataflow.dflow import DataFlowKernel
    from parsl.executors import HighThroughputExecutor
    from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD
    from parsl.jobs.error_handlers import windowed_error_handler

    programs = str(Path(sys.prefix) / "bin")
    if programs not in os.environ["PATH"].split(":"):  # an environment that is not activated
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    prepare = "".join(f" {PREPARE} {shlex.quote(function)}" for function in preparations)
    engine = HighThroughputExecutor(
        label="blocks",
        provider=provider_of(machine),
        address=LOOPBACK,  # without one, Parsl asks a server in the internet for it
        launch_cmd=f"{POOL}{prepare} {DEFAULT_LAUNCH_CMD}",
        interchange_launch_cmd=dying_with_parent([sys.executable, "-c", _OUT_OF_REACH, f"{programs}/interchange.py"]),
        cores_per_worker=machine.cores_per_task,
        max_workers_per_node=machine.tasks_per_node,
        heartbeat_period=max(int(machine.lost_after_s / 4), 1),
        heartbeat_threshold=int(machine.lost_after_s),
        drain_period=int(max(machine.walltime_s - machine.drain_s, 1)) if drain else None,
        poll_period=100,
        block_error_handler=windowed_error_handler,
    )
    engine.address, engine.all_addresses = None, _addresses()
    period = min(5.0, machine.lost_after_s / 4)
    config = Config(executors=[engine], run_dir=str(log), strategy_period=period, max_idletime=IDLE_S)
    kernel = DataFlowKernel(config)
    for name in _OF_TASKS:
        logging.getLogger(name).setLevel(logging.INFO)
    return kernel, engine


def _addresses() -> set[str]:
    """Return the addresses at which nodes may reach this machine; they try them all."""
    import psutil  # which Parsl brings

    found = {
        place.address for places in psutil.net_if_addrs().values() for place in places if place.family == socket.AF_INET
    }
    with contextlib.suppress(OSError):
        found.add(socket.gethostbyname(socket.gethostname()))
    return found or {LOOPBACK}


def reason(error: BaseException) -> RunError:
    """Return what the engine's exception means."""
    from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

    if isinstance(error, ManagerLost | WorkerLost):
        return NodeLostError(f"the node or its worker was lost: {error}")
    return RunError(f"the jobs do not run: {error}", hint="deckgen doctor --on NAME tries one; logs: .engine")
