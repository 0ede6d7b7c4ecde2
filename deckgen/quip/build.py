"""Building the plugin, once, and finding it again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deckgen.errors import InstallationError
from deckgen.quip.cache import SEAL, is_intact, locked, seal
from deckgen.quip.plan import BRIDGES, PLUGIN, ROWS, SOURCES, Command, Plan, make_plan

__all__ = ["ensure_plugin", "folder_for_lammps"]

OPENMP = "-fopenmp"  # threads within a cluster are an option: a compiler without OpenMP builds all the rest
TIMEOUT_S = 600
NO_PLUGIN = str(SOURCES)  # any folder that exists and holds no plugin
UNFINISHED = "unfinished-"
BUILT = (*BRIDGES, ROWS, PLUGIN)


def ensure_plugin() -> Path:
    """Build the plugin if this environment has none yet, or one that was damaged since.

    Returns
    -------
    Path
        The plugin's file, for LAMMPS' command `plugin load`; its folder belongs in `LAMMPS_PLUGIN_PATH`.

    Raises
    ------
    InstallationError
        If a package or the compiler is missing, the compiler fails, or the cache cannot be written.
    """
    plan = make_plan()
    if not is_intact(plan.folder, BUILT):
        _build(plan)
    return plan.plugin


def folder_for_lammps() -> str:
    """Folder for LAMMPS' plugin path, with the plugin built if need be; one without a plugin on failure.

    Never raises and never prints. A failed build is not tried again, so that `import lammps` waits for it only once.
    """
    try:
        plan = make_plan()
        if not is_intact(plan.folder, BUILT):
            if plan.failure.exists():
                return NO_PLUGIN
            ensure_plugin()
        # A child process inherits the path: LAMMPS complains of a plugin that it finds twice.
        inherited = os.environ.get("LAMMPS_PLUGIN_PATH", "").split(":")
        return NO_PLUGIN if str(plan.folder) in inherited else str(plan.folder)
    except Exception:
        return NO_PLUGIN


def _build(plan: Plan) -> None:
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        with locked(plan.folder):
            if not is_intact(plan.folder, BUILT):
                _compile(plan)
    except OSError as error:
        raise InstallationError(
            f"cannot build pair_style quip in {plan.folder}: {error}", hint="name a writable folder in DECKGEN_CACHE"
        ) from error


def _compile(plan: Plan) -> None:
    """Build aside, then move: a plugin that exists is complete, as are the libraries that it opens."""
    if not plan.compilations:
        raise InstallationError(
            f"pair_style quip in {plan.folder} is damaged, and there is no C++ compiler to build it again",
            hint="install one, or build it where there is one: deckgen doctor",
        )
    _remove_leftovers(plan.folder)
    # a folder of its own: where machines share the cache but not its lock, two may build at the same time
    aside = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=plan.folder))
    try:
        first, *others = plan.compilations  # by itself: a compiler that fails is started once
        _run(first, aside)
        option = (OPENMP,) if _knows_openmp(first, aside) else ()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda command: _run((*command, *option), aside), others))
        for command in plan.links:
            _run((*command, *option), aside)
        seal(aside, BUILT)
        for name in (*BUILT, SEAL):
            os.replace(aside / name, plan.folder / name)
        plan.failure.unlink(missing_ok=True)
    except InstallationError as error:
        plan.failure.write_text(f"{error}\n")
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Remove what builds that were killed have left, on whatever machine."""
    for left in folder.glob(f"{UNFINISHED}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > 2 * TIMEOUT_S:
                shutil.rmtree(left, ignore_errors=True)


def _knows_openmp(compilation: Command, folder: Path) -> bool:
    """Return whether a program compiled like this one can be linked with OpenMP."""
    *options, _, _, _, _ = compilation  # less: -c SOURCE -o OBJECT
    (folder / "probe.cpp").write_text("void probe() {}\n")
    try:
        _run((*options, OPENMP, "-shared", "probe.cpp", "-o", "probe.so"), folder)
    except InstallationError:
        return False
    return True


def _run(command: Command, folder: Path) -> None:
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        compiler = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, process_group=0
        )
        try:
            compiler.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise InstallationError(f"the C++ compiler {command[0]} did not end within {TIMEOUT_S} s") from None
        finally:
            if compiler.returncode is None:  # it hangs, or Ctrl-C: its own children go too
                os.killpg(compiler.pid, signal.SIGKILL)
                compiler.wait()
        log.seek(0)
        output = log.read().strip()
    if compiler.returncode != 0:
        raise InstallationError(
            f"the C++ compiler {command[0]} failed on pair_style quip:\n{output[-4000:]}",
            hint="install a C++17 compiler (Debian, Ubuntu: apt-get install g++), or name one in CXX",
        )
