"""Compiling the plugin once for each LAMMPS, QUIP, compiler and processor, and finding it again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deckgen.errors import InstallationError
from deckgen.quip.toolchain import Compiler, Wheels, find_compiler, find_wheels, processor

__all__ = ["cache_folder", "ensure_plugin", "folder_for_lammps", "object_name"]

SOURCES = Path(__file__).parent / "src"  # also the folder that LAMMPS gets when there is no plugin
PLUGIN = "quipplugin.so"  # LAMMPS loads files that end in plugin.so
BRIDGES = {  # what links with QUIP: with the cures of its speed, and as it is
    "libquipbridge.so": ("quip/bridge.cpp", "quip/strings.cpp"),
    "libquipbridge_plain.so": ("quip/bridge.cpp",),
}


def _listing(*rooms: str) -> tuple[str, ...]:
    """Return the sources in some folders, relative to `SOURCES`."""
    files = (file for room in rooms for file in (SOURCES / room).rglob("*.cpp"))
    return tuple(sorted(file.relative_to(SOURCES).as_posix() for file in files))


EVALUATOR = _listing("gap", "numerics", "text")  # free of QUIP and of LAMMPS
STYLE = tuple(source for source in _listing("pair", "quip") if source not in BRIDGES["libquipbridge.so"])
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-fvisibility=hidden")
OPENMP = "-fopenmp"  # threads within a cluster are an option: a compiler without OpenMP builds all the rest
TIMEOUT_S = 600

Command = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A plugin: its folder in the cache, and the commands that build it, to be run in an empty folder.

    Compilations are independent of each other; links need all of them.
    """

    folder: Path
    compilations: tuple[Command, ...] = ()
    links: tuple[Command, ...] = ()

    @property
    def plugin(self) -> Path:
        return self.folder / PLUGIN

    @property
    def failure(self) -> Path:
        """Why the last attempt to build it failed."""
        return self.folder / "build-failed.txt"


def cache_folder() -> Path:
    """Folder of the built plugins: `$DECKGEN_CACHE`, else deckgen/quip in `$XDG_CACHE_HOME` or `~/.cache`.

    Raises
    ------
    InstallationError
        If the user has no home.
    """
    own = os.environ.get("DECKGEN_CACHE")
    if own:
        return Path(own)
    root = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(root) if root else Path.home() / ".cache") / "deckgen" / "quip"
    except RuntimeError as error:
        raise InstallationError(f"no folder for the plugin: {error}", hint="name one in DECKGEN_CACHE") from None


def ensure_plugin() -> Path:
    """Build the plugin if this environment has none yet.

    Returns
    -------
    Path
        The plugin's file, for LAMMPS' command `plugin load`; its folder belongs in `LAMMPS_PLUGIN_PATH`.

    Raises
    ------
    InstallationError
        If a package or the compiler is missing, the compiler fails, or the cache cannot be written.
    """
    plan = _plan()
    if not plan.plugin.exists():
        _build(plan)
    return plan.plugin


def folder_for_lammps() -> str:
    """Folder for LAMMPS' plugin path, with the plugin built if need be; one without a plugin on failure.

    Never raises and never prints. A failed build is not tried again, so that `import lammps` waits for it once only.
    """
    try:
        plan = _plan()
        if not plan.failure.exists():
            ensure_plugin()
        # A child process inherits the path: LAMMPS complains of a plugin that it finds twice.
        inherited = os.environ.get("LAMMPS_PLUGIN_PATH", "").split(":")
        return str(SOURCES) if str(plan.folder) in inherited else str(plan.folder)
    except Exception:
        return str(SOURCES)


def _plan() -> Plan:
    wheels = find_wheels()
    key = _key(wheels)
    try:
        compiler = find_compiler()
    except InstallationError:
        # A compute node may have no compiler, and share its home with a login node that has one.
        built = sorted(cache_folder().glob(f"{key}-*/{PLUGIN}"))
        if not built:
            raise
        return Plan(built[-1].parent)
    folder = cache_folder() / f"{key}-{_digest(compiler.identity)[:8]}"
    return Plan(folder, _compilations(compiler, wheels), _links(compiler, wheels))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key(wheels: Wheels) -> str:
    """Everything that the plugin depends on but the compiler: LAMMPS has no check of its own of a plugin's ABI."""
    sources = [path.read_text() for path in sorted(SOURCES.rglob("*.cpp")) + sorted(SOURCES.rglob("*.h"))]
    return _digest("\n".join([repr(wheels), processor(), " ".join(FLAGS), *sources]))[:16]


