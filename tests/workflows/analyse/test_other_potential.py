"""A study's frames, reweighted to another GAP."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from deckgen.analysis.mbar.other_potential import EvaluatedRun, reweight_to_potential
from deckgen.decks.potentials import BUILTIN
from deckgen.errors import InputError
from deckgen.quip.native import evaluate_natively
from deckgen.workflows.analyse.other_potential import reweight_study

GAP = BUILTIN["na-gap"].file
TIMESTEP_PS = 0.004


@pytest.mark.long
def test_frames_after_the_equilibration_count_with_the_other_potentials_energies(analysed: Path) -> None:
    """Assembled once more from the files, by ASE and by the native evaluator; the runs keep L = 0: sqrt(det I)."""
    states = json.loads((analysed / "results" / "thermodynamics.json").read_text())["states"]
    runs = []
    for state in states:
        (file,) = (analysed / "decks" / "nvt").glob(f"T{state['temperature_K']:08.3f}K-*/frames.extxyz")
        frames = [a for a in read(file, ":") if a.info["Timestep"] * TIMESTEP_PS > state["equilibration_ps"]]
        answers = evaluate_natively(GAP, [(atoms.numbers, atoms.positions) for atoms in frames])
        moments = [np.prod(atoms.get_moments_of_inertia()) for atoms in frames]
        energies = [atoms.info["Potential_energy"] for atoms in frames]
        others = [energy for energy, _ in answers]
        runs.append(EvaluatedRun(state["temperature_K"], *map(np.array, (energies, others, np.sqrt(moments)))))
    expected = reweight_to_potential(runs, 13, grid_K=10.0)
    found = reweight_study(analysed, GAP, grid_K=10.0, workers=1)
    np.testing.assert_allclose(found.own_over_c0, expected.own_over_c0, rtol=1e-6)
    np.testing.assert_allclose(found.other_over_c0, expected.other_over_c0, rtol=1e-5)
    np.testing.assert_allclose(found.n_effective, expected.n_effective, rtol=1e-5)
    assert found.n_effective.max() < sum(len(run.energies_eV) for run in runs)


def test_a_container_is_refused_because_its_wall_is_part_of_the_energies(study: Path) -> None:
    text = (study / "study.toml").read_text().replace("size = 13", "size = 13\ncontainer_radius_A = 15.0")
    (study / "study.toml").write_text(text)
    with pytest.raises(InputError, match="frames in a container hold that of its wall"):
        reweight_study(study, GAP)
