"""The wheel has every file of the packages, under the names that they are imported by, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

FOLDERS = {
    "deckgen": "deckgen",
    "templates": "deckgen/templates",
    "runs": "deckgen/runs",
    "analysis": "deckgen/analysis",
    "training": "deckgen/training",
}
SOURCES = {".py", ".cpp", ".h", ".j2", ".typed", ".xml", ".alloy", ".fs", ".toml", ".extxyz"}


def test_the_wheel_has_the_trees_files(root: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in (*FOLDERS, "pyproject.toml", "README.md", "LICENSE"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("deckgen_lammps-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        f"{package}/{file.relative_to(root / folder).as_posix()}"
        for folder, package in FOLDERS.items()
        for file in (root / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert packed == expected
    assert any(name.endswith("nvt.in.j2") for name in packed)
    assert {Path(name).suffix for name in packed if "sparseX" not in name} <= SOURCES
