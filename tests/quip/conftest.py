"""Small GAP models fitted by gap_fit, structures, and LAMMPS and quippy in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.morse import MorsePotential
from ase.cluster import Icosahedron
from ase.io import write

from deckgen.quip.plan import EVALUATOR, SOURCES, object_name
from deckgen.quip.toolchain import find_compiler

HERE = Path(__file__).parent
SEPARATE = "sparse_separate_file=T"
PROGRAMS = Path(sys.executable).parent  # gap_fit, lmp and mpiexec of this environment
TWO_BODY = "distance_2b cutoff=6.0 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=10"
MODELS = {
    "2b": TWO_BODY,
    "3b": f"{TWO_BODY} : angle_3b cutoff=5.0 n_sparse=20 covariance_type=ard_se delta=0.1 theta_fac=0.5 "
    "sparse_method=uniform",
    "soap": f"{TWO_BODY} : soap cutoff=5.0 cutoff_transition_width=1.0 n_max=4 l_max=3 atom_sigma=0.7 zeta=2 "
    "n_sparse=20 covariance_type=dot_product delta=0.2 sparse_method=cur_points",
}
RICH = (
    "distance_2b cutoff=7.0 cutoff_transition_width=1.3 covariance_type=ard_se delta=0.5 theta_uniform=0.7 "
    "sparse_method=uniform n_sparse=12 : "
    "angle_3b cutoff=4.6 cutoff_transition_width=1.1 n_sparse=13 covariance_type=ard_se delta=0.1 theta_fac=0.5 "
    "sparse_method=uniform : "
    "soap cutoff=5.2 cutoff_transition_width=0.7 n_max=5 l_max=6 atom_sigma=0.6 zeta=3 central_weight=0.4 n_sparse=11 "
    "covariance_type=dot_product delta=0.3 sparse_method=cur_points"
)


MIXED = (  # of two elements: pairs, triplets of each kind, and for each kind of atom two SOAPs of different reach
    "distance_2b cutoff=6.5 cutoff_transition_width=1.1 covariance_type=ard_se delta=0.5 theta_uniform=0.8 "
    "sparse_method=uniform n_sparse=9 : "
    "angle_3b cutoff=4.9 n_sparse=12 covariance_type=ard_se delta=0.1 theta_fac=0.5 sparse_method=uniform : "
    "soap cutoff=5.2 cutoff_transition_width=0.7 n_max=4 l_max=3 atom_sigma=0.6 zeta=4 central_weight=0.7 n_sparse=11 "
    "covariance_type=dot_product delta=0.3 sparse_method=cur_points : "
    "soap cutoff=4.4 n_max=3 l_max=5 atom_sigma=0.5 zeta=1 n_sparse=7 covariance_type=dot_product delta=0.2 "
    "sparse_method=cur_points"
)


@dataclass(frozen=True)
class Model:
    xml: Path
    label: str

    @property
    def arguments(self) -> str:
        return f"Potential xml_label={self.label}"


def label_of(xml: Path) -> str:
    return xml.read_text().split('<Potential label="')[1].split('"')[0]


def labelled(atoms: Atoms) -> Atoms:
    """Energy and forces of a Morse potential of roughly sodium's bond length; potassium binds more weakly."""
    strength = 0.05 * (11.0 / atoms.numbers).mean()
    atoms.calc = MorsePotential(epsilon=strength, r0=3.7, rho0=4.0, rcut1=6.0, rcut2=8.0)
    atoms.info["REF_energy"], atoms.arrays["REF_forces"] = atoms.get_potential_energy(), atoms.get_forces()
    atoms.calc = None
    return atoms


