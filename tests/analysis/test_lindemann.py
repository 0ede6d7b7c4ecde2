from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from deckgen.analysis.lindemann import lindemann_index, lindemann_of_pairs
from deckgen.errors import AnalysisError

CLUSTER = np.random.default_rng(1).uniform(0, 12, (13, 3))


def test_the_index_is_its_definition(rng):
    frames = CLUSTER + rng.normal(scale=0.3, size=(200, 13, 3))
    distances = np.array([pdist(frame) for frame in frames])
    expected = np.mean(distances.std(axis=0) / distances.mean(axis=0))
    assert lindemann_index(frames) == pytest.approx(expected, rel=1e-10)


def test_a_breathing_dimer_has_the_known_index():
    """r = 1 + a cos: the deviation is a/sqrt(2)."""
    stretch = 1 + 0.1 * np.cos(np.linspace(0, 2 * np.pi, 1000, endpoint=False))
    frames = ([[0.0, 0.0, 0.0], [0.0, 0.0, r]] for r in stretch)
    assert lindemann_index(map(np.array, frames)) == pytest.approx(0.1 / np.sqrt(2), rel=1e-9)


def test_rotation_and_translation_do_not_count(rng):
    frames = []
    for _ in range(20):
        rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        frames.append(CLUSTER @ rotation + rng.normal(size=3))
    assert lindemann_index(frames) < 1e-7


def test_one_frame_is_not_enough():
    with pytest.raises(AnalysisError, match="two frames"):
        lindemann_index([CLUSTER])


def test_the_index_of_a_pair_of_elements_is_that_of_its_distances(rng):
    frames = CLUSTER + rng.normal(scale=0.3, size=(50, 13, 3))
    symbols = ["Na"] * 4 + ["K"] * 9
    indices = lindemann_of_pairs(frames, symbols)
    assert indices["Na-Na"] == pytest.approx(lindemann_index(frames[:, :4]), rel=1e-10)
    assert indices["K-K"] == pytest.approx(lindemann_index(frames[:, 4:]), rel=1e-10)
    everything = (6 * indices["Na-Na"] + 36 * indices["K-Na"] + 36 * indices["K-K"]) / 78
    assert everything == pytest.approx(lindemann_index(frames), rel=1e-10)


def test_a_pair_of_elements_without_a_pair_of_atoms_has_no_index(rng):
    frames = CLUSTER[:3] + rng.normal(scale=0.3, size=(5, 3, 3))
    assert lindemann_of_pairs(frames, ["Na", "K", "K"]).keys() == {"K-K", "K-Na"}
