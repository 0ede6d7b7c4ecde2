"""Commands about machines, and the options that send work to one."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deckgen.cli.output import Json, out, plain, print_json
from deckgen.errors import InputError

if TYPE_CHECKING:
    from deckgen.processes.executor import TaskExecutor

__all__ = ["ENGINE", "Detach", "On", "detached", "executor_on", "machines_app"]

ENGINE = ".engine"
"""Folder of a study or project for the logs and submit scripts of runs on other machines."""
HEAD_LOG = "head.log"

On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="MACHINE",
        help="Run on another machine: a name of `deckgen machines`, a profile's path, or `here` inside a Slurm job.",
    ),
]
Detach = Annotated[bool, typer.Option("--detach", help="With --on: return at once; the work goes on when you log out.")]

machines_app = typer.Typer(help="The machines that work can be sent to (--on).", invoke_without_command=True)


@contextlib.contextmanager
def executor_on(machine: str | None, folder: Path, *, drain: bool = False) -> Iterator[TaskExecutor | None]:
    """Yield the executor of a machine that was named; None where none was.

    Parameters
    ----------
    machine
        What --on names.
    folder
        The study's or project's folder, or a file in it.
    drain
        Whether tasks cannot resume, so that none shall begin shortly before the end of a job.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C or SIGTERM, which also ends a head without a terminal: its jobs are cancelled first.
    """
    if machine is None:
        yield None
        return
    from deckgen.processes.cluster.machine import find_machine
    from deckgen.processes.executor import open_executor
    from deckgen.processes.signals import sigterm_as_ctrl_c

    with (
        sigterm_as_ctrl_c(),
        open_executor(machine=find_machine(machine), log=_folder_of(folder) / ENGINE, drain=drain) as executor,
    ):
        yield executor


def _folder_of(path: Path) -> Path:
    return path.parent if path.is_file() else path


def detached(on: str | None, detach: bool, folder: Path, look: str) -> bool:
    """Start the same command again without a terminal, if that is asked for; return whether it was.

    Parameters
    ----------
    look
        The command that shows how far it is.

    Raises
    ------
    InputError
        If no machine is named, or there is no such machine.
    """
    if not detach:
        return False
    if on is None:
        raise InputError("--detach without --on", hint="name a machine: deckgen machines")
    from deckgen.processes.cluster.machine import find_machine

    find_machine(on)
    if not _folder_of(folder).is_dir():
        return False  # the command says itself what is missing
    logs = _folder_of(folder) / ENGINE
    logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "deckgen", *(word for word in sys.argv[1:] if word != "--detach")]
    with (logs / HEAD_LOG).open("a") as log:
        head = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    out.print(f"started as process {head.pid} on {plain(socket.gethostname())}; its words: {plain(logs / HEAD_LOG)}")
    out.print(f"to look: {plain(look)}\nto stop: kill {head.pid} (decks write their restarts)")
    out.print("should it end early, with this login node say: give the same command again")
    return True


@machines_app.callback()
def machines(context: typer.Context, as_json: Json = False) -> None:
    """List the machines that work can be sent to (--on)."""
    if context.invoked_subcommand is not None:
        return
    from deckgen.processes.cluster.machine import machines_folder
    from deckgen.workflows.machines import machines as known

    rows = known()
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        what = f"[red]{plain(row.problem)}[/]" if row.problem else f"{row.scheduler}, {row.tasks} tasks at once"
        out.print(f"[bold]{plain(row.name)}[/]: {what}\n  {plain(row.file)}")
    if not rows:
        out.print(f"no machines in {plain(machines_folder())}; write one: deckgen machines init NAME")


@machines_app.command("init")
def machines_init(
    name: Annotated[str, typer.Argument(help="What you call it.", metavar="NAME")],
    scheduler: Annotated[str, typer.Option(help="slurm, pbspro, lsf, sge, condor, local.")] = "slurm",
) -> None:
    """Write a commented profile of a machine."""
    from deckgen.workflows.machines import init_machine

    out.print(f"wrote {plain(init_machine(name, scheduler))}; edit it, then: deckgen doctor --on {plain(name)}")


@machines_app.command("script")
def machines_script(
    name: Annotated[str, typer.Argument(help="The machine.", metavar="NAME")],
    study: Annotated[Path, typer.Argument(help="A study's folder or its study.toml.", metavar="STUDY")],
) -> None:
    """Write a batch script that runs a study inside a job of yours."""
    from deckgen.workflows.machines import write_script

    file = write_script(name, study)
    out.print(f"wrote {plain(file)}; submit it, as often as it takes: sbatch {plain(os.fspath(file))}")
