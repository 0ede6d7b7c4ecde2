"""Every page is a session: its commands and its Python are run as they stand, in order, in one folder.

What a page takes for granted (a structure, frames, logs) is laid out beforehand, and what `deckgen init` has written is
made short, as a user edits it. A block that is not run says why, on the page.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write
from doc_blocks import Block, blocks, commands, pages
from small_study import small_study

from deckgen.cli import main
from deckgen.decks.clusters import build

ROOT = Path(__file__).resolve().parents[2]
KB_EV_K = 8.617333e-5

NA13 = """
[cluster]
element = "Na"
size = 13
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [150, 190, 230]
[nvt]
duration_ps = 10
frame_every = 500
[isomers]
source = "nvt"
"""
SMALL_FIT = """
[data]
files = ["frames.extxyz"]
[fit.two_body]
n_sparse = 10
[fit.soap]
cutoff_A = 5.0
n_max = 4
l_max = 3
n_sparse = 20
[validation]
stretched_size = 13
"""


def nothing(_: Path) -> None:
    """Lay out nothing."""


def a_small_study(folder: Path) -> None:
    small_study(folder / "my-cluster")


def labelled_frames(folder: Path) -> None:
    frames = read(ROOT / "deckgen/potentials/na-gap/na-pbe.extxyz", index=":")
    few = [one for one in frames if len(one) in (1, 13)]
    write(folder / "frames.extxyz", few)


def two_studies_and_logs(folder: Path) -> None:
    """A solid and a melted study that have run, and energies of harmonic vibrations at three temperatures."""
    for name, start in ("solid", "minimum"), ("melted", "melted"):
        study = small_study(folder / name)
        text = (study / "study.toml").read_text()
        (study / "study.toml").write_text(text.replace("[nvt]", f'[nvt]\nstart = "{start}"'))
        assert main(["run", str(study)]) == 0
    rng = np.random.default_rng(1)
    for temperature_K in 150, 200, 250:
        energies = KB_EV_K * temperature_K * rng.gamma((3 * 55 - 6) / 2, size=4000)
        np.savetxt(folder / f"log.{temperature_K}", energies)


def frames_to_quench(folder: Path) -> None:
    a_small_study(folder)
    atoms = build("Ar", 13)
    rng = np.random.default_rng(2)
    for name in "a.xyz", "b.traj":
        shaken = [atoms.copy() for _ in range(2)]
        for one in shaken:
            one.positions += rng.normal(0, 0.2, one.positions.shape)
        write(folder / name, shaken)
    assert main(["run", str(folder / "my-cluster")]) == 0


PREPARED: dict[str, Callable[[Path], None]] = {
    "isomers.md": frames_to_quench,
    "templates.md": a_small_study,
    "training.md": labelled_frames,
    "README.md": labelled_frames,
    "your-cluster.md": two_studies_and_logs,
}
LONG = {"README.md", "first-study.md", "isomers.md", "training.md", "your-cluster.md"}


def shorten(command: str) -> None:
    """Make what `deckgen init` wrote short."""
    words = shlex.split(command, comments=True)
    if words[:2] == ["deckgen", "init"]:
        (Path(words[2]) / "study.toml").write_text(NA13)
    if words[:3] == ["deckgen", "train", "init"] and len(words) > 4:
        (Path(words[3]) / "gap.toml").write_text(SMALL_FIT.replace("frames.extxyz", str(Path(words[4]).resolve())))


def run(block: Block, names: dict[str, object]) -> None:
    """Run a block as a reader would; Python goes on with the names of the blocks before it."""
    if block.file:
        Path(block.file).parent.mkdir(parents=True, exist_ok=True)
        Path(block.file).write_text(block.text)
    elif block.language == "python":
        exec(compile(block.text, str(block), "exec"), names)
    elif block.language == "bash":
        for command in commands(block.text):
            words = shlex.split(command, comments=True)
            assert words[0] == "deckgen", f"{block}: nothing but deckgen is run here; say why {words[0]} is not"
            assert main(words[1:]) == 0, f"{block}: {command}"
            shorten(command)


def to_run(page: Path) -> Iterator[Block]:
    for block in blocks(page):
        if not block.not_run and (block.file or block.language in ("bash", "python")):
            yield block


SESSIONS = [
    pytest.param(page, marks=pytest.mark.long if page.name in LONG else (), id=page.name)
    for page in pages(ROOT)
    if any(not block.file for block in to_run(page))
]


@pytest.mark.parametrize("page", SESSIONS)
def test_every_block_of_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    PREPARED.get(page.name, nothing)(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in to_run(page):
        run(block, names)
