"""The examples of docs/potentials.md run in LAMMPS, with the files that come with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import ase.units
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
REAL = """
units real
atom_style charge
boundary s s s
read_data charge.data
pair_style reaxff NULL
pair_coeff * * ffield.reax.AuO Au O
fix equalised all qeq/reaxff 1 0.0 10.0 1.0e-6 reaxff
"""
SINGLE = """
run 0
print "energy $(pe:%.12g)"
"""


def test_the_page_has_the_styles_that_the_wheel_ships_files_for():
    styles = {word for style in EXAMPLES for word in style.split()}
    assert styles >= {"eam/alloy", "meam", "snap", "pod", "uf3", "reaxff"}


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


def energy_of(folder: Path, script: str) -> float:
    (folder / "single.in").write_text(script + SINGLE)
    command = [str(Path(sys.executable).parent / "lmp"), "-in", "single.in"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    return float(re.search(r"^energy (\S+)", done.stdout, re.MULTILINE)[1])


def test_reaxff_in_a_deck_has_the_energy_that_it_has_in_real_units(tmp_path):
    """Against LAMMPS in real units, with an atom style of charges and nothing scaled; a kcal/mol as ASE has it."""
    (tmp_path / "study.toml").write_text(EXAMPLES["reaxff NULL"].replace("[potential]", "relax = false\n[potential]"))
    deck = next(one.folder for one in write_decks(tmp_path) if one.manifest.protocol == "nvt")
    ours = energy_of(deck, (deck / "in.lammps").read_text().partition("# ---- degrees")[0])
    head, atoms = (deck / "cluster.data").read_text().split("Atoms", 1)
    lines = [re.sub(r"^(\d+ \d+) ", r"\1 0.0 ", line) for line in atoms.splitlines()[1:]]
    (tmp_path / "charge.data").write_text("\n".join([f"{head}Atoms # charge", *lines, ""]))
    shutil.copy(POTENTIALS / "ffield.reax.AuO", tmp_path)
    theirs = energy_of(tmp_path, REAL)
    assert ours == pytest.approx(theirs * ase.units.kcal / ase.units.mol, rel=1e-8)
    assert ours < -30.0


@pytest.mark.parametrize(
    ("style", "equalised"),
    [("reaxff NULL", True), ("reaxff NULL checkqeq no", False), ("reaxff NULL checkqeq  off", False)],
)
def test_charges_of_reaxff_are_equalised_unless_its_arguments_say_no(tmp_path, style, equalised):
    text = EXAMPLES["reaxff NULL"].replace('"reaxff NULL"', f'"{style}"').replace('"* * ffield', '"*  * ffield')
    (tmp_path / "study.toml").write_text(text)
    [deck, *_] = (one for one in write_decks(tmp_path) if one.manifest.protocol == "nvt")
    script = (deck.folder / "in.lammps").read_text()
    assert re.search(r"^pair_coeff +\* +\* reaxff ffield\.reax\.AuO Au O$", script, re.MULTILINE)
    assert ("qeq/reaxff" in script) == equalised
