from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.cluster import Icosahedron

from deckgen.errors import InputError, RunError
from deckgen.quip.gapfile import read_gap
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.fit import memory
from deckgen.training.fit.arguments import TRAINING_FILE, gap_fit_arguments
from deckgen.training.fit.fit import fit
from deckgen.training.fit.gap_fit import LOG, run_gap_fit, sigmas, write_training_file
from deckgen.training.fit.instances import Instances, count_instances
from deckgen.training.fit.memory import memory_need
from deckgen.training.fit.record import FitResult, read_fit
from deckgen.training.fit.scales import with_scales
from deckgen.training.predict import predict
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.folder import XML

E0 = -0.2
SMALL = {
    "two_body": {"cutoff_A": 6.0, "n_sparse": 10, "delta_eV": 0.5},
    "soap": {"cutoff_A": 5.0, "transition_A": 1.0, "n_max": 4, "l_max": 3, "n_sparse": 30},
    "sigma": {"energy_eV_atom": 0.001, "force_eV_A": 0.02, "rules": []},
}


def labelled(atoms: Atoms, index: int, trajectory: str) -> LabelledFrame:
    """Energy and forces of a Morse potential of roughly sodium's bond length, and E0 an atom."""
    atoms.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=5.0, rcut2=6.0)
    energy, forces = atoms.get_potential_energy() + E0 * len(atoms), atoms.get_forces()
    atoms.calc = None
    return LabelledFrame(atoms, energy, forces, f"data:{index}", trajectory)


def clusters(n_atoms: int, count: int, seed: int) -> tuple[LabelledFrame, ...]:
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(count):
        atoms = Icosahedron("Na", 2, latticeconstant=5.3)[:n_atoms]
        atoms.positions += rng.normal(0.0, 0.25, (n_atoms, 3))
        frames.append(labelled(Atoms(atoms.numbers, positions=atoms.positions), index, f"md-{n_atoms}"))
    return tuple(frames)


@pytest.fixture(scope="module")
def train() -> Dataset:
    return Dataset(clusters(13, 8, 1) + clusters(9, 4, 2), {"Na": E0})


def recipe(**changes: Any) -> Recipe:
    return Recipe(fit=Fit.model_validate({**SMALL, **changes}))


@pytest.fixture(scope="module")
def made(train: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[FitResult, list[str]]:
    stages = list[str]()
    result = fit(recipe(), train, tmp_path_factory.mktemp("project") / "fit", threads=1, progress=stages.append)
    return result, stages


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith(XML)}


def test_a_fit_describes_clusters_that_it_has_not_seen(made: tuple[FitResult, list[str]]) -> None:
    result, _ = made
    unseen = clusters(13, 4, 7)
    predictions = predict(result.xml, [frame.atoms for frame in unseen], workers=1)
    errors = [prediction.forces_eV_A - frame.forces_eV_A for prediction, frame in zip(predictions, unseen, strict=True)]
    forces = np.concatenate([frame.forces_eV_A for frame in unseen])
    assert np.sqrt(np.mean(np.square(errors))) < 0.1 * np.sqrt(np.mean(np.square(forces)))
    for prediction, frame in zip(predictions, unseen, strict=True):
        assert abs(prediction.energy_eV - frame.energy_eV) / 13 < 0.005
    assert result.errors["by_size"].keys() == {"9", "13"}


def test_the_isolated_atom_has_its_energy(made: tuple[FitResult, list[str]]) -> None:
    (alone,) = predict(made[0].xml, [Atoms("Na")], workers=1)
    assert alone.energy_eV == pytest.approx(E0, abs=1e-3)


def test_what_was_done_is_said_and_written(made: tuple[FitResult, list[str]], train: Dataset) -> None:
    result, stages = made
    assert result.n_targets == len(train) + 3 * (8 * 13 + 4 * 9)
    assert stages[0].startswith("memory: about")
    assert [stage for stage in stages if stage in ("frames read", "solving", "solved")] == [
        "frames read",
        "solving",
        "solved",
    ]
    folder = result.xml.parent
    record = json.loads((folder / "fit.json").read_text())
    assert record["sha256"] == read_gap(result.xml).sha256 == result.sha256
    assert not (folder / "running").exists()
    assert "Number of target energies" in (folder / LOG).read_text()


