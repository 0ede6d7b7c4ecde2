"""What must hold of the native evaluator whatever the potential is."""

from __future__ import annotations

import re

import numpy as np
import pytest
from ase import Atoms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

ONE_AT_A_TIME = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}


def blob(seed: int, n: int) -> np.ndarray:
    """Points of a jittered grid, so that no two are on top of each other."""
    rng = np.random.default_rng(seed)
    grid = 3.6 * np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)
    return rng.permutation(grid)[:n] + rng.normal(0.0, 0.35, (n, 3))


@settings(max_examples=15, **ONE_AT_A_TIME)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 20), shift=st.tuples(*[st.floats(-50.0, 50.0)] * 3))
def test_rotation_translation_and_permutation(driver, rich, seed, n, shift):
    positions = blob(seed, n)
    rng = np.random.default_rng(seed + 1)
    rotation, order = Rotation.random(random_state=rng).as_matrix(), rng.permutation(n)
    moved = (positions @ rotation.T + shift)[order]
    one, other = driver.evaluate(rich.xml, [Atoms(f"Na{n}", positions), Atoms(f"Na{n}", moved)])
    assert other["energy"] == pytest.approx(one["energy"], abs=1e-10 * n)
    np.testing.assert_allclose(other["energies"], one["energies"][order], rtol=0, atol=1e-10)
    np.testing.assert_allclose(other["forces"], (one["forces"] @ rotation.T)[order], rtol=0, atol=1e-9)


def test_forces_and_virial_are_slopes_of_the_energy(driver, rich):
    positions, h = blob(7, 9), 1e-4
    frames, expected = [Atoms("Na9", positions)], []
    base = driver.evaluate(rich.xml, frames)[0]
    for atom in range(9):
        for axis in range(3):
            step = np.zeros((9, 3))
            step[atom, axis] = h
            frames += [Atoms("Na9", positions + sign * step) for sign in (1, -1)]
            expected.append(base["forces"][atom, axis])
    for a in range(3):
        for b in range(3):
            strain = np.zeros((3, 3))
            strain[a, b] = h
            frames += [Atoms("Na9", positions @ (np.eye(3) + sign * strain)) for sign in (1, -1)]
            expected.append(base["virials"].sum(axis=0)[a, b])
    energies = np.array([answer["energy"] for answer in driver.evaluate(rich.xml, frames)[1:]])
    slopes = (energies[1::2] - energies[::2]) / (2 * h)
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=3e-7)


def test_forces_and_torques_vanish_together(driver, rich):
    positions = blob(3, 20)
    answer = driver.evaluate(rich.xml, [Atoms("Na20", positions)])[0]
    np.testing.assert_allclose(answer["forces"].sum(axis=0), 0.0, atol=1e-11)
    np.testing.assert_allclose(np.cross(positions, answer["forces"]).sum(axis=0), 0.0, atol=1e-9)


def test_clusters_out_of_reach_of_each_other_are_as_they_are_alone(driver, rich):
    """More atoms than SOAP takes in one block (192), each where it is in a cluster of 27."""
    positions, far = blob(11, 27), np.array([40.0, 0.0, 0.0])
    many = np.concatenate([positions + k * far for k in range(8)])
    alone, together = driver.evaluate(rich.xml, [Atoms("Na27", positions), Atoms("Na216", many)])
    np.testing.assert_allclose(together["energies"], np.tile(alone["energies"], 8), rtol=0, atol=1e-11)
    np.testing.assert_allclose(together["forces"], np.tile(alone["forces"], (8, 1)), rtol=0, atol=1e-10)


def test_nothing_jumps_at_a_cutoff(driver, rich):
    """Across each cutoff of the potential (4.6, 5.2, 7) the force of a dimer is as smooth as elsewhere."""
    for cutoff in (4.6, 5.2, 7.0):
        distances = cutoff + np.array([-2e-6, -1e-6, 1e-6, 2e-6])
        frames = [Atoms("Na2", [[0.0, 0.0, 0.0], [0.0, r, 0.0]]) for r in distances]
        forces = [answer["forces"][1, 1] for answer in driver.evaluate(rich.xml, frames)]
        assert np.abs(np.diff(forces)).max() < 1e-5


def test_the_exponential_is_right_to_the_last_digits(driver):
    x = -np.concatenate([np.linspace(0.0, 2.0, 2001), np.random.default_rng(4).uniform(0.0, 708.0, 2000)])
    found = [float(line) for line in driver.run("exp_driver", given="\n".join(map(repr, x.tolist()))).stdout.split()]
    np.testing.assert_allclose(found, np.exp(x), rtol=5e-16, atol=0)
    assert driver.run("exp_driver", given="-708.1 -1e5").stdout.split() == ["0", "0"]


def test_large_weights_cost_no_digits(driver, models):
    """A fit to real data has weights of 1e4 eV and more, whose sum is small: the energy is linear in them."""
    model, factor = models["soap"], 2.0**20
    xml = model.xml.with_name("large.xml")
    xml.write_text(re.sub(r' alpha="([^"]*)"', lambda m: f' alpha="{float(m[1]) * factor!r}"', model.xml.read_text()))
    frames = [Atoms("Na20", blob(5, 20))]
    small, large = (driver.evaluate(file, frames)[0] for file in (model.xml, xml))
    assert large["energy"] == pytest.approx(factor * small["energy"], rel=1e-11)
    np.testing.assert_allclose(large["forces"], factor * small["forces"], rtol=0, atol=1e-11 * factor)


