"""A value of another type in a file of deckgen's own is named by its key, or the file is made anew: never used."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_study import deck_of, small_study
from untidied import untidied_study

import deckgen
from deckgen.analysis.isomers.agreement import BondLengths, EnergyError, OrderErrors, StructureChange
from deckgen.cli import main
from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import Manifest, read_manifest
from deckgen.errors import InputError
from deckgen.quip.cache import is_intact, seal
from deckgen.quip.gapfile import read_gap
from deckgen.quip.rows.cluster import Cluster
from deckgen.runs.journal import JOURNAL, read_attempts
from deckgen.runs.status import status
from deckgen.study.folder import ResultsFolder
from deckgen.training.fit.native.engine import _NativeFit
from deckgen.training.fit.native.targets import Target
from deckgen.training.fit.record import RECORD, FitResult, read_fit
from deckgen.workflows.analyse.read import read_thermodynamics
from deckgen.workflows.compare.comparison import AtMinimum
from deckgen.workflows.compare.read import (
    ComparedEntry,
    ComparisonDocument,
    GoalEntry,
    OrderEntry,
    ReferenceEntry,
    ZerosEntry,
    read_comparison,
)
from deckgen.workflows.document import ClusterEntry, PotentialEntry
from deckgen.workflows.isomers.read import read_isomers
from deckgen.workflows.train.rounds import Round, RoundLog, SetErrors
from validation.torture.documents import RESULTS

DEEP = "[" * 100_000 + "]" * 100_000
LONG = "9" * 5000

Path_ = tuple[str | int, ...]


def places(document: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Yield every place in a document, with what stands there; of a list the first entry stands for all."""
    inner = document.items() if isinstance(document, dict) else list(enumerate(document))[:1]
    for key, value in inner:
        yield (*at, key), value
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


WRONG: dict[type, list[Any]] = {
    bool: ["true", 1, []],
    int: ["13", True, [], 10**30],
    float: ["13", True, {}, 10**30, float("nan"), float("inf")],
    str: [13, True, []],
    list: ["13", 13, {}],
    dict: ["13", True, []],
}
"""By what stands there: what is neither of its type nor null, which may be right."""
MAPS = {"coordination", "cna", "versions", "potential_eV", "reference_eV", "tolerances"}
"""Tables whose keys are free, or have defaults."""
OPTIONAL = {"log_frequency_product"}


def changed(document: Any, at: Path_, value: Any) -> Any:
    """Return a copy of a document with another value at a place."""
    copied = copy.deepcopy(document)
    inner = copied
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return copied


def without(document: Any, at: Path_) -> Any:
    """Return a copy of a document without a key."""
    copied = copy.deepcopy(document)
    inner = copied
    for key in at[:-1]:
        inner = inner[key]
    del inner[at[-1]]
    return copied


def damaged(right: Any) -> Iterator[tuple[Path_, Any]]:
    """Yield a document with one wrong value, or without one key, and where that is."""
    yield ("surplus",), changed(right, ("surplus",), 1)
    for at, value in places(right):
        if isinstance(value, dict) and at[-1] not in {*MAPS, "settings", "sets"} and at[0] != "errors":
            yield (*at, "surplus"), changed(right, (*at, "surplus"), 1)
        if at[:2] == ("reference", "settings") and at[2:]:
            continue  # whatever the calculator takes
        yield from ((at, changed(right, at, wrong)) for wrong in WRONG.get(type(value), []))
        inside = at[-2] if at[1:] else ""
        if isinstance(at[-1], str) and inside not in MAPS and at[-1] not in OPTIONAL and at[:1] != ("warnings",):
            yield at, without(right, at)


