"""What is seen of the rows of a running deck: LAMMPS itself does not say when a full disk refuses one."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from deckgen.decks.manifest import ENERGIES, OLD_RESTART, RESTART, Manifest
from deckgen.errors import RunError
from deckgen.runs.restarts import RECORDS, read_records
from deckgen.runs.watch import OutputWatch, require_room

DECK = Manifest("nvt", "T0020.000K-r1", "a", "Ar13", 13, "lj", "b", {}, 1000, 20.0, timestep_fs=2.0, sample_every=10)


def row(step: int) -> str:
    return f"{step} -1.50000000 20.0000 1.0000 2.0000 3.0000\n"


def grow(*texts: str) -> None:
    with Path(ENERGIES).open("a") as file:
        file.writelines(texts)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The deck's folder, in which its process works."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def watch(folder: Path, from_step: int = 0, step: int = 0) -> OutputWatch:
    return OutputWatch(folder, DECK, from_step, lambda: step)


def test_a_row_that_is_missing_between_others_ends_the_run(folder: Path) -> None:
    grow("# step\n", row(10))
    seen = watch(folder, 10)
    grow(row(20), row(30))
    seen.look()
    grow(row(40)[:-20], row(50), row(60))  # two that ran into each other
    with pytest.raises(RunError, match=r"energies\.dat lacks step 50: was the disk full\?"):
        seen.look()


def test_a_row_that_is_being_written_is_read_when_it_is_whole(folder: Path) -> None:
    seen = watch(folder)
    grow("# step\n", row(10), row(20)[:1])
    seen.look()
    grow(row(20)[1:], row(30)[:9])
    seen.look()
    grow(row(30)[9:], row(50))
    with pytest.raises(RunError, match="lacks step 40"):
        seen.look()


def test_a_run_that_begins_between_two_rows_expects_the_next_one(folder: Path) -> None:
    grow(row(20))
    seen = watch(folder, 25)
    grow(row(30))
    seen.look()


def test_rows_that_are_late_are_no_fault_while_the_disk_takes_more(folder: Path) -> None:
    seen = watch(folder, step=500)
    seen.look()  # nothing is there so far
    grow("# step\n", row(10))
    seen.look()
    seen.look()
    assert [path.name for path in folder.iterdir()] == [ENERGIES]


def test_rows_that_are_late_end_the_run_where_the_disk_takes_no_more(folder: Path) -> None:
    seen = watch(folder, step=500)
    grow("# step\n", row(10))
    seen.look()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(ENERGIES).stat().st_size, before[1]))
    try:
        with pytest.raises(RunError, match=f"{folder}.*File too large"):
            seen.look()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_room_that_is_looked_for_is_given_back(folder: Path) -> None:
    grow(row(10))
    require_room(folder)
    assert [path.name for path in folder.iterdir()] == [ENERGIES]


def test_restarts_are_recorded_as_they_come_and_not_read_again_before_they_change(folder: Path) -> None:
    """What LAMMPS writes: a mark at either end, the units, the number of a field, the step."""
    mark, seen = b"LammpS RestartT\0", watch(folder)

    def put(step: int) -> None:
        Path("part").write_bytes(mark + b"metal\0\x05\0\0\0" + step.to_bytes(8, "little") + mark)
        if Path(RESTART).exists():
            Path(RESTART).rename(OLD_RESTART)
        Path("part").rename(RESTART)

    seen.look()
    assert read_records() == ()
    for step, expected in ((100, [100]), (200, [200, 100]), (300, [300, 200])):
        put(step)
        seen.look()
        assert [record.step for record in read_records()] == expected
    Path(RECORDS).unlink()
    seen.look()
    assert not Path(RECORDS).exists()
