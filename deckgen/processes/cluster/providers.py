"""How each scheduler is asked for a block of nodes: Parsl's providers, told what a machine's profile says."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from deckgen.processes.cluster.machine import Machine
from deckgen.processes.cluster.steps import step_name

__all__ = ["provider_of"]


def provider_of(machine: Machine) -> Any:
    """Return Parsl's provider for a machine. No block is asked for before there is a task."""
    blocks = {
        "init_blocks": 0,
        "min_blocks": 0,
        "max_blocks": machine.jobs,
        "nodes_per_block": machine.nodes,
        "worker_init": _setup(machine),
    }
    if machine.scheduler not in ("local", "here"):
        blocks |= {"walltime": machine.walltime, "scheduler_options": machine.directives}
    provider = _PROVIDERS[machine.scheduler](machine, blocks)
    return _asked_every(provider, machine.lost_after_s)


def _setup(machine: Machine) -> str:
    """Return the shell that makes a node ready: the user's own, then the environment that this deckgen is in."""
    return "\n".join([*machine.setup, f"export PATH={shlex.quote(str(Path(sys.prefix) / 'bin'))}:$PATH"])


def _asked_every(provider: Any, seconds: float) -> Any:
    """Return a provider that asks its scheduler for the state of its jobs every so many seconds, at most 30."""
    kind = type(provider)
    interval = property(lambda _: min(seconds, 30.0))
    provider.__class__ = type(kind.__name__, (kind,), {"status_polling_interval": interval, "__module__": __name__})
    return provider


def _slurm(machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.providers import SlurmProvider

    return SlurmProvider(
        partition=machine.partition,
        account=machine.account,
        qos=machine.qos,
        constraint=machine.constraint,
        exclusive=machine.exclusive,
        cores_per_node=machine.cores_of_node,
        mem_per_node=machine.memory_GB,
        launcher=_srun(machine),
        **blocks,
    )


def _srun(machine: Machine, *more: str) -> Any:
    """Return what starts one pool on each node; a step has only the cores that it asks for itself."""
    from parsl.launchers import SrunLauncher

    options = ["--ntasks-per-node=1", f"--cpus-per-task={machine.cores_of_node}", "--kill-on-bad-exit=0", *more]
    return SrunLauncher(overrides=" ".join(options))


def _pbspro(machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.launchers import MpiExecLauncher, SimpleLauncher
    from parsl.providers import PBSProProvider

    memory = machine.memory_GB
    return PBSProProvider(
        account=machine.account,
        queue=machine.partition,
        cpus_per_node=machine.cores_of_node,
        select_options="" if memory is None else f"mem={memory}gb",
        launcher=MpiExecLauncher() if machine.nodes > 1 else SimpleLauncher(),
        **blocks,
    )


def _lsf(machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.launchers import SimpleLauncher
    from parsl.providers import LSFProvider

    return LSFProvider(
        project=machine.account,
        queue=machine.partition,
        cores_per_block=machine.cores_of_node,
        cores_per_node=machine.cores_of_node,
        request_by_nodes=False,
        bsub_redirection=True,
        launcher=SimpleLauncher(),
        **blocks,
    )


def _sge(machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.launchers import SimpleLauncher
    from parsl.providers import GridEngineProvider

    return GridEngineProvider(queue=machine.partition, launcher=SimpleLauncher(), **blocks)


def _condor(machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.launchers import SimpleLauncher
    from parsl.providers import CondorProvider

    return CondorProvider(
        project=machine.account or "",
        cores_per_slot=machine.cores_of_node,
        mem_per_slot=machine.memory_GB,
        launcher=SimpleLauncher(),
        **blocks,
    )


def _local(_machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.launchers import SimpleLauncher
    from parsl.providers import LocalProvider

    return LocalProvider(launcher=SimpleLauncher(), **blocks)


def _here(machine: Machine, blocks: dict[str, Any]) -> Any:
    from parsl.providers import LocalProvider

    return LocalProvider(launcher=_srun(machine, f"--job-name={step_name()}"), **blocks)


_PROVIDERS = {
    "slurm": _slurm,
    "pbspro": _pbspro,
    "lsf": _lsf,
    "sge": _sge,
    "condor": _condor,
    "local": _local,
    "here": _here,
}