def test_the_same_fit_is_not_made_again(made: tuple[FitResult, list[str]], train: Dataset) -> None:
    again = fit(recipe(), train, made[0].xml.parent, threads=1)
    assert not again.new
    assert again.sha256 == made[0].sha256
    assert again.inputs_sha256 == made[0].inputs_sha256


def test_a_fit_whose_files_were_changed_is_made_again(
    made: tuple[FitResult, list[str]], train: Dataset, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made[0].xml.parent, tmp_path / "fit"))
    assert read_fit(folder) is not None
    (folder / XML).write_text((folder / XML).read_text().replace("</GAP", " </GAP", 1))
    assert read_fit(folder) is None
    again = fit(recipe(), train, folder, threads=1)
    assert again.new
    assert again.sha256 == made[0].sha256


def test_a_potential_without_forces_is_no_fit(train: Dataset, tmp_path: Path) -> None:
    nothing = recipe(soap={"use": False}, two_body={"cutoff_A": 6.0, "n_sparse": 10, "delta_eV": 1e-9})
    with pytest.raises(RunError, match="the fit failed: on its own training frames its forces are off by"):
        fit(nothing, train, tmp_path / "fit", threads=1)
    assert not (tmp_path / "fit" / XML).exists()


def test_another_fit_sets_the_first_aside_and_the_first_again_gives_the_same_bytes(
    made: tuple[FitResult, list[str]], train: Dataset, tmp_path: Path
) -> None:
    fit(recipe(), train, tmp_path / "fit", threads=1)
    assert bytes_of(tmp_path / "fit") == bytes_of(made[0].xml.parent)
    label = read_gap(tmp_path / "fit" / XML).label
    other = fit(recipe(soap={"use": False}), train, tmp_path / "fit", threads=1)
    assert other.new
    assert read_gap(other.xml).label != label
    assert len(read_gap(other.xml).sparse_files) == 1
    assert read_gap(tmp_path / "fit.old" / "1" / XML).sha256 == made[0].sha256


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("dryrun=T", "ended without a potential"),  # gap_fit ends with exit code 0 in both
        ("sparsify_only_no_fit=T", "QUIP failed: .*not been fitted"),
        ("no_such_option=1", "gap_fit failed"),
    ],
)
def test_a_fit_that_failed_is_found_out_and_leaves_what_was_there(
    train: Dataset, tmp_path: Path, options: str, words: str
) -> None:
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit" / XML).write_text("an older potential")
    with pytest.raises(RunError, match=words):
        fit(recipe(options=options), train, tmp_path / "fit", threads=1)
    assert (tmp_path / "fit" / XML).read_text() == "an older potential"
    assert (tmp_path / "fit" / "running" / LOG).is_file()


