"""What is written into results/ is read back as it was, and what another version wrote is refused by name."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deckgen.errors import InputError
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.analyse.read import read_thermodynamics
from deckgen.workflows.analyse.study import analyse
from deckgen.workflows.analyse.superposition import wells_of


def listed(value: object) -> object:
    """Return a document as JSON has it: lists in place of tuples."""
    return json.loads(json.dumps(value))


def test_thermodynamics_are_read_back_as_they_were_written(study: Path, tmp_path: Path, deck) -> None:
    twin = Path(shutil.copytree(study, tmp_path / "twin", symlinks=True))
    written = analyse(study, external={200.0: deck(study, 190) / "energies.dat"}, compare=twin, figures=False)
    results = ResultsFolder(study / "results")
    document = read_thermodynamics(results)
    assert listed(asdict(document)) == json.loads(results.thermodynamics.read_text())
    assert document.states == written.states
    assert document.warnings == written.warnings
    assert document.temperatures_K == tuple(written.temperatures_K)
    assert document.comparison is not None
    assert document.comparison.other == "twin"
    (source,) = document.external
    assert (source.temperature_K, source.n_rows) == (200.0, written.external[0].to_json()["n_rows"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda document: document.pop("overlap"), "overlap"),
        (lambda document: document["cluster"].update(charge=1), "cluster.charge"),
        (lambda document: document["states"][0].pop("settled"), "states.0.settled"),
        (lambda document: document["warnings"].append({"code": "of_old", "message": ""}), "warnings"),
    ],
)
def test_a_file_of_another_version_is_refused_by_key(analysed: Path, tmp_path: Path, change, says: str) -> None:
    document = json.loads((analysed / "results" / "thermodynamics.json").read_text())
    change(document)
    (tmp_path / "thermodynamics.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=rf"thermodynamics\.json: written by another version .*{says}") as caught:
        read_thermodynamics(ResultsFolder(tmp_path))
    assert caught.value.hint == "write it again: deckgen analyse"


@pytest.mark.parametrize(("reflection", "copies"), [(True, [2 / 120, 2 / 2]), (False, [2 / 120, 1 / 2])])
def test_wells_are_the_isomers_with_frequencies(reflection: bool, copies: list[float]) -> None:
    rows = [(120, False, 100.0), (2, True, 99.0), (1, True, None)]
    isomers = [
        SimpleNamespace(
            energy_eV=-9 + 0.1 * k,
            moments_uA2=(2.0, 3.0, 4.0),
            point_group_order=order,
            chiral=chiral,
            log_frequency_product=product,
        )
        for k, (order, chiral, product) in enumerate(rows)
    ]
    found = SimpleNamespace(isomers=isomers, tolerances=SimpleNamespace(reflection=reflection))
    wells = wells_of(found)  # type: ignore[arg-type]
    assert [well.copies for well in wells] == copies
    assert [well.log_frequency_product for well in wells] == [100.0, 99.0]
    assert wells[0].log_moment_product == pytest.approx(np.log(24))
    assert wells[1].energy_eV == -8.9
