from __future__ import annotations

import gzip

import numpy as np
import pytest
from ase import units as ase_units

from deckgen.errors import InputError
from deckgen.runs.external.read import read_log_energies

LOG = """LAMMPS (22 Jul 2025)
units           metal
timestep        0.002
thermo 100
thermo_style custom step temp pe etotal
minimize 0 1e-4 100 1000
   Step          Temp          PotEng         TotEng
         0   0             -40.1          -40.1
        17   0             -47.0          -47.0
Loop time of 0.1 on 1 procs for 17 steps with 55 atoms

Minimization stats:
  Stopping criterion = force tolerance
run 300
Per MPI rank memory allocation (min/avg/max) = 3.1 | 3.1 | 3.1 Mbytes
   Step          Temp          PotEng         TotEng
         0   300           -47.0          -45.0
       100   150.5         -46.5          -45.2
WARNING: something that LAMMPS has to say (src/somewhere.cpp:1)
       200   151.5         -46.25         -45.2
       300   149.0         -46.0          -45.2
Loop time of 0.4 on 1 procs for 300 steps with 55 atoms

Performance: 100 ns/day
run 250
   Step          Temp          PotEng         TotEng
       300   149.0         -46.0          -45.2
       400   149.0         -45.75         -45.2
       500   149.0         -45.5          -45.2
       550   149.0         -45.3          -45.2
Loop time of 0.4 on 1 procs for 250 steps with 55 atoms
"""

YAML = """LAMMPS (22 Jul 2025)
units metal
---
keywords: ['Step', 'Temp', 'PotEng', ]
data:
  - [0, 300.0, -47.0, ]
  - [10, 150.0, -46.5, ]
  - [20, 150.0, -46.0, ]
...
Loop time of 0.4 on 1 procs for 20 steps with 13 atoms
"""


HEAD = "LAMMPS (22 Jul 2025)\nunits metal\n"
END = "Loop time of 0.4 on 1 procs for 30 steps with 13 atoms\n"
ROWS = "Step Temp PotEng\n0 300 -4.0\n10 150 -3.5\n20 150 -3.25\n30 150 -3.75\n"
ENERGIES = np.array([-4.0, -3.5, -3.25, -3.75])


def write(folder, text):
    path = folder / "energies.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path, **given):
    """Return what the reader says against a file."""
    with pytest.raises(InputError) as error:
        read_log_energies(path, **given)
    assert str(path) in error.value.message
    assert error.value.hint
    return str(error.value)


def test_a_log_of_several_runs_is_read(tmp_path):
    run = read_log_energies(write(tmp_path, LOG))
    np.testing.assert_array_equal(run.step, [0, 100, 200, 300, 400, 500])
    np.testing.assert_array_equal(run.potential_energy_eV, [-47.0, -46.5, -46.25, -46.0, -45.75, -45.5])
    assert run.interval_ps == pytest.approx(0.2)
    assert run.n_atoms == 55
    # Two rows of the minimisation, one step that both runs print, and the last one.
    assert run.dropped_rows == 4


def test_a_log_that_is_still_being_written_is_read(tmp_path):
    run = read_log_energies(write(tmp_path, LOG[: LOG.index("-45.5 ") + 2]))
    np.testing.assert_array_equal(run.step, [0, 100, 200, 300, 400])


def test_a_yaml_log_is_read(tmp_path):
    run = read_log_energies(write(tmp_path, YAML))
    np.testing.assert_array_equal(run.potential_energy_eV, [-47.0, -46.5, -46.0])
    np.testing.assert_array_equal(run.step, [0, 10, 20])
    assert run.n_atoms == 13
    assert run.interval_ps is None


def test_what_precedes_a_reset_of_the_steps_is_left_out(tmp_path):
    rows = "Step PotEng\n" + "".join(f"{step} {-40 - step / 100}\n" for step in (0, 10, 20, 30))
    end = "Loop time of 1 on 1 procs for 30 steps with 13 atoms\n"
    again = rows.replace("-40", "-50")
    run = read_log_energies(write(tmp_path, HEAD + rows + end + "reset_timestep 0\n" + again + end))
    np.testing.assert_allclose(run.potential_energy_eV, [-50, -50.1, -50.2, -50.3])
    assert run.dropped_rows == 4


