from __future__ import annotations

import numpy as np
import pytest

from deckgen.errors import InputError
from deckgen.runs.external import read_log_energies

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
---
keywords: ['Step', 'Temp', 'PotEng', ]
data:
  - [0, 300.0, -47.0, ]
  - [10, 150.0, -46.5, ]
  - [20, 150.0, -46.0, ]
...
Loop time of 0.4 on 1 procs for 20 steps with 13 atoms
"""


def write(folder, text):
    path = folder / "energies.txt"
    path.write_text(text)
    return path


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
    run = read_log_energies(write(tmp_path, "LAMMPS (22 Jul 2025)\n" + rows + end + "reset_timestep 0\n" + again + end))
    np.testing.assert_allclose(run.potential_energy_eV, [-50, -50.1, -50.2, -50.3])
    assert run.dropped_rows == 4


@pytest.mark.parametrize(
    "text",
    [
        "-47.0\n-46.5\n-46.0\n",
        "# PotEng\n-47.0\n-46.5\n-46.0\n",
        "step,temperature,PotEng\n0,300,-47.0\n5,300,-46.5\n10,300,-46.0",
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
        (LOG.replace("units           metal", "units lj"), "units lj"),
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
