"""Profiles of machines: which there are, a new one, and the batch script that runs a study in a job of one's own."""

from __future__ import annotations

import os
import shlex
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from deckgen.decks.environment import project_environment, script_environment
from deckgen.errors import DeckgenError, InputError
from deckgen.files import make_folder, write_json, write_whole
from deckgen.processes.cluster.machine import (
    Machine,
    find_machine,
    is_name,
    json_schema,
    known_machines,
    machines_folder,
    require_plain,
)
from deckgen.study import Study
from deckgen.toml import validate

__all__ = ["SCHEMA_FILE", "MachineRow", "init_machine", "machines", "write_script"]

SCHEMA_FILE = "machine.schema.json"
SCRIPT = "run.sbatch"


@dataclass(frozen=True)
class MachineRow:
    """A profile that there is; `problem` says what is wrong with it."""

    name: str
    file: Path
    scheduler: str = ""
    tasks: int = 0
    problem: str = ""


def machines() -> list[MachineRow]:
    """Return the user's profiles, in the order of their names."""
    return [_row(name, file) for name, file in known_machines().items()]


def _row(name: str, file: Path) -> MachineRow:
    try:
        machine = Machine.read(file)
    except DeckgenError as error:
        return MachineRow(name, file, problem=error.message)
    return MachineRow(name, file, machine.scheduler, machine.tasks)


def init_machine(name: str, scheduler: str = "slurm") -> Path:
    """Write a commented profile, and its JSON Schema for editors, into the user's folder of machines.

    Raises
    ------
    InputError
        If the name is none, or there is a machine of this name, or the scheduler is not known.
    """
    if not is_name(name):
        raise InputError(f"{name!r} is no name of a machine", hint="letters, digits, points and hyphens")
    folder = machines_folder()
    file = folder / f"{name}.toml"
    if os.path.lexists(file):
        raise InputError(f"{file} exists already", hint="edit it, or choose another name")
    text = project_environment().get_template("machine.toml.j2").render(scheduler=scheduler)
    validate(tomllib.loads(text), Machine, source=str(file))
    make_folder(folder)
    write_whole(file, text)
    write_json(folder / SCHEMA_FILE, json_schema())
    return file


def write_script(name: str, study: Path | str) -> Path:
    """Write the batch script that runs a study inside a job of Slurm into the study's folder.

    Raises
    ------
    InputError
        If the study or the machine is wrong, the machine has no Slurm, another script is there, or the study's path
        has characters that a script cannot hold.
    """
    machine, folder = find_machine(name), Study.read(study).folder
    require_plain(folder)
    if machine.scheduler != "slurm":
        raise InputError(
            f'{machine.file}: scheduler = "{machine.scheduler}"; a batch script can be written for slurm',
            hint=f"deckgen run {folder} --on {name} submits jobs itself",
        )
    text = (
        script_environment()
        .get_template("run.sbatch.j2")
        .render(
            options=_options(machine, folder),
            setup=machine.setup,
            programs=shlex.quote(str(Path(sys.prefix) / "bin")),
            study=shlex.quote(str(folder)),
        )
    )
    file = folder / SCRIPT
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise InputError(f"{file} exists already, and is another one", hint="move it aside")
    write_whole(file, text)
    return file


def _options(machine: Machine, folder: Path) -> list[str]:
    """Return the options of sbatch."""
    named = {
        "job-name": "deckgen",
        "partition": machine.partition,
        "account": machine.account,
        "qos": machine.qos,
        "constraint": machine.constraint,
        "time": machine.walltime,
        "nodes": machine.nodes,
        "ntasks-per-node": 1,
        "cpus-per-task": machine.cores_of_node,
        "output": folder / "run.%j.log",
    }
    options = [f"--{key}={value}" for key, value in named.items() if value is not None]
    if machine.memory_GB is not None:
        options.append(f"--mem={machine.memory_GB}G")
    return [*options, *(["--exclusive"] if machine.exclusive else []), *machine.options]
