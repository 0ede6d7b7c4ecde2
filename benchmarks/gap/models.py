"""The GAP models that the benchmarks time: fitted to a Morse potential, or blown up from such a fit.

Their weights mean nothing: only their cost, and whether the engines agree.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.io import write

from benchmarks.engine_time import icosahedron

SOAP = "soap cutoff=6.0 cutoff_transition_width=1.0 n_max=8 l_max=4 atom_sigma=0.7 zeta=4 delta=0.2 "
SOAP += "covariance_type=dot_product sparse_method=random n_sparse="
TWO_BODY = "distance_2b cutoff=6.0 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=15"
LARGE = (
    "distance_2b cutoff=12.9 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=20 : "
    "angle_3b cutoff=3.5 covariance_type=ard_se delta=0.1 theta_fac=0.5 sparse_method=uniform n_sparse=100 : "
    "soap cutoff=12.9 cutoff_transition_width=1.0 n_max=12 l_max=6 atom_sigma=0.7 zeta=4 delta=0.2 "
    "covariance_type=dot_product sparse_method=random n_sparse=1000"
)


@dataclass(frozen=True)
class Soap:
    """What the cost of a SOAP depends on."""

    n_max: int
    l_max: int
    cutoff_A: float
    n_sparse: int

    def flops(self, atoms: Atoms) -> float:
        """Additions and multiplications of one step.

        Kernel and its gradient: two matrix products. Expansion: forwards once, backwards for the radial functions and
        for their slopes, with six rows of a table for each of these. Power spectrum: forwards and backwards.
        """
        pairs = self.n_max * (self.n_max + 1) / 2
        neighbours = float((atoms.get_all_distances() < self.cutoff_A).sum() - len(atoms))
        kernel = len(atoms) * 2 * 2 * self.n_sparse * pairs * (self.l_max + 1)
        expansion = neighbours * 3 * 2 * self.n_max * ((self.l_max + 1) ** 2 + 6 * (self.l_max + 1))
        spectrum = len(atoms) * 3 * 2 * pairs * (self.l_max + 1) ** 2
        return kernel + expansion + spectrum


def training_set(file: Path, n_frames: int = 20, elements: Sequence[str] = ("Na",)) -> None:
    """Shaken icosahedra of 55 atoms, labelled by a Morse potential: energies only, which is quick to fit."""
    rng = np.random.default_rng(4)
    frames = []
    for element in elements:
        alone = Atoms(element, cell=[60.0] * 3)
        alone.info.update(energy_ref=0.0, config_type="isolated_atom")
        frames.append(alone)
    for _ in range(n_frames):
        frame = icosahedron(55, elements)
        rng.shuffle(frame.numbers)
        frame.positions += rng.normal(0.0, 0.3, frame.positions.shape)
        frame.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=6.0, rcut2=8.0)
        frame.info["energy_ref"] = frame.get_potential_energy()
        frame.calc = None
        frames.append(frame)
    write(file, frames)


def fit(descriptors: str, folder: Path) -> Path:
    """Fit a model with gap_fit to the training set of a folder, unless it is there; return its xml."""
    xml = folder / f"{hashlib.sha256(descriptors.encode()).hexdigest()[:8]}.xml"
    if xml.exists():
        return xml
    command = [
        str(Path(sys.executable).parent / "gap_fit"),
        "at_file=train.xyz",
        f"gap={{{descriptors}}}",
        "energy_parameter_name=energy_ref",
        "default_sigma={0.005 0.1 0 0}",
        "sparse_jitter=1e-8",
        "do_copy_at_file=F",
        "sparse_separate_file=T",
        f"gp_file={xml.name}",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return xml


def enlarged(xml: Path, n: int) -> Path:
    """Write a copy of a model with n sparse points for its SOAP: mixtures of its own, with small weights."""
    rng = np.random.default_rng(5)
    text, copy = xml.read_text(), xml.with_name(f"{xml.stem}-{n}.xml")
    head, soap = text.rsplit("<gpCoordinates", 1)
    dimensions = int(find(r' dimensions="(\d+)"', soap))
    name = find(r'sparseX_filename="([^"]+)"', soap)
    points = np.loadtxt(xml.with_name(name)).reshape(-1, dimensions)
    mixed = (
        points[rng.integers(len(points), size=n)] + rng.uniform(size=(n, 1)) * points[rng.integers(len(points), size=n)]
    )
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    file = xml.with_name(f"{copy.name}.sparseX.soap")
    np.savetxt(file, mixed.ravel(), fmt="%24.16e")
    weights = "".join(
        f'<sparseX i="{i + 1}" alpha="{alpha!r}" sparseCutoff="1.0"/>\n'
        for i, alpha in enumerate(rng.normal(0.0, 0.1, n).tolist())
    )
    soap = re.sub(r"(<sparseX [^>]*/>\s*)+", weights, soap)
    for key, value in {"n_sparseX": n, "sparseX_filename": file.name, "sparseX_md5sum": md5(file)}.items():
        soap = re.sub(rf'{key}="[^"]*"', f'{key}="{value}"', soap)
    copy.write_text(f"{head}<gpCoordinates{soap}")
    return copy


def md5(file: Path) -> str:
    """QUIP's check sum of a file of sparse points."""
    return hashlib.md5(file.read_bytes()).hexdigest()


def find(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern} in the potential")
    return match.group(1)


def soap_of(xml: Path) -> Soap:
    """Read what the cost of a model's SOAP depends on."""
    text = xml.read_text().rsplit("<gpCoordinates", 1)[1]
    return Soap(
        n_max=int(find(r"n_max=(\d+)", text)),
        l_max=int(find(r"l_max=(\d+)", text)),
        cutoff_A=float(find(r"[ >]cutoff=([\d.]+)", text)),
        n_sparse=int(find(r'n_sparseX="(\d+)"', text)),
    )
