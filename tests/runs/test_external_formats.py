"""One series of energies, written in every format that programs have, is read as the same run and checked alike."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write as ase_write
from ase.io.trajectory import TrajectoryWriter
from ase.md.langevin import Langevin
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.read import read_log_energies, rungs_of
from deckgen.workflows.analyse.gather import gather, read_external

N_ATOMS = 13
T = 300.0
STRIDE, TIMESTEP_FS = 10, 2.0
INTERVAL_PS = STRIDE * TIMESTEP_FS / 1e3
KJ, KCAL = units.kJ / units.mol, units.kcal / units.mol


@dataclass(frozen=True)
class Series:
    """What a program has sampled: a row every STRIDE steps."""

    energies_eV: NDArray
    temperatures_K: NDArray
    rows: NDArray  # which of the rows these are, in the order of the file

    @property
    def steps(self) -> NDArray:
        return STRIDE * self.rows

    @property
    def times_ps(self) -> NDArray:
        return INTERVAL_PS * self.rows


@pytest.fixture
def series() -> Series:
    """Canonical energies of independent samples, with the temperature of 3N - 3 degrees of freedom."""
    rng, moving = np.random.default_rng(1), 3 * N_ATOMS - 3
    temperatures = T * rng.chisquare(moving, 400) / moving
    return Series(-12 + 0.1 * rng.normal(size=400), temperatures, np.arange(400))


def table(header: str, separator: str, *columns: NDArray) -> str:
    """Return columns of text under a header."""
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return header + "\n" + "".join(separator.join(map(repr, row)) + "\n" for row in rows)


def frames(series: Series) -> list[Atoms]:
    """Return frames with the energies and momenta; a row has the same positions whenever it is written."""
    found = []
    for energy, temperature, row in zip(series.energies_eV, series.temperatures_K, series.rows, strict=True):
        of_row = np.random.default_rng(int(row))
        atoms = Atoms(f"Na{N_ATOMS}", positions=of_row.normal(size=(N_ATOMS, 3)))
        atoms.set_momenta(of_row.normal(size=(N_ATOMS, 3)))
        wanted = (3 * N_ATOMS - 3) / 2 * units.kB * temperature
        atoms.set_momenta(atoms.get_momenta() * np.sqrt(wanted / atoms.get_kinetic_energy()))
        atoms.calc = SinglePointCalculator(atoms, energy=energy)
        found.append(atoms)
    return found


def lammps_log(path: Path, s: Series) -> None:
    rows = table("Step Temp PotEng", " ", s.steps, s.temperatures_K, s.energies_eV / KCAL)
    end = f"Loop time of 1 on 1 procs for 1 steps with {N_ATOMS} atoms\n"
    path.write_text(f"LAMMPS (22 Jul 2025)\nunits real\ntimestep {TIMESTEP_FS}\n{rows}{end}")


def pandas_csv(path: Path, s: Series) -> None:
    index = np.arange(len(s.rows))
    header = ",Time (ps),Potential (kJ/mol),Temperature (K)"
    path.write_text(table(header, ",", index, s.times_ps, s.energies_eV / KJ, s.temperatures_K))


def openmm_csv(path: Path, s: Series) -> None:
    header = '#"Step","Time (ps)","Potential Energy (kJ/mole)","Temperature (K)","Speed (ns/day)"'
    rows = table(header, ",", s.steps, s.times_ps, s.energies_eV / KJ, s.temperatures_K).splitlines()
    path.write_text("\n".join([rows[0], rows[1] + ",--", *(f"{row},120" for row in rows[2:])]) + "\n")


def semicolons(path: Path, s: Series) -> None:
    header = "T [K];t (fs);E_pot / kcal/mol"
    content = table(header, ";", s.temperatures_K, 1e3 * s.times_ps, s.energies_eV / KCAL)
    path.write_bytes(gzip.compress(content.encode()))


def tabs(path: Path, s: Series) -> None:
    header = "Time (ns)\tPotential Energy (meV)\tkinetic temperature (K)"
    path.write_bytes(table(header, "\t", s.times_ps / 1e3, 1e3 * s.energies_eV, s.temperatures_K).encode("utf-16"))


def blanks(path: Path, s: Series) -> None:
    header = "# step time_ps pe (Hartree) Temp"
    path.write_text(table(header, " ", s.steps, s.times_ps, s.energies_eV / units.Hartree, s.temperatures_K))


def xvg(path: Path, s: Series) -> None:
    axes = '@ xaxis label "Time (ps)"\n@ yaxis label "(kJ/mol), (K)"\n'
    legends = '@ s0 legend "Potential"\n@ s1 legend "Temperature"'
    path.write_text(table(axes + legends, " ", s.times_ps, s.energies_eV / KJ, s.temperatures_K))


def npz(path: Path, s: Series) -> None:
    with path.open("wb") as file:
        np.savez(
            file, potential_energy=s.energies_eV / KJ, units="kJ/mol", time_ps=s.times_ps,
            kinetic_temperature_K=s.temperatures_K, n_atoms=N_ATOMS, temperature_K=T,
        )  # fmt: skip


def npz_of_lammps(path: Path, s: Series) -> None:
    with path.open("wb") as file:
        np.savez_compressed(
            file, pe=s.energies_eV / KCAL, units="real", time_ps=s.times_ps, temp=s.temperatures_K, step=s.steps
        )


def npz_ladder(path: Path, s: Series) -> None:
    """The run between two others that are longer: padded, with the number of rows."""
    energies, temperatures = np.full((2, 3, len(s.rows) + 20), np.nan)
    energies[1, : len(s.rows)], temperatures[1, : len(s.rows)] = s.energies_eV, s.temperatures_K
    energies[::2], temperatures[::2] = -7.0, 77.0
    times = np.full(energies.shape, np.nan)
    times[1, : len(s.rows)] = s.times_ps
    counts = np.array([len(s.rows) + 20, len(s.rows), len(s.rows) + 20])
    with path.open("wb") as file:
        np.savez(
            file, potential_energy_eV=energies, kinetic_temperature_K=temperatures, time_ps=times, N_k=counts,
            temperatures_K=np.array([200.0, T, 400.0]),
        )  # fmt: skip


def trajectory(path: Path, s: Series) -> None:
    with TrajectoryWriter(path) as file:
        file.set_description({"type": "molecular-dynamics", "interval": STRIDE, "timestep": TIMESTEP_FS * units.fs})
        for atoms in frames(s):
            file.write(atoms)


def extxyz(path: Path, s: Series) -> None:
    images = frames(s)
    for atoms, step, time, temperature in zip(images, s.steps, s.times_ps, s.temperatures_K, strict=True):
        atoms.info = {"step": int(step), "time_ps": float(time), "temperature_K": float(temperature)}
    ase_write(path, images, format="extxyz")


WRITERS: tuple[Callable[[Path, Series], None], ...] = (
    lammps_log, pandas_csv, openmm_csv, semicolons, tabs, blanks, xvg, npz, npz_of_lammps, npz_ladder, trajectory,
    extxyz,
)  # fmt: skip

every_format = pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)


def refusal(path: Path, **given: object) -> str:
    with pytest.raises(InputError) as error:
        read_log_energies(path, **given)  # type: ignore[arg-type]
    assert str(path) in error.value.message
    assert error.value.hint
    return str(error.value)


@every_format
def test_a_series_is_the_same_run_in_every_format(write, series: Series, tmp_path: Path) -> None:
    write(tmp_path / "energies", series)
    samples = gather(None, tmp_path, read_external({T: tmp_path / "energies"}, n_atoms=N_ATOMS), N_ATOMS)
    (run,) = samples.series
    np.testing.assert_allclose(run.potential_energy_eV, series.energies_eV, rtol=1e-7)
    np.testing.assert_allclose(run.kinetic_temperature_K, series.temperatures_K, rtol=1e-6)
    np.testing.assert_allclose(run.time_ps, INTERVAL_PS * np.arange(1, 401))
    assert (run.dropped_rows, samples.n_atoms) == (0, N_ATOMS)


@every_format
def test_what_a_resumed_run_did_again_counts_once_in_every_format(write, series: Series, tmp_path: Path) -> None:
    """Killed after row 59, resumed from row 40, where the dynamics took another course."""
    order = np.r_[:60, 40:100]
    again = replace(
        series, energies_eV=series.energies_eV[order].copy(), temperatures_K=series.temperatures_K[order], rows=order
    )
    again.energies_eV[41:60] += 1.0  # given up
    if write is trajectory:  # it has no steps: frames are known by their atoms, and those given up are others
        again = replace(again, rows=np.r_[:41, 1041:1060, 40:100])
    write(tmp_path / "energies", again)
    run = read_log_energies(tmp_path / "energies", temperature_K=T)
    np.testing.assert_allclose(run.potential_energy_eV, series.energies_eV[:100], rtol=1e-7)
    np.testing.assert_allclose(run.temperature_K, series.temperatures_K[:100], rtol=1e-6)
    assert run.dropped_rows == 20
    assert run.interval_ps == pytest.approx(INTERVAL_PS)


@every_format
def test_a_run_at_another_temperature_is_refused_in_every_format(write, series: Series, tmp_path: Path) -> None:
    hot = replace(series, temperatures_K=series.temperatures_K * 350 / T)
    write(tmp_path / "energies", hot)
    with pytest.raises(InputError, match=r"mean temperature is 3[45]\d\.\d K, not 300 K"):
        gather(None, tmp_path, read_external({T: tmp_path / "energies"}, n_atoms=N_ATOMS), N_ATOMS)


@every_format
def test_an_energy_that_is_not_finite_is_refused_in_every_format(write, series: Series, tmp_path: Path) -> None:
    series.energies_eV[200] = np.nan
    write(tmp_path / "energies", series)
    assert "not finite" in refusal(tmp_path / "energies", temperature_K=T)


def named_arrays(path: Path, **arrays: object) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


COMMENT = 'Properties=species:S:1:pos:R:3 pbc="F F F"'
ENERGIES = np.array([-4.0, -3.5, -3.25, -3.75])

KINDS: dict[str, Callable[[Path, str], Path]] = {
    "csv": lambda path, name: text(path, table(f"step,{name}", ",", np.arange(4), ENERGIES)),
    "npz": lambda path, name: named_arrays(path, **{name: ENERGIES}),
    "extxyz": lambda path, name: text(
        path, "".join(f'1\n{COMMENT} "{name}"={energy}\nNa 0 0 0\n' for energy in ENERGIES)
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
def test_units_are_known_or_asked_for(kind, tmp_path: Path) -> None:
    for name in ("potential", "Potential_energy", "E_pot"):
        path = kind(tmp_path / "energies", name)
        assert "--units metal|real" in refusal(path)
        run = read_log_energies(path, units="real")
        np.testing.assert_allclose(run.potential_energy_eV, ENERGIES * KCAL, rtol=1e-7)
    assert "not in units real" in refusal(kind(tmp_path / "energies", "potential (eV)"), units="real")
    assert "not known" in refusal(kind(tmp_path / "energies", "potential (furlong)"))
    assert "no scale" in refusal(kind(tmp_path / "energies", "potential"), units="lj")


@every_kind
def test_a_total_energy_is_not_taken_for_the_potential_energy(kind, tmp_path: Path) -> None:
    for name in ("total_energy (eV)", "TotEng", "Etot", "E (eV)"):
        assert name in refusal(kind(tmp_path / "energies", name)) or kind is KINDS["extxyz"]


@every_kind
def test_energies_per_atom_are_multiplied_by_a_known_number_of_atoms_in_every_format(kind, tmp_path: Path) -> None:
    for name in ("pe_eV_per_atom", "Potential (eV/atom)", "potential energy per atom [eV]"):
        path = kind(tmp_path / "energies", name)
        if kind is KINDS["extxyz"]:  # a frame says how many atoms it has
            np.testing.assert_array_equal(read_log_energies(path).potential_energy_eV, ENERGIES)
            continue
        assert "--atoms" in refusal(path)
        run = read_log_energies(path, n_atoms=N_ATOMS)
        np.testing.assert_allclose(run.potential_energy_eV, N_ATOMS * ENERGIES)
        assert run.per_atom


def test_a_unit_of_time_or_temperature_that_is_not_known_is_refused(tmp_path: Path) -> None:
    for header in ("Time (weeks),PotEng", "Temp (C),PotEng"):
        assert "is not known" in refusal(text(tmp_path / "csv", table(header, ",", np.arange(4.0), ENERGIES)))
    bare = text(tmp_path / "csv", table("time,PotEng", ",", np.array([0.0, 0.1, 0.1, 0.2]), ENERGIES))
    run = read_log_energies(bare)
    assert (run.potential_energy_eV.tolist(), run.interval_ps) == ([-4.0, -3.25, -3.75], None)


def test_a_header_that_a_resumed_program_writes_again_is_no_row(tmp_path: Path) -> None:
    part = table("step,Potential (eV)", ",", np.arange(4), ENERGIES)
    later = table("step,Potential (eV)", ",", np.arange(3, 6), ENERGIES[:3])
    run = read_log_energies(text(tmp_path / "csv", part + later))
    np.testing.assert_array_equal(run.potential_energy_eV, [*ENERGIES[:3], *ENERGIES[:3]])
    assert run.dropped_rows == 1


def test_a_word_among_the_numbers_is_named(tmp_path: Path) -> None:
    path = text(tmp_path / "csv", "step;Potential (eV)\n0;-4,5\n1;-4,6\n")
    says = refusal(path)
    assert "Potential (eV)" in says
    assert "'-4,5'" in says


def test_a_ladder_in_one_file_names_its_rungs(tmp_path: Path) -> None:
    energies = np.add.outer([0.0, 1.0, 2.0], ENERGIES)
    rungs = [100.0, 150.0, 200.0]
    path = named_arrays(tmp_path / "npz", potential_energy_eV=energies, temperatures_K=rungs, step=range(4))
    assert rungs_of(path) == (100.0, 150.0, 200.0)
    for source, expected in zip(read_external(dict.fromkeys(rungs_of(path), path)), energies, strict=True):
        np.testing.assert_array_equal(source.run.potential_energy_eV, expected)
    assert "no rung at 160 K; its temperatures are 100, 150, 200 K" in refusal(path, temperature_K=160.0)
    assert "choose one of" in refusal(path)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"potential_energy_eV": np.zeros((2, 4))}, "no array has the 2 temperatures"),
        ({"potential_energy_eV": np.zeros((4, 2)), "temperatures_K": [100.0, 100.1]}, "temperatures_K has the shape"),
        ({"potential_energy_eV": np.zeros((2, 4)), "temperatures_K": [100.0, 100.0]}, "2 rungs at 100 K"),
        ({"potential_energy_eV": np.zeros(4), "temperature_K": 120.0}, "no rung at 100 K"),
        ({"potential_energy_eV": np.zeros(4), "step": np.arange(3)}, "step"),
        ({"potential_energy_eV": np.array(["a", "b"])}, "potential_energy_eV"),
        ({"potential_energy_eV": np.zeros((2, 4)), "temperatures_K": [100.0, 200.0], "N_k": [4, 5, 6]}, "N_k"),
        ({"potential_energy_eV": np.zeros(4), "units": "kJ/mol"}, "not in units kJ/mol"),
        ({"potential_energy_eV": np.zeros(4), "n_atoms": 13.5}, "n_atoms"),
        ({"u_kn": np.zeros((2, 4))}, "u_kn"),
        ({}, "none"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(arrays: dict[str, object], says: str, tmp_path: Path) -> None:
    assert says in refusal(named_arrays(tmp_path / "npz", **arrays), temperature_K=100.0)


class Hostile:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("touch PWNED",)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = named_arrays(tmp_path / "npz", potential_energy_eV=np.array([Hostile()], dtype=object))
    assert "not an archive of arrays" in refusal(path)
    (tmp_path / "pickle").write_bytes(pickle.dumps({"potential_energy_eV": Hostile()}))
    assert "pickle" in refusal(tmp_path / "pickle")
    assert not (tmp_path / "PWNED").exists()


def test_a_minimisation_and_frames_of_several_sizes_are_no_run(series: Series, tmp_path: Path) -> None:
    images = frames(series)[:3]
    with TrajectoryWriter(tmp_path / "relax.traj") as file:
        file.set_description({"type": "optimization", "optimizer": "BFGS"})
        for atoms in images:
            file.write(atoms)
    assert "a minimisation" in refusal(tmp_path / "relax.traj")
    smaller = images[0][1:]
    smaller.calc = SinglePointCalculator(smaller, energy=-1.0)
    for name in ("mixed.traj", "mixed.extxyz"):
        ase_write(tmp_path / name, [*images, smaller])
        assert "atoms" in refusal(tmp_path / name)


def test_the_thermostat_that_a_trajectory_names_is_checked(series: Series, tmp_path: Path) -> None:
    with TrajectoryWriter(tmp_path / "md.traj") as file:
        file.set_description({"type": "molecular-dynamics", "temperature_K": 350.0})
        for atoms in frames(series):
            file.write(atoms)
    with pytest.raises(InputError, match="set to 350 K, not 300 K"):
        gather(None, tmp_path, read_external({T: tmp_path / "md.traj"}), None)


def test_frames_that_repeat_without_dynamics_all_count(series: Series, tmp_path: Path) -> None:
    """A Monte Carlo move that is rejected counts its configuration again."""
    images = frames(series)[:3]
    with TrajectoryWriter(tmp_path / "mc.traj") as file:
        for atoms in (images[0], images[0], images[1], images[0], images[2]):
            file.write(atoms)
    run = read_log_energies(tmp_path / "mc.traj")
    np.testing.assert_array_equal(run.potential_energy_eV, series.energies_eV[[0, 0, 1, 0, 2]])
    assert run.interval_ps is None


def test_a_frame_that_a_kill_cut_short_is_passed_over(tmp_path: Path) -> None:
    frame = "2\n" + COMMENT + " energy={} step={}\nNa 0 0 0\nNa 3 0 0\n"
    whole = "".join(frame.format(energy, 10 * k) for k, energy in enumerate(ENERGIES))
    cut = frame.format(-9, 40).removesuffix("Na 3 0 0\n")
    resumed = frame.format(-5, 30) + frame.format(-6, 40)
    run = read_log_energies(text(tmp_path / "frames.xyz", whole + cut))
    np.testing.assert_array_equal(run.potential_energy_eV, ENERGIES)
    run = read_log_energies(text(tmp_path / "frames.xyz", whole + cut + resumed))
    np.testing.assert_array_equal(run.potential_energy_eV, [*ENERGIES[:3], -5, -6])
    broken = whole.replace("\n2\n", "\nx\n", 1)
    assert "line 5: a number of atoms is missing" in refusal(text(tmp_path / "frames.xyz", broken))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ((-55555).to_bytes(4, "big", signed=True) + bytes(40), "an energy file of GROMACS"),
        (b"\nEnergy     Average   Err.Est.       RMSD  Tot-Drift\nPotential -400 1 2 3 (kJ/mol)\n", "averages"),
        (b"  Step  Time\n 0 0.0\n  Energies (kJ/mol)\n  Potential  Kinetic En.\n -4e+02  1e+02\n", "the log of"),
    ],
)
def test_what_gromacs_writes_besides_xvg_is_refused_with_the_command_for_it(
    content: bytes, says: str, tmp_path: Path
) -> None:
    (tmp_path / "ener").write_bytes(content)
    refused = refusal(tmp_path / "ener")
    assert says in refused
    assert "gmx energy -f ener.edr -o energies.xvg" in refused


def test_a_trajectory_that_ase_continued_has_the_frame_between_once(tmp_path: Path) -> None:
    """ASE writes the frame that it starts from, again where it appends."""
    atoms = Atoms("Ar4", positions=[[0, 0, 0], [1.1, 0, 0], [0, 1.1, 0], [0, 0, 1.1]], calculator=LennardJones())
    seen: list[float] = []
    for append in (False, True):
        dynamics = Langevin(
            atoms, 1 * units.fs, temperature_K=10, friction=0.01 / units.fs, fixcm=False, loginterval=2,
            trajectory=str(tmp_path / "md.traj"), append_trajectory=append, rng=np.random.default_rng(3),
        )  # fmt: skip
        dynamics.attach(lambda: seen.append(atoms.get_potential_energy()), interval=2)
        dynamics.run(6)
    run = read_log_energies(tmp_path / "md.traj")
    np.testing.assert_array_equal(run.potential_energy_eV, [*seen[:4], *seen[5:]])
    assert run.interval_ps == pytest.approx(0.002)
    ((begin, end),) = run.thermostats_K
    assert (begin, end) == pytest.approx((10.0, 10.0))
