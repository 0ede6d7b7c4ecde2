"""A machine: what a profile says of a cluster, its scheduler and the jobs to ask it for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from deckgen.errors import InputError
from deckgen.processes.executor import available_cores
from deckgen.toml import Document, Positive

__all__ = ["HERE", "Machine", "find_machine", "json_schema", "known_machines", "machines_folder", "require_plain"]

HERE = "here"
"""Name of the machine that is the allocation of nodes in which this process runs."""

SUFFIX = ".toml"


def _one_line(text: str) -> str:
    if not text.strip() or "\n" in text or "\r" in text:
        raise ValueError("empty, or more than one line")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
Small = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[float, Field(ge=4, le=3600)]

Scheduler = Literal["slurm", "pbspro", "lsf", "sge", "condor", "local", "here"]

_ABLE: dict[str, set[str]] = {
    "slurm": {"partition", "account", "qos", "constraint", "exclusive", "memory_GB_per_core"},
    "pbspro": {"partition", "account", "memory_GB_per_core"},
    "lsf": {"partition", "account"},
    "sge": {"partition"},
    "condor": {"account", "memory_GB_per_core"},
    "local": set(),
    "here": set(),
}
"""What each scheduler can be asked for by a key of its own; the rest is said in `options`."""

_ONE_NODE = {"lsf", "sge", "condor", "local"}
_ASKABLE = sorted(set().union(*_ABLE.values()))


class Machine(Document):
    """A machine that tasks run on: its scheduler, the jobs to ask for, and how a node is made ready.

    A job of the scheduler is a block of nodes that stays for its walltime and takes one task after the other.
    """

    FILE = "machine.toml"
    MADE_BY = "deckgen machines init NAME"

    scheduler: Scheduler
    """What starts jobs; "local": processes of this machine, "here": the nodes of the job that deckgen runs in."""
    partition: Line | None = None
    """Partition (Slurm) or queue (PBS, LSF, SGE)."""
    account: Line | None = None
    """Account or project that the time is charged to."""
    qos: Line | None = None
    """Quality of service (Slurm)."""
    constraint: Line | None = None
    """Kind of node (Slurm)."""
    walltime: Annotated[str, Field(pattern=r"^\d{1,3}:[0-5]\d:[0-5]\d$")] = "1:00:00"
    """How long a job may last, as hours:minutes:seconds. Decks are longer: they resume in the next job."""
    nodes: Small = 1
    """Nodes of one job."""
    cores: Small | None = None
    """Cores to use on each node; of "local" and "here" by default all."""
    jobs: Small = 1
    """Jobs at once, at most."""
    memory_GB_per_core: Positive | None = None
    """Memory to ask for, per core (Slurm, PBS, Condor)."""
    exclusive: bool = False
    """Ask for whole nodes (Slurm)."""
    options: tuple[Line, ...] = ()
    """More options of the scheduler, each as on its command line: "--hint=nomultithread"."""
    setup: tuple[Line, ...] = ()
    """Lines of shell that make a node ready: modules, DECKGEN_CACHE. The environment of this deckgen follows."""
    cores_per_task: Small = 1
    """Cores that one task takes: a deck takes one, a ladder with exchange or a DFT calculation may take more."""
    drain_s: Annotated[float, Field(ge=0, le=86400)] = 120.0
    """Labels only: no calculation begins in the last `drain_s` seconds of a job."""
    lost_after_s: Seconds = 60.0
    """A node that is silent for so long is lost, and its tasks begin again; blocks outlive a killed head by as much."""

    @model_validator(mode="after")
    def _fits_the_scheduler(self) -> Self:
        given = self.model_fields_set - {"scheduler"}
        for key in _ASKABLE:
            if key in given and getattr(self, key) not in (None, False) and key not in _ABLE[self.scheduler]:
                raise ValueError(f'{key} cannot be asked of scheduler = "{self.scheduler}"; say it in options')
        if self.cores is None and self.scheduler not in ("local", "here"):
            raise ValueError("cores is missing: how many of each node are to be used")
        if self.nodes > 1 and self.scheduler in _ONE_NODE:
            raise ValueError(f'nodes = {self.nodes}: jobs of scheduler = "{self.scheduler}" have one node; use jobs')
        if self.cores is not None and self.cores < self.cores_per_task:
            raise ValueError(f"cores_per_task = {self.cores_per_task} is more than cores = {self.cores}")
        return self

    @property
    def name(self) -> str:
        """What --on names it by."""
        if self.scheduler == "here":
            return HERE
        return self.file.stem if self.file.parent == machines_folder().resolve() else str(self.file)

    @property
    def cores_of_node(self) -> int:
        """Cores to use on each node."""
        return self.cores or int(os.environ.get("SLURM_CPUS_ON_NODE", 0)) or available_cores()

    @property
    def tasks_per_node(self) -> int:
        """Tasks at once on a node."""
        return max(self.cores_of_node // self.cores_per_task, 1)

    @property
    def tasks(self) -> int:
        """Tasks at once when all jobs run."""
        return self.tasks_per_node * self.nodes * self.jobs

    @property
    def walltime_s(self) -> int:
        """How long a job may last."""
        hours, minutes, seconds = map(int, self.walltime.split(":"))
        return 3600 * hours + 60 * minutes + seconds

    @property
    def memory_GB(self) -> int | None:
        """Memory to ask for on each node, in whole GB."""
        per_core = self.memory_GB_per_core
        return None if per_core is None else max(round(per_core * self.cores_of_node), 1)

    @property
    def directives(self) -> str:
        """The scheduler's own options as lines of a submit script."""
        mark = {"slurm": "#SBATCH ", "pbspro": "#PBS ", "lsf": "#BSUB ", "sge": "#$ "}.get(self.scheduler, "")
        return "\n".join(f"{mark}{option}" for option in self.options)


