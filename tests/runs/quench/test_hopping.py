"""Basin hopping: a walk is decided by its minima so far, and accepts by Metropolis' rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from deckgen.decks.clusters import start_structure
from deckgen.minima import Minimum, append_minima, read_minima
from deckgen.runs.quench.frames import StartFrame
from deckgen.runs.quench.hopping import HopSource, Moves
from deckgen.study.cluster import Cluster
from deckgen.units import KB_EV_K

SQUARE = 3.0 * np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
START = Minimum(("Na",) * 4, SQUARE, -1.0, 0.0, 0, True, None, "here", 0)


@pytest.fixture
def walker(tmp_path: Path) -> HopSource:
    return HopSource(0, START, 30, Moves(300.0, 0.4, 1), tmp_path)


def quenched(frame: StartFrame) -> Minimum:
    """Fall to a lattice of minima, in a landscape that is a bowl of them."""
    positions = frame.positions_A.round(1)
    energy = 0.05 * float(np.square(positions - SQUARE).sum()) - 1.0
    return replace(START, positions_A=positions, energy_eV=energy, source=frame.source, frame=frame.frame)


def walk(walker: HopSource, first: int, last: int) -> None:
    append_minima(walker.file, map(quenched, walker.frames(first, last)))


def test_a_walk_that_was_stopped_continues_as_if_it_had_not_been(walker: HopSource) -> None:
    walk(walker, 0, 30)
    whole = walker.file.read_bytes()
    walker.file.unlink()
    for first, last in ((0, 1), (1, 12), (12, 30)):
        walk(walker, first, last)
    assert walker.file.read_bytes() == whole
    assert [one.frame for one in read_minima(walker.file)] == list(range(30))
    assert replace(walker, count=99).file == walker.file  # with more hops it goes on
    others = (replace(walker, walker=1), replace(walker, moves=Moves(300.0, 0.4, 2)))
    assert len({walker.file, *(other.file for other in others)}) == 3


def test_a_hop_begins_at_the_last_minimum_that_was_accepted(walker: HopSource) -> None:
    """Downhill always: in a landscape that falls from hop to hop, each begins where the last one ended."""
    ends, starts = [], []
    for frame in walker.frames(0, 5):
        starts.append(frame.positions_A)
        end = replace(quenched(frame), energy_eV=-2.0 - frame.frame)
        ends.append(end.positions_A)
        append_minima(walker.file, [end])
    for before, start in zip([SQUARE, *ends[:-1]], starts, strict=True):
        moved = abs(start - before)
        assert 0 < moved.max() <= 0.4 * 3.5  # the neighbours are at some 3 A
    assert abs(starts[-1] - SQUARE).max() > 0.4 * 3.0  # further than one hop


def test_higher_minima_are_accepted_with_boltzmanns_probability(walker: HopSource) -> None:
    """A rise of kT ln 4 in a quarter of the hops: 4000 of them, within four standard deviations."""
    higher = replace(START, energy_eV=-1.0 + KB_EV_K * 300.0 * np.log(4.0))
    accepted = sum(walker._after(hop, START, higher) is higher for hop in range(4000))
    assert abs(accepted / 4000 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)


def test_what_did_not_converge_is_never_accepted(walker: HopSource) -> None:
    lost = replace(START, energy_eV=float("nan"), converged=False)
    for found in (lost, replace(lost, energy_eV=-9.0)):
        assert walker._after(0, START, found) is START


def test_no_two_atoms_of_a_displaced_structure_are_nearer_than_a_quench_can_bear(tmp_path: Path) -> None:
    """Displacements of up to 0.8 distances throw atoms onto one another; what was apart stays where it was put."""
    icosahedron = start_structure(Cluster(element="Na", size=55), tmp_path).positions
    start = replace(START, symbols=("Na",) * 55, positions_A=icosahedron)
    nearest = np.median(np.sort(cdist(icosahedron, icosahedron), axis=1)[:, 1])
    moved = [
        next(HopSource(walker, start, 1, Moves(300.0, step, 1), tmp_path).frames(0, 1)).positions_A
        for step in (0.8, 0.05)
        for walker in range(5)
    ]
    assert min(pdist(one).min() for one in moved) > 0.74 * nearest
    assert max(abs(one - icosahedron).max() for one in moved[5:]) <= 0.05 * nearest
    assert max(abs(one - icosahedron).max() for one in moved[:5]) > 0.7 * nearest