ISOMER = ComparedEntry(
    1, -1.5, 0.0, "minimum-001", AtMinimum(-1.4, 0.0, EnergyError(0.1, 0.01, None), 0.2), None, 1, True,
    StructureChange(BondLengths(3.0, 3.1, 3.2), BondLengths(3.0, 3.1, 3.2), True, 0.1, 0.1), None,
)  # fmt: skip
COMPARISON = ComparisonDocument(
    schema=1, deckgen_version="0.1.0", cluster=ClusterEntry("Na13", 13), potential=PotentialEntry("na-gupta", "0"),
    reference=ReferenceEntry("emt", {"calculator": "emt"}, {"ase": "3"}), goal=GoalEntry(10, 0.05), match_A=0.3,
    zeros=ZerosEntry({"Na": 0.0}, {"Na": -1.0}, counted_from_atoms=True), n_isomers=1, isomers=(ISOMER,),
    relative_energies=OrderEntry(OrderErrors(1, None, None, None), None), waiting=(), failures=(), warnings=(),
)  # fmt: skip
DOCUMENTS: dict[str, tuple[Any, Callable[[ResultsFolder], object]]] = {
    "isomers.json": (json.loads(RESULTS[0]), read_isomers),
    "thermodynamics.json": (json.loads(RESULTS[1]), read_thermodynamics),
    "isomers_reference.json": (json.loads(json.dumps(asdict(COMPARISON))), read_comparison),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_result_with_a_value_of_another_type_is_refused_by_its_key(name: str, tmp_path: Path) -> None:
    right, read = DOCUMENTS[name]
    file = tmp_path / name
    file.write_text(json.dumps(right))
    read(ResultsFolder(tmp_path))
    for at, document in damaged(right):
        file.write_text(json.dumps(document))
        with pytest.raises(InputError) as caught:  # noqa: PT012
            read(ResultsFolder(tmp_path))
            pytest.fail(f"read with another {at}")
        assert str(file) in caught.value.message
        assert ".".join(map(str, at)) in caught.value.message
        assert caught.value.hint.startswith("write it again: deckgen ")


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("text", ["", "{", "null", "[]", "NaN", '"13"', LONG, DEEP, "\0", '{"schema": NaN}'])
def test_a_result_that_is_no_document_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="write it again: deckgen"):
        DOCUMENTS[name][1](ResultsFolder(tmp_path))


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose decks are done; not to be changed."""
    return untidied_study(tmp_path_factory.mktemp("wrong") / "study", duration_ps=2.4, restart_every=200)


@pytest.fixture
def done(done_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done_once, tmp_path / "study", symlinks=True))


def test_a_manifest_with_a_wrong_value_is_refused_by_its_key_and_decks_makes_it_anew(
    done: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = deck_of(done) / "deck.json"
    text = file.read_text()
    right = json.loads(text)
    required = {field.name for field in fields(Manifest) if field.default is MISSING}
    for at, document in damaged(right):
        if at[0] == "settings" and at[1:]:
            continue  # they only explain
        if isinstance(document, dict) and at[0] not in document and at[0] not in required:
            continue
        file.write_text(json.dumps(document))
        with pytest.raises(InputError) as caught:
            read_manifest(file.parent)
        assert str(file) in caught.value.message
        assert str(at[0]) in caught.value.message
        assert "deckgen decks" in caught.value.hint
    for key, wrong in (
        ("n_steps", "400"),
        ("timestep_fs", 0),
        ("sample_every", 0),
        ("temperature_K", None),
        ("id", "T9"),
    ):
        file.write_text(json.dumps(right | {key: wrong}))
        for command in ("status", "analyse", "report") if key == "n_steps" else ("status",):
            assert main([command, str(done)]) == 2
            error = capfd.readouterr().err
            assert str(file) in error
            assert key in error or wrong == "T9"
            assert "deckgen decks" in error
            assert "Traceback" not in error
        write_decks(done)
        assert file.read_text() == text


def test_a_journal_with_a_wrong_value_is_passed_over_and_written_anew(done: Path) -> None:
    file = deck_of(done) / JOURNAL
    right = json.loads(file.read_text())
    before = status(done)
    assert len(read_attempts(file.parent)) == 2
    texts = [json.dumps(document) for at, document in damaged(right) if at[-1] != "schema" and at[1:]]
    texts = [text for text in texts if '"started"' not in text or "attempts" in text]
    nonsense = json.dumps(changed(right, ("attempts", 0, "started"), "yesterday"))
    for text in (*texts, nonsense, DEEP, LONG, "[]", ""):
        file.write_text(text)
        (state,) = (deck for deck in status(done) if deck.id == file.parent.name)
        assert state.state == before[0].state == "done"
    (file.parent / "energies.dat").write_bytes((file.parent / "energies.dat").read_bytes()[:-200])
    assert not deckgen.run(done, progress=False).failed
    assert [attempt.outcome for attempt in read_attempts(file.parent)] == ["done"]


def test_a_record_of_restarts_with_a_wrong_value_costs_nothing(done: Path) -> None:
    """LAMMPS reads the restart file then, as after a bare `lmp`."""
    small_study(done, duration_ps=4, restart_every=200)
    for temperature, (key, wrong) in zip((20, 25, 30), (("step", "1000"), ("sha256", 1), ("deck", None)), strict=True):
        file = deck_of(done, temperature) / "nvt.restart.json"
        file.write_text(json.dumps(changed(json.loads(file.read_text()), ("restarts", 0, key), wrong)))
    result = deckgen.run(done, progress=False)
    assert not result.failed
    assert sorted(record.from_step for record in result.done) == [1200, 1200, 1200]


def test_rounds_of_an_augmentation_with_a_wrong_value_are_made_anew(tmp_path: Path) -> None:
    sets = {name: SetErrors(10, 1.0, 20.0, 0.1) for name in ("train", "holdout")}
    RoundLog(tmp_path, "a").add(Round(1, 10, "round-1/gap.xml", sets, (3, 4)))
    right = json.loads((tmp_path / "rounds.json").read_text())
    assert len(RoundLog(tmp_path, "a").rounds) == 1
    for at, document in [*damaged(right), (("rounds",), without(right, ("rounds", 0, "sets", "holdout")))]:
        if at[-1] == "train" and "train" not in document["rounds"][0]["sets"]:
            continue
        (tmp_path / "rounds.json").write_text(json.dumps(document))
        assert RoundLog(tmp_path, "a").rounds == []
        assert list(tmp_path.glob("rounds-*.json")), at
        for left in tmp_path.glob("rounds*.json"):
            left.unlink()


def test_a_record_of_a_fit_with_a_wrong_value_is_none(tmp_path: Path, gap_xml: Callable[..., str]) -> None:
    (tmp_path / "gap.xml").write_text(gap_xml())
    sha256 = read_gap(tmp_path / "gap.xml").sha256
    record = FitResult(Path("gap.xml"), sha256, "0", ("a=b",), 10, 20, {"rows": []}, 1000, 2000, 1.5)
    right = {key: value for key, value in asdict(record).items() if key not in ("xml", "new")} | {"arguments": ["a=b"]}
    (tmp_path / RECORD).write_text(json.dumps(right))
    assert read_fit(tmp_path) is not None
    for at, document in damaged(right):
        if at[0] != "errors" or not at[1:]:
            (tmp_path / RECORD).write_text(json.dumps(document))
            assert read_fit(tmp_path) is None, at


def test_a_seal_of_the_plugin_with_a_wrong_value_is_broken(tmp_path: Path) -> None:
    (tmp_path / "plugin.so").write_bytes(b"abc")
    seal(tmp_path, ["plugin.so"])
    (file,) = (path for path in tmp_path.iterdir() if path.name != "plugin.so")
    assert is_intact(tmp_path, ["plugin.so"])
    for text in ("", "[]", "{}", "null", '{"plugin.so": true}', '{"plugin.so": null}', DEEP, LONG):
        file.write_text(text)
        assert not is_intact(tmp_path, ["plugin.so"])


@pytest.mark.parametrize("text", ["", "{}", '{"parts": 0}', '{"parts": "2"}', '{"parts": true}', '{"parts": 1e99}'])
def test_a_plan_of_a_fit_with_a_wrong_value_leaves_no_frame_out(text: str, tmp_path: Path) -> None:
    atom = Target(Cluster.of([11], np.zeros((1, 3))), np.zeros(1), np.ones(1))
    fit = _NativeFit(None, [atom] * 4, {}, tmp_path / "gap.xml", tmp_path, 2, None)  # type: ignore[arg-type]
    assert [len(part.targets) for part in fit._parts()] == [2, 2]
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InputError, match=r"plan\.json: not the plan of a fit") as caught:
        fit._parts()
    assert caught.value.hint == f"remove {tmp_path} to begin the fit anew"
