"""Right files of every kind, small ones: what the generated inputs begin as."""

from __future__ import annotations

import hashlib
import io
import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from ase.io import read, write

from deckgen.study import Study
from deckgen.toml import Table
from deckgen.training.recipe import Recipe
from validation.torture.energies import ROWS

__all__ = [
    "ENERGIES",
    "FRAMES",
    "LABELLED",
    "MINIMA",
    "RECIPES",
    "RECORDS",
    "RESTARTS",
    "RESTART_STEP",
    "STRUCTURES",
    "STUDIES",
    "databases",
    "labelled_trajectories",
    "outcars",
    "potentials",
    "recipe_keys",
    "study_keys",
    "trajectories",
    "vaspruns",
]


def _ring(symbol: str = "Na", size: int = 13) -> list[str]:
    angles = (2 * math.pi * k / size for k in range(size))
    return [f"{symbol} {7 * math.cos(a):.6f} {7 * math.sin(a):.6f} {0.3 * k:.6f}" for k, a in enumerate(angles)]


def _xyz(comment: str, rows: list[str]) -> str:
    return "\n".join([str(len(rows)), comment, *rows, ""])


def _keys(model: type[Table], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Table):
            yield from _keys(field.annotation, f"{prefix}{name}.")
        elif prefix:
            yield prefix[:-1], name


def study_keys() -> tuple[tuple[str, str], ...]:
    """Return table and key of all that study.toml may say."""
    return tuple(_keys(Study))


def recipe_keys() -> tuple[tuple[str, str], ...]:
    """Return table and key of all that gap.toml may say."""
    return tuple(_keys(Recipe))


STUDIES = (
    b"""[cluster]
element = "Na"
size = 13
relax = true
container_radius_A = 12.0
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [100, 150.5, 200]
extra_K = [250]
[nvt]
duration_ps = 20
timestep_fs = 2
longer = [{min_K = 140, max_K = 160, duration_ps = 40}]
seed = 7
[isomers]
source = "own"
temperatures_K = [100, 200]
""",
    b"""[study]
name = "LJ13"
[cluster]
element = "Ar"
size = 13
[potential]
kind = "lammps"
pair_style = "lj/cut 30.0"
pair_coeff = ["* * 0.0104 3.40"]
mass_u = 39.948
[ladder]
min_K = 15
max_K = 45
count = 8
spacing = "geometric"
[nvt]
start = "melted"
melt_K = 60.0
thermostat = "csvr"
[analysis]
grid_K = 0.5
""",
)

RECIPES = (
    b"""[data]
files = ["frames.extxyz", "md/*/OUTCAR"]
e0 = {Na = -0.2372}
[reference]
calculator = "emt"
keywords = {asap_cutoff = false}
[sample]
sizes = [13, 55]
temperatures_K = [100, 200, 300]
scale = [0.9, 1.0, 1.1]
[curate]
select = 100
holdout_fraction = 0.1
[fit]
preset = "paper"
[fit.soap]
n_sparse = 200
[fit.sigma]
rules = [{max_atoms = 8, energy_eV_atom = 0.01, force_eV_A = 0.1}]
[augment]
by = "pool"
""",
)

STRUCTURES = (
    _xyz("a ring", _ring()).encode(),
    (
        _xyz('Properties=species:S:1:pos:R:3 temperature_K=100.0 pbc="F F F"', _ring())
        + _xyz('Properties=species:S:1:pos:R:3 temperature_K=200.0 pbc="F F F"', _ring()[::-1])
    ).encode(),
)

FRAMES = (
    "".join(
        _xyz(f'Timestep={step} Potential_energy=-1.5 pbc="F F F" Properties=species:S:1:pos:R:3', _ring())
        for step in (0, 100, 200, 100, 200, 300)
    ).encode(),
)

MINIMA = (
    "".join(
        _xyz(
            "Properties=species:S:1:pos:R:3 Potential_energy=-1.5 max_force_eV_A=1e-05 quench_steps=12 converged=T "
            f'temperature_K=100 source="nvt/T0100.000K-r1" frame={step} pbc="F F F"',
            _ring(),
        )
        for step in (0, 100)
    ).encode(),
)

LABELLED = (
    "".join(
        _xyz(
            f'Properties=species:S:1:pos:R:3:REF_forces:R:3 REF_energy={-1.5 - number} trajectory="a" pbc="F F F"',
            [f"{row} 0.1 -0.1 0.0" for row in rows],
        )
        for number, rows in enumerate((_ring(size=1), _ring(size=4), _ring(size=5)))
    ).encode(),
)


ENERGIES = (
    (
        "# step potential_energy_eV kinetic_temperature_K I1 I2 I3\n"
        + "".join(f"{step} {energy} {kelvin} 100.0 110.0 120.0\n" for step, energy, kelvin in ROWS[:8])
        + "".join(f"{step} {energy} {kelvin} 100.0 110.0 120.0\n" for step, energy, kelvin in ROWS[5:])
    ).encode(),
)

RESTART_STEP = 20
RESTARTS = (
    b"LammpS RestartT\0\1\0\0\0\3\0\0\0metal\0\5\0\0\0"
    + RESTART_STEP.to_bytes(8, "little")
    + bytes(range(256)) * 4
    + b"LammpS RestartT\0",
)
"""As much of LAMMPS' format as deckgen looks at."""
RECORDS = (
    json.dumps(
        {
            "schema": 1,
            "restarts": [
                {
                    "step": RESTART_STEP,
                    "sha256": hashlib.sha256(RESTARTS[0]).hexdigest(),
                    "deck": "nvt/T0100.000K-r1",
                    "identity": "0" * 64,
                    "potential_sha256": "0" * 64,
                }
            ],
        }
    ).encode(),
)

