"""The isomers' part of the report: whole, true, and turned by a script that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Icosahedron
from ase.io import write

from deckgen.analysis.isomers.find import find_isomers
from deckgen.errors import InputError
from deckgen.minima import Minimum
from deckgen.study.folder import StudyFolder
from deckgen.workflows.html import html_environment
from deckgen.workflows.isomers.files import write_isomer_figures
from deckgen.workflows.report.isomers import isomer_context

ABOUT = {
    "deckgen_version": "1.2.3",
    "cluster": {"formula": "K7Na6", "n_atoms": 13},
    "potential": {"name": "none", "sha256": "0"},
    "settings": {
        "source": "files",
        "minimizer": "fire",
        "loose_force_eV_A": 1e-3,
        "max_force_eV_A": 1e-4,
        "max_steps": 1000,
        "off_saddles": True,
        "settled_force_eV_A": 1e-6,
        "deck": "tight-0",
    },
}
"""What a study adds to its list of isomers."""


@pytest.fixture
def study(tmp_path: Path) -> Callable[[int], Path]:
    """A study's folder with results for so many isomers of an alloy of 13 atoms."""

    def make(count: int) -> Path:
        rng, positions = np.random.default_rng(2), Icosahedron("Na", 2).positions
        minima = [
            Minimum(
                ("Na",) * 6 + ("K",) * 7,
                positions + (0.3 if k else 0.0) * rng.normal(size=(13, 3)),
                0.05 * k - 9,
                1e-5,
                8,
                True,
                150.0,
                "a",
                k,
            )
            for k in range(count)
        ]
        found = find_isomers(lambda: iter(minima), lambda some: some)
        assert found.n_distinct == count
        folder = tmp_path / "results"
        folder.mkdir()
        (folder / "isomers.json").write_text(json.dumps(found.to_json() | ABOUT, allow_nan=False))
        structures = [
            Atoms(one.minimum.symbols, positions=one.minimum.positions_A, info=one.info()) for one in found.isomers
        ]
        write(folder / "isomers.extxyz", structures, format="extxyz")
        return tmp_path

    return make


def page(folder: Path) -> str:
    return (
        html_environment()
        .get_template("isomers.html.j2")
        .render(isomers=isomer_context(folder), figures={"isomers": []})
    )


def test_without_isomers_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert isomer_context(tmp_path) is None


def test_the_section_says_what_was_found(study: Callable[[int], Path]) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(study(12)).split("<script")[0]))
    assert "12 distinct minima among 12 quenches, of which 0 failed" in text
    assert "a rotation, a reflection and a permutation" in text
    assert "One quench for each energy window of 0.01 eV would leave 12, and 12 after comparison" in text
    assert "1 −9.00000 0.00000 1 " in text
    assert "150 K, frame 0" in text
    # the pictures' captions: the six lowest, three of the others
    assert re.findall(r"(\d+): C1, \+0\.\d{4} eV", text) == ["2", "3", "4", "5", "6", "8", "10", "12"]


def test_homotops_stand_under_their_geometry(study: Callable[[int], Path]) -> None:
    """Seven potassium atoms and six of sodium, one of these in the centre: five bonds from there to sodium."""
    folder = study(3)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(folder).split("Chemical order")[1]))
    lowest = json.loads((folder / "results" / "isomers.json").read_text())["isomers"][0]
    bonds = {name: pair["bonds"] for name, pair in lowest["pairs"].items()}
    assert sum(bonds.values()) == 42
    assert lowest["unlike_bonds"] == bonds["K-Na"]
    assert lowest["shells"] == [{"Na": 1}, {"K": 7, "Na": 5}]
    assert f"1 1 0.00000 1 {bonds['K-Na']} Na 1 | K 7 Na 5 {bonds['K-K']}: " in text
    assert "geometries among 3 isomers" in text


