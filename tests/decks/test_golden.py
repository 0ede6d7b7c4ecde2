"""Decks as plain text: a golden that is missing or differs fails; `make golden` rewrites them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deckgen.decks.deck import study_decks
from deckgen.decks.render import prepare, render_quench, render_temper
from deckgen.minimisers import MINIMISERS
from deckgen.study import Study
from deckgen.thermostats import THERMOSTATS

LADDER = "[ladder]\ntemperatures_K = [100, 200, 300]\n"
LJ = '[potential]\nkind = "lammps"\npair_style = "lj/cut 30.0"\npair_coeff = ["* * 0.0104 3.40"]\n'
STUDIES = {
    "na13-gap": '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gap"\nengine = "plain"\n' + LADDER,
    "na55-gupta": '[cluster]\nelement = "Na"\nsize = 55\n[potential]\nname = "na-gupta"\n' + LADDER,
    "csvr-melted": '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n'
    + LADDER
    + '[nvt]\nthermostat = "csvr"\nstart = "melted"\nreplicas = 2\nseed = 7\n',
    "alternate": '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n'
    + LADDER
    + '[nvt]\nstart = "alternate"\nmelt_K = 400\nreplicas = 2\n',
    "exchange": '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n'
    + LADDER
    + '[nvt]\nthermostat = "csvr"\n[exchange]\nevery = 100\n',
    "lj13-container": '[cluster]\nelement = "Ar"\nsize = 13\ncontainer_radius_A = 8.5\n'
    + LJ
    + LADDER
    + '[nvt]\nthermostat = "langevin"\ntimestep_fs = 4\n',
    "nak-container": '[cluster]\nfile = "start.xyz"\ncontainer_radius_A = 9.0\n'
    '[potential]\nkind = "lammps"\npair_style = "lj/cut 30.0"\n'
    'pair_coeff = ["1 1 0.05 3.3", "1 2 0.045 3.7", "2 2 0.04 4.1"]\n' + LADDER,
    "three-elements": '[cluster]\nformula = "Ar4Kr5Xe4"\nrelax = false\n'
    + LJ
    + LADDER
    + '[nvt]\nswap_every = 50\nstart = "melted"\n',
    "nak-swaps": '[cluster]\nfile = "start.xyz"\ncontainer_radius_A = 9.0\n'
    '[potential]\nkind = "lammps"\npair_style = "lj/cut 30.0"\n'
    'pair_coeff = ["K K 0.04 4.1", "K Na 0.045 3.7", "Na Na 0.05 3.3"]\n'
    + LADDER
    + '[nvt]\nthermostat = "csvr"\nswap_every = 50\n',
    "cuau13-gupta": '[cluster]\nformula = "Cu12Au"\n[potential]\nname = "cuau-gupta"\n' + LADDER,
    "unrelaxed": '[cluster]\nelement = "Ar"\nsize = 38\nstructure = "octahedron"\nrelax = false\n' + LJ + LADDER,
}
NAK = """4

Na  0.0  0.0  0.0
K   4.0  0.0  0.0
K   2.0  3.5  0.0
Na  2.0  1.2  3.2
"""
ISOMERS = {
    "isomers-fire": '[cluster]\nelement = "Na"\nsize = 55\n[potential]\nname = "na-gupta"\n',
    "isomers-cg": '[cluster]\nelement = "Ar"\nsize = 9\ncontainer_radius_A = 7.0\n'
    + LJ
    + '[isomers]\nminimizer = "cg"\nloose_force_eV_A = 1e-5\nmax_force_eV_A = 1e-7\ntemperatures_K = [20]\n',
}


TEMPER = {
    "temper": '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n'
    + LADDER
    + '[nvt]\nstart = "alternate"\n[exchange]\nevery = 300\n',
    "temper-csvr": '[cluster]\nelement = "Ar"\nsize = 13\ncontainer_radius_A = 8.5\nrelax = false\n'
    + LJ
    + LADDER
    + '[nvt]\nthermostat = "csvr"\n[exchange]\nevery = 100\n',
}


@pytest.mark.parametrize("name", STUDIES)
def test_decks_are_as_they_were(name: str, tmp_path: Path, root: Path, rewrite_golden: bool) -> None:
    (tmp_path / "study.toml").write_text(STUDIES[name])
    (tmp_path / "start.xyz").write_text(NAK)
    decks = study_decks(Study.read(tmp_path))
    rendered = {f"{deck.manifest.protocol}-{deck.manifest.id}.in.lammps": deck.script for deck in decks}
    first_and_last = {key: rendered[key] for key in (next(iter(rendered)), list(rendered)[-1])}
    _compare(root / "tests" / "golden" / name, first_and_last | {"cluster.data": decks[0].data}, rewrite_golden)


@pytest.mark.parametrize("name", ISOMERS)
def test_decks_of_the_isomers_are_as_they_were(name: str, tmp_path: Path, root: Path, rewrite_golden: bool) -> None:
    (tmp_path / "study.toml").write_text(ISOMERS[name])
    study = Study.read(tmp_path)
    run = study_decks(study, "isomers")[0]
    quench = render_quench(prepare(study), "loose", study.isomers.loose_force_eV_A)
    texts = {f"isomers-{run.manifest.id}.in.lammps": run.script, "quench-loose.in.lammps": quench.script}
    _compare(root / "tests" / "golden" / name, texts, rewrite_golden)


@pytest.mark.parametrize("name", TEMPER)
def test_decks_for_mpi_are_as_they_were(name: str, tmp_path: Path, root: Path, rewrite_golden: bool) -> None:
    (tmp_path / "study.toml").write_text(TEMPER[name])
    deck = render_temper(prepare(tmp_path), replica=1)
    _compare(root / "tests" / "golden" / name, {"temper-r1.in.lammps": deck.script}, rewrite_golden)


def _compare(golden: Path, texts: dict[str, str], rewrite_golden: bool) -> None:
    if rewrite_golden:
        golden.mkdir(parents=True, exist_ok=True)
        for file in golden.iterdir():
            file.unlink()
        for file_name, text in texts.items():
            (golden / file_name).write_text(text)
    assert golden.is_dir(), f"no golden decks in {golden}: write them with make golden"
    assert {file.name: file.read_text() for file in golden.iterdir()} == texts


def test_every_thermostat_and_minimiser_has_a_golden_deck(root: Path) -> None:
    titles = [file.read_text().split("\n")[0] for file in (root / "tests" / "golden").glob("*/*.in.lammps")]
    named = {word for title in titles for word in title.split(", ")}
    assert {*THERMOSTATS, *MINIMISERS} <= named


def test_no_golden_is_left_over(root: Path) -> None:
    assert {folder.name for folder in (root / "tests" / "golden").iterdir()} == {*STUDIES, *ISOMERS, *TEMPER}
