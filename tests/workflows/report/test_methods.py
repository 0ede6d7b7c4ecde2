"""The methods text says what was done, and cites what it names."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.decks.deck import write_decks
from deckgen.decks.potentials import resolve
from deckgen.findings import Finding
from deckgen.samples import Samples
from deckgen.study import Study
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.analyse.read import read_thermodynamics
from deckgen.workflows.analyse.result import StudyThermodynamics
from deckgen.workflows.report.methods.templates import templates_of
from deckgen.workflows.report.methods.text import write_methods

LJ = {"kind": "lammps", "pair_style": "lj/cut 30.0", "pair_coeff": ["* * 0.0104 3.40"]}


@pytest.fixture
def write(rng, tmp_path: Path):
    def write(thermostat: str = "nose-hoover", warnings=(), engines=(), templates=(), formula="Na13", **tables):
        nvt = {"thermostat": thermostat, **tables.pop("nvt", {})}
        study = Study.model_validate({"cluster": {"element": "Na", "size": 13}, "nvt": nvt} | tables)
        energies = [rng.gamma(16.5, 8.617e-5 * T, 500) for T in (200.0, 220.0)]
        moments = None if thermostat == "langevin" else [rng.uniform(9, 11, (500, 3)) for _ in energies]
        samples = Samples.from_arrays(
            [200, 220], energies, n_atoms=13, thermostat=thermostat, principal_moments_uA2=moments, formula=formula
        )
        thermo = StudyThermodynamics.of(thermodynamics(samples, bootstraps=20), (), None)
        document = thermo.to_json(deckgen_version="1.2.3")
        document["warnings"] = [asdict(Finding(code, "")) for code in warnings]
        folder = ResultsFolder(tmp_path)
        folder.thermodynamics.write_text(json.dumps(document))
        results = read_thermodynamics(folder)
        methods = write_methods(
            study, resolve(study.potential, tmp_path), results, None, "2 Jan 2030", engines, templates
        )
        text = " ".join(methods.paragraphs)
        cited = {int(number) for number in re.findall(r"\[(\d+)\]", text)}
        assert cited == set(range(1, len(methods.references) + 1))  # every one is used, none is missing
        return text, "\n".join(methods.references)

    return write


@pytest.mark.parametrize(
    ("thermostat", "words", "work", "freedom", "rotation"),
    [
        ("nose-hoover", "Nosé-Hoover", "97, 2635 (1992)", "3N − 6 = 33", True),
        ("csvr", "stochastic velocity rescaling", "126, 014101 (2007)", "3N − 6 = 33", True),
        ("langevin", "Langevin", "17, 1302 (1978)", "3N − 3 = 36", False),
    ],
)
def test_the_thermostat_is_the_studys_own(write, thermostat, words, work, freedom, rotation) -> None:
    text, references = write(thermostat)
    assert words in text
    assert work in references
    assert f"{freedom} degrees of freedom" in text
    assert ("sqrt(det I)" in text) == rotation
    assert "126, 014101" not in references or thermostat == "csvr"


def test_the_numbers_are_the_studys_own(write) -> None:
    text, references = write(nvt={"timestep_fs": 2.5, "damping_fs": 120, "duration_ps": 250, "replicas": 3})
    assert "time step of 2.5 fs" in text
    assert "time constant 120 fs" in text
    assert "3 independent runs of 250 ps planned at each" in text
    assert "2 temperatures from 200 to 220 K" in text
    assert "ps planned at each." in text
    assert "every 25 fs" in text
    assert "LAMMPS (2 Jan 2030)" in text
    assert "deckgen 1.2.3" in text
    assert "= 34.5" in text
    assert "J. Chem. Phys. 129, 124105 (2008)" in references
    assert "Comput. Phys. Commun. 271, 108171 (2022)" in references


@pytest.mark.parametrize(
    ("formula", "swap_every", "says"),
    [
        ("K6Na7", 100, "Every 200 fs a swap of two unlike atoms, chosen at random, was accepted with the Metropolis"),
        ("K6Na5Rb2", 100, "chosen at random for each pair of elements, was accepted"),
        ("K6Na7", None, "Unlike atoms were not swapped"),
    ],
)
def test_it_says_whether_unlike_atoms_were_swapped(write, formula, swap_every, says) -> None:
    assert says in write(formula=formula, nvt={"swap_every": swap_every})[0]
    assert "swap" not in write(formula="Na13")[0]


def test_longer_runs_are_named(write) -> None:
    text, _ = write(nvt={"longer": [{"min_K": 160, "max_K": 190, "duration_ps": 900}]})
    assert "one run of 400 ps planned at each, 900 ps from 160 to 190 K." in text


def test_only_what_was_done_is_said(write) -> None:
    plain, _ = write()
    assert "an icosahedron of 13 atoms built with ASE" in plain
    for words in ("truncated", "container", "to melt", "pieces", "Not all runs", "elsewhere", "Lindemann"):
        assert words not in plain
    cluster = {"element": "Na", "size": 20, "structure": "decahedron", "container_radius_A": 11.5, "relax": False}
    text, references = write(
        cluster=cluster, nvt={"start": "melted", "melt_K": 500}, warnings=("partial", "evaporation")
    )
    assert "beyond 11.5 Å" in text
    assert "20 ps at 500 K to melt the start structure" in text
    assert "2 times the median nearest-neighbour distance" in text
    assert "Not all runs are finished" in text
    assert "a decahedron of 20 atoms (truncated where that closes no shell)" in text
    assert "FIRE" not in text
    assert "97, 170201" not in references


def test_runs_that_begin_with_the_melt_are_counted_as_what_they_are(write) -> None:
    text, _ = write(nvt={"start": "alternate", "melt_K": 500, "melt_ps": 150})
    assert "Every second run, by temperature and by replica, began with 150 ps at 500 K to melt" in text


@pytest.mark.parametrize(("pairs", "words"), [("all", "random pairs of"), ("neighbours", "neighbouring")])
def test_exchange_is_described_and_cited(write, pairs: str, words: str) -> None:
    text, references = write(exchange={"every": 100, "pairs": pairs})
    assert f"Every 100 steps, {words} temperatures of a ladder swapped their configurations" in text
    assert "Chem. Phys. Lett. 314, 141" in references
    assert ("135, 194110" in references) == (pairs == "all")


def test_a_potential_brings_its_own_citation(write) -> None:
    gap, references = write()
    assert "Gaussian approximation potential na-gap" in gap
    assert "Phys. Rev. Lett. 104, 136403 (2010)" in references
    gupta, references = write(potential={"name": "na-gupta"})
    assert "second-moment (Gupta) potential of sodium" in gupta
    assert "Phys. Rev. B 57, 15519 (1998)" in references
    assert "QUIP" not in gupta
    lj, _ = write(potential=LJ)
    assert "LAMMPS potential lj/cut 30.0 (name its source here)" in lj


@pytest.mark.parametrize(
    ("engines", "chosen", "says"),
    [
        (["native"], "auto", "evaluated by deckgen's own code, which was checked against QUIP [2] on the first step"),
        (["quip"], "auto", "evaluated by QUIP [2]."),
        (["plain"], "plain", "evaluated by QUIP [2]."),
        (
            ["native", "quip"],
            "auto",
            "own code in some runs, checked against QUIP [2] on their first step",
        ),
        ([], "native", "evaluated by deckgen's own code, which was checked"),
        ([], "quip", "evaluated by QUIP [2]."),
        ([], "auto", "(no log says which)"),
    ],
)
def test_the_engine_of_a_gap_is_the_one_that_ran(write, engines, chosen, says) -> None:
    text, references = write(engines=engines, potential={"name": "na-gap", "engine": chosen})
    assert says in text
    assert "J. Chem. Phys. 159, 174108 (2023)" in references


def test_the_tolerance_of_the_start_structure_is_the_decks(write, tmp_path: Path) -> None:
    """In LAMMPS `norm max` is the largest length of a force on an atom, `norm inf` would be the largest component."""
    (tmp_path / "study.toml").write_text('[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n')
    scripts = [(deck.folder / "in.lammps").read_text() for deck in write_decks(tmp_path)]
    tolerances = {re.search(r"^minimize +0\.0 (\S+)", script, re.MULTILINE)[1] for script in scripts}
    assert tolerances == {"0.0001"}
    assert all(re.search(r"^min_modify +norm max$", script, re.MULTILINE) for script in scripts)
    assert "relaxed by FIRE [5] until no force on an atom exceeded 0.0001 eV/Å" in re.sub(r"\[\d+\]", "[5]", write()[0])


def test_nothing_is_claimed_of_what_templates_of_ones_own_replace(write, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "nvt.in.j2").write_text(
        '{% extends "deckgen/nvt.in.j2" %}\n{% block dynamics %}\nfix bath all temp/berendsen\n{% endblock %}\n'
    )
    templates = templates_of(tmp_path)
    text, references = write(templates=templates, nvt={"start": "melted"})
    assert f"nvt.in.j2 (block dynamics; SHA-256 {templates[0].sha256[:12]})" in text
    for claim in ("Nosé", "fs)", "relaxed by", "FIRE", "to melt", "3N − 6 ="):
        assert claim not in text
    assert "Thompson" in references
