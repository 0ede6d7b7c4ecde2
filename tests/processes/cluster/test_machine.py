"""Profiles of machines: what they may ask of which scheduler, where they are found, and the script of one's own job."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from small_study import small_study

from deckgen.errors import DeckgenError, InputError
from deckgen.processes.cluster.machine import Machine, find_machine
from deckgen.processes.executor import open_executor
from deckgen.workflows.machines import init_machine, machines, write_script


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("SLURM_JOB_ID", "SLURM_JOB_NUM_NODES", "SLURM_CPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def profile(folder: Path, text: str) -> Path:
    file = folder / "hal.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('scheduler = "slurm"', "cores is missing"),
        ('scheduler = "slurm"\ncores = 4\npartitoin = "short"', "unknown key 'partitoin'; did you mean 'partition'?"),
        ('scheduler = "slrum"\ncores = 4', 'scheduler = "slrum": input should be'),
        ('scheduler = "lsf"\ncores = 4\nqos = "high"', 'qos cannot be asked of scheduler = "lsf"; say it in options'),
        ('scheduler = "sge"\ncores = 4\nnodes = 2', "nodes = 2: jobs of scheduler"),
        ('scheduler = "slurm"\ncores = 4\ncores_per_task = 8', "cores_per_task = 8 is more than cores = 4"),
        ('scheduler = "slurm"\ncores = 4\nwalltime = "90"', 'walltime = "90"'),
        ('scheduler = "slurm"\ncores = "4"', 'cores = "4": a string where a number belongs'),
        ('scheduler = "slurm"\ncores = 4\npartition = "short\\n#SBATCH --mail-user=x"', "more than one line"),
        ("cores = 4", "scheduler is missing"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_key_and_value(home: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Machine.read(profile(home, text))
    assert message in str(caught.value)
    assert str(home / "hal.toml") in str(caught.value)


def test_as_many_tasks_run_at_once_as_the_jobs_have_cores_for(home: Path) -> None:
    text = 'scheduler = "slurm"\ncores = 64\nnodes = 2\njobs = 3\ncores_per_task = 10\nmemory_GB_per_core = 1.5\n'
    machine = Machine.read(profile(home, text + 'walltime = "1:02:03"'))
    assert machine.tasks_per_node == 6
    assert machine.tasks == 6 * 2 * 3
    assert machine.memory_GB == 96
    assert machine.walltime_s == 3723


def test_a_new_profile_is_found_by_its_name_and_never_overwritten(home: Path) -> None:
    file = init_machine("hal")
    assert file == home / "config/deckgen/machines/hal.toml"
    assert find_machine("hal").scheduler == "slurm"
    assert find_machine(str(file)).file == file
    assert [(row.name, row.scheduler, row.tasks) for row in machines()] == [("hal", "slurm", 4)]
    with pytest.raises(InputError, match="exists already"):
        init_machine("hal")


def test_a_new_profile_shows_every_key_with_its_default(home: Path) -> None:
    text = init_machine("hal").read_text()
    assert [key for key in Machine.model_fields if f"\n{key} = " not in text and f"# {key} = " not in text] == []
    machine = Machine.read(home / "config/deckgen/machines/hal.toml")
    fields = {key: field.default for key, field in Machine.model_fields.items() if key not in ("scheduler", "cores")}
    assert {key: getattr(machine, key) for key in fields} == fields


@pytest.mark.parametrize("name", ["../hal", "a b", "", "-x", "hal/9000"])
def test_a_name_cannot_lead_out_of_the_folder_of_machines(name: str) -> None:
    with pytest.raises(InputError, match="no name of a machine"):
        init_machine(name)


def test_a_damaged_profile_is_listed_with_what_is_wrong() -> None:
    init_machine("hal").write_text("scheduler = 3")
    (row,) = machines()
    assert "scheduler = 3" in row.problem


def test_an_unknown_machine_is_refused_with_those_that_there_are() -> None:
    init_machine("hal")
    with pytest.raises(InputError, match="known are: here, hal") as caught:
        find_machine("hall")
    assert caught.value.hint == "write its profile: deckgen machines init hall"


def test_here_is_the_allocation_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="not a job of Slurm"):
        find_machine("here")
    for name, value in {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "3", "SLURM_CPUS_ON_NODE": "16"}.items():
        monkeypatch.setenv(name, value)
    machine = find_machine("here")
    assert (machine.scheduler, machine.nodes, machine.tasks) == ("here", 3, 48)


def test_the_batch_script_asks_for_what_the_profile_says(home: Path) -> None:
    study = small_study(home / "my_study+1=a@b,c:d")
    text = 'scheduler = "slurm"\ncores = 8\nnodes = 2\npartition = "short"\noptions = ["--hint=nomultithread"]\n'
    file = write_script(str(profile(home, text + 'setup = ["module load gcc"]\nmemory_GB_per_core = 2')), study)
    script = file.read_text()
    asked = [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH")]
    assert {"--partition=short", "--nodes=2", "--cpus-per-task=8", "--mem=16G", "--hint=nomultithread"} <= set(asked)
    assert "--time=1:00:00" in asked
    assert script.index("module load gcc") < script.index("exec deckgen")
    (home / "bin").mkdir()
    program = home / "bin/deckgen"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    here = script.replace("export PATH=", f"export PATH={home / 'bin'}:", 1).replace("module load gcc\n", "")
    said = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True, env=os.environ)
    assert said.stdout.splitlines() == ["run", str(study.resolve()), "--on", "here"]


@pytest.mark.parametrize("name", ["my study", "it's", "$(id)", "`id`", "a;b", "a\nb", "50%", "a\\b", "é", "a#b"])
def test_a_path_that_a_shell_would_change_is_in_no_script(home: Path, name: str) -> None:
    study = small_study(home / name)
    file = profile(home, 'scheduler = "slurm"\ncores = 8')
    for refused in (
        lambda: write_script(str(file), study),
        lambda: open_executor(machine=find_machine(str(file)), log=study / ".engine"),
    ):
        with pytest.raises(InputError, match="submit scripts cannot hold this path"):
            refused()
    assert {path.name for path in study.iterdir()} == {"study.toml"}


def test_a_batch_script_of_the_users_own_is_never_overwritten(home: Path) -> None:
    study = small_study(home / "study")
    file = profile(home, 'scheduler = "slurm"\ncores = 8')
    write_script(str(file), study)
    write_script(str(file), study)  # the same again
    (study / "run.sbatch").write_text("mine\n")
    with pytest.raises(DeckgenError, match="exists already"):
        write_script(str(file), study)
