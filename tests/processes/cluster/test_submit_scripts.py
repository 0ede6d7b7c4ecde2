"""The jobs that each scheduler is asked for, as plain text in golden/. Only Slurm's were tried on a real scheduler."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from deckgen.processes.cluster.machine import Machine
from deckgen.processes.cluster.providers import provider_of

GOLDEN = Path(__file__).parent / "golden"
COMMANDS = {"slurm": "sbatch", "pbspro": "qsub", "lsf": "bsub", "sge": "qsub", "condor": "condor_submit"}
SAID = {
    "slurm": "Submitted batch job 7",
    "pbspro": "7.server",
    "lsf": "Job <7> is submitted to queue <short>.",
    "sge": "7",
    "condor": "1 job(s) submitted to cluster 7.",
}
MACHINES = {
    "slurm": """
partition = "short"
account = "melting"
qos = "high"
constraint = "genoa"
nodes = 2
exclusive = true
memory_GB_per_core = 2
options = ["--hint=nomultithread"]
""",
    "pbspro": """
partition = "short"
account = "melting"
nodes = 2
memory_GB_per_core = 2
options = ["-l place=excl"]
""",
    "lsf": 'partition = "short"\naccount = "melting"\noptions = ["-R span[hosts=1]"]',
    "sge": 'partition = "short"\noptions = ["-pe smp 8"]',
    "condor": 'account = "melting"\nmemory_GB_per_core = 2\noptions = ["+WantIOProxy = True"]',
}
COMMON = 'cores = 8\njobs = 4\nwalltime = "2:00:00"\nsetup = ["module load gcc"]\n'


def scripts(scheduler: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Submit a block with a command that keeps what it is given; return all files, with what changes taken out."""
    programs = folder / "bin"
    programs.mkdir()
    for name in {COMMANDS[scheduler], "sacct", "condor_q", "qstat"}:
        program = programs / name
        program.write_text(f"#!/bin/sh\ncat > /dev/null < /dev/null\necho '{SAID[scheduler]}'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    profile = folder / "hal.toml"
    profile.write_text(f'scheduler = "{scheduler}"\n{COMMON}{MACHINES[scheduler]}')
    provider = provider_of(Machine.read(profile))
    provider.script_dir = str(folder / "scripts")
    (folder / "scripts").mkdir()
    assert str(provider.submit("POOL", 1, "deckgen")).startswith("7")
    text = ""
    for file in sorted((folder / "scripts").iterdir(), key=lambda path: path.name):
        text += f"=== {file.name}\n{file.read_text()}\n"
    text = text.replace(sys.prefix, "PREFIX").replace(str(folder), "FOLDER")
    text = re.sub(r"\d{9,}\.\d+(_\d+)?", "TIME", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize("scheduler", COMMANDS)
def test_a_job_asks_for_what_the_profile_says(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rewrite_golden: bool
) -> None:
    found, file = scripts(scheduler, tmp_path, monkeypatch), GOLDEN / f"{scheduler}.txt"
    if rewrite_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_text(found)
    assert found == file.read_text()
    assert "module load gcc" in found
