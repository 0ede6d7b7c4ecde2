"""The export of a ladder for LAMMPS' own exchange: what it refuses, and that the rule by which it resumes is right."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_study import small_study

from deckgen.decks.temper import write_temper_decks
from deckgen.errors import InputError
from deckgen.study import Study

BIN = Path(sys.executable).parent
KELVINS = [20, 26, 34]
EXCHANGE = "[exchange]\nevery = 100\n"


def study(folder: Path, more: str = EXCHANGE) -> Study:
    file = small_study(folder, temperatures_K=KELVINS, duration_ps=300, restart_every=2000) / "study.toml"
    text = file.read_text().replace("relax = false", "relax = false\ncontainer_radius_A = 9.0")
    file.write_text(f'{text}start = "alternate"\n{more}')
    return Study.read(folder)


def test_a_replica_is_one_deck_that_never_overwrites_another_ladder(tmp_path: Path) -> None:
    two = study(tmp_path, "replicas = 2\n" + EXCHANGE)
    first = write_temper_decks(two)
    assert [deck.manifest.replica for deck in first] == [1, 2]
    assert [deck.change for deck in write_temper_decks(two)] == ["same", "same"]
    hotter = two.model_copy(update={"ladder": two.ladder.model_copy(update={"temperatures_K": (20, 26, 35)})})
    assert not {deck.folder for deck in write_temper_decks(hotter)} & {deck.folder for deck in first}


@pytest.mark.parametrize(
    ("more", "words"),
    [("", "every is missing"), ("longer = [{min_K = 20, max_K = 26, duration_ps = 400}]\n" + EXCHANGE, "equally long")],
)
def test_what_temper_cannot_run_is_refused(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        write_temper_decks(study(tmp_path, more))


def command(n: int, *more: str) -> list[str]:
    lmp = [str(BIN / "lmp"), "-partition", "3x1", "-in", "in.lammps"]
    return [
        str(BIN / "mpiexec"),
        "-np",
        "3",
        *lmp,
        "-log",
        f"log.temper.{n}",
        "-plog",
        "none",
        "-screen",
        "none",
        *more,
    ]


def exchanges(deck: Path, n: int) -> np.ndarray:
    """The lines of a log: a step, and the rung that each walker is at from there on."""
    text = (deck / f"log.temper.{n}").read_text()
    return np.array([line.split() for line in re.findall(r"^\d+(?: \d+){3}$", text, re.MULTILINE)], dtype=int)


def at(lines: np.ndarray, steps: np.ndarray | int) -> np.ndarray:
    return lines[np.searchsorted(lines[:, 0], steps, side="left") - 1, 1:]


@pytest.mark.long
def test_a_stopped_run_resumes_by_the_rule_at_the_temperatures_that_it_had(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    deck = write_temper_decks(study(tmp_path))[0].folder
    program = subprocess.Popen(command(1), cwd=deck, start_new_session=True)
    until(lambda: len(list(deck.glob("walker.*.60000.restart"))) == 3, 120)
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    before = exchanges(deck, 1)
    # one where the walkers are not in the order of the rungs: the others would not tell
    ordered = [step for step in range(60_000, 0, -2000) if at(before, step).tolist() != [0, 1, 2]]
    S, R = ordered[0], " ".join(map(str, at(before, ordered[0])))
    for file in (deck / f"energies.{walker:02d}.dat" for walker in range(3)):
        lines = file.read_text().splitlines()
        kept = [line for line in lines if line.startswith("#") or int(line.split()[0]) <= S]
        file.write_text("\n".join(kept) + "\n")
    subprocess.run(command(2, "-var", "from", str(S), "-var", "at", R), cwd=deck, check=True, timeout=300)

    after = exchanges(deck, 2)
    assert after[0].tolist() == [S, *map(int, R.split())]
    kinetic = {rung: [] for rung in range(3)}
    for walker in range(3):
        rows = np.loadtxt(deck / f"energies.{walker:02d}.dat")
        assert rows[:, 0].tolist() == list(range(10, 150_010, 10))
        late = rows[rows[:, 0] > S]
        rungs = at(after, late[:, 0].astype(int))[:, walker]
        for rung in range(3):
            kinetic[rung].append(late[rungs == rung, 2])
    means = [np.concatenate(kinetic[rung]).mean() for rung in range(3)]
    assert means == pytest.approx(KELVINS, rel=0.04)  # a wrong order is off by 30 %
