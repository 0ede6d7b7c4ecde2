"""The examples of docs/potentials.md run in LAMMPS, with the files that come with it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import ENERGIES

PAGE = (Path(__file__).parents[2] / "docs" / "potentials.md").read_text()
EXAMPLES = {
    style: text
    for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    if (style := tomllib.loads(text)["potential"].get("pair_style"))
}
POTENTIALS = Path(distribution("lammps").locate_file("lammps/share/lammps/potentials"))
SHORT = """
[ladder]
temperatures_K = [200, 300, 400]
[nvt]
timestep_fs = 1
duration_ps = 0.1
sample_every = 1
frame_every = 50
restart_every = 50
"""


def test_the_page_has_the_styles_that_the_wheel_ships_files_for():
    styles = {word for style in EXAMPLES for word in style.split()}
    assert styles >= {"eam/alloy", "meam", "snap", "pod", "uf3"}


@pytest.mark.parametrize("style", EXAMPLES)
def test_an_example_of_a_potential_runs(style, tmp_path):
    text = EXAMPLES[style].replace("[potential]", "relax = false\n[potential]")
    for name in tomllib.loads(text)["potential"]["files"]:
        assert (POTENTIALS / name).is_file()
    (tmp_path / "study.toml").write_text(text + SHORT)
    write_decks(tmp_path)
    deck = next((tmp_path / "decks" / "nvt").iterdir())
    command = [str(Path(sys.executable).parent / "lmp"), "-in", "in.lammps"]
    done = subprocess.run(command, cwd=deck, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    energies = np.loadtxt(deck / ENERGIES)
    assert len(energies) == 100
    assert np.isfinite(energies).all()
    assert np.ptp(energies[:, 1]) > 0.0  # the atoms feel it
