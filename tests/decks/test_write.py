"""Writing decks: identity, extensions, staleness, the user's own templates."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from deckgen.decks.deck import read_manifests, study_decks, write_decks
from deckgen.decks.manifest import read_manifest
from deckgen.decks.potentials import BUILTIN, resolve
from deckgen.decks.render import prepare
from deckgen.errors import InputError
from deckgen.study import PotentialChoice, Study
from deckgen.thermostats import THERMOSTATS

CLUSTER = '[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n'
LJ = '[potential]\nkind = "lammps"\npair_style = "lj/cut 30"\npair_coeff = ["Na Na 0.05 3.3", "K * 0.04 4.0"]\n'
LADDER = "[ladder]\ntemperatures_K = [100, 200, 300]\n"


def study(folder: Path, nvt: str = "", ladder: str = LADDER, cluster: str = CLUSTER) -> Path:
    (folder / "study.toml").write_text(f"{cluster}{ladder}[nvt]\n{nvt}\n")
    return folder


def changes(folder: Path, **options: bool) -> list[str]:
    return [deck.change for deck in write_decks(folder, **options)]


def test_a_deck_has_all_it_needs_in_its_folder(tmp_path: Path) -> None:
    decks = write_decks(study(tmp_path))
    assert [deck.manifest.id for deck in decks] == ["start", "T0100.000K-r1", "T0200.000K-r1", "T0300.000K-r1"]
    for deck in decks:
        assert deck.folder == tmp_path / "decks" / deck.manifest.protocol / deck.manifest.id
        names = {file.name for file in deck.folder.iterdir()}
        assert names == {"in.lammps", "cluster.data", "deck.json", "Na.Li1998.eam.alloy"}
        link = deck.folder / "Na.Li1998.eam.alloy"
        assert not os.path.isabs(os.readlink(link))
        assert link.read_text().startswith("# Gupta")
        assert read_manifest(deck.folder) == deck.manifest


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    assert changes(study(tmp_path)) == ["new"] * 4
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("decks/**/*")}
    assert changes(tmp_path) == ["same"] * 4
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("decks/**/*")} == before


@pytest.mark.parametrize(
    "names", [["deck.json"], ["in.lammps", "deck.json"], ["cluster.data", "in.lammps", "deck.json"]]
)
@pytest.mark.parametrize("rest", ["nothing", "half", "zeros"])
def test_a_new_deck_that_a_power_cut_has_torn_is_written_again(tmp_path: Path, names: list[str], rest: str) -> None:
    """Nobody waited until it was on the disk: each of its files may be empty, cut short, or end in zero bytes."""
    deck = write_decks(study(tmp_path))[1].folder
    before = {path: path.read_bytes() for path in deck.iterdir()}
    for name in names:
        half = before[deck / name][: len(before[deck / name]) // 2]
        (deck / name).write_bytes({"nothing": b"", "half": half, "zeros": half + bytes(50)}[rest])
    assert changes(tmp_path) == ["same", "updated", "same", "same"]
    assert {path: path.read_bytes() for path in deck.iterdir()} == before


def test_length_rungs_and_replicas_are_extensions(tmp_path: Path) -> None:
    write_decks(study(tmp_path))
    identities = {manifest.id: manifest.identity for _, manifest in read_manifests(tmp_path)}
    assert changes(study(tmp_path, "duration_ps = 800")) == ["same"] + ["updated"] * 3
    assert read_manifest(tmp_path / "decks/nvt/T0200.000K-r1").n_steps == 400_000
    assert changes(study(tmp_path, "duration_ps = 800\nreplicas = 2", LADDER + "extra_K = [150]\n")).count("new") == 5
    later = {manifest.id: manifest.identity for _, manifest in read_manifests(tmp_path)}
    assert identities.items() <= later.items()
    assert len(set(later.values())) == len(later) == 9


def starts(folder: Path, nvt: str, ladder: str = LADDER) -> dict[str, str]:
    write_decks(study(folder, nvt, ladder))
    return {manifest.id: manifest.start for _, manifest in read_manifests(folder) if manifest.protocol == "nvt"}


def test_every_second_run_begins_with_the_melt_by_rung_and_by_replica(tmp_path: Path) -> None:
    four = {"T0100.000K-r1", "T0100.000K-r3", "T0200.000K-r2", "T0200.000K-r4", "T0300.000K-r1", "T0300.000K-r3"}
    found = starts(tmp_path, 'start = "alternate"\nreplicas = 4')
    assert {name for name, start in found.items() if start == "minimum"} == four
    assert {name for name, start in found.items() if start == "melted"} == found.keys() - four
    for name, start in found.items():
        assert ("velocity all create 375" in " ".join(text_of_deck(tmp_path, name).split())) == (start == "melted")


def test_a_melt_lasts_as_long_as_the_study_says(tmp_path: Path) -> None:
    for words, steps in (("", 10_000), ("melt_ps = 50", 25_000)):
        (folder := tmp_path / str(steps)).mkdir()
        starts(folder, f'start = "melted"\n{words}')
        melt = text_of_deck(folder, "T0100.000K-r1").partition("velocity")[2].partition("velocity")[0]
        assert f"run             {steps}\n" in melt


def text_of_deck(folder: Path, name: str) -> str:
    return (folder / "decks/nvt" / name / "in.lammps").read_text()


def test_a_rung_or_a_replica_more_leaves_the_starts_of_the_others(tmp_path: Path) -> None:
    before = starts(tmp_path, 'start = "alternate"')
    one_more = starts(tmp_path, 'start = "alternate"\nreplicas = 2', LADDER + "extra_K = [250, 150]\n")
    assert before.items() <= one_more.items()
    assert [one_more[f"T0{T}.000K-r1"] for T in (250, 150)] == ["melted", "minimum"]  # as named, after the others


def test_some_rungs_may_run_longer(tmp_path: Path) -> None:
    write_decks(study(tmp_path))
    longer = "longer = [{min_K = 150, max_K = 250, duration_ps = 800}, {min_K = 250, max_K = 300, duration_ps = 600}]"
    assert changes(study(tmp_path, longer)) == ["same", "same", "updated", "updated"]
    assert [manifest.n_steps for _, manifest in read_manifests(tmp_path)] == [0, 200_000, 400_000, 300_000]


def test_exchange_can_be_switched_on_and_off_without_making_decks_stale(tmp_path: Path) -> None:
    write_decks(study(tmp_path))
    exchange = LADDER + "[exchange]\nevery = 100\n"
    assert changes(study(tmp_path, ladder=exchange)) == ["same"] + ["updated"] * 3
    (tmp_path / "decks/nvt/T0200.000K-r1/deck.json").write_text("")  # a power cut
    assert changes(study(tmp_path)) == ["same"] + ["updated"] * 3


def test_the_restart_interval_and_the_engine_are_not_part_of_the_identity(tmp_path: Path) -> None:
    write_decks(study(tmp_path, "restart_every = 5000"))
    assert "replaced" not in changes(study(tmp_path, "restart_every = 20000"))


@pytest.mark.parametrize(
    ("nvt", "cluster", "says"),
    [
        ("timestep_fs = 4", CLUSTER, "timestep_fs was 2.0, is now 4.0"),
        ("seed = 2", CLUSTER, "seed was"),
        ('thermostat = "csvr"', CLUSTER, "thermostat was nose-hoover, is now csvr"),
        ("", CLUSTER.replace("13", "14"), "n_atoms was 13, is now 14"),
    ],
)
def test_anything_else_makes_decks_stale(tmp_path: Path, nvt: str, cluster: str, says: str) -> None:
    write_decks(study(tmp_path))
    before = {path: path.read_bytes() for path in (tmp_path / "decks").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=says) as caught:
        write_decks(study(tmp_path, nvt, cluster=cluster))
    assert "--force" in str(caught.value)
    assert {path: path.read_bytes() for path in (tmp_path / "decks").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("changed", ["gap.xml.sparseX.GAP_38bcd83613801", "gap.xml"])
def test_a_gap_whose_files_changed_makes_decks_stale(tmp_path: Path, changed: str) -> None:
    gap = BUILTIN["na-gap"].file
    for file in gap.parent.glob("gap.xml*"):
        shutil.copy(file, tmp_path)
    xml = (tmp_path / "gap.xml").read_text()  # without its checksums: files that do not belong together are refused
    (tmp_path / "gap.xml").write_text(re.sub(r'sparseX_md5sum="\w+"', "", xml))
    cluster = CLUSTER.replace('name = "na-gupta"', 'kind = "gap"\nfile = "gap.xml"')
    write_decks(study(tmp_path, cluster=cluster))
    file = tmp_path / changed
    file.write_text(file.read_text() + "\n")
    with pytest.raises(InputError, match=r"potential was gap \(\w{12}\), is now gap \(\w{12}\)"):
        write_decks(tmp_path)


def test_a_file_of_a_lammps_potential_that_changed_makes_decks_stale(tmp_path: Path) -> None:
    table = BUILTIN["na-gupta"].file.read_text()
    (tmp_path / "Na.eam.alloy").write_text(table)
    lammps = 'kind = "lammps"\npair_style = "eam/alloy"\npair_coeff = ["* * Na.eam.alloy Na"]\nfiles = ["Na.eam.alloy"]'
    before = write_decks(study(tmp_path, cluster=CLUSTER.replace('name = "na-gupta"', lammps)))
    (tmp_path / "Na.eam.alloy").write_text(table.replace("22.98976928", "23.98976928"))
    with pytest.raises(InputError, match=r"potential was eam/alloy \(\w{12}\), is now eam/alloy \(\w{12}\)"):
        write_decks(tmp_path)
    after = write_decks(tmp_path, force=True)
    assert {deck.change for deck in after} == {"replaced"}
    assert all((deck.folder / "Na.eam.alloy").read_text() == (tmp_path / "Na.eam.alloy").read_text() for deck in after)
    old = tmp_path / "decks.old" / f"nvt-{before[1].folder.name}.1"
    assert (old / "Na.eam.alloy").read_text() == table


def test_force_keeps_what_was_computed(tmp_path: Path) -> None:
    write_decks(study(tmp_path))
    for attempt in (1, 2):
        (tmp_path / "decks/nvt/T0100.000K-r1/energies.dat").write_text(f"attempt {attempt}\n")
        assert "replaced" in changes(study(tmp_path, f"seed = {attempt + 1}"), force=True)
        kept = tmp_path / "decks.old" / f"nvt-T0100.000K-r1.{attempt}" / "energies.dat"
        assert kept.read_text() == f"attempt {attempt}\n"
    assert not (tmp_path / "decks/nvt/T0100.000K-r1/energies.dat").exists()


def test_rungs_taken_off_the_ladder_are_passed_over(tmp_path: Path) -> None:
    write_decks(study(tmp_path))
    study(tmp_path, ladder="[ladder]\ntemperatures_K = [100, 200, 250]\n")
    write_decks(tmp_path)
    temperatures = [manifest.temperature_K for _, manifest in read_manifests(tmp_path)]
    assert temperatures == [None, 100, 200, 250]


def test_comments_of_a_template_do_not_make_decks_stale_but_commands_do(tmp_path: Path) -> None:
    write_decks(study(tmp_path))
    own = tmp_path / "templates"
    own.mkdir()
    text = files("deckgen.templates").joinpath("decks/nvt.in.j2").read_text()
    (own / "nvt.in.j2").write_text(text.replace("# principal moments", "# the principal moments"))
    assert set(changes(tmp_path)) == {"same", "updated"}
    (own / "nvt.in.j2").write_text(
        text.replace("{% block run %}", "{% block run %}\nfix spin all momentum 100 angular")
    )
    with pytest.raises(InputError, match=r"templates changed: \+fix spin all momentum"):
        write_decks(tmp_path)


def test_a_users_template_comes_first_and_inherits_by_blocks(tmp_path: Path) -> None:
    own = study(tmp_path) / "templates"
    own.mkdir()
    (own / "nvt.in.j2").write_text(
        '{% extends "deckgen/nvt.in.j2" %}{% block settings %}{{ super() }}\natom_modify sort 0 0\n{% endblock %}'
    )
    (own / "minimize.in.j2").write_text(
        '{% extends "base.in.j2" %}\n{% block title %}mine{% endblock %}\n{% block body %}\nrun 0\n{% endblock %}\n'
    )
    decks = {deck.manifest.id: deck.folder for deck in write_decks(tmp_path)}
    assert (decks["start"] / "in.lammps").read_text().endswith("run 0\n")
    nvt = (decks["T0100.000K-r1"] / "in.lammps").read_text()
    assert "check yes\n\natom_modify sort 0 0\n" in nvt
    assert "fix             dynamics all nvt" in nvt
    (own / "nvt.in.j2").write_text('{% extends "nvt.in.j2" %}')
    with pytest.raises(InputError, match=r"template .*templates/nvt\.in\.j2:1"):
        write_decks(tmp_path)


def test_an_undefined_name_in_a_template_is_an_error_with_its_place(tmp_path: Path) -> None:
    own = study(tmp_path) / "templates"
    own.mkdir()
    (own / "minimize.in.j2").write_text('{% extends "base.in.j2" %}\n{% block title %}{{ titel }}{% endblock %}\n')
    with pytest.raises(InputError, match=r"templates/minimize\.in\.j2:2: 'titel'"):
        write_decks(tmp_path)


def test_a_thermostat_without_its_lines_in_the_template_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(THERMOSTATS, "svr2", replace(THERMOSTATS["csvr"], name="svr2"))
    known = Study.read(study(tmp_path))
    new = known.model_copy(update={"nvt": known.nvt.model_copy(update={"thermostat": "svr2"})})
    with pytest.raises(InputError, match=r"thermostat\.j2:\d+: this template has no thermostat 'svr2'"):
        study_decks(new)


@pytest.mark.parametrize(
    ("template", "call", "says"),
    [
        ("thermostat.j2", 'thermostat_fix("svr2", "dynamics", 300, 0.1, 1)', "no thermostat 'svr2'"),
        ("thermostat.j2", 'unfix("svr2", "dynamics")', "no thermostat 'svr2'"),
        ("minimum.j2", 'minimiser("lbfgs", 0.001)', "no minimiser 'lbfgs'"),
        ("minimum.j2", 'minimiser("", 0.001)', "no minimiser ''"),
    ],
)
def test_the_last_else_of_every_choice_in_a_template_is_an_error(
    tmp_path: Path, template: str, call: str, says: str
) -> None:
    own = study(tmp_path) / "templates"
    own.mkdir()
    (own / "minimize.in.j2").write_text(f'{{% import "{template}" as lines %}}\n{{{{ lines.{call} }}}}\n')
    with pytest.raises(InputError, match=says):
        write_decks(tmp_path)


def test_a_potential_whose_engine_has_no_words_is_an_error(tmp_path: Path) -> None:
    known = Study.read(study(tmp_path, cluster=CLUSTER.replace("na-gupta", "na-gap")))
    new = known.model_copy(update={"potential": known.potential.model_copy(update={"engine": "gpu"})})
    with pytest.raises(InputError, match="no engine 'gpu'"):
        study_decks(new)


def test_a_thermostat_file_of_the_users_may_bring_its_own_container(tmp_path: Path) -> None:
    """As a copy from when both were in one file."""
    own = study(tmp_path, cluster=CLUSTER.replace("[potential]", "container_radius_A = 9\n[potential]")) / "templates"
    own.mkdir()
    decks = files("deckgen.templates").joinpath("decks")
    bath = decks.joinpath("thermostat.j2").read_text().split("{% set container = wall.container %}")[1]
    wall = decks.joinpath("container.j2").read_text().replace("# A harmonic", "# My harmonic")
    (own / "thermostat.j2").write_text(bath + wall)
    scripts = {deck.manifest.id: deck.script for deck in study_decks(Study.read(tmp_path))}
    assert "# My harmonic wall beyond 9.0 A" in scripts["T0100.000K-r1"]


@pytest.mark.parametrize("thermostat", THERMOSTATS)
def test_two_atoms_need_a_thermostat_that_lets_them_rotate(tmp_path: Path, thermostat: str) -> None:
    """At zero angular momentum 3N - 5 = 1 degree of freedom is left, and the decks count 3N - 6 = 0."""
    folder = study(tmp_path, f'thermostat = "{thermostat}"', cluster=CLUSTER.replace("13", "2"))
    if thermostat == "langevin":
        assert changes(folder) == ["new"] * 4
        return
    with pytest.raises(InputError, match="keeps two atoms from rotating") as caught:
        write_decks(folder)
    assert 'thermostat = "langevin"' in caught.value.hint


def test_atom_types_follow_the_names_of_the_elements_not_the_order_of_the_file(tmp_path: Path) -> None:
    atoms = ["Na 0 0 0", "K 4 0 0", "Na 2 3 0"]
    for order in (atoms, atoms[::-1], [atoms[1], atoms[0], atoms[2]]):
        (tmp_path / "nak.xyz").write_text("\n".join(["3", "", *order, ""]))
        prepared = prepare(study(tmp_path, cluster=f'[cluster]\nfile = "nak.xyz"\n{LJ}'))
        [deck, *_] = study_decks(prepared)
        assert re.findall(r"^(\d) \S+  # (\w+)", deck.data, re.MULTILINE) == [("1", "K"), ("2", "Na")]
        assert "labelmap        atom 1 K 2 Na" in deck.script
        types, swaps = prepared.remarks
        assert types == "atom types: 1 = K, 2 = Na"
        assert "atoms are not swapped" in swaps


def test_masses_are_stated_element_by_element(tmp_path: Path) -> None:
    def data(potential: str) -> str:
        alloy = f'[cluster]\nformula = "Na6K7"\n{LJ}{potential}\n'
        return study_decks(prepare(study(tmp_path, cluster=alloy)))[0].data

    assert re.findall(r"^\d (\S+)  # (\w+)", data(""), re.MULTILINE) == [("39.0983", "K"), ("22.98976928", "Na")]
    assert re.findall(r"^\d (\S+)  # (\w+)", data("masses_u = {K = 40.0}"), re.MULTILINE)[0] == ("40.0", "K")
    with pytest.raises(InputError, match="mass_u = 40: the cluster has K, Na"):
        data("mass_u = 40.0")
    with pytest.raises(InputError, match="masses_u names Rb; the cluster has K, Na"):
        data("masses_u = {Rb = 85.0}")
    with pytest.raises(InputError, match="either mass_u or masses_u"):
        data("mass_u = 40.0\nmasses_u = {K = 40.0}")


def test_an_element_that_the_potential_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Ar, which the potential na-gupta does not know; it knows Na"):
        write_decks(study(tmp_path, cluster=CLUSTER.replace("Na", "Ar", 1)))


def test_an_unknown_built_in_potential(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'name = "na-gpa".*there are na-gap, na-gupta'):
        write_decks(study(tmp_path, cluster=CLUSTER.replace("na-gupta", "na-gpa")))


def test_a_lammps_potential_needs_its_files(tmp_path: Path) -> None:
    potential = '[cluster]\nelement = "Cu"\nsize = 13\n[potential]\nkind = "lammps"\npair_style = "eam"\n'
    with pytest.raises(InputError, match=r"Cu_mine\.eam: no such file"):
        write_decks(study(tmp_path, cluster=potential + 'pair_coeff = ["* * Cu_mine.eam"]\nfiles = ["Cu_mine.eam"]\n'))


def test_a_potential_file_is_the_studys_own_or_one_of_lammps(tmp_path: Path) -> None:
    choice = PotentialChoice(kind="lammps", pair_style="eam", pair_coeff=("* * Cu_u3.eam",), files=(Path("Cu_u3.eam"),))
    (shipped,) = resolve(choice, tmp_path).files
    assert "Cu functions (universal 3)" in shipped.read_text()
    (tmp_path / "Cu_u3.eam").write_text("mine")
    assert resolve(choice, tmp_path).files == (tmp_path / "Cu_u3.eam",)
    (tmp_path / "Cu_u3.eam").unlink()
    with pytest.raises(InputError, match="no such file"):  # a path is no name
        resolve(choice.model_copy(update={"files": (Path("eam/Cu_u3.eam"),)}), tmp_path)


def test_the_seeds_of_runs_do_not_depend_on_the_other_runs(tmp_path: Path) -> None:
    def seeds() -> dict[str, int]:
        return {manifest.id: manifest.settings["seed"] for _, manifest in read_manifests(tmp_path)}

    write_decks(study(tmp_path))
    first = seeds()
    write_decks(study(tmp_path, "replicas = 3", LADDER + "extra_K = [120, 130]\n"))
    assert first.items() <= seeds().items()
    assert len(set(seeds().values())) == 16
    assert all(0 < seed <= 900_000_000 for seed in seeds().values())


def test_a_manifest_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "deck.json").write_text("{}")
    with pytest.raises(InputError, match=r"deck\.json: not a deck's manifest"):
        read_manifest(tmp_path)