def test_a_fit_that_is_too_large_is_refused_before_it_starts(
    train: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 100000 kB\nMemAvailable: 10000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    with pytest.raises(RunError, match=r"the fit needs about \d+ MB .* and 10 MB are available") as caught:
        fit(recipe(), train, tmp_path / "fit")
    assert "n_sparse" in caught.value.hint
    assert not (tmp_path / "fit" / "running" / LOG).exists()


@pytest.mark.parametrize(
    ("limit", "available"), [("8000000", 3_000_000), ("max", 10_240_000), ("99000000", 10_240_000)]
)
def test_the_memory_of_a_control_group_is_what_it_has_left(
    limit: str, available: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 100000 kB\nMemAvailable: 10000 kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("5000000\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_bytes() == available


def test_nothing_to_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no frames to fit to"):
        fit(recipe(), Dataset(()), tmp_path / "fit")


def test_a_term_without_instances_is_refused(train: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\[fit.three_body\] cutoff_A = 2: no atoms of any frame are so close"):
        fit(recipe(three_body={"cutoff_A": 2.0}), train, tmp_path / "fit")


def test_descriptors_are_counted_as_gap_fit_counts_them(train: Dataset, tmp_path: Path) -> None:
    three = recipe(three_body={"cutoff_A": 5.0, "n_sparse": 5}, options="dryrun=T").fit
    write_training_file(tmp_path / TRAINING_FILE, Dataset(train.frames), three)
    run_gap_fit(gap_fit_arguments(three, {"Na": E0}), tmp_path, threads=1, progress=print)
    log = (tmp_path / LOG).read_text()
    found = count_instances([frame.atoms for frame in train.frames], three)
    counted = [int(number) for number in re.findall(r"Number of descriptors: +(\d+)", log)]
    slopes = [int(number) for number in re.findall(r"Number of partial derivatives of descriptors: +(\d+)", log)]
    assert counted[-3:] == [found.pairs, found.triplets, found.n_atoms]
    assert slopes[-3:] == [6 * found.pairs, 9 * found.triplets, 3 * (found.neighbours + found.n_atoms)]


def test_sigma_per_atom_means_what_gap_fit_means_by_it(train: Dataset, tmp_path: Path) -> None:
    """The same fit with the regularisation frame by frame, and with gap_fit's own default_sigma."""
    settings = recipe().fit
    predictions = []
    for name, drop in (("ours", r"nothing"), ("default", r" (energy|force)_sigma=\S+")):
        folder = tmp_path / name
        folder.mkdir()
        write_training_file(folder / TRAINING_FILE, Dataset(train.frames), settings)
        text = (folder / TRAINING_FILE).read_text()
        (folder / TRAINING_FILE).write_text(re.sub(drop, "", text))
        run_gap_fit(gap_fit_arguments(settings, {"Na": E0}), folder, threads=1, progress=print)
        predictions.append(predict(folder / XML, [frame.atoms for frame in train.frames], workers=1))
    assert sigmas(settings.sigma, "default", 9) == pytest.approx((0.003, 0.02))
    for ours, default in zip(*predictions, strict=True):
        assert ours.energy_eV == pytest.approx(default.energy_eV, abs=1e-7)


def test_the_first_rule_that_applies_gives_the_sigma() -> None:
    rules = [
        {"config_type": "dimer", "energy_eV_atom": 0.1, "force_eV_A": 1.0},
        {"max_atoms": 16, "energy_eV_atom": 0.01, "force_eV_A": 0.1},
        {"min_atoms": 100, "energy_eV_atom": 0.002, "force_eV_A": 0.05},
    ]
    sigma = recipe(sigma={"energy_eV_atom": 0.001, "force_eV_A": 0.02, "rules": rules}).fit.sigma
    assert sigmas(sigma, "dimer", 4) == pytest.approx((0.2, 1.0))
    assert sigmas(sigma, "default", 16) == pytest.approx((0.04, 0.1))
    assert sigmas(sigma, "default", 25) == pytest.approx((0.005, 0.02))
    assert sigmas(sigma, "default", 100) == pytest.approx((0.02, 0.05))


def test_scales_from_the_data_are_the_spread_of_the_energy_per_instance(train: Dataset) -> None:
    asked = recipe(
        two_body={"cutoff_A": 6.0, "delta_eV": 0.0},
        soap={"delta_eV": 0.0},
        sigma={"energy_eV_atom": 0, "force_eV_A": 0},
    ).fit
    found = with_scales(asked, train.of_size(13), {"Na": E0})
    binding = [frame.energy_eV / 13 - E0 for frame in train.of_size(13).frames]
    distances = [frame.atoms.get_all_distances() for frame in train.of_size(13).frames]
    pairs_per_atom = np.mean([((d < 6.0) & (d > 0)).sum() for d in distances]) / 13
    forces = np.array([frame.forces_eV_A for frame in train.of_size(13).frames])
    assert found.soap.delta_eV == pytest.approx(np.std(binding, ddof=1))
    assert found.two_body.delta_eV == pytest.approx(np.std(binding, ddof=1) / pairs_per_atom)
    assert found.sigma.energy_eV_atom == pytest.approx(0.1 * np.std(binding, ddof=1))
    assert found.sigma.force_eV_A == pytest.approx(0.1 * np.sqrt(np.mean(np.square(forces))))
    assert with_scales(recipe().fit, train, {"Na": E0}) == recipe().fit
    with pytest.raises(InputError, match="no spread"):
        with_scales(asked, train.select([0]), {"Na": E0})


def test_the_published_fit_would_need_what_was_published() -> None:
    """180 and 650 GB were needed with 6000 sparse points: that is some thousand frames of 55 atoms, all in reach."""
    paper = Fit(preset="paper")

    def need_GB(n_frames: int) -> float:
        all_pairs = n_frames * 55 * 54
        return memory_need(Instances(n_frames, 55 * n_frames, 1, all_pairs, 0, all_pairs), paper).peak_bytes / 1e9

    assert need_GB(1000) < 180 < need_GB(5000) < 650 < need_GB(20000)


def test_an_estimate_of_this_fit_is_near_what_it_took(made: tuple[FitResult, list[str]]) -> None:
    assert 0.5 < made[0].peak_bytes / made[0].estimated_bytes < 2


PAIRS_AND_SOAP = {
    "two_body": {"cutoff_A": 6.0, "n_sparse": 20},
    "soap": {"cutoff_A": 5.5, "n_max": 6, "l_max": 4, "n_sparse": 200},
}
TRIPLETS_TOO = {**PAIRS_AND_SOAP, "three_body": {"cutoff_A": 4.5, "n_sparse": 50}}
MANY_SPARSE = {"two_body": {"n_sparse": 20}, "soap": {"n_max": 4, "l_max": 3, "n_sparse": 1500}}


@pytest.mark.parametrize(
    ("instances", "terms", "measured_MB"),
    [
        (Instances(20, 600, 1, 5976, 27710, 5174), TRIPLETS_TOO, 63),
        (Instances(60, 1800, 2, 18216, 0, 15512), PAIRS_AND_SOAP, 235),
        (Instances(60, 1800, 2, 18216, 82886, 15512), TRIPLETS_TOO, 303),
        (Instances(30, 900, 3, 9110, 41492, 7746), TRIPLETS_TOO, 313),
        (Instances(100, 3000, 2, 30362, 0, 19084), MANY_SPARSE, 671),
    ],
)
def test_the_estimate_is_what_gap_fit_took_of_one_to_three_elements(
    instances: Instances, terms: dict[str, dict[str, float]], measured_MB: float
) -> None:
    """Its largest memory, measured on shaken clusters of 30 atoms."""
    need = memory_need(instances, Fit.model_validate(terms))
    assert need.peak_bytes / 1e6 == pytest.approx(measured_MB, rel=0.2)


def test_a_fit_of_two_elements_takes_the_memory_that_was_said_before(tmp_path: Path) -> None:
    """With the length of SOAP vectors, and the kinds of pairs and centres, of one element it would be half of that."""
    rng = np.random.default_rng(3)
    frames = []
    for index, frame in enumerate(clusters(13, 25, 3)):
        atoms = Atoms(rng.choice(["Na", "K"], 13), positions=frame.atoms.positions)
        frames.append(labelled(atoms, index, "md"))
    alloy = Dataset(tuple(frames), {"Na": E0, "K": E0})
    settings = recipe(**PAIRS_AND_SOAP).fit
    need = memory_need(count_instances([frame.atoms for frame in frames], settings), settings)
    write_training_file(tmp_path / TRAINING_FILE, alloy, settings)
    run = run_gap_fit(gap_fit_arguments(settings, {"Na": E0, "K": E0}), tmp_path, threads=1, progress=print)
    assert run.peak_bytes == pytest.approx(need.peak_bytes, rel=0.2)


def test_the_estimate_adds_up() -> None:
    settings = Fit.model_validate({"soap": {"n_max": 3, "l_max": 2, "n_sparse": 7}, "two_body": {"use": False}})
    need = memory_need(count_instances([Atoms("Na2", [[0, 0, 0], [0, 0, 3.0]])], settings), settings)
    width = 6 * 3 + 1
    rows = 2 + 3 * (2 + 2)  # two atoms; each depends on itself and the other, in x, y and z
    assert need.descriptors_bytes == 8 * rows * (width + memory.PER_ROW)
    assert need.n_sparse == 2  # there are no more atoms to choose from
    assert need.covariance_bytes == 8 * 2 * (1 + 6)
    assert need.solver_bytes == 2 * 8 * 2 * (1 + 6 + 2)  # two copies of (targets and sparse points) by sparse points
    assert need.peak_bytes == memory.BASE_BYTES + need.descriptors_bytes + need.covariance_bytes


def test_pairs_and_triplets_take_memory_for_each_atom_that_they_move_with() -> None:
    """An equilateral triangle: 6 ordered pairs of 2 atoms, 6 triplets of 3; 1 and 3 numbers each."""
    settings = Fit.model_validate({"three_body": {"cutoff_A": 4.0}, "soap": {"use": False}})
    triangle = Atoms("Na3", [[0, 0, 0], [3.0, 0, 0], [1.5, 2.6, 0]])
    need = memory_need(count_instances([triangle], settings), settings)
    pairs, triplets = 6 * (1 + 3 * 2) * (1 + memory.PER_ROW), 6 * (1 + 3 * 3) * (3 + memory.PER_ROW)
    assert need.descriptors_bytes == 8 * (pairs + triplets)