def test_the_viewer_has_the_structures(study: Callable[[int], Path]) -> None:
    folder = study(3)
    data = json.loads(re.search(r'id="isomer-data">(.*?)</script>', page(folder), re.DOTALL)[1])
    assert data["symbols"] == ["K"] * 7 + ["Na"] * 6
    assert data["colours"]["Na"] == [171, 92, 242]  # Jmol's
    assert [isomer["caption"].split(":")[0] for isomer in data["isomers"]] == ["1", "2", "3"]
    positions = np.array(data["isomers"][0]["positions_A"]).reshape(13, 3)
    ideal = Icosahedron("Na", 2).positions
    ideal = ideal - ideal.mean(axis=0)
    np.testing.assert_allclose(positions, np.vstack([ideal[6:], ideal[:6]]), atol=0.0051)
    nearest = np.linalg.norm(ideal[1:], axis=1).min()
    assert data["isomers"][0]["bond_A"] == pytest.approx(1.25 * nearest, abs=0.01)


def test_the_section_loads_nothing_and_has_words_for_all(study: Callable[[int], Path]) -> None:
    text = page(study(4))
    loads = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(loads) == 4
    for load in loads:
        assert base64.b64decode(load.removeprefix("data:image/svg+xml;base64,")).endswith(b"</svg>")
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|import\s", text)
    assert re.search(r'<canvas[^>]*tabindex="0"[^>]*role="img"[^>]*aria-describedby="isomer-help"', text)
    assert "arrow keys" in text
    assert text.count("<button") == text.count("</button>") == 5
    used = set(re.findall(r'byId\("(\w+)"\)', text))
    assert used == set(re.findall(r'id="isomer-(\w+)"', text)) - {"help"}


def test_of_many_isomers_the_lowest_and_some_high_ones_are_shown(study: Callable[[int], Path]) -> None:
    context = isomer_context(study(75))
    assert context is not None
    ranks = [int(isomer["caption"].split(":")[0]) for isomer in context["viewer"]["isomers"]]
    assert len(ranks) == 60
    assert ranks[:41] == list(range(1, 42)) or ranks[:40] == list(range(1, 41))
    assert ranks[-1] == 75
    assert [int(picture.caption.split(":")[0]) for picture in context["pictures"]] == [1, 2, 3, 4, 5, 6, 29, 52, 75]
    assert len(context["rows"]) == 30


def test_files_that_do_not_fit_together_are_refused(study: Callable[[int], Path]) -> None:
    folder = study(3)
    structures = folder / "results" / "isomers.extxyz"
    lines = structures.read_text().splitlines(keepends=True)
    structures.write_text("".join(lines[:15]))
    with pytest.raises(InputError, match="1 structures for 3 isomers"):
        isomer_context(folder)
    (folder / "results" / "isomers.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        isomer_context(folder)


def test_the_figures_and_their_numbers_are_written_and_those_of_an_earlier_list_go(tmp_path: Path) -> None:
    positions = Icosahedron("Na", 2).positions
    minima = [
        Minimum(("Na",) * 13, positions * (1 + 0.05 * k), 0.5 * k - 9, 1e-5, 8, True, 150.0, "a", k) for k in range(2)
    ]

    def write_for(temperature_K: float | None, *, pdf: bool = False) -> set[str]:
        some = [replace(one, temperature_K=temperature_K) for one in minima]
        found = find_isomers(lambda: iter(some), lambda tight: tight)
        write_isomer_figures(found, StudyFolder(tmp_path).results, pdf=pdf)
        return {path.name for path in tmp_path.rglob("*") if path.is_file()}

    spectrum = {f"isomer_spectrum.{suffix}" for suffix in ("csv", "svg", "png")}
    assert write_for(150.0) == spectrum | {f"isomer_occupation.{suffix}" for suffix in ("csv", "svg", "png")}
    occupation = (tmp_path / "results" / "isomer_occupation.csv").read_text().splitlines()
    assert occupation == ["temperature_K,isomer_1,isomer_2", "150.0,0.5,0.5"]
    assert write_for(None, pdf=True) == spectrum | {"isomer_spectrum.pdf"}
    assert write_for(None) == spectrum
