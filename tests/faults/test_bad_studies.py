"""What study.toml and gap.toml may not say, and files that are none: each is named with its key and value."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ase import Atoms
from ase.io import write

import deckgen
from deckgen.cli import main
from deckgen.contents import content_of
from deckgen.decks.clusters import start_structure
from deckgen.decks.potentials import resolve
from deckgen.errors import InputError
from deckgen.files import require_file
from deckgen.study import Cluster, PotentialChoice, Study
from deckgen.training.recipe import Recipe

NA13 = '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n'
LJ = '[potential]\nkind = "lammps"\npair_style = "lj/cut 9.0"\npair_coeff = ["* * 1.0 2.0"]\n'


def read(folder: Path, text: str | bytes) -> Study:
    (folder / "study.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Study.read(folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[cluster]\nelement = "Na"\nsize = "13"', '[cluster] size = "13": a string where a number belongs'),
        (NA13 + "[nvt]\ntimestep_fs = true", "[nvt] timestep_fs = true: true or false where a number belongs"),
        (NA13 + "[nvt]\nseed = true", "[nvt] seed = true: true or false where a number belongs"),
        (NA13 + "[isomers]\nreflection = 1", "[isomers] reflection = 1: a number where true or false belongs"),
        (NA13 + '[isomers]\nreflection = "yes"', 'reflection = "yes": a string where true or false belongs'),
        (
            NA13 + '[ladder]\ntemperatures_K = ["100", 200, 300]',
            "[ladder] temperatures_K = ['100', 200, 300]: a string",
        ),
        (NA13 + "[nvt]\nlonger = [{min_K = 60, max_K = 70, duration_ps = true}]", "[nvt] longer.0.duration_ps = true"),
    ],
)
def test_a_value_keeps_the_type_that_it_is_written_with(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert f"{tmp_path / 'study.toml'}: " in str(caught.value)
    assert says in str(caught.value)


def test_a_whole_number_may_be_written_with_a_point(tmp_path: Path) -> None:
    study = read(tmp_path, NA13.replace("13", "13.0") + "[ladder]\nmin_K = 60\nmax_K = 330\n")
    assert (study.cluster.size, study.ladder.min_K) == (13, 60.0)
    with pytest.raises(InputError, match=r"size = 13\.5"):
        read(tmp_path, NA13.replace("13", "13.5"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[ladder]\ntemperatures_K = [0.0001, 1, 2]", "[ladder] temperatures_K.0 = 0.0001"),
        ("[ladder]\ntemperatures_K = [100, 200.0001, 200.0002]", "200.0001 K and 200.0002 K are one rung"),
        ("[ladder]\nmin_K = 100\nmax_K = 100.01", "are one rung"),
        ("[ladder]\nmin_K = 100\nmax_K = 300\ncount = 3\nextra_K = [200.0001]", "200 K and 200.0001 K are one rung"),
        ("[ladder]\nmax_K = 1e9", "[ladder] max_K = 1000000000.0"),
        ("[ladder]\ncount = 999\n[nvt]\nreplicas = 1000", "999000 runs; at most 10000"),
        ("[analysis]\ngrid_K = 1e-9", "[analysis] grid_K = 1e-09"),
        ("[ladder]\nmax_K = 90000\n[analysis]\ngrid_K = 0.01", "9e+06 points"),
        ("[nvt]\ntimestep_fs = 1e-300", "[nvt] timestep_fs = 1e-300"),
        ("[nvt]\nduration_ps = 1e300", "[nvt] duration_ps = 1e+300"),
        ("[nvt]\nrestart_every = 3000000000", "[nvt] restart_every = 3000000000"),
        ('[nvt]\nstart = "melted"\nmelt_K = 60', "melt_K = 60 is not above the lowest rung, 60 K"),
        ("[isomers]\nframe_every = 1000000", "frame_every = 1000000 leaves no frame of the 200000 steps"),
        ("[isomers]\ntemperatures_K = [100, 100]", "each one once"),
    ],
)
def test_a_number_out_of_all_proportion_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, NA13 + text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (NA13.replace("na-gupta", ""), '[potential] name = "": empty'),
        (NA13.replace("na-gupta", " "), '[potential] name = " ": empty'),
        (NA13[: NA13.index("[pot")] + LJ.replace("lj/cut 9.0", ""), '[potential] pair_style = "": empty'),
        (NA13[: NA13.index("[pot")] + LJ.replace('["* * 1.0 2.0"]', "[]"), 'kind = "lammps" needs pair_coeff'),
        (NA13[: NA13.index("[pot")] + LJ.replace("* * 1.0 2.0", " "), 'pair_coeff.0 = " ": empty'),
    ],
)
def test_words_that_say_nothing_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (NA13 + "x = " + "[" * 5000 + "]" * 5000, "nested more than 20 deep"),
        (NA13 + "x = " + "[" * 30 + "]" * 30, "nested more than 20 deep"),
        (NA13 + "a." * 100_000 + "a = 1", "nested more than 20 deep"),
        (NA13 + "[nvt]\nseed = " + "1" * 5000, "an integer of thousands of digits"),
        (NA13 + "[nvt]\nseed = 0x" + "f" * 5000, "seed = 0xfff"),
        (NA13.encode("utf-16"), "in UTF-16"),
        (NA13.encode() + b'[study]\nname = "\xe9"', "not in UTF-8: line 7 has the byte 0xe9"),
        (NA13 + "# " + "x" * 1_000_000, "1.0 MB; at most 1 MB are read"),
        (NA13 + "\0", "not valid TOML"),
        (NA13 + "".join(f"key{number} = 1\n" for number in range(1000)), "and 980 more"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_a_file_that_is_hardly_toml_is_refused_in_a_few_words(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 6000


def test_a_byte_order_mark_before_utf_8_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + NA13.encode()).cluster.size == 13


@pytest.mark.parametrize("file", ["study.toml", "gap.toml", "--from 10=energies"])
def test_a_pipe_a_device_and_a_folder_are_no_files(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name = file.split("=")[-1]
    command = {"study.toml": ["status"], "gap.toml": ["train", "read"]}.get(file, ["analyse", "--atoms", "5", "--from"])
    given = file.removeprefix("--from ") if "=" in file else "."
    os.mkfifo(name)
    assert main([*command, given]) == 2
    assert f"{name}: a pipe, not a file" in capfd.readouterr().err
    Path(name).unlink()
    Path(name).symlink_to("/dev/zero")
    assert main([*command, given]) == 2
    assert f"{name}: a device, not a file" in capfd.readouterr().err
    Path(name).unlink()
    Path(name).mkdir()
    assert main([*command, given]) == 2
    assert f"{name}: a folder, not a file" in capfd.readouterr().err


@pytest.mark.parametrize("read", [require_file, content_of])
def test_a_file_that_the_kernel_makes_up_is_none(read: Callable[[Path], object]) -> None:
    """/proc/kmsg is one that never ends."""
    for name in ("/proc/self/environ", "/proc/self/root/proc/self/status"):
        with pytest.raises(InputError, match=f"{name}: made up by the kernel, not a file"):
            read(Path(name))


def test_a_formula_of_any_depth_is_read_or_refused(tmp_path: Path) -> None:
    formula = "(" * 5000 + "Ar" + ")" * 5000
    text = f'[cluster]\nformula = "{formula}"\n[potential]\nname = "na-gupta"\n[ladder]\ntemperatures_K = [10, 20]\n'
    with pytest.raises(InputError, match="not a formula such as Au20Ag35"):
        read(tmp_path, text)


def xyz(*rows: str, count: str = "") -> str:
    return "\n".join([count or str(len(rows)), "", *rows, ""])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (xyz("Na 0 0 0", "Na 3 0 0", "Na nan 0 0"), r"start\.xyz: atom 3 is at \(nan, 0, 0\) A"),
        (xyz("Na 0 0 0", "Na 3 0 inf"), r"atom 2 is at \(3, 0, inf\) A"),
        (xyz("Na 0 0 0", "Na 1e200 0 0"), r"atom 2 is at \(1e\+200, 0, 0\) A"),
        (xyz("Na 0 0 0", count="999999999999"), "cut short: a frame of 999999999999 atoms has 1"),
        (xyz("Na 0 0 0", "Na 3 0 0") + xyz("Na 0 0 0", count="999999999999"), "cut short"),
        (xyz("X 0 0 0", "Na 3 0 0"), "X is not the symbol of an element"),
        (
            xyz("Na 0 0 0", "Na 3 0 0").replace("\n\n", "\nProperties=species:S:1:pos:R:99999999999\n"),
            "an atom has 4 columns, Properties more",
        ),
        ("", r"start\.xyz"),
        ("\n" * 10, "there is no structure in it"),
    ],
)
def test_a_start_structure_that_is_none_is_refused(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "start.xyz").write_text(content)
    with pytest.raises(InputError, match=says):
        start_structure(Cluster(file=Path("start.xyz")), tmp_path)


def test_an_atomic_number_of_no_element_is_named(tmp_path: Path) -> None:
    """Formats of numbers, such as ASE's own, may have any."""
    atoms = Atoms("Na2", positions=[[0, 0, 0], [3, 0, 0]])
    atoms.numbers[1] = 300
    write(tmp_path / "start.traj", atoms)
    with pytest.raises(InputError, match=r"start\.traj: atom 2 has the atomic number 300"):
        start_structure(Cluster(file=Path("start.traj")), tmp_path)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["a/one.eam", "b/one.eam"], "two files are called one.eam"),
        (["in.lammps"], "a deck has a file in.lammps of its own"),
        (["energies.eam"], "a deck has a file energies.eam of its own"),
        (["missing.eam"], "no such file"),
        (["a"], "a folder, not a file"),
    ],
)
def test_the_files_of_a_potential_can_lie_in_a_decks_folder(tmp_path: Path, files: list[str], says: str) -> None:
    for name in ("a/one.eam", "b/one.eam", "in.lammps", "energies.eam"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    choice = PotentialChoice(kind="lammps", pair_style="eam", pair_coeff=("* *",), files=tuple(map(Path, files)))
    with pytest.raises(InputError, match=says):
        resolve(choice, tmp_path)


@pytest.mark.parametrize("style", ["reax/c NULL checkqeq no", "reaxff/omp NULL", "hybrid/overlay reaxff NULL zbl 4 5"])
def test_reaxff_by_another_name_or_beside_others_is_refused(tmp_path: Path, style: str) -> None:
    choice = PotentialChoice(kind="lammps", pair_style=style, pair_coeff=("* * ffield.reax C",))
    with pytest.raises(InputError, match=r"pair_style reax\S*: ReaxFF runs in decks by the name of reaxff alone"):
        resolve(choice, tmp_path)


def test_isomers_of_files_that_are_not_named_are_not_looked_for(tmp_path: Path) -> None:
    read(tmp_path, NA13 + '[isomers]\nsource = "files"\n')
    with pytest.raises(InputError, match=r'\[isomers\] source = "files" without files'):
        deckgen.isomers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.toml"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"potential": "gupta"}, "no such built-in potential"),
        ({"element": "Au"}, "which the potential na-gap does not know"),
    ],
)
def test_init_refuses_what_run_would_refuse(tmp_path: Path, options: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        deckgen.init(tmp_path / "new", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", [["init"], ["train", "init"], ["templates", "export"]])
def test_a_folder_that_cannot_be_made_is_named(
    command: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "in it", tmp_path / ("n" * 300)):
        assert main([*command, str(place)]) == 2
        error = capfd.readouterr().err
        assert "cannot make this folder" in error
        assert "Traceback" not in error


def test_a_recipe_is_as_strict(tmp_path: Path) -> None:
    (tmp_path / "gap.toml").write_text(
        '[sample]\nsizes = ["13"]\nscale = [1e6]\n[data]\ne0 = {Na = true}\n[fit.soap]\nn_max = "8"\ncutoff_A = 1e9\n'
    )
    with pytest.raises(InputError) as caught:
        Recipe.read(tmp_path)
    said = str(caught.value)
    for place in ("[sample] sizes", "[sample] scale.0", "[data] e0", "[fit] soap.n_max", "[fit] soap.cutoff_A"):
        assert place in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sample]\nsizes = [" + "1" * 5000 + "]\n", "an integer of thousands of digits"),
        ("# " + "x" * 10_000_000, "10.0 MB; at most 1 MB are read"),
        ("x = " + "[" * 30 + "]" * 30, "nested more than 20 deep"),
    ],
    ids=["digits", "10 MB", "deep"],
)
def test_a_recipe_that_is_hardly_toml_is_refused_in_a_few_words(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "gap.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        Recipe.read(tmp_path)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_training_is_not_begun_with_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frames\.extxyz: no such file"):
        deckgen.train.init(tmp_path / "new", [tmp_path / "frames.extxyz"])
    deckgen.train.init(tmp_path / "new", [tmp_path / "md" / "*" / "OUTCAR"])
