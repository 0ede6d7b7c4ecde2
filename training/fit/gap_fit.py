"""Running gap_fit: its training file, its progress and its log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from deckgen.cells import in_large_cell
from deckgen.errors import InstallationError, RunError
from deckgen.processes.children import dying_with_parent
from deckgen.processes.executor import ONE_THREAD, available_cores
from deckgen.quip.stack import require_stack
from deckgen.training.dataset import Dataset
from deckgen.training.recipe.data import ENERGY_KEY, FORCES_KEY
from deckgen.training.recipe.fit import Fit, Sigma

__all__ = ["LOG", "Run", "high_water", "run_gap_fit", "sigmas", "tail", "write_training_file"]

LOG = "gap_fit.log"
LINES_SHOWN = 12

STAGES = {
    r"XYZ file read": "frames read",
    r"Started CUR": "choosing sparse points",
    r"Cartesian coordinates transformed": "descriptors computed, sparse points chosen",
    r"Started sparse covariance.* coordinate (\d+)": "covariances of descriptor {}",
    r"Covariance matrix +(\d+%)": "covariances {}",
    r"Using LAPACK": "solving",
    r"TIMER: GP sparsify": "solved",
}
"""How a line that gap_fit prints begins, and the stage that it marks."""


@dataclass(frozen=True)
class Run:
    """Time and memory of a run of gap_fit.

    Attributes
    ----------
    peak_bytes
        Its largest memory.
    """

    seconds: float
    peak_bytes: int


def write_training_file(path: Path, train: Dataset, fit: Fit) -> None:
    """Write the frames and the isolated atoms for gap_fit, each with its own regularisation.

    `energy_sigma` and `force_sigma` of a frame override gap_fit's defaults and are used as they are. Its default energy
    sigma is per atom: gap_fit multiplies it by sqrt(N) (its option sigma_per_atom, on by default), so that the variance
    grows with N; the same is done here. Free clusters are put into a cell in which they do not interact with their
    images, since gap_fit is periodic.
    """
    cutoff_A = max(term.cutoff_A for term in (fit.two_body, fit.three_body, fit.soap) if term.use)
    frames = []
    for symbol, energy_eV in sorted(train.isolated_eV.items()):
        atoms = in_large_cell(Atoms(symbol), cutoff_A)
        atoms.info |= {ENERGY_KEY: float(energy_eV), "energy_sigma": fit.sigma.isolated_eV}
        frames.append(atoms)
    for frame in train.frames:
        atoms = in_large_cell(frame.atoms, cutoff_A)
        energy_sigma, force_sigma = sigmas(fit.sigma, frame.config_type, frame.n_atoms)
        atoms.info |= {ENERGY_KEY: frame.energy_eV, "energy_sigma": energy_sigma, "force_sigma": force_sigma}
        atoms.arrays[FORCES_KEY] = frame.forces_eV_A
        frames.append(atoms)
    write(path, frames, format="extxyz", write_results=False)


def sigmas(sigma: Sigma, config_type: str, n_atoms: int) -> tuple[float, float]:
    """Return the regularisation of a configuration: of its total energy and of its force components."""
    values = next((rule for rule in sigma.rules if rule.applies(config_type, n_atoms)), sigma)
    return float(values.energy_eV_atom * np.sqrt(n_atoms)), float(values.force_eV_A)


def run_gap_fit(
    arguments: list[str],
    folder: Path,
    *,
    threads: int | None = None,
    progress: Callable[[str], None],
) -> Run:
    """Run gap_fit in a folder; what it prints goes to gap_fit.log there.

    Parameters
    ----------
    arguments
        Its command line.
    folder
        Where it runs and writes.
    threads
        None: as many as cores.
    progress
        Called with each stage that gap_fit reaches.

    Raises
    ------
    InstallationError
        If gap_fit is not installed.
    RunError
        If it reports a failure. It may also fail silently: check what it wrote.
    """
    require_stack()
    began = time.monotonic()
    environment = os.environ | dict.fromkeys(ONE_THREAD, str(threads or available_cores()))
    with (folder / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            dying_with_parent([str(_program()), *arguments]),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            peak_bytes = _follow(process, log.write, progress)
            process.wait()
        finally:
            if process.returncode is None:  # interrupted
                process.kill()
                process.wait()
    if process.returncode:
        raise RunError(
            f"gap_fit failed ({_cause(process.returncode)}); {folder / LOG} ends with:\n{tail(folder / LOG)}"
        )
    return Run(seconds=time.monotonic() - began, peak_bytes=peak_bytes)


def tail(log: Path) -> str:
    """Return the last lines of a log that are not empty."""
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    return "\n".join(lines[-LINES_SHOWN:])


def _program() -> Path:
    """Return gap_fit itself, not the script that starts it: a signal to the script would leave gap_fit running."""
    spec = find_spec("quippy")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / "gap_fit").is_file():
            return Path(folder) / "gap_fit"
    raise InstallationError("gap_fit is not installed", hint='pip install "quippy-ase>=0.10.3,<0.11"')


def _follow(process: subprocess.Popen[str], keep: Callable[[str], object], progress: Callable[[str], None]) -> int:
    """Keep what is printed, report the progress, and return the largest memory seen, in bytes."""
    assert process.stdout is not None
    peak_bytes = 0
    with process.stdout as lines:
        for line in lines:
            keep(line)
            peak_bytes = max(peak_bytes, high_water(process.pid))
            for pattern, stage in STAGES.items():
                if match := re.match(pattern, line.strip()):
                    progress(stage.format(*match.groups()))
    return peak_bytes


def high_water(pid: int) -> int:
    """Return the largest memory of a process so far, 0 once it has ended.

    The kernel's accounting of waited-for children includes what the parent held when it started the process.
    """
    found = re.search(r"^VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def _cause(code: int) -> str:
    if code == -signal.SIGKILL:
        return "killed: out of memory?"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
