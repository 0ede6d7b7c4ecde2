"""Which folder of the C++ may include which: read from the sources, so that nothing has to be compiled."""

from __future__ import annotations

import re

import pytest

from deckgen.quip.plan import SOURCES

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
LAMMPS = "LAMMPS"  # its headers have no folder
# folder -> the folders whose headers it may include; "" holds the interface, engine.h
ALLOWED = {
    "": set(),
    "numerics": set(),
    "text": set(),
    "gap": {"", "numerics", "text"},
    "gap/descriptors": {"gap", "numerics"},
    "gap/descriptors/soap": {"gap", "gap/descriptors", "numerics"},
    "rows": {"gap", "gap/descriptors", "gap/descriptors/soap", "numerics"},
    "quip": {""},
    "pair": {"", "gap", "quip", "text", LAMMPS},
}
MOST_FILES = 15
FILES = sorted(path for path in SOURCES.rglob("*") if path.is_file())


def folder_of(name: str) -> str:
    return name.rpartition("/")[0]


def test_every_folder_has_its_row():
    assert {folder_of(file.relative_to(SOURCES).as_posix()) for file in FILES} == ALLOWED.keys()


@pytest.mark.parametrize("folder", ALLOWED)
def test_no_include_points_upwards(folder):
    wrong = []
    for file in (SOURCES / folder).iterdir():
        for header in INCLUDE.findall(file.read_text()) if file.is_file() else []:
            known = (SOURCES / header).exists()
            if (folder_of(header) if known else LAMMPS) not in ALLOWED[folder] | {folder}:
                wrong.append(f"{file.relative_to(SOURCES)} includes {header}")
    assert wrong == []


def test_the_table_has_no_circle():
    below: set[str] = set()
    while rest := ALLOWED.keys() - below:
        free = {folder for folder in rest if ALLOWED[folder] <= below | {LAMMPS}}
        assert free, f"{rest} include each other"
        below |= free


@pytest.mark.parametrize("folder", ALLOWED)
def test_no_folder_is_crowded(folder):
    assert sum(path.is_file() for path in (SOURCES / folder).iterdir()) <= MOST_FILES