def machines_folder() -> Path:
    """Return the folder of a user's profiles: deckgen/machines in `$XDG_CONFIG_HOME` or ~/.config.

    Raises
    ------
    InputError
        If the user has no home.
    """
    root = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(root) if root else Path.home() / ".config") / "deckgen" / "machines"
    except RuntimeError as error:
        raise InputError(f"no folder for profiles of machines: {error}", hint="give the path of a file") from None


def known_machines() -> dict[str, Path]:
    """Return the user's profiles by their names."""
    return {path.stem: path for path in sorted(machines_folder().glob(f"*{SUFFIX}"))}


def find_machine(name: str) -> Machine:
    """Return the machine of a name, or of the path of a profile; `here` needs no profile.

    Raises
    ------
    InputError
        If there is none, or its profile is wrong.
    """
    if name.endswith(SUFFIX) or "/" in name:
        return Machine.read(name)
    known = known_machines()
    if name in known:
        return Machine.read(known[name])
    if name == HERE:
        return allocation()
    raise InputError(
        f"--on {name}: no such machine; known are: {', '.join([HERE, *known])}",
        hint=f"write its profile: deckgen machines init {name}" if is_name(name) else "",
    )


def allocation() -> Machine:
    """Return the machine that is the nodes of the job in which this process runs.

    Raises
    ------
    InputError
        If this is no job of Slurm.
    """
    if "SLURM_JOB_ID" not in os.environ:
        raise InputError(
            "--on here: this is not a job of Slurm",
            hint="give it in a batch script (deckgen machines script NAME STUDY writes one); without --on it uses "
            "the cores of this machine",
        )
    return Machine(scheduler="here", nodes=int(os.environ.get("SLURM_JOB_NUM_NODES", "1")))


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a profile."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*", text) is not None


def require_plain(folder: Path) -> None:
    """Make sure that a folder's path is one word of a shell: schedulers and Parsl write it into scripts as it is.

    Raises
    ------
    InputError
        If it has other characters than letters, digits and . _ - + = @ : , /
    """
    if re.fullmatch(r"[A-Za-z0-9._+=@:,/-]+", str(folder)) is None:
        raise InputError(
            f"{str(folder)!r}: submit scripts cannot hold this path",
            hint="for work on other machines, rename it: letters, digits and . _ - + = @ : , only",
        )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile, for editors."""
    schema = Machine.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deckgen machine"
    return schema
