"""Wheel and source distribution have every file of the packages, and nothing of tests, builds or caches."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

FOLDERS = {
    "deckgen": "deckgen",
    "templates": "deckgen/templates",
    "runs": "deckgen/runs",
    "analysis": "deckgen/analysis",
    "training": "deckgen/training",
}
SOURCES = {".py", ".cpp", ".h", ".j2", ".typed", ".xml", ".alloy", ".fs", ".toml", ".extxyz"}


ABOUT = {"pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "SECURITY.md"}
LARGEST_MB = 10


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    tree = tmp_path_factory.mktemp("build") / "tree"
    tree.mkdir()
    for name in (*FOLDERS, *ABOUT, "tests"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tree.parent), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return tree.parent


def files_of(root: Path) -> dict[str, str]:
    """Return the packages' files in the tree, with their places in the wheel."""
    return {
        file.relative_to(root).as_posix(): f"{package}/{file.relative_to(root / folder).as_posix()}"
        for folder, package in FOLDERS.items()
        for file in (root / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_source_distribution_has_the_trees_files_and_no_tests(built: Path, root: Path) -> None:
    (sdist,) = built.glob("deckgen_lammps-*.tar.gz")
    assert sdist.stat().st_size < LARGEST_MB * 1e6
    with tarfile.open(sdist) as archive:
        packed = {member.name.partition("/")[2] for member in archive if member.isfile()}
    made = {name for name in packed if name in {"PKG-INFO", "setup.cfg"} or ".egg-info/" in name}
    assert packed - made == {*files_of(root), *ABOUT}


def test_the_wheel_has_the_trees_files(built: Path, root: Path) -> None:
    (wheel,) = built.glob("deckgen_lammps-*.whl")
    assert wheel.stat().st_size < LARGEST_MB * 1e6
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == set(files_of(root).values())
    assert any(".dist-info/licenses/LICENSE" in name for name in zipfile.ZipFile(wheel).namelist())
    assert any(name.endswith("nvt.in.j2") for name in packed)
    assert {Path(name).suffix for name in packed if "sparseX" not in name} <= SOURCES