@pytest.mark.parametrize(
    ("errors", "code", "message"),  # of a force, of the energy, and of a force of the displaced copy
    [
        ("0 0 0", 0, "checked against QUIP: forces differ by at most 0.0e+00 eV/A; 2 evaluations by native"),
        ("9e-7 0 0", 0, "forces differ by at most 9.0e-07 eV/A; 2 evaluations"),
        ("2e-6 0 0", 1, "the native engine disagrees with QUIP at the first step: forces by 2.0e-06 eV/A"),
        ("nan 0 0", 1, "forces by a number that is not finite"),
        ("0 1e-6 0", 0, "2 evaluations"),  # of two atoms: 5e-7 eV per atom
        ("0 3e-6 0", 1, "energies by 1.5e-06 eV per atom"),
        ("0 0 9e-7", 0, "forces differ by at most 9.0e-07 eV/A; 2 evaluations"),
        ("0 0 2e-6", 1, "forces by 2.0e-06 eV/A"),
    ],
)
def test_the_first_evaluation_is_checked(driver, rich, errors, code, message):
    done = driver.run("check_driver", str(rich.xml), *errors.split())
    assert (done.returncode, done.stderr) == (code, "")
    assert message in done.stdout


def test_an_energy_that_depends_on_the_order_of_the_atoms_is_an_error(driver):
    fair, unfair = driver.run("order_driver", "fair"), driver.run("order_driver", "unfair")
    assert (fair.returncode, fair.stdout) == (0, "the same\n")
    assert unfair.returncode == 1
    assert "the energy depends on the order of the atoms, by" in unfair.stdout


def test_training_data_inside_the_xml_are_passed_over(driver, rich):
    """As gap_fit leaves them there unless it is told otherwise."""
    data = "\n".join(["<XYZ_data>", "2", 'Properties=species:S:1:pos:R:3 energy="-1.0"', "Na 0 0 0", "Na 0 0 3", ""])
    xml = rich.xml.with_name("with_data.xml")
    xml.write_text(rich.xml.read_text().replace("</GAP_params>", f"{data}</XYZ_data>\n</GAP_params>"))
    frames = [Atoms("Na9", blob(7, 9))]
    plain, other = (driver.evaluate(file, frames)[0] for file in (rich.xml, xml))
    assert other["energy"] == plain["energy"]
    np.testing.assert_array_equal(other["forces"], plain["forces"])


UNCOVERED = {  # what is changed in the xml, and the reason that is given
    ('"IP GAP label=', '"Sum IP GAP label='): "it is not a GAP alone",
    ('do_core="F"', 'do_core="T"'): "it has a core potential",
    ("<descriptor>distance_2b", "<descriptor>distance_Nb"): "its distance_Nb has no z",
    (
        "<descriptor>distance_2b cutoff",
        "<descriptor>distance_Nb order=3 Z={11 11 11 } cutoff",
    ): "of another order than 2",
    ("<descriptor>distance_2b", "<descriptor>bond_real_space"): "it has the descriptor bond_real_space",
    ('covariance_type="1"', 'covariance_type="4"'): "its distance_2b has covariance_type 4",
    ('signal_mean=".0', 'signal_mean=".5'): "it has a mean (f0) other than 0",
    ('n_permutations="1"', 'n_permutations="2"'): "it has permutations",
    ('sparsified="T"', 'sparsified="F"'): "it is not sparse",
    ("Z2=11", "Z2=0"): "its distance_2b has z2=0, which is no one element",
    ("Z2=11</", "</"): "its distance_2b has no z2",
    (" Z=11 species_Z={11 }", ""): "some of its descriptors name no element, others do",
    ("species_Z={11 }", "species_Z={11 19 }"): "its soap has another n_species than elements in species_Z",
    ("species_Z={11 }", "species_Z={{11 }}"): "cannot be read as NAME KEY=VALUE",
    ('gap_version="1', 'gap_version="0'): "it was written by a gap_fit of before 2015",
    (" Z=11 species_Z", " covariance_sigma0=0.1 Z=11 species_Z"): "its soap has the option covariance_sigma0=0.1",
    ("Z1=11 Z2=11", "only_intra=T Z1=11 Z2=11"): "its distance_2b has the option only_intra=T",
    ("theta_uniform=0.7", "theta_uniform 0.7"): "cannot be read as NAME KEY=VALUE",
    ("<theta>", "<theta> 1.0 "): "it does not have one theta per dimension",
    ('sparseX i="2"', 'sparseX i="1"'): "its weights are out of order",
    ("<gpSparse ", '<gpSparse power="2" '): "its <gpSparse> has an attribute power",
    ("<command_line>", "<core_part/><command_line>"): "it has an element <core_part>",
    (" Z=11 species_Z", " radial_basis=GTO Z=11 species_Z"): "its soap has the option radial_basis=GTO",
    (" Z=11 species_Z", " average=T Z=11 species_Z"): "its soap has the option average=T",
    (" Z=11 species_Z", " normalise=F Z=11 species_Z"): "its soap has the option normalise=F",
    ("n_max=5", "n_max=6"): "its soap has another number of dimensions than n_max, l_max and n_species give",
    ('zeta="3.0', 'zeta="-3.0'): "its soap has a zeta beyond 0 .. 64",
    ("<theta>  0.69999999999999996E+000", "<theta> 1e-4"): "too steep to be tabulated",
}


@pytest.mark.parametrize(
    ("change", "reason"), UNCOVERED.items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_not_covered_is_named(driver, rich, change, reason):
    before, after = change
    text = rich.xml.read_text()
    assert before in text
    xml = rich.xml.with_name("changed.xml")
    xml.write_text(text.replace(before, after, 1))
    done = driver.run("gap_driver", str(xml), "frames.xyz")
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