def training_frames(elements: tuple[str, ...]) -> list[Atoms]:
    rng = np.random.default_rng(1)
    frames = []
    for i, element in enumerate(elements):
        alone = Atoms(element, cell=[30] * 3)
        alone.info.update(REF_energy=-0.3 * i, config_type="isolated_atom")
        alone.arrays["REF_forces"] = np.zeros((1, 3))
        frames.append(alone)
    for pair in combinations_with_replacement(elements, 2):
        frames += [labelled(Atoms(pair, [[0, 0, 0], [r, 0, 0]], cell=[30] * 3)) for r in np.linspace(2.6, 6.0, 8)]
    for _ in range(6):
        cluster = Icosahedron("Na", 2, latticeconstant=5.3)
        cluster.symbols = rng.choice(elements, 13) if len(elements) > 1 else elements * 13
        cluster.positions += rng.normal(0.0, 0.25, (13, 3))
        cluster.set_cell([30] * 3)
        cluster.center()
        frames.append(labelled(cluster))
    return frames


@pytest.fixture(scope="session")
def fit(made_once: Callable[..., Path]) -> Callable[..., Model]:
    """Fit a model of given name, descriptors and elements with gap_fit, and with files and arguments of its own."""

    def fit_in(folder: Path, name: str, descriptors: str, elements: tuple[str, ...], more: Sequence[str]) -> None:
        write(folder / "train.xyz", training_frames(elements))
        subprocess.run(
            [
                str(PROGRAMS / "gap_fit"),
                "at_file=train.xyz",
                f"gap={{{descriptors}}}",
                "energy_parameter_name=REF_energy",
                "force_parameter_name=REF_forces",
                "default_sigma={0.001 0.05 0 0}",
                "sparse_jitter=1e-8",
                "do_copy_at_file=F",
                f"gp_file={name}.xml",
                *(more if any(word.startswith("sparse_separate_file=") for word in more) else [*more, SEPARATE]),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )

    def run(
        name: str,
        descriptors: str,
        elements: tuple[str, ...] = ("Na",),
        files: Mapping[str, str] = MappingProxyType({}),
        arguments: Sequence[str] = (),
    ) -> Model:
        def make(folder: Path) -> None:
            for file, text in files.items():
                (folder / file).write_text(text)
            fit_in(folder, name, descriptors, elements, arguments)

        folder = made_once(f"model-{name}", make)
        return Model(folder / f"{name}.xml", label_of(folder / f"{name}.xml"))

    return run


@pytest.fixture(scope="session")
def models(fit: Callable[..., Model]) -> dict[str, Model]:
    """A 2-body, a 2+3-body and a 2-body+SOAP model, each with its sparseX files."""
    return {name: fit(name, descriptors) for name, descriptors in MODELS.items()}


@pytest.fixture(scope="session")
def rich(fit: Callable[..., Model]) -> Model:
    """Two-body, three-body and SOAP together, with nothing at its default."""
    return fit("rich", RICH)


@pytest.fixture(scope="session")
def mixed(fit: Callable[..., Model]) -> Model:
    """Sodium and potassium: two-body, three-body and two SOAPs, with nothing at its default."""
    return fit("mixed", MIXED, ("Na", "K"))


@dataclass(frozen=True)
class Driver:
    """The native evaluator by itself, with the sanitizers of the compiler."""

    programs: Path
    folder: Path

    def evaluate(self, xml: Path, frames: list[Atoms]) -> list[dict[str, Any]]:
        """Energy, energies [n], virials [n, 9], forces [n, 3] of each frame."""
        text = "".join(frame_text(frame) for frame in frames)
        (self.folder / "frames.xyz").write_text(text)
        done = self.run("gap_driver", str(xml), "frames.xyz")
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        for answer in answers:
            answer["energies"] = np.array(answer["energies"])
            answer["forces"] = np.reshape(answer["forces"], (-1, 3))
            answer["virials"] = np.reshape(answer["virials"], (-1, 3, 3))
        return answers

    def run(self, program: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def frame_text(atoms: Atoms) -> str:
    cell = " ".join(map(repr, atoms.cell.array.ravel().tolist()))
    rows = zip(atoms.numbers.tolist(), atoms.positions.tolist(), strict=True)
    lines = [str(len(atoms)), f'Lattice="{cell}"' if atoms.pbc.all() else "cluster"]
    return "\n".join([*lines, *(f"{number} {x!r} {y!r} {z!r}" for number, (x, y, z) in rows)]) + "\n"


@pytest.fixture(scope="session")
def driver(made_once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Driver:
    return Driver(made_once("drivers", compile_drivers), tmp_path_factory.mktemp("driver"))


def compile_drivers(folder: Path) -> None:
    flags = ["-std=c++17", "-g1", "-O1", "-march=native", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command = [*find_compiler().command, *flags, f"-I{SOURCES}"]
    sources = {object_name(name): SOURCES / name for name in EVALUATOR}
    mains = {f"{main.stem}.o": main for main in sorted((HERE / "driver").glob("*.cpp"))}

    def compile_(name: str, source: Path) -> None:
        subprocess.run([*command, "-c", str(source), "-o", name], cwd=folder, check=True, timeout=300)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_, *zip(*(sources | mains).items(), strict=True)))
    for name, main in mains.items():
        subprocess.run([*command, name, *sources, "-o", main.stem], cwd=folder, check=True, timeout=300)


def structures() -> dict[str, Atoms]:
    """Clusters from frozen to fallen apart, and two crystals; cells as LAMMPS wants them (lower triangular)."""
    rng = np.random.default_rng(2)
    cold = Icosahedron("Na", 2, latticeconstant=5.3)
    hot, stretched, broken = cold.copy(), cold.copy(), cold.copy()
    hot.positions += rng.normal(0.0, 0.5, (13, 3))
    stretched.positions *= 1.4
    broken.positions += rng.normal(0.0, 0.2, (13, 3))
    broken.positions[:4] += [9.0, 3.0, 0.0]  # a fragment within reach of no other atom
    broken.positions[4] += [0.0, 0.0, 15.0]  # and a single atom
    clusters = {"cold": cold, "hot": hot, "stretched": stretched, "broken": broken, "atom": Atoms("Na")}
    for cluster in clusters.values():
        cluster.set_cell([60] * 3)
        cluster.center()
        cluster.pbc = False
    crystal = bulk("Na", "bcc", a=4.2, cubic=True) * (2, 2, 2)
    crystal.positions += rng.normal(0.0, 0.2, crystal.positions.shape)
    sheared = bulk("Na", "bcc", a=4.2, cubic=True) * (2, 1, 1)
    sheared.set_cell([[8.4, 0, 0], [0.9, 4.3, 0], [-0.6, 0.7, 4.1]], scale_atoms=True)
    sheared.positions += rng.normal(0.0, 0.1, sheared.positions.shape)
    return {**clusters, "crystal": crystal, "sheared": sheared}


@pytest.fixture(scope="session")
def all_structures() -> dict[str, Atoms]:
    return structures()


@pytest.fixture(scope="session")
def in_process() -> Callable[..., Any]:
    """Run a script of this folder with a JSON request; its last line of output is the JSON answer."""

    def run(
        script: str, request: dict[str, Any], engine: str = "auto", threads: str = "", folder: Path | None = None
    ) -> Any:
        done = subprocess.run(
            [sys.executable, str(HERE / script)],
            cwd=folder,
            env={**os.environ, "DECKGEN_QUIP_ENGINE": engine, "DECKGEN_QUIP_THREADS": threads},
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def as_json() -> Callable[[Atoms], dict[str, Any]]:
    def convert(atoms: Atoms) -> dict[str, Any]:
        return {
            "positions": atoms.positions.tolist(),
            "cell": atoms.cell.array.tolist(),
            "periodic": bool(atoms.pbc.all()),
            "numbers": atoms.numbers.tolist(),
        }

    return convert


@pytest.fixture(scope="session")
def lmp(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the environment's own `lmp` on an input script, on one rank or more."""

    def run(script: str, ranks: int = 1, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path_factory.mktemp("lmp")
        (folder / "in.lammps").write_text(script)
        start = [str(PROGRAMS / "mpiexec"), "-n", str(ranks)] if ranks > 1 else []
        variables = [f"{key}={value}" for key, value in environment.items()]
        return subprocess.run(
            ["env", *variables, *start, str(PROGRAMS / "lmp"), "-in", "in.lammps"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
