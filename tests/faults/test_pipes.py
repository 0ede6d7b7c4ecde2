"""A pipe in the place of any file of a study from elsewhere is named, or passed over; nothing waits for it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_study import deck_of, small_study

import deckgen
from deckgen.compressed import opened
from deckgen.contents import content_of, sha256_of, text_in
from deckgen.decks.deck import write_decks
from deckgen.errors import DeckgenError
from deckgen.files import append, read_json
from deckgen.frames import frame_spans
from deckgen.minima import append_minima, find_minima
from deckgen.processes.lock import held, lock
from deckgen.runs.harvest import harvest
from deckgen.runs.outputs import cut_back
from deckgen.runs.rows import last_step, read_energies
from deckgen.training.formats.files import raw_file
from deckgen.training.recipe.data import Data
from deckgen.workflows.analyse.inputs import inputs_of
from deckgen.workflows.analyse.trajectories import evaporations


def take(path: Path) -> None:
    with lock(path, "this"):
        pass


@pytest.fixture
def in_time() -> Iterator[None]:
    """Have what waits for ever end in an error."""

    def over(*_: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize(
    "read",
    [
        content_of,
        text_in,
        sha256_of,
        read_json,
        read_energies,
        frame_spans,
        find_minima,
        lambda path: opened(path).read(),
        lambda path: raw_file(path, str(path), Data(files=[path])),
        held,
        take,
        lambda path: append(path, "text"),
        lambda path: append_minima(path, []),
        lambda path: last_step(path.parent),
        lambda path: cut_back(path.parent, 10),
    ],
)
def test_a_file_that_never_ends_is_named_by_whatever_opens_it(
    tmp_path: Path, read: Callable[[Path], object], kind: str
) -> None:
    path = tmp_path / "energies.dat"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(DeckgenError, match=f"{path}: a (pipe|device|link)"):
        read(path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = small_study(tmp_path_factory.mktemp("done") / "study")
    assert not deckgen.run(study, progress=False).failed
    return study


NAMES = ("energies.dat", "frames.extxyz", "deck.json", "quenched.extxyz", "status.json", "in.lammps", "log.lammps")
NAMES += ("nvt.restart", ".lock", "energies.dropped.dat", "cluster.data")


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("name", NAMES)
def test_no_command_waits_for_a_pipe_in_a_deck(done: Path, tmp_path: Path, name: str) -> None:
    study = Path(shutil.copytree(done, tmp_path / "study", symlinks=True))
    (deck_of(study) / name).unlink(missing_ok=True)
    os.mkfifo(deck_of(study) / name)
    commands = (deckgen.status, write_decks, inputs_of, lambda study: evaporations(harvest(study)))
    said = list[str]()
    for command in (*commands, lambda study: deckgen.run(study, progress=False)):
        try:
            command(study)
        except DeckgenError as error:
            said.append(error.message)
    assert all(name in message for message in said)
