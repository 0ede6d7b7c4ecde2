"""docs/files.md lists every key of the results, and none that is not written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_study import small_study

import deckgen
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.workflows.analyse.result import StudyThermodynamics

MAPS = {"lindemann.pairs", "isomers[].coordination", "isomers[].cna", "isomers[].pairs", "comparison"}
"""Tables whose keys are elements, numbers of neighbours and the like."""
KB_EV_K = 8.617333e-5


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each value: `states[].n_runs`."""
    if isinstance(value, dict) and path not in MAPS:
        for key, inner in value.items():
            yield from paths(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict) and path not in MAPS:
        for inner in value:
            yield from paths(inner, f"{path}[]")
    else:
        yield path


def documented(root: Path, file: str) -> set[str]:
    section = (root / "docs" / "files.md").read_text().split(f"\n## {file}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}


def check(written: dict[str, Any], told: set[str]) -> None:
    """Compare; what the page says of the inside of something that is null or empty here cannot be seen."""
    seen = set(paths(written))
    unseen = {key for key in told - seen if any(key.startswith((f"{other}.", f"{other}[]")) for other in seen)}
    empty = {key for key in seen - told if any(one.startswith((f"{key}.", f"{key}[]")) for one in told)}
    assert seen - told - empty == set(), "not on the page"
    assert told - seen - unseen == set(), "not written"


@pytest.mark.parametrize("starts", [1, 2])
def test_the_page_has_the_keys_of_the_thermodynamics(starts: int, root: Path) -> None:
    """Of a cluster that melts between the rungs: two humps of the energy."""
    rng, T = np.random.default_rng(1), np.array([90.0, 100.0, 110.0])
    runs = []
    for one in T:
        solid, latent = KB_EV_K * one * rng.gamma(16.5, size=3000), 0.4
        odds = np.exp(-latent / KB_EV_K * (1 / one - 1 / 100.0))
        runs.append(solid + latent * (rng.random(3000) < odds / (1 + odds)))
    samples = deckgen.Samples.from_arrays(
        np.repeat(T, starts), [run for run in runs for _ in range(starts)], n_atoms=13, interval_ps=0.1
    )
    thermo = thermodynamics(samples, bootstraps=20)
    check(StudyThermodynamics.of(thermo, (), None).to_json(), documented(root, "results/thermodynamics.json"))


@pytest.mark.long
def test_the_page_has_the_keys_of_the_isomers(root: Path, tmp_path: Path) -> None:
    study = small_study(tmp_path / "study")
    with (study / "study.toml").open("a") as file:
        file.write('[isomers]\nsource = "nvt"\n')
    deckgen.run(study, workers=2, progress=False)
    found = deckgen.isomers(study, workers=2, progress=False)
    check(found.to_json(), documented(root, "results/isomers.json"))
