"""From the outputs of real runs to results/."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from deckgen import files as whole_files
from deckgen.analysis.crossings import Crossings, RunCrossings
from deckgen.analysis.jumps.melting import JumpMelting, RungRates
from deckgen.analysis.states import EnergyTrace
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.cli.study_tables import print_thermodynamics
from deckgen.decks.manifest import read_manifest
from deckgen.errors import AnalysisError, InputError, RunError
from deckgen.minima import Minimum
from deckgen.samples import Samples
from deckgen.study import Study
from deckgen.workflows.analyse.gather import gather
from deckgen.workflows.analyse.result import StudyThermodynamics
from deckgen.workflows.analyse.study import analyse
from deckgen.workflows.analyse.trajectories import quenches_of, with_quenches
from deckgen.workflows.isomers.quenches import write_quenches

# DESIGN: keys may be added, never renamed
CONTRACT = {
    "": {
        "schema", "deckgen_version", "cluster", "potential", "c0_over_kB", "temperatures_K", "heat_capacity_over_c0",
        "heat_capacity_ci95", "potential_energy_eV", "melting", "peaks", "states", "overlap", "n_reweighting",
        "estimators", "lindemann", "warnings",
    },
    "cluster": {"formula", "n_atoms"},
    "potential": {"name", "sha256"},
    "melting": {"temperature_K", "ci95_K", "peak_over_c0", "fwhm_K", "latent_heat_eV", "at_edge"},
    "estimators": {"fluctuation", "dU_dT", "multiple_histogram", "rotation"},
    "lindemann": {"temperatures_K", "delta"},
}  # fmt: skip
STATE = {
    "temperature_K", "n_samples", "equilibration_ps", "statistical_inefficiency", "n_effective", "mean_U_eV",
    "std_U_eV", "kinetic_temperature_K", "kinetic_temperature_error_K",
}  # fmt: skip


def read(study: Path) -> dict:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in the JSON")

    return json.loads((study / "results" / "thermodynamics.json").read_text(), parse_constant=refuse)


def columns(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def codes(result) -> list[str]:
    return [finding.code for finding in result.warnings]


def printed(result) -> str:
    out = StringIO()
    print_thermodynamics(StudyThermodynamics.of(result, (), None), Console(file=out, width=200))
    return out.getvalue()


def test_the_table_has_the_melts_and_freezings_of_each_temperature(rng: np.random.Generator) -> None:
    samples = Samples.from_arrays(
        [90, 100, 110], [rng.gamma(16.5, T * 8.6e-5, 200) for T in (90, 100, 110)], n_atoms=13
    )
    result = replace(thermodynamics(samples, bootstraps=0), crossings=None)
    assert "crossings" not in printed(result)
    runs = (RunCrossings(100.0, 1, 4, 3), RunCrossings(100.0, 2, 1, 2))
    table = printed(replace(result, crossings=Crossings(-2.0, -1.0, 3.0, runs)))
    assert "crossings" in table
    assert re.search(r"^ *90 .* 0 \+ 0 *$", table, re.MULTILINE)
    assert re.search(r"^ *100 .* 5 \+ 5 *$", table, re.MULTILINE)
    runs = (RunCrossings(100.0, 1, 4, 3, 2), RunCrossings(100.0, 2, 1, 2, 1))
    table = printed(replace(result, crossings=Crossings(-2.0, -1.0, 3.0, runs)))
    assert re.search(r"^ *90 .* 0 \+ 0 *$", table, re.MULTILINE)
    assert re.search(r"^ *100 .* 5 \+ 5 \(3 defective\) *$", table, re.MULTILINE)


def test_the_peak_by_the_jumps_alone_is_printed_below_that_of_mbar(rng: np.random.Generator) -> None:
    samples = Samples.from_arrays([90, 110], [rng.gamma(16.5, T * 8.6e-5, 200) for T in (90, 110)], n_atoms=13)
    result = replace(thermodynamics(samples, bootstraps=0), jumps=None)
    assert "alone" not in printed(result)
    rungs = (RungRates(100.0, 4, 3, 50.0, 60.0), RungRates(110.0, 2, 0, 50.0, 60.0))
    jumps = JumpMelting(101.0, (95.0, None), 100.5, (94.5, None), 0.4, rungs)
    assert "its 6 melts and 3 freezings alone put it at 100.5 K (95 %: 94.5 K to open)" in printed(
        replace(result, jumps=jumps)
    )
    bound = replace(jumps, temperature_K=None, peak_K=None)
    assert "alone do not fix it (95 %: 94.5 K to open)" in printed(replace(result, jumps=bound))


def test_the_json_keeps_the_contract(analysed: Path) -> None:
    results = read(analysed)
    for key, names in CONTRACT.items():
        part = results[key] if key else results
        if part is not None:
            assert names <= part.keys()
    assert results["cluster"] == {"formula": "Na13", "n_atoms": 13}
    assert results["potential"]["name"] == "na-gupta"
    assert results["c0_over_kB"] == 3 * 13 - 4.5
    assert results["states"][0].keys() >= STATE
    assert [state["temperature_K"] for state in results["states"]] == [150, 190, 230, 270, 310]
    assert (results["temperatures_K"][0], results["temperatures_K"][-1]) == (150, 310)
    assert results["estimators"]["rotation"].keys() == {"canonical", "sampled", "tm_canonical_K", "tm_sampled_K"}
    assert results["lindemann"]["temperatures_K"] == [150, 190, 230, 270, 310]
    assert results["lindemann"]["delta"][0] < 0.15 < results["lindemann"]["delta"][-1]
    assert results["external"] == []
    assert results["comparison"] is None


def test_the_tables_are_the_json_and_every_figure_is_there(analysed: Path) -> None:
    results, folder = read(analysed), analysed / "results"
    curve = columns(folder / "heat_capacity.csv")
    assert curve["temperature_K"].tolist() == results["temperatures_K"]
    assert curve["heat_capacity_over_c0"].tolist() == results["heat_capacity_over_c0"]
    band = np.column_stack([curve["ci95_low_over_c0"], curve["ci95_high_over_c0"]])
    assert band.tolist() == results["heat_capacity_ci95"]
    points = columns(folder / "heat_capacity_points.csv")
    assert points["fluctuation_over_c0"].tolist() == results["estimators"]["fluctuation"]
    energy = columns(folder / "caloric_curve.csv")
    assert energy["potential_energy_eV"].tolist() == results["potential_energy_eV"]
    overlap = columns(folder / "overlap.csv")
    assert overlap["overlap_with_190_K"].tolist() == [row[1] for row in results["overlap"]]
    density = columns(folder / "energy_histograms.csv")
    width = np.diff(density["potential_energy_eV"][:2])
    np.testing.assert_allclose(density["density_at_150_K_per_eV"].sum() * width, 1, rtol=1e-6)
    drawn = {path.name for path in (folder / "figures").iterdir()}
    names = {
        "heat_capacity",
        "caloric_curve",
        "energy_histograms",
        "overlap",
        "lindemann",
        "estimators",
        "energy_traces",
    }
    assert {f"{name}.{suffix}" for name in names for suffix in ("svg", "png")} <= drawn
    assert not list(folder.glob(".new-*"))


def test_a_study_that_is_partly_done_is_analysed_and_says_so(study: Path, deck) -> None:
    (deck(study, 310) / "energies.dat").unlink()
    energies = deck(study, 270) / "energies.dat"
    energies.write_text("".join(energies.read_text().splitlines(keepends=True)[:1200]))
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace("270, 310]", "270, 310, 350]"))  # a rung without a deck
    result = analyse(study, figures=False)
    partial = [finding.message for finding in result.warnings if finding.code == "partial"]
    assert any("no samples yet at 310, 350 K" in message for message in partial)
    assert any("planned length at 270 K" in message for message in partial)
    assert read(study)["temperatures_K"][-1] == 270


def test_one_temperature_alone_gives_no_curve(study: Path, deck) -> None:
    for T in (190, 230, 270, 310):
        (deck(study, T) / "energies.dat").unlink()
    with pytest.raises(AnalysisError, match="two temperatures or more"):
        analyse(study, figures=False)
    assert not (study / "results").exists()


def test_a_study_without_samples_says_what_to_do(study: Path, deck) -> None:
    for T in (150, 190, 230, 270, 310):
        (deck(study, T) / "energies.dat").unlink()
    with pytest.raises(RunError, match="deckgen run"):
        analyse(study, figures=False)


def test_an_evaporation_is_found_and_its_samples_left_out(study: Path, deck) -> None:
    frames = deck(study, 310) / "frames.extxyz"
    head, *parts = re.split(r"(?m)^(?=13\n)", frames.read_text())
    assert head == ""
    assert len(parts) == 40
    for k in range(25, 40):  # one atom leaves
        lines = parts[k].splitlines()
        lines[-1] = f"Na {20 + k} 0 0"
        parts[k] = "\n".join(lines) + "\n"
    frames.write_text("".join(parts))
    result = analyse(study, figures=False)
    (found,) = [finding for finding in result.warnings if finding.code == "evaporation"]
    assert found.temperature_K == 310
    assert "2 pieces at 26 ps" in found.message
    assert "after 25 ps" in found.message
    trace = next(trace for trace in result.traces if trace.temperature_K == 310)
    assert trace.time_ps[-1] <= 25
    untouched = next(trace for trace in result.traces if trace.temperature_K == 270)
    assert untouched.time_ps[-1] > 39
    # atoms far away would swell the index without limit
    assert result.lindemann.delta[-1] < 0.4


def test_a_quench_below_the_start_names_its_energy_and_its_file(study: Path, deck) -> None:
    assert "lower_minimum_found" not in codes(analyse(study, figures=False))
    quenched = deck(study, 230) / "quenched.extxyz"
    text = re.sub(r"Potential_energy=\S+", "Potential_energy=-8.95", quenched.read_text())
    quenched.write_text(text)
    result = analyse(study, figures=False)
    (found,) = [finding for finding in result.warnings if finding.code == "lower_minimum_found"]
    assert found.temperature_K == 230
    assert "-8.95000 eV" in found.message
    assert 'file = "decks/nvt/T0230.000K-r1/quenched.extxyz"' in found.message


def test_quenches_of_a_run_that_was_replaced_are_not_of_the_new_one(study: Path, deck) -> None:
    minima = [
        Minimum(("Na",) * 13, np.zeros((13, 3)), energy, 1e-3, 9, converged, 150.0, source, frame)
        for energy, converged, source, frame in [
            (-12.5, True, "nvt/T0150.000K-r1", 250),
            (-12.0, False, "nvt/T0150.000K-r1", 500),
            (-13.0, True, "walk/1", 1),
        ]
    ]
    write_quenches(study, minima, read_manifest(deck(study, 150)))
    samples = gather(Study.read(study), study, (), None)
    traces = [EnergyTrace(T, 1, np.arange(3.0), np.zeros(3), 0.0) for T in (150.0, 190.0)]
    first, second = with_quenches(traces, quenches_of(samples, study))
    assert (first.quench_time_ps.tolist(), first.quench_energy_eV.tolist()) == ([1.0], [-12.5])  # of 4 fs steps
    assert len(second.quench_time_ps) == 0
    manifest = deck(study, 150) / "deck.json"
    manifest.write_text(manifest.read_text().replace(read_manifest(deck(study, 150)).identity, "another"))
    assert [len(one.quench_time_ps) for one in with_quenches(traces, quenches_of(samples, study))] == [0, 0]
    write_quenches(study, minima[2:], read_manifest(deck(study, 190)))
    assert not (study / "results" / "quenches.json").exists()


def test_a_new_analysis_takes_the_place_of_the_old_one_as_a_whole(
    analysed: Path, deck, tmp_path: Path, monkeypatch
) -> None:
    study = Path(shutil.copytree(analysed, tmp_path / "study", symlinks=True))
    before = {path: path.read_bytes() for path in (study / "results").rglob("*.*")}
    (study / "results" / "isomers.extxyz").write_text("of another command")

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(whole_files.json, "dumps", full_disk)
        with pytest.raises(OSError, match="no space"):
            analyse(study, seed=2, figures=False)
    assert {path: path.read_bytes() for path in before} == before
    for T in (150, 190, 230, 270, 310):
        (deck(study, T) / "frames.extxyz").unlink()
    result = analyse(study, figures=False)
    assert result.lindemann is None
    assert not list((study / "results").rglob("lindemann*"))
    assert (study / "results" / "isomers.extxyz").read_text() == "of another command"


def test_the_same_study_gives_the_same_files(analysed: Path, study: Path) -> None:
    analyse(study)
    for path in (analysed / "results").rglob("*.*"):
        assert (study / path.relative_to(analysed)).read_bytes() == path.read_bytes()


def test_energies_from_elsewhere_give_the_curve_as_sampled(study: Path, deck, tmp_path: Path) -> None:
    own = analyse(study, figures=False)
    files = {T: deck(study, T) / "energies.dat" for T in (150.0, 190.0, 230.0, 270.0, 310.0)}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    result = analyse(elsewhere, external=files, n_atoms=13, figures=False)
    assert result.rotation == "sampled"
    np.testing.assert_allclose(
        result.heat_capacity_over_c0,
        np.interp(result.temperatures_K, own.temperatures_K, own.estimators.sampled),
        rtol=0.02,
    )
    assert [source["temperature_K"] for source in read(elsewhere)["external"]] == sorted(files)


def test_energies_from_elsewhere_join_the_studys_own(study: Path, deck, tmp_path: Path) -> None:
    log = tmp_path / "log.lammps"
    energies = columns_of(deck(study, 270) / "energies.dat")
    rows = "".join(f"{10 * k} {E:.6f}\n" for k, E in enumerate(energies))
    head, end = (
        "LAMMPS (22 Jul 2025)\nunits metal\ntimestep 0.004\n",
        "Loop time of 1 on 1 procs for 1 steps with 13 atoms\n",
    )
    log.write_text(f"{head}Step PotEng\n{rows}{end}")
    (deck(study, 270) / "energies.dat").unlink()
    result = analyse(study, external={270.0: log, 290.0: log}, figures=False)
    assert [state.temperature_K for state in result.states] == [150, 190, 230, 270, 290, 310]
    assert "partial" not in codes(result)
    assert result.external[0].run.interval_ps == pytest.approx(0.04)


def columns_of(path: Path) -> np.ndarray:
    return np.loadtxt(path)[:, 1]


def test_wrong_files_from_elsewhere_are_named(study: Path, deck, tmp_path: Path) -> None:
    good, text, log = deck(study, 150) / "energies.dat", tmp_path / "notes.txt", tmp_path / "log.lammps"
    text.write_text("an afternoon in the laboratory\n")
    thermo = "Step PotEng\n0 -1.0\n10 -1.1\nLoop time of 1 on 1 procs for 10 steps with 55 atoms\n"
    log.write_text(f"LAMMPS (22 Jul 2025)\nunits metal\n{thermo}")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match=r"missing\.dat"):
        analyse(study, external={200.0: tmp_path / "missing.dat"})
    with pytest.raises(InputError, match=r"notes\.txt"):
        analyse(study, external={200.0: text})
    with pytest.raises(InputError, match="it must be positive"):
        analyse(study, external={-5.0: good})
    with pytest.raises(InputError, match=r"13 .*, 55 \(.*log\.lammps"):
        analyse(study, external={200.0: log})
    with pytest.raises(InputError, match="number of atoms is not known"):
        analyse(empty, external={150.0: good, 190.0: good})
    with pytest.raises(InputError, match="deckgen init"):
        analyse(empty)