_VALUES = "".join("<v>{} {} {}</v>".format(*row.split()[1:]) for row in _ring(size=4))
_BASIS = "<crystal><varray name='basis'><v>20 0 0</v><v>0 20 0</v><v>0 0 20</v></varray></crystal>"
_STRUCTURE = f"<structure>{_BASIS}<varray name='positions'>{_VALUES}</varray></structure>"
_ENERGY = "<energy><i name='e_fr_energy'>-1.5</i><i name='e_wo_entrp'>-1.5</i><i name='e_0_energy'>-1.4</i></energy>"


def trajectories() -> tuple[bytes, ...]:
    """Return a file of ASE's own binary format."""
    file = io.BytesIO()
    write(file, read(io.StringIO(STRUCTURES[0].decode()), format="xyz"), format="traj")
    return (file.getvalue(),)


def _labelled() -> tuple[Atoms, ...]:
    atoms: list[Atoms] = read(io.StringIO(LABELLED[0].decode()), ":", format="extxyz")
    for frame in atoms:
        energy = frame.info.pop("REF_energy")
        frame.calc = SinglePointCalculator(frame, energy=energy, forces=frame.arrays.pop("REF_forces"))
    return tuple(atoms)


def labelled_trajectories() -> tuple[bytes, ...]:
    """Return labelled frames in ASE's own binary format."""
    file = io.BytesIO()
    write(file, _labelled(), format="traj")
    return (file.getvalue(),)


def databases(suffix: str) -> tuple[bytes, ...]:
    """Return labelled frames as a database of ASE: of SQLite (`.db`), or of text (`.json`)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"labelled{suffix}"
        with connect(file) as database:
            for frame in _labelled():
                database.write(frame, trajectory="a")
        return (file.read_bytes(),)


def vaspruns() -> tuple[bytes, ...]:
    """Return a vasprun.xml."""
    atoms = "<rc><c>Na</c><c>1</c></rc>" * 4
    kind = "<rc><c>4</c><c>Na</c><c>22.9</c><c>1</c><c>PAW_PBE Na</c></rc>"
    first = _STRUCTURE.replace("<structure>", "<structure name='initialpos'>")
    step = (
        f"<calculation><scstep>{_ENERGY}</scstep>{_STRUCTURE}<varray name='forces'>{_VALUES}</varray>{_ENERGY}\n"
        "</calculation>\n"
    )
    text = (
        "<modeling>\n<kpoints><varray name='kpointlist'><v>0 0 0</v></varray><varray name='weights'><v>1.0</v></varray>"
        "</kpoints>\n<parameters><i type='int' name='NELM'>60</i><i name='ENMAX'>102.0</i>"
        "<i type='string' name='GGA'>PE</i></parameters>\n"
        f"<atominfo><array name='atoms'><set>{atoms}</set></array><array name='atomtypes'><set>{kind}</set></array>"
        f"</atominfo>\n{first}\n{step * 2}</modeling>\n"
    )
    return (text.encode(),)


def outcars() -> tuple[bytes, ...]:
    """Return an OUTCAR."""
    rows = "".join(f" {row[3:]} 0.1 -0.1 0.0\n" for row in _ring(size=4))
    lattice = "".join(f" {v}  0.0 0.0 0.0\n" for v in ("20.0 0.0 0.0", "0.0 20.0 0.0", "0.0 0.0 20.0"))
    head = (
        " POTCAR:    PAW_PBE Na 08Apr2002\n POTCAR:    PAW_PBE Na 08Apr2002\n   TITEL  = PAW_PBE Na\n"
        "   ions per type =    4\n k-points           NKPTS =      1   k-points in BZ     NKDIM =      1   number of "
        "bands    NBANDS=      8\n k-points in reciprocal lattice and weights: Gamma\n   0.0 0.0 0.0 1.0\n"
        "   ISPIN  =      1    spin polarized calculation?\n   ENCUT  =  102.0 eV  7.50 Ry\n   NELM   =     60\n"
    )
    step = (
        "----- Iteration      1(   1)  -----\n------ aborting loop because EDIFF is reached -----\n"
        f"      direct lattice vectors                 reciprocal lattice vectors\n{lattice}"
        f" POSITION                                       TOTAL-FORCE (eV/Angst)\n -----\n{rows}"
        "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  -----\n  free  energy   TOTEN  =   -1.5 eV\n\n"
        "  energy  without entropy=  -1.48  energy(sigma->0) =  -1.49\n"
    )
    return ((head + 2 * step).encode(),)


def potentials() -> tuple[bytes, ...]:
    """Return the xml of a GAP of one pair term with three sparse points; `SPARSE` are they."""
    weights = "".join(f'<sparseX i="{k}" alpha="0.1E+00" sparseCutoff="1.0"/>' for k in (1, 2, 3))
    text = (
        '<GAP_a>\n<Potential label="GAP_a" init_args="IP GAP label=GAP_a"/>\n<GAP_params label="GAP_a">\n'
        '<GAP_data do_core="F"><e0 Z="11" value="-.2E+00"/></GAP_data>\n<gpSparse label="GAP_a" n_coordinate="1">\n'
        '<gpCoordinates label="GAP_a1" dimensions="1" signal_variance="1.0" n_sparseX="3" n_permutations="1" '
        'covariance_type="1" zeta="0.0" sparseX_filename="gap.xml.sparseX.a1">\n<theta>1.2</theta>\n'
        '<descriptor>distance_2b cutoff=6.0 Z1=11 Z2=11</descriptor>\n<permutation i="1">1</permutation>\n'
        f"{weights}\n</gpCoordinates></gpSparse></GAP_params></GAP_a>\n"
    )
    return (text.encode(),)
