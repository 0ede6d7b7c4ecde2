"""Known landscapes: every minimum of small Lennard-Jones clusters, once each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from deckgen.analysis.isomers.find import find_isomers
from deckgen.analysis.isomers.results import IsomerList, Tolerances
from deckgen.errors import AnalysisError
from deckgen.minima import Minimum

# Hoare and McInnes, Adv. Phys. 32, 791 (1983); Tsai and Jordan, J. Phys. Chem. 97, 11227 (1993): 4 and 8 minima
LJ7 = [-16.505384, -15.935043, -15.593211, -15.533060]
LJ8_LOWEST, LJ8_COUNT = -19.821489, 8
ARGON_EV, ARGON_A = 0.010326, 3.405
STRICT = Tolerances(fingerprint_A=1e-4, match_A=0.002)

Array = NDArray[np.float64]


def forces(x: Array) -> tuple[Array, Array]:
    """Energies (B,) and forces (B, N, 3) of Lennard-Jones clusters (B, N, 3), in reduced units."""
    d = x[:, :, None] - x[:, None]
    square = (d**2).sum(-1) + np.where(np.eye(x.shape[1]), np.inf, 0.0)
    i6 = square**-3.0
    pull = (48 * i6 * i6 - 24 * i6) / square
    return 2 * (i6 * i6 - i6).sum((1, 2)), (pull[..., None] * d).sum(2)


def relax(x: Array, tolerance: float, steps: int = 20000) -> Array:
    """Quench clusters side by side by FIRE (Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006))."""
    x, v = x.copy(), np.zeros_like(x)
    dt, mixing, downhill = np.full(len(x), 0.01), np.full(len(x), 0.1), np.zeros(len(x))
    left = np.arange(len(x))
    for _ in range(steps):
        f = forces(x[left])[1]
        going = np.abs(f).max((1, 2)) > tolerance
        left, f = left[going], f[going]
        if not len(left):
            return x
        power = (f * v[left]).sum((1, 2))
        up = power <= 0
        downhill[left] = np.where(up, 0, downhill[left] + 1)
        faster = downhill[left] > 5
        dt[left] = np.where(up, dt[left] / 2, np.where(faster, np.minimum(1.1 * dt[left], 0.03), dt[left]))
        mixing[left] = np.where(up, 0.1, np.where(faster, 0.99 * mixing[left], mixing[left]))
        v[left[up]] = 0
        a, step = mixing[left][:, None, None], dt[left][:, None, None]
        speed, force = (np.sqrt((y**2).sum((1, 2), keepdims=True)) for y in (v[left], f))
        v[left] = (1 - a) * v[left] + a * speed * f / force + step * f
        move = step * v[left]
        x[left] += move / np.maximum(1, np.abs(move).max((1, 2), keepdims=True) / 0.1)
    return x


def minimum(x: Array, tolerance: float, frame: int, temperature_K: float | None) -> Minimum:
    energy, force = forces(x[None])
    largest = float(np.abs(force).max())
    return Minimum(
        symbols=("Ar",) * len(x),
        positions_A=ARGON_A * x,
        energy_eV=ARGON_EV * float(energy[0]),
        max_force_eV_A=ARGON_EV / ARGON_A * largest,
        n_steps=0,
        converged=largest <= tolerance,
        temperature_K=temperature_K,
        source="nvt/a",
        frame=frame,
    )


def quenches(n_atoms: int, count: int, tolerance: float, seed: int = 1) -> list[Minimum]:
    rng = np.random.default_rng(seed)
    starts = rng.uniform(-1, 1, (count, n_atoms, 3)) * 0.75 * n_atoms ** (1 / 3)
    found = relax(starts, tolerance)
    return [minimum(x, tolerance, 10 * k, (20.0, 30.0)[k % 2]) for k, x in enumerate(found)]


def tighten(minima: Sequence[Minimum]) -> list[Minimum]:
    found = relax(np.array([one.positions_A for one in minima]) / ARGON_A, 1e-8)
    tight = [minimum(x, 1e-8, one.frame, one.temperature_K) for x, one in zip(found, minima, strict=True)]
    return [replace(new, converged=one.converged and new.converged) for new, one in zip(tight, minima, strict=True)]


def hardly(minima: Sequence[Minimum]) -> list[Minimum]:
    """Return minima as they are at rest on a flat bottom: off by more than a match allows."""
    rng = np.random.default_rng(1)
    moved = [one.positions_A + rng.normal(0, 0.004, one.positions_A.shape) for one in tighten(minima)]
    return [replace(one, positions_A=positions) for one, positions in zip(minima, moved, strict=True)]


def stream(minima: Sequence[Minimum]) -> Callable[[], Iterator[Minimum]]:
    return lambda: iter(minima)


@pytest.fixture(scope="module")
def lj7() -> list[Minimum]:
    return quenches(7, 300, 1e-3)


@pytest.fixture(scope="module")
def isomers7(lj7: list[Minimum]) -> IsomerList:
    return find_isomers(stream(lj7), tighten)


def test_lj7_has_four_minima(isomers7: IsomerList) -> None:
    energies = [isomer.minimum.energy_eV / ARGON_EV for isomer in isomers7.isomers]
    np.testing.assert_allclose(energies, LJ7, atol=1e-6)
    assert [isomer.point_group.name for isomer in isomers7.isomers] == ["D5h", "C3v", "C3v", "C2"]
    assert [isomer.point_group.order for isomer in isomers7.isomers] == [20, 6, 6, 2]
    lowest = isomers7.isomers[0]  # the pentagonal bipyramid
    assert lowest.coordination == {4: 5, 6: 2}
    assert lowest.bonds.shortest_A < ARGON_A * 2 ** (1 / 6) < lowest.bonds.mean_nearest_A + 0.1


def test_lj8_has_eight_minima() -> None:
    found = find_isomers(stream(quenches(8, 1000, 1e-3)), tighten)
    assert found.n_distinct == LJ8_COUNT
    assert found.isomers[0].minimum.energy_eV / ARGON_EV == pytest.approx(LJ8_LOWEST, abs=1e-6)
    names = [isomer.point_group.name for isomer in found.isomers]
    assert names == ["Cs", "D2d", "C2v", "D3d", "Td", "Cs", "Cs", "C2"]
    # by energy alone, most of them would be lost
    assert found.n_after_energy < found.n_distinct
    assert found.n_representatives <= found.n_after_energy


def test_every_quench_is_counted_once(lj7: list[Minimum], isomers7: IsomerList) -> None:
    whole = sum(isomer.count for isomer in isomers7.isomers)
    assert isomers7.n_quenched == len(lj7) == whole + isomers7.n_failed
    assert isomers7.temperatures_K.tolist() == [20.0, 30.0]
    assert isomers7.quenched.sum() == whole
    total = np.sum([isomers7.occupation(isomer) for isomer in isomers7.isomers], axis=0)
    np.testing.assert_allclose(total, 1)
    for isomer in isomers7.isomers:
        energies = np.array([one.energy_eV for one in lj7])
        near = [one for one in lj7 if abs(one.energy_eV - isomer.minimum.energy_eV) < 1e-5 and one.converged]
        assert isomer.count == len(near) > 0
        assert isomer.minimum.energy_eV <= energies[np.abs(energies - isomer.minimum.energy_eV) < 1e-5].min() + 1e-12
        at_20 = [one.frame for one in near if one.temperature_K == 20]
        assert (isomer.first_temperature_K, isomer.first_frame) == (20.0, min(at_20))


def test_the_order_of_the_frames_does_not_matter(lj7: list[Minimum], isomers7: IsomerList) -> None:
    for seed in range(3):
        shuffled = [lj7[k] for k in np.random.default_rng(seed).permutation(len(lj7))]
        assert find_isomers(stream(shuffled), tighten).to_json() == isomers7.to_json()


def test_what_is_still_close_is_converged_further_before_it_counts_as_two(lj7: list[Minimum]) -> None:
    assert find_isomers(stream(lj7), hardly, STRICT).n_distinct > 20
    found = find_isomers(stream(lj7), hardly, STRICT, converge_further=tighten)
    energies = [isomer.minimum.energy_eV / ARGON_EV for isomer in found.isomers]
    np.testing.assert_allclose(energies, LJ7, atol=1e-6)
    assert sum(isomer.count for isomer in found.isomers) == sum(one.converged for one in lj7)


def test_what_cannot_be_converged_further_stays_as_it_is(lj7: list[Minimum]) -> None:
    def fails(minima: Sequence[Minimum]) -> list[Minimum]:
        return [replace(one, converged=False) for one in minima]

    unsettled = find_isomers(stream(lj7), hardly, STRICT, converge_further=fails)
    assert unsettled.to_json() == find_isomers(stream(lj7), hardly, STRICT).to_json()
    with pytest.raises(AnalysisError, match="came back"):
        find_isomers(stream(lj7), hardly, STRICT, converge_further=lambda _: [])


def test_loose_quenches_of_one_structure_are_one_isomer() -> None:
    loose = quenches(7, 100, 0.1)
    found = find_isomers(stream(loose), tighten)
    assert found.n_distinct == 4
    assert found.n_groups > 4
    assert sum(isomer.count for isomer in found.isomers) == 100 - found.n_failed


def test_what_is_counted_of_the_lowest_isomers_does_not_depend_on_how_many_are_tightened(
    lj7: list[Minimum], isomers7: IsomerList
) -> None:
    asked = list[float]()

    def noting(minima: Sequence[Minimum]) -> list[Minimum]:
        asked.extend(one.energy_eV for one in minima)
        return tighten(minima)

    found = find_isomers(stream(lj7), noting, Tolerances(thinning_eV=1e-5), lowest=2)
    np.testing.assert_allclose(np.array(asked) / ARGON_EV, LJ7[:2], atol=1e-5)
    assert (found.n_groups, found.n_tightened, found.n_distinct, found.n_representatives) == (4, 2, 2, 2)
    assert found.quenched.tolist() == isomers7.quenched.tolist()
    for one, same in zip(found.isomers, isomers7.isomers[:2], strict=True):
        assert (one.minimum.energy_eV, one.count) == (same.minimum.energy_eV, same.count)
        np.testing.assert_array_equal(found.occupation(one), isomers7.occupation(same))
    assert found.n_failed == isomers7.n_failed
    assert found.n_higher == sum(isomer.count for isomer in isomers7.isomers[2:]) > 0
    assert found.n_after_energy < find_isomers(stream(lj7), tighten, Tolerances(thinning_eV=1e-5)).n_after_energy
    assert find_isomers(stream(lj7), tighten, lowest=4).to_json() == isomers7.to_json()


def test_a_mirror_image_above_the_tightened_groups_is_no_failure(lj7: list[Minimum], isomers7: IsomerList) -> None:
    found = find_isomers(stream(lj7), tighten, Tolerances(reflection=False), lowest=3)
    assert found.n_higher == isomers7.isomers[3].count  # both hands of the chiral one
    assert found.n_failed == isomers7.n_failed


def test_mirror_images_are_two_where_that_is_asked_for(lj7: list[Minimum], isomers7: IsomerList) -> None:
    found = find_isomers(stream(lj7), tighten, Tolerances(reflection=False))
    assert [isomer.point_group.name for isomer in found.isomers] == ["D5h", "C3v", "C3v", "C2", "C2"]
    assert [isomer.count for isomer in found.isomers[:3]] == [isomer.count for isomer in isomers7.isomers[:3]]
    left, right = found.isomers[3:]
    assert left.minimum.energy_eV == right.minimum.energy_eV
    assert left.count + right.count == isomers7.isomers[3].count
    # a hand is a coin: within four standard deviations
    assert abs(left.count - right.count) < 4 * np.sqrt(left.count + right.count)
    both = found.to_json()
    mirrored = [replace(one, positions_A=one.positions_A * [1, 1, -1]) for one in lj7]
    swapped = find_isomers(stream(mirrored), tighten, Tolerances(reflection=False))
    assert [isomer.count for isomer in swapped.isomers] == [isomer["count"] for isomer in both["isomers"]]


def test_two_structures_of_one_energy_stay_two(lj7: list[Minimum]) -> None:
    level = [replace(one, energy_eV=-1.0) for one in lj7]

    def relabelled(minima: Sequence[Minimum]) -> list[Minimum]:
        return [replace(one, energy_eV=-1.0) for one in tighten(minima)]

    found = find_isomers(stream(level), relabelled)
    assert sorted(isomer.point_group.name for isomer in found.isomers) == ["C2", "C3v", "C3v", "D5h"]
    assert (found.n_after_energy, found.n_representatives) == (1, 1)
    shuffled = [level[k] for k in np.random.default_rng(0).permutation(len(level))]
    assert find_isomers(stream(shuffled), relabelled).to_json() == found.to_json()


def test_what_failed_is_counted_and_left_out(lj7: list[Minimum], isomers7: IsomerList) -> None:
    apart = lj7[0].positions_A.copy()
    apart[0] += 100
    broken = [replace(lj7[0], positions_A=apart), replace(lj7[1], converged=False)]
    broken.append(replace(lj7[2], energy_eV=float("nan")))
    found = find_isomers(stream([*lj7, *broken]), tighten)
    assert found.n_failed == isomers7.n_failed + 3
    assert found.n_quenched == len(lj7) + 3
    assert [isomer.count for isomer in found.isomers] == [isomer.count for isomer in isomers7.isomers]


def test_a_group_that_cannot_be_tightened_counts_as_failed(lj7: list[Minimum], isomers7: IsomerList) -> None:
    def fails_for_some(minima: Sequence[Minimum]) -> list[Minimum]:
        bound = isomers7.isomers[1].minimum.energy_eV - 1e-3
        return [replace(one, converged=one.energy_eV > bound) for one in tighten(minima)]

    found = find_isomers(stream(lj7), fails_for_some)
    assert found.n_distinct == 3
    assert found.n_failed == isomers7.n_failed + isomers7.isomers[0].count


def test_errors_name_what_is_wrong(lj7: list[Minimum]) -> None:
    with pytest.raises(AnalysisError, match="none of 3 quenches converged"):
        find_isomers(stream([replace(one, converged=False) for one in lj7[:3]]), tighten, converge_further=tighten)
    with pytest.raises(AnalysisError, match="nvt/a, frame 0: 7 atoms that are not the cluster's"):
        find_isomers(stream([*quenches(6, 1, 1e-3), *lj7]), tighten)
    with pytest.raises(AnalysisError, match="came back"):
        find_isomers(stream(lj7), lambda minima: tighten(minima)[1:])


def test_quenches_of_unknown_temperature_are_counted_too(lj7: list[Minimum], isomers7: IsomerList) -> None:
    found = find_isomers(stream([replace(one, temperature_K=None) for one in lj7]), tighten)
    assert [isomer.count for isomer in found.isomers] == [isomer.count for isomer in isomers7.isomers]
    assert found.to_json()["isomers"][0]["occupation"] == {"temperatures_K": [], "fraction": []}
    assert found.isomers[0].first_temperature_K is None


def test_the_json_is_plain_and_complete(isomers7: IsomerList) -> None:
    document = json.loads(json.dumps(isomers7.to_json(), allow_nan=False))
    assert document["n_distinct"] == 4
    first = document["isomers"][0]
    assert first["relative_eV"] == 0
    assert first["rank"] == 1
    assert not first["chiral"]
    assert document["isomers"][3]["chiral"]
    assert first["occupation"]["fraction"][0] == pytest.approx(isomers7.isomers[0].counts[0] / isomers7.quenched[0])
    assert document["tolerances"]["match_A"] == 0.1
    assert isomers7.isomers[0].info()["point_group"] == "D5h"


def test_of_a_quench_no_more_is_kept_than_a_fingerprint() -> None:
    from deckgen.analysis.isomers.catalogue import catalogue

    one = quenches(13, 1, 10.0)[0]
    kept = catalogue(replace(one, converged=True, frame=k, positions_A=one.positions_A) for k in range(50))
    assert len(kept) == 50
    assert kept.fingerprints.nbytes <= 256 * 50
    assert sum(sys.getsizeof(getattr(kept, name)) for name in kept.__dataclass_fields__) < 50 * 300 + 1000