def _compilations(compiler: Compiler, wheels: Wheels) -> tuple[Command, ...]:
    options = [
        "-I",
        str(SOURCES),
        "-DLAMMPS_SMALLBIG",
        "-isystem",
        str(wheels.lammps_headers),
        "-isystem",
        str(wheels.mpi_headers),
    ]
    options += [f"-DDECKGEN_LAMMPS_VERSION={wheels.lammps_number}"]
    options += [f'-DDECKGEN_QUIPPY_VERSION="{wheels.quippy_version}"']
    options += [f'-DDECKGEN_QUIP_LIBRARY="{wheels.potentials_library}"']
    options += [f"-fmacro-prefix-map={SOURCES}/="]  # short names in LAMMPS' error messages
    sources = sorted({*STYLE, *EVALUATOR, *(source for part in BRIDGES.values() for source in part)})
    return tuple(
        (*compiler.command, *FLAGS, *options, "-c", str(SOURCES / source), "-o", object_name(source))
        for source in sources
    )


def object_name(source: str) -> str:
    """Return the object file of a source: gap/descriptors/soap/kernel.cpp gives gap-descriptors-soap-kernel.o."""
    return source.replace("/", "-").removesuffix(".cpp") + ".o"


def _links(compiler: Compiler, wheels: Wheels) -> tuple[Command, ...]:
    libraries = wheels.potentials_library.parent
    quip = [str(wheels.potentials_library), str(wheels.atoms_library)]
    quip += [f"-Wl,-rpath,{libraries}", f"-Wl,-rpath-link,{libraries}", "-Wl,--disable-new-dtags"]
    parts = [(name, sources, quip) for name, sources in BRIDGES.items()] + [(PLUGIN, STYLE + EVALUATOR, ["-ldl"])]
    return tuple(
        (*compiler.command, *FLAGS, "-shared", *(object_name(source) for source in sources), *options, "-o", name)
        for name, sources, options in parts
    )


def _build(plan: Plan) -> None:
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        with _locked(plan.folder):
            if not plan.plugin.exists():
                _compile(plan)
    except OSError as error:
        raise InstallationError(
            f"cannot build pair_style quip in {plan.folder}: {error}", hint="name a writable folder in DECKGEN_CACHE"
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time build in `folder`; the others wait."""
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(plan: Plan) -> None:
    """Build aside, then move: a plugin that exists is complete, as are the libraries that it opens."""
    aside = plan.folder / "unfinished"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        first, *others = plan.compilations  # by itself: a compiler that fails is started once
        _run(first, aside)
        option = (OPENMP,) if _knows_openmp(first, aside) else ()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda command: _run((*command, *option), aside), others))
        for command in plan.links:
            _run((*command, *option), aside)
        for name in (*BRIDGES, PLUGIN):
            os.replace(aside / name, plan.folder / name)
        plan.failure.unlink(missing_ok=True)
    except InstallationError as error:
        plan.failure.write_text(f"{error}\n")
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _knows_openmp(compilation: Command, folder: Path) -> bool:
    """Tell whether a program compiled like this one could be linked with OpenMP."""
    *options, _, _, _, _ = compilation  # less: -c SOURCE -o OBJECT
    (folder / "probe.cpp").write_text("void probe() {}\n")
    try:
        _run((*options, OPENMP, "-shared", "probe.cpp", "-o", "probe.so"), folder)
    except InstallationError:
        return False
    return True


def _run(command: Command, folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise InstallationError(f"the C++ compiler {command[0]} did not end within {TIMEOUT_S} s") from None
    if done.returncode != 0:
        output = (done.stderr or done.stdout).strip()
        raise InstallationError(
            f"the C++ compiler {command[0]} failed on pair_style quip:\n{output[-4000:]}",
            hint="install a C++17 compiler (Debian, Ubuntu: apt-get install g++), or name one in CXX",
        )
