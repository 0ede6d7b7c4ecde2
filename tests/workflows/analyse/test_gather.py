"""Runs made elsewhere beside a study's own at the same temperature."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from deckgen.decks.manifest import ENERGIES
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.workflows.analyse.gather import gather, read_external
from deckgen.workflows.analyse.study import analyse


@pytest.fixture
def elsewhere(study: Path, deck, tmp_path: Path) -> Path:
    """A log of another run at 310 K, as long as the study's own: 40 ps, a row every 0.02 ps."""
    energies = np.loadtxt(deck(study, 310) / ENERGIES)[:, 1]
    rows = "".join(f"{5 * k} {energy:.6f}\n" for k, energy in enumerate(energies))
    end = "Loop time of 1 on 1 procs for 1 steps with 13 atoms\n"
    log = tmp_path / "log.lammps"
    log.write_text(f"LAMMPS (22 Jul 2025)\nunits metal\ntimestep 0.004\nStep PotEng\n{rows}{end}")
    return log


def test_no_two_runs_are_the_same_replica_of_a_temperature(study: Path, elsewhere: Path) -> None:
    samples = gather(Study.read(study), study, read_external({310.0: elsewhere, 330.0: elsewhere}), None)
    found = [(run.temperature_K, run.replica) for run in samples.series]
    assert found == [*((T, 1) for T in (150, 190, 230, 270, 310)), (310, 2), (330, 1)]
    by_run = {(run.temperature_K, run.replica): run for run in samples.series}
    assert by_run[310, 1].frames is not None
    assert by_run[310, 2].label == str(elsewhere)


def test_an_evaporation_of_the_studys_own_run_cuts_no_run_made_elsewhere(study: Path, deck, elsewhere: Path) -> None:
    frames = deck(study, 310) / "frames.extxyz"
    _, *parts = re.split(r"(?m)^(?=13\n)", frames.read_text())
    for k in range(25, 40):  # one atom leaves after 25 ps
        lines = parts[k].splitlines()
        lines[-1] = f"Na {20 + k} 0 0"
        parts[k] = "\n".join(lines) + "\n"
    frames.write_text("".join(parts))
    result = analyse(study, external={310.0: elsewhere}, figures=False)
    own, other = (trace for trace in result.traces if trace.temperature_K == 310)
    assert own.time_ps[-1] <= 25
    assert other.time_ps[-1] > 39


def test_units_and_atoms_that_a_log_lacks_are_those_given(elsewhere: Path) -> None:
    """The log of a run in kcal/mol that was reopened, with energies per atom: no line of it says so."""
    in_eV = read_external({310.0: elsewhere})[0].run
    text = elsewhere.read_text().replace("units metal\n", "").replace("timestep 0.004", "timestep 4.0")
    elsewhere.write_text(text)
    with pytest.raises(InputError, match="does not say in which units"):
        read_external({310.0: elsewhere})
    (source,) = read_external({310.0: elsewhere}, units="real")
    np.testing.assert_allclose(source.run.potential_energy_eV, in_eV.potential_energy_eV / 23.0605, rtol=1e-5)
    assert source.run.interval_ps == in_eV.interval_ps
    cut = text[: text.index("Loop time")].replace("Step PotEng", "thermo_modify norm yes\nStep PotEng")
    elsewhere.write_text(cut)
    (source,) = read_external({310.0: elsewhere}, units="metal", n_atoms=13)
    np.testing.assert_allclose(source.run.potential_energy_eV, 13 * in_eV.potential_energy_eV)
    assert source.to_json()["per_atom"]
    assert source.to_json()["units"] == "metal"


def test_the_temperature_of_a_file_is_checked_and_kept(study: Path, elsewhere: Path, rng: np.random.Generator) -> None:
    head, rows = elsewhere.read_text().split("Step PotEng\n")
    temperatures = (310 * rng.chisquare(36, rows.count("\n")) / 36).tolist()
    lines = [f"{line} {T}" for line, T in zip(rows.splitlines(), temperatures, strict=True) if line[0].isdigit()]
    elsewhere.write_text(head + "Step PotEng Temp\n" + "\n".join(lines) + "\n")
    with pytest.raises(InputError, match="not 410 K"):
        gather(None, study, read_external({410.0: elsewhere}), 13)
    samples = gather(None, study, read_external({310.0: elsewhere}), 13)
    kinetic = samples.series[0].kinetic_temperature_K
    assert kinetic is not None
    np.testing.assert_allclose(kinetic, temperatures[:-1])
