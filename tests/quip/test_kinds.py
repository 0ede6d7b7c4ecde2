"""GAPs of every kind that gap_fit writes: QUIP evaluates them in LAMMPS as quippy does, or they are refused by name."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deckgen.decks.potentials import resolve
from deckgen.errors import InputError
from deckgen.quip.gapfile import read_gap
from deckgen.study import PotentialChoice

PROGRAMS = Path(sys.executable).parent
TWO_BODY = "distance_2b cutoff=6.0 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=10"
TURBO = (
    "soap_turbo l_max=2 alpha_max={3} atom_sigma_r={0.5} atom_sigma_t={0.5} atom_sigma_r_scaling={0.0} "
    "atom_sigma_t_scaling={0.0} zeta=2 rcut_hard=5.0 rcut_soft=4.5 basis=poly3gauss scaling_mode=polynomial "
    "amplitude_scaling={1.0} n_species=1 species_Z=11 central_index=1 radial_enhancement={1} central_weight={1.0} "
    "compress_file=kept.dat add_species=F n_sparse=8 delta=0.3 f0=0.0 covariance_type=dot_product "
    "sparse_method=cur_points"
)
KEPT = "3 2 9\n" + "".join(f"{i}\n" for i in range(1, 19, 2))  # every other component of 18
TRIPLETS = (
    "distance_Nb order=3 cutoff=4.5 n_sparse=8 covariance_type=ard_se theta_uniform=1.0 sparse_method=uniform "
    "f0=0.0 delta=0.1 compact_clusters=T"
)
CORE = (
    '<core><LJ_params n_types="1" label="repulsion"><per_type_data type="1" atomic_num="11"/><per_pair_data type1="1" '
    'type2="1" sigma="2.0" eps6="0.1" eps12="0.1" cutoff="4.0" energy_shift="T" linear_force_shift="F"/></LJ_params>'
    "</core>"
)

POINTS = [(1.0 + 0.5 * k, 2.0 * np.exp(-0.7 * k)) for k in range(14)]  # reaches further than the descriptors
GLUE = (
    '<core><Glue_params n_types="1" cutoff="7.5"><per_type_data type="1" atomic_num="11">'
    '<density num_points="2" density_y1="-1.0" density_yn="0.0"><point a="1.0" rho="1.0"/><point a="2.0" rho="2.0"/>'
    '</density><potential_density num_points="2"><point rho="1.0" E="0.0"/><point rho="2.0" E="0.0"/>'
    "</potential_density></per_type_data>"
    f'<per_pair_data type1="1" type2="1"><potential_pair num_points="{len(POINTS)}" y1="1.0e50" yn="0.0">'
    + "".join(f'<point r="{r}" E="{energy - POINTS[-1][1]:.8f}"/>' for r, energy in POINTS)
    + "</potential_pair></per_pair_data></Glue_params></core>"
)
ZBL = '<core><ZBL_params n_types="1" cutoff="4.0"><per_type_data type="1" atomic_num="11"/></ZBL_params></core>'
CORES = {"LJ": CORE, "Glue": GLUE, "ZBL": ZBL}


def summed(models, folder: Path):
    """Write one xml that is the sum of two GAPs, beside their sparse points."""
    params = []
    for name in ("2b", "soap"):
        for file in models[name].xml.parent.glob(f"{name}.xml.sparseX*"):
            shutil.copy(file, folder)
        params += re.findall(r"<GAP_params.*</GAP_params>", models[name].xml.read_text(), re.DOTALL)
    parts = " ".join(f"init_args_pot{k}={{IP GAP label={models[name].label}}}" for k, name in ((1, "2b"), (2, "soap")))
    xml = folder / "both.xml"
    xml.write_text("\n".join(["<both>", f'<Potential label="both" init_args="Sum {parts}"/>', *params, "</both>", ""]))
    return replace(models["2b"], xml=xml, label="both")


@pytest.fixture(scope="module")
def kinds(fit, models, tmp_path_factory):
    """A soap_turbo alone, with a file of its own; triplets by their distances; two-body GAPs on top of each core."""
    return {
        "turbo": fit("turbo", TURBO, files={"kept.dat": KEPT}),
        "triplets": fit("triplets", TRIPLETS),
        "sum": summed(models, tmp_path_factory.mktemp("sum")),
        **{
            core: fit(
                f"on-{core}",
                TWO_BODY,
                files={"core.xml": xml},
                arguments=["core_param_file=core.xml", f"core_ip_args={{IP {core}}}"],
            )
            for core, xml in CORES.items()
        },
    }


@pytest.fixture
def copy_of(kinds, tmp_path):
    """Copy a model, to be spoilt; return its xml."""

    def copy(kind: str) -> Path:
        shutil.copytree(kinds[kind].xml.parent, tmp_path / kind)
        return tmp_path / kind / kinds[kind].xml.name

    return copy


@pytest.mark.parametrize("kind", ["turbo", "triplets", "Glue", "sum"])
def test_quip_evaluates_them_in_lammps_as_quippy_does(kinds, kind, all_structures, in_process, as_json):
    model = kinds[kind]
    gap = read_gap(model.xml)
    folder, what = model.xml.parent, {"xml": model.xml.name, "arguments": model.arguments}
    steps = [{"structure": as_json(all_structures[name]), **what} for name in ("hot", "broken", "crystal")]
    from_lammps = in_process("evaluate_lammps.py", {"steps": steps}, folder=folder)
    from_quippy = in_process("evaluate_quippy.py", {"steps": steps}, folder=folder)
    assert gap.elements == ("Na",)
    for lammps, quippy in zip(from_lammps, from_quippy, strict=True):
        assert "error" not in lammps, lammps
        for key in ("energy", "forces", "energies", "virial"):
            np.testing.assert_allclose(lammps[key], quippy[key], rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("core", ["LJ", "ZBL"])
def test_a_core_that_quip_cannot_evaluate_in_lammps_is_refused(kinds, core, all_structures, in_process, as_json):
    """These have no virials of atoms in QUIP, which LAMMPS asks for; quippy evaluates them without."""
    model = kinds[core]
    assert read_gap(model.xml).elements == ("Na",)
    with pytest.raises(InputError, match=f"it stands on QUIP's potential {core}, which has no virials of atoms"):
        resolve(PotentialChoice(kind="gap", file=model.xml), model.xml.parent)
    step = {"structure": as_json(all_structures["hot"]), "xml": str(model.xml), "arguments": model.arguments}
    (answer,) = in_process("evaluate_lammps.py", {"steps": [step]})
    assert f"QUIP: IPModel_{core}_Calc: local_virial calculation requested but not supported yet" in answer["error"]


def test_soap_turbo_has_its_own_cutoff_and_its_file_travels(copy_of):
    xml = copy_of("turbo")
    gap = read_gap(xml)
    assert gap.cutoff_A == 5.0
    assert gap.files == (xml, *gap.sparse_files, xml.with_name("kept.dat"))
    xml.with_name("kept.dat").write_text(KEPT.replace("17", "18"))
    assert read_gap(xml).sha256 != gap.sha256
    xml.with_name("kept.dat").unlink()
    with pytest.raises(InputError, match=r"its compress_file is missing: .*kept.dat: no such file"):
        read_gap(xml)
    xml.write_text(xml.read_text().replace("compress_file=kept.dat", "compress_file=/etc/passwd"))
    with pytest.raises(InputError, match="compress_file='/etc/passwd' is not the name of a file beside it"):
        read_gap(xml)


def test_quippy_finds_the_file_of_soap_turbo_from_any_folder(kinds, all_structures, tmp_path):
    code = (
        "import sys; from pathlib import Path; from ase.io import read; from deckgen.quip.quippy import evaluate;"
        "print(evaluate(Path(sys.argv[1]), sys.argv[2], [read('atoms.xyz')])[0][0], flush=True); import os; os._exit(0)"
    )
    all_structures["hot"].write(tmp_path / "atoms.xyz")
    command = [sys.executable, "-c", code, str(kinds["turbo"].xml), kinds["turbo"].label]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert np.isfinite(float(done.stdout.splitlines()[-1]))


def test_elements_are_those_of_the_descriptors(models, tmp_path):
    """Some files list an energy of the isolated atom for every element that there is."""
    for file in models["2b"].xml.parent.glob("2b.xml*"):
        shutil.copy(file, tmp_path)
    xml = tmp_path / "2b.xml"
    text = xml.read_text().replace('value=".0', 'value="-.97')
    xml.write_text(text)
    assert len(re.findall('<e0 Z="[0-9]+" value="-.97', text)) > 100
    assert read_gap(xml).elements == ("Na",)
    xml.write_text(text.replace("Z1=11 Z2=11", "Z1=0 Z2=0"))
    assert len(read_gap(xml).elements) > 100  # of a descriptor for any element


def test_triplets_of_several_elements_are_refused(copy_of, lmp):
    """Their energy depends on the order of the atoms in QUIP: eV of difference for one structure (its issue 669)."""
    xml = copy_of("triplets")
    label = read_gap(xml).label
    xml.write_text(re.sub(r"Z=\{11 11 11 *\}", "Z={11 19 19 }", xml.read_text()))
    with pytest.raises(InputError, match=r"of order 3 .* \(Z = 11 19 19 *\): its energy depends on the order"):
        read_gap(xml)
    done = lmp(DECK.format(xml=xml, label=label))
    assert done.returncode == 1
    assert "its energy depends on the order of the atoms in QUIP (issue 669 of libAtoms/QUIP)" in done.stdout
    xml.write_text(xml.read_text().replace("order=3", "order=2"))
    assert read_gap(xml).elements == ("Na", "K")  # a pair is a pair


def test_a_compressed_potential_is_refused(copy_of):
    xml = copy_of("LJ")
    xml.write_bytes(gzip.compress(xml.read_bytes()))
    with pytest.raises(InputError, match="compressed by gzip"):
        read_gap(xml)


DECK = """
units metal
region box block 0 20 0 20 0 20
create_box 1 box
create_atoms 1 single 5 5 5
create_atoms 1 single 8 5 5
mass 1 22.98977
pair_style quip
pair_coeff * * {xml} "Potential xml_label={label}" 11
run 0
print "the end"
"""


def test_the_order_of_the_atoms_is_checked_with_every_engine(models, lmp):
    deck = DECK.format(xml=models["2b"].xml, label=models["2b"].label)
    for engine in ("native", "quip", "plain"):
        done = lmp(f"{deck}\nrun 0", DECKGEN_QUIP_ENGINE=engine)
        assert done.stdout.count("checked: the energy does not depend on the order of the atoms") == 1


def run_in(folder: Path, deck: str, limits: str = "true") -> subprocess.CompletedProcess[str]:
    (folder / "in.lammps").write_text(deck)
    command = ["bash", "-c", f"{limits} && exec {PROGRAMS / 'lmp'} -in in.lammps"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_an_error_of_the_fortran_runtime_is_a_sentence(copy_of):
    xml = copy_of("turbo")
    label = read_gap(xml).label
    xml.with_name("kept.dat").write_text("no numbers\n")
    done = run_in(xml.parent, DECK.format(xml=xml.name, label=label))
    assert done.returncode == 1
    assert "ERROR: Pair style quip: QUIP could not read turbo.xml: Fortran runtime error" in done.stdout
    assert "copy the potential again, with all of its files" in done.stdout
    xml.with_name("kept.dat").unlink()
    done = run_in(xml.parent, DECK.format(xml=xml.name, label=label))
    assert "the compress_file of turbo.xml is missing: cannot open kept.dat" in done.stdout


def test_a_small_stack_is_raised_or_named(models, tmp_path):
    deck = DECK.format(xml=models["2b"].xml, label=models["2b"].label)
    done = run_in(tmp_path, deck, "ulimit -S -s 4096")
    assert "the end" in done.stdout
    done = run_in(tmp_path, deck, "ulimit -s 4096")
    assert done.returncode == 1
    assert "the stack is limited to 4096 kB, and QUIP needs 8192 kB: run `ulimit -s 8192`" in done.stdout
    code = "from deckgen.quip.stack import require_stack; require_stack()"
    command = ["bash", "-c", f"ulimit -s 4096 && exec {sys.executable} -c '{code}'"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "the stack is limited to 4096 kB, and QUIP needs 8192 kB" in done.stderr
