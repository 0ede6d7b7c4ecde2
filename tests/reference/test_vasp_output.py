"""What VASP 5 and 6 write, read for labels: which steps are labels, and which settings are the same."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from vasp_files import SETTINGS, outcar, vasprun

from deckgen.errors import InputError
from deckgen.reference.vasp_output.read import read_output
from deckgen.reference.vasp_output.run import NOT_CONVERGED, OF_FORCE_FIELD, WITHOUT_POSITIONS

Writer = Callable[..., None]
FILES = pytest.mark.parametrize("name", ["vasprun.xml", "OUTCAR"])


def alloy(shift: float = 0.0) -> Atoms:
    atoms = Atoms("Cu2Au", positions=[(1, 1, 1 + shift), (1, 1, 3.6), (1, 3.5, 2)], cell=[12.0, 13.0, 14.0], pbc=True)
    atoms.calc = EMT()
    return atoms


@FILES
@pytest.mark.parametrize(("electronic_steps", "fault"), [(59, ""), (60, NOT_CONVERGED)])
def test_a_step_is_a_label_if_it_ended_before_nelm_whatever_is_written_beside_it(
    tmp_path: Path, name: str, electronic_steps: int, fault: str
) -> None:
    """In OUTCAR "EDIFF is reached", in vasprun.xml another NELM = 1: VASP 5 writes both after every step."""
    write = vasprun if name.endswith("xml") else outcar
    (tmp_path / name).write_text(write([alloy()], electronic_steps, SETTINGS))
    assert [step.fault for step in read_output(tmp_path / name).steps] == [fault]


def test_both_files_of_a_run_have_the_same_steps_and_settings(tmp_path: Path, write_vasp_output: Writer) -> None:
    frames = [alloy(), alloy(0.1)]
    hybrid = {"LHFCALC": "T", "AEXX": 0.25, "HFSCREEN": 0.2}
    for name in ("vasprun.xml", "OUTCAR"):
        write_vasp_output(tmp_path / name, frames, **hybrid)
    xml, text = (read_output(tmp_path / name) for name in ("vasprun.xml", "OUTCAR"))
    assert xml.settings == text.settings
    assert {"LHFCALC": "t", "AEXX": "0.25", "HFSCREEN": "0.2", "METAGGA": "none"}.items() <= xml.settings.items()
    for one, two, given in zip(xml.steps, text.steps, frames, strict=True):
        assert one.energy_eV == pytest.approx(given.get_potential_energy(), abs=1e-7)
        assert two.energy_eV == pytest.approx(one.energy_eV, abs=1e-7)
        np.testing.assert_allclose(one.forces_eV_A, given.get_forces(), atol=1e-6)
        np.testing.assert_allclose(two.forces_eV_A, one.forces_eV_A, atol=1e-5)
        np.testing.assert_allclose(two.atoms.positions, one.atoms.positions, atol=1e-5)
        assert str(one.atoms.symbols) == str(two.atoms.symbols) == "Cu2Au"


def test_the_functional_of_a_file_that_does_not_name_it_is_that_of_its_potentials(
    tmp_path: Path, write_vasp_output: Writer
) -> None:
    write_vasp_output(tmp_path / "a" / "vasprun.xml", [alloy()])
    write_vasp_output(tmp_path / "b" / "vasprun.xml", [alloy()], GGA="--")
    assert read_output(tmp_path / "a" / "vasprun.xml").settings == read_output(tmp_path / "b" / "vasprun.xml").settings


@FILES
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_run_that_was_cut_short_has_its_whole_steps_and_says_so(
    tmp_path: Path, write_vasp_output: Writer, name: str, ending: str
) -> None:
    write_vasp_output(tmp_path / name, [alloy(), alloy(0.1)])
    text = (tmp_path / name).read_text()
    cut = text[: text.rindex("</scstep>" if name.endswith("xml") else "POSITION") + 9]
    (tmp_path / (name + ending)).write_bytes(gzip.compress(cut.encode()) if ending else cut.encode())
    run = read_output(tmp_path / (name + ending))
    assert (len(run.steps), bool(run.breaks_off)) == (1, True)


def test_steps_of_vasps_own_force_field_are_no_labels(tmp_path: Path) -> None:
    """VASP 6 with ML_FF: in OUTCAR beside those of DFT, in vasprun.xml without electronic steps."""
    text = outcar([alloy()], 5, SETTINGS)
    predicted = text[text.index("      direct lattice") :].replace("  free  energy   TOTEN", "  free  energy ML TOTEN")
    (tmp_path / "OUTCAR").write_text(text + predicted)
    (tmp_path / "vasprun.xml").write_text(vasprun([alloy()], 0, SETTINGS))
    assert [step.fault for step in read_output(tmp_path / "OUTCAR").steps] == ["", OF_FORCE_FIELD]
    assert [step.fault for step in read_output(tmp_path / "vasprun.xml").steps] == [OF_FORCE_FIELD]


def test_steps_without_forces_are_told_and_take_none_of_the_step_before(tmp_path: Path) -> None:
    """NWRITE = 0: positions and forces of the first and the last step only."""
    first, second = (outcar([atoms], 5, SETTINGS) for atoms in (alloy(), alloy(0.1)))
    steps = second[second.index("----- Iteration") :]
    bare = steps[: steps.index(" POSITION")] + steps[steps.index("  FREE ENERGIE") :]
    (tmp_path / "OUTCAR").write_text(first + bare + steps)
    run = read_output(tmp_path / "OUTCAR")
    assert [step.fault for step in run.steps] == ["", WITHOUT_POSITIONS, ""]
    assert run.steps[1].forces_eV_A is None


def test_numbers_that_run_together_or_overflow_are_read_as_they_are(tmp_path: Path) -> None:
    text = outcar([alloy()], 5, SETTINGS)
    row = next(line for line in text.splitlines() if line.startswith("     1.000000     1.000000     1.000000"))
    (tmp_path / "OUTCAR").write_text(
        text.replace(row, "   1.00000   1.00000   1.00000  -101.000000-202.000000  ********")
    )
    [step] = read_output(tmp_path / "OUTCAR").steps
    assert step.forces_eV_A is not None
    np.testing.assert_equal(step.forces_eV_A[0], [-101.0, -202.0, np.nan])


def test_an_outcar_that_hides_the_number_of_atoms_of_its_later_types_is_refused(tmp_path: Path) -> None:
    """VASP writes at most ten numbers after "ions per type": atoms would be of the wrong element."""
    text = outcar([alloy()], 5, SETTINGS)
    (tmp_path / "OUTCAR").write_text(text.replace("ions per type =    2   1", "ions per type =    2"))
    with pytest.raises(InputError, match=r"take vasprun\.xml"):
        read_output(tmp_path / "OUTCAR")


def test_what_fills_a_large_file_is_passed_over(tmp_path: Path, write_vasp_output: Writer) -> None:
    """The densities of states and the eigenvalues of a step are never parsed: these are not even well-formed."""
    write_vasp_output(tmp_path / "vasprun.xml", [alloy(), alloy(0.1)])
    heavy = "<eigenvalues>\n <array> <r> 1.0 </r>\n</eigenvalues>\n<dos comment='x'>\n <r> & </r>\n </dos>\n"
    text = (tmp_path / "vasprun.xml").read_text()
    (tmp_path / "vasprun.xml").write_text(text.replace("</calculation>", heavy + "</calculation>"))
    run = read_output(tmp_path / "vasprun.xml")
    assert [step.fault for step in run.steps] == ["", ""]
    assert not run.breaks_off


def test_potentials_are_compared_element_by_element(tmp_path: Path, write_vasp_output: Writer) -> None:
    write_vasp_output(tmp_path / "vasprun.xml", [alloy()])
    settings = read_output(tmp_path / "vasprun.xml").settings
    kinds = [symbol for symbol, _ in groupby(alloy().symbols)]
    assert {key: settings[key] for key in settings if key.startswith("POTCAR")} == {
        f"POTCAR of {symbol}": f"PAW_PBE {symbol}" for symbol in kinds
    }