@pytest.mark.parametrize(
    "text",
    [
        "-47.0\n-46.5\n-46.0\n",
        "# PotEng\n-47.0\n-46.5\n-46.0\n",
        "step,temperature,PotEng\n0,300,-47.0\n5,300,-46.5\n10,300,-46.0\n",
        "# step potential_energy_eV kinetic_temperature_K I1 I2 I3\n"
        "10 -47.0 300 1 2 3\n20 -46.5 300 1 2 3\n30 -46.0 300 1 2 3\n",
        "# energies of a run\n# step PotEng\n\n0 -47.0\n2 -46.5\n4 -46.0\n",
    ],
)
def test_plain_text_is_read(tmp_path, text):
    np.testing.assert_array_equal(read_log_energies(write(tmp_path, text)).potential_energy_eV, [-47.0, -46.5, -46.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not one column"),
        ("1 -47.0\n2 -46.0\n", "not one column"),
        ("# step PotEng\n1 -47.0\n2\n", "not one column"),
        ("some words\nand more\n", "not one column"),
        ("nan\n-46.0\n", "not finite"),
        ("# step PotEng\n0 -1\n10 -1\n20 -1\n30 -1\n130 -1\n", "not evenly spaced after step 30"),
        (LOG.replace("units           metal", "units lj"), "in units lj energies have no scale"),
        (LOG.replace("PotEng", "E_pair"), "no thermo output"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as error:
        read_log_energies(path)
    assert str(path) in str(error.value)
    assert error.value.hint


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.log"):
        read_log_energies(tmp_path / "nowhere.log")


def test_a_first_row_off_the_even_spacing_is_left_out(tmp_path):
    """A run from a restart prints the step that it begins at, wherever that is."""
    text = "# step PotEng\n" + "".join(f"{step} {-step}\n" for step in (3, 10, 20, 30, 40))
    run = read_log_energies(write(tmp_path, text))
    assert run.step is not None
    assert run.step.tolist() == [10, 20, 30, 40]
    assert run.potential_energy_eV.tolist() == [-10, -20, -30, -40]
    assert run.dropped_rows == 1


@pytest.mark.parametrize(
    ("style", "energy_eV", "timestep_ps"),
    [
        ("metal", 1.0, 0.002),
        ("real", ase_units.kcal / ase_units.mol, 2e-6),
        ("electron", ase_units.Hartree, 2e-6),
        ("si", ase_units.J, 2e9),
        ("cgs", 1e-7 * ase_units.J, 2e9),
        # micro: pg um^2/us^2; nano: ag nm^2/ns^2
        ("micro", 1e-12 * 1e-3 * 1e-12 / 1e-12 * ase_units.J, 2e3),
        ("nano", 1e-18 * 1e-3 * 1e-18 / 1e-18 * ase_units.J, 2.0),
    ],
)
def test_energies_and_times_are_converted_from_every_style_with_a_scale(tmp_path, style, energy_eV, timestep_ps):
    path = write(tmp_path, HEAD.replace("metal", style) + "timestep 0.002\n" + ROWS + END)
    run = read_log_energies(path)
    np.testing.assert_allclose(run.potential_energy_eV, ENERGIES * energy_eV, rtol=1e-7)
    assert run.interval_ps == pytest.approx(10 * timestep_ps)
    assert run.units == style
    reopened = write(tmp_path, "timestep 0.002\nrun 30\nPer MPI rank memory allocation (min/avg/max) = 3\n" + ROWS)
    given = read_log_energies(reopened, units=style)
    np.testing.assert_array_equal(given.potential_energy_eV, run.potential_energy_eV)


def test_a_log_without_units_is_asked_for_them(tmp_path):
    """It may have been reopened by the command `log`; without `units` at all, LAMMPS runs in lj."""
    for text in (ROWS + END, "LAMMPS (22 Jul 2025)\n" + ROWS + END, YAML[YAML.index("---") : YAML.index("...")]):
        assert "--units metal|real" in refusal(write(tmp_path, text))


def test_units_that_contradict_the_log_are_refused(tmp_path):
    assert "is in units metal, not real" in refusal(write(tmp_path, HEAD + ROWS + END), units="real")
    both = HEAD + ROWS + END + HEAD.replace("metal", "real") + ROWS + END
    assert "more than one style of units: metal, real" in refusal(write(tmp_path, both))
    assert "units furlong are not known" in refusal(write(tmp_path, ROWS + END), units="furlong")
    assert "no scale" in refusal(write(tmp_path, ROWS + END), units="lj")


def test_screen_output_states_its_units_too(tmp_path):
    setup = "Setting up Verlet run ...\n  Unit style    : real\n  Current step  : 0\n  Time step     : 0.5\n"
    run = read_log_energies(write(tmp_path, "LAMMPS (22 Jul 2025)\n" + setup + ROWS + END))
    assert (run.units, run.interval_ps) == ("real", pytest.approx(0.005))


@pytest.mark.parametrize(
    ("commands", "factor"),
    [
        ("thermo_modify norm yes\n", 13),
        ("thermo_modify flush yes &\n    norm yes\n", 13),
        ("thermo_modify norm yes\nthermo_modify norm no\n", 1),
        ("thermo_modify norm yes\nthermo_style custom step temp pe\n", 1),
        ("thermo_style custom step temp pe\nthermo_modify norm yes\n", 13),
    ],
)
def test_energies_per_atom_are_multiplied_by_the_atoms_of_the_log(tmp_path, commands, factor):
    run = read_log_energies(write(tmp_path, HEAD + commands + ROWS + END))
    np.testing.assert_allclose(run.potential_energy_eV, factor * ENERGIES)
    assert run.per_atom == (factor == 13)


def test_an_appended_run_has_its_own_settings(tmp_path):
    first = HEAD + "thermo_modify norm yes\nfix 1 all nvt temp 300 300 0.1\n" + ROWS + END
    run = read_log_energies(write(tmp_path, first + HEAD + ROWS + END))
    np.testing.assert_array_equal(run.potential_energy_eV, ENERGIES)
    assert not run.per_atom
    assert run.thermostats_K == frozenset()
    killed = first.replace(END, "")
    later = ROWS.replace("Step Temp PotEng\n0", "Step Temp PotEng\n20").replace("\n10 ", "\n30 ")
    later = later[: later.index("\n20 150")] + "\n"
    run = read_log_energies(write(tmp_path, killed + HEAD + later + END))
    np.testing.assert_allclose(run.potential_energy_eV, [13 * -4.0, 13 * -3.5, -4.0, -3.5])
    assert run.thermostats_K == {(300, 300)}


def test_energies_per_atom_of_a_variable_are_what_the_variable_says(tmp_path):
    text = HEAD + "thermo_modify norm yes\n" + ROWS.replace("PotEng", "v_pe") + END
    np.testing.assert_array_equal(read_log_energies(write(tmp_path, text)).potential_energy_eV, ENERGIES)


def test_energies_per_atom_of_unknown_atoms_are_refused_or_multiplied_by_the_number_given(tmp_path):
    path = write(tmp_path, HEAD + "thermo_modify norm yes\n" + ROWS)
    assert "per atom" in refusal(path)
    np.testing.assert_allclose(read_log_energies(path, n_atoms=13).potential_energy_eV, 13 * ENERGIES)
    unfinished = HEAD + "Reading data file ...\n  13 atoms\n" + "thermo_modify norm yes\n" + ROWS
    np.testing.assert_allclose(read_log_energies(write(tmp_path, unfinished)).potential_energy_eV, 13 * ENERGIES)


def test_a_resumed_log_keeps_what_was_not_done_again(tmp_path):
    """Killed at step 60, resumed from the restart of step 40, appended to the same log."""
    first = "".join(f"{step} 150 {-step}\n" for step in range(0, 70, 10))
    again = "".join(f"{step} 150 {-1000 - step}\n" for step in range(40, 90, 10))
    text = HEAD + "Step Temp PotEng\n" + first + "70 15" + "\n" + HEAD + "Step Temp PotEng\n" + again + END
    run = read_log_energies(write(tmp_path, text))
    assert run.step.tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80]
    assert run.potential_energy_eV.tolist() == [0, -10, -20, -30, -1040, -1050, -1060, -1070, -1080]
    assert run.temperature_K.tolist() == [150.0] * 9
    assert run.dropped_rows == 3


def test_a_change_of_what_makes_a_series_one_is_refused(tmp_path):
    second = ROWS.replace("\n0 ", "\n40 ").replace("\n10 ", "\n50 ").replace("\n20", "\n60").replace("\n30", "\n70")
    steps = HEAD + "timestep 0.001\n" + ROWS + END + "timestep 0.002\n" + second + END
    assert "more than one time step: 0.001, 0.002" in refusal(write(tmp_path, steps))
    atoms = HEAD + ROWS + END + second + END.replace("13", "12")
    assert "more than one number of atoms: 13, 12" in refusal(write(tmp_path, atoms))


@pytest.mark.parametrize(
    ("commands", "pairs"),
    [
        ("fix 1 all nvt temp 25.0 50.0 0.5 tchain 3\n", {(25, 50)}),
        ("fix 1 all nvt/omp tchain 3 temp 25 25 0.5\n", {(25, 25)}),
        ("fix 1 all nve\nfix 2 all langevin/kk 25 25 0.1 48279 zero yes\n", {(25, 25)}),
        ("fix 1 all temp/rescale 100 20.0 30.0 0.02 0.5\n", {(20, 30)}),
        ("fix 1 all temp/csvr ${T} ${T} 0.1 7\nfix 1 all temp/csvr 25 25 0.1 7\n", {(25, 25)}),
        ("fix 1 all nvt temp 25 25 0.5\nunfix 1\nfix 2 all nve\n", set()),
        ("fix 1 all nvt temp 99 99 0.5\nfix 1 all nvt temp 25 25 0.5\n", {(25, 25)}),
    ],
)
def test_the_thermostat_of_a_log_is_that_of_its_commands(tmp_path, commands, pairs):
    assert read_log_energies(write(tmp_path, HEAD + commands + ROWS + END)).thermostats_K == pairs


def test_a_yaml_part_of_a_log_belongs_to_it(tmp_path):
    rows = "  - [30, 150, -4.0, ]\n  - [40, 150, -4.5, ]\n  - [50, 150, -5.0, ]\n...\n"
    part = "---\nkeywords: ['Step', 'Temp', 'PotEng', ]\ndata:\n" + rows
    run = read_log_energies(write(tmp_path, HEAD + ROWS + END + part + END))
    assert run.step.tolist() == [0, 10, 20, 30, 40, 50]
    assert run.potential_energy_eV.tolist() == [-4.0, -3.5, -3.25, -4.0, -4.5, -5.0]
    failed = YAML.replace("-46.5", ".nan")
    assert "not finite" in refusal(write(tmp_path, failed))


def test_a_header_may_begin_with_another_column(tmp_path):
    text = HEAD + "Temp PotEng Step\n150 -4.0 0\n150 -3.5 10\n" + END
    np.testing.assert_array_equal(read_log_energies(write(tmp_path, text)).step, [0, 10])


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
)
@pytest.mark.parametrize("text", [HEAD + ROWS + END, "\n".join(map(str, ENERGIES)) + "\n"])
def test_the_encoding_of_a_file_does_not_matter(tmp_path, encoded, text):
    np.testing.assert_array_equal(read_log_energies(write(tmp_path, encoded(text))).potential_energy_eV, ENERGIES)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"- of UlmASE-Trajectory", "not a trajectory of ASE"),
        (b"PK\x03\x04rest", "not an archive of arrays"),
        (b"BZh91AY", "bzip2"),
        (b"1.0\x00\x002.0", "binary"),
        (gzip.compress(b"-1.0\n-2.0\n", mtime=0)[:-9], "not a whole gzip file"),
        (b'2\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3\nNa 0 0 0\nNa 1 0 0\n', "extended XYZ"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(tmp_path, data, says):
    assert says in refusal(write(tmp_path, data))


@pytest.mark.parametrize(
    ("header", "energy_eV"),
    [
        ("step,potential (kJ/mol)", ase_units.kJ / ase_units.mol),
        ("step,Potential Energy [kcal/mol]", ase_units.kcal / ase_units.mol),
        ("# step pe_kJ_per_mol", ase_units.kJ / ase_units.mol),
        ("# step epot_hartree", ase_units.Hartree),
        ("# step potential_energy_eV", 1.0),
        ("# step PotEng", 1.0),
    ],
)
def test_the_header_of_a_column_states_its_unit(tmp_path, header, energy_eV):
    separator = "," if "," in header else " "
    rows = "".join(f"{10 * k}{separator}{energy}\n" for k, energy in enumerate(ENERGIES))
    run = read_log_energies(write(tmp_path, f"{header}\n{rows}"))
    np.testing.assert_allclose(run.potential_energy_eV, ENERGIES * energy_eV, rtol=1e-7)


def test_columns_are_in_the_units_that_are_given(tmp_path):
    rows = "".join(f"{10 * k} {energy}\n" for k, energy in enumerate(ENERGIES))
    kcal = ase_units.kcal / ase_units.mol
    for header in ("# step PotEng\n", "# step potential\n", "# Time-averaged data for fix 1\n# TimeStep c_thermo_pe\n"):
        run = read_log_energies(write(tmp_path, header + rows), units="real")
        np.testing.assert_allclose(run.potential_energy_eV, ENERGIES * kcal, rtol=1e-7)
        assert run.step.tolist() == [0, 10, 20, 30]
    for header in ("# step potential\n", "# Time-averaged data for fix 1\n# TimeStep c_thermo_pe\n"):
        assert "does not say in which units" in refusal(write(tmp_path, header + rows))
    assert "not in units real" in refusal(write(tmp_path, "# step potential_energy_eV\n" + rows), units="real")


def test_times_are_no_steps(tmp_path):
    rows = "".join(f"{0.02 * k:.2f} {energy}\n" for k, energy in enumerate(ENERGIES))
    assert "does not hold whole numbers" in refusal(write(tmp_path, "# step PotEng\n" + rows))
    run = read_log_energies(write(tmp_path, "# time_ps PotEng\n" + rows))
    assert run.step is None
    assert run.interval_ps == pytest.approx(0.02)
    assert "the times in time_ps are not evenly" in refusal(write(tmp_path, "# time_ps PotEng\n" + rows + "0.087 -4\n"))


XVG = """# gmx energy
@    title "GROMACS Energies"
@    xaxis  label "Time (ps)"
@    yaxis  label "(kJ/mol), (K)"
@ s0 legend "Potential"
@ s1 legend "Temperature"
    0.000000  -400.0  300.0
    0.500000  -350.0  150.0
    1.000000  -325.0  150.0
"""


def test_energies_from_gromacs_are_read(tmp_path):
    run = read_log_energies(write(tmp_path, XVG))
    kJ = ase_units.kJ / ase_units.mol
    np.testing.assert_allclose(run.potential_energy_eV, [-400 * kJ, -350 * kJ, -325 * kJ], rtol=1e-7)
    assert run.temperature_K.tolist() == [300, 150, 150]
    assert run.interval_ps == pytest.approx(0.5)
    assert "named Potential" in refusal(write(tmp_path, XVG.replace('"Potential"', '"Total Energy"')))
    assert "in which units" in refusal(write(tmp_path, XVG.replace("kJ/mol", "")))


def kinetic(per_atom_of=1, unit_eV=1.0, *, column="TotEng", N=13):
    """Return thermo output at 100 K with 3N - 3 degrees of freedom, K = (3N - 3)/2 k_B T."""
    K = (3 * N - 3) / 2 * ase_units.kB * 100
    potential = [-4.0, -3.5, -3.25]
    values = [
        ((K if column == "KinEng" else K + U) / unit_eV / per_atom_of, U / unit_eV / per_atom_of) for U in potential
    ]
    rows = "".join(f"{10 * k} 100 {U:.8g} {other:.8g}\n" for k, (other, U) in enumerate(values))
    return f"Step Temp PotEng {column}\n{rows}" + END


@pytest.mark.parametrize("column", ["TotEng", "KinEng"])
def test_units_in_which_temperature_and_kinetic_energy_disagree_are_refused(tmp_path, column):
    """A log that was reopened says nothing of its units, and the user may err."""
    path = write(tmp_path, kinetic(unit_eV=ase_units.kcal / ase_units.mol, column=column))
    assert read_log_energies(path, units="real").potential_energy_eV[0] == pytest.approx(-4.0)
    for wrong in ("metal", "electron"):
        assert f"in units {wrong} the mean kinetic energy is" in refusal(path, units=wrong)


def test_energies_per_atom_show_in_the_kinetic_energy(tmp_path):
    text = kinetic(per_atom_of=13)
    assert "per atom" in refusal(write(tmp_path, text), units="metal")
    assert "per atom" in refusal(write(tmp_path, "  Unit style    : metal\n" + text))
    said = write(tmp_path, HEAD + "thermo_modify norm yes\n" + text)
    assert read_log_energies(said).potential_energy_eV[0] == pytest.approx(-4.0)


def test_thermo_output_of_several_lines_is_read(tmp_path):
    """As LAMMPS writes it after `thermo_modify line multi`; a run with other columns may follow."""
    blocks = "".join(
        f"------------ Step {10 * k:14d} ----- CPU = {0.1 * k:12.4g} (sec) -------------\n"
        f"TotEng   =  -3.0000 KinEng   =   0.1000 Temp     =   150.0000\nPotEng   =  {energy:.4f}\n"
        for k, energy in enumerate(ENERGIES)
    )
    later = "Step PotEng Temp\n40 -4.5 150\n50 -5.0 150\n" + END
    run = read_log_energies(write(tmp_path, HEAD + blocks + END + "Minimization stats:\n" + blocks + END + later))
    assert run.step.tolist() == [0, 10, 20, 30, 40, 50]
    assert run.potential_energy_eV.tolist() == [*ENERGIES, -4.5, -5.0]
    assert run.temperature_K.tolist() == [150.0] * 6
    assert run.dropped_rows == len(ENERGIES)
    assert "in which units" in refusal(write(tmp_path, blocks))
