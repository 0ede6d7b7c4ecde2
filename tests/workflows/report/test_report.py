"""The report: one file, whole, true."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ase.cluster import Icosahedron
from ase.io import write

from deckgen.decks.deck import read_manifests
from deckgen.errors import InputError, RunError
from deckgen.study.folder import StudyFolder
from deckgen.workflows.analyse.inputs import inputs_of
from deckgen.workflows.analyse.read import read_thermodynamics
from deckgen.workflows.analyse.study import analyse
from deckgen.workflows.cite import cite
from deckgen.workflows.isomers.study import isomers
from deckgen.workflows.report.provenance import deck_row
from deckgen.workflows.report.study import report

ISOMERS_ONLY = """
[cluster]
element = "Na"
size = 13
[potential]
name = "na-gupta"
[isomers]
temperatures_K = [200, 350]
duration_ps = 8
frame_every = 200
"""


class Page(HTMLParser):
    """What a page loads, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"img", "meta", "br", "input"}:
            self.open.append(tag)
        links = [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        (self.links if tag == "a" else self.loads).extend(links)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)


@pytest.fixture
def whole(analysed: Path, tmp_path: Path) -> Path:
    """A copy of the study with its results."""
    return Path(shutil.copytree(analysed, tmp_path / "whole", symlinks=True))


def take_for_current(study: Path) -> None:
    """Have the results say that they are of the study's present files: not to be analysed again."""
    path = study / "results" / "thermodynamics.json"
    results = json.loads(path.read_text())
    path.write_text(json.dumps(results | {"inputs": asdict(inputs_of(study))}))


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_the_report_is_one_file_that_loads_nothing(whole: Path) -> None:
    path = report(whole)
    assert path == whole / "report.html"
    text = path.read_text(encoding="utf-8")
    page = read(path)
    assert page.open == []
    assert len(page.loads) >= 12
    assert all(load.startswith("data:image/svg+xml;base64,") for load in page.loads)
    assert all(re.match(r"#\w|https://(doi|arxiv)\.org/", link) for link in page.links)
    ids = set(re.findall(r' id="([^"]+)"', text))
    assert {link[1:] for link in page.links if link.startswith("#")} <= ids
    assert not re.search(r"@import|url\((?!#)", text)  # a part of the page itself may be named
    for load in page.loads:
        svg = base64.b64decode(load.split(",")[1]).decode()
        assert svg.rstrip().endswith("</svg>")
        assert not re.search(r"""(href|src)=["']http""", svg)
    assert len(text) < 3_000_000


def test_it_says_what_was_found_and_how(whole: Path) -> None:
    page = read(report(whole))
    assert "Na13 <short>" in page.text  # escaped in the source, whole on the page
    assert "changed since the runs" not in page.text
    for part in ("Heat capacity", "Checks", "Structures", "Methods", "Provenance", "study.toml"):
        assert part in page.text
    assert "Nosé-Hoover" in page.text
    assert "3N − 6 = 33 degrees of freedom" in page.text
    assert "time step of 4 fs" in page.text
    assert "start, relaxed: -8.8883 eV" in page.text
    assert "Before you trust these numbers" in page.text  # 40 ps are few
    assert re.search(r"SHA-256 [0-9a-f]{64}", page.text)
    assert "nvt/T0310.000K-r1 done 40.0 40.0 1" in page.text
    assert "22 Jul 2025" in page.text
    assert "Academic Software License" not in page.text  # no GAP here
    assert "bootstraps = 20" in page.text
    works = set(re.findall(r"doi = {(.+)}", cite(whole)))
    assert works == {link.removeprefix("https://doi.org/") for link in page.links if "doi.org" in link}
    assert "10.1063/1.463940" in works  # of the thermostat


@pytest.mark.parametrize(
    ("melting", "says"),
    [
        (None, "No melting peak between 150 and 310 K"),
        (
            {"at_edge": True, "temperature_K": 310.0},
            "highest at the end of the ladder, 310 K The peak lies there or beyond",
        ),
        (
            {"at_edge": False, "temperature_K": 281.25, "ci95_K": [278.0, 284.44]},
            "m = 281.2 K (95 %: 278.0 to 284.4 K)",
        ),
        ({"at_edge": False, "temperature_K": 281.25, "ci95_K": None}, "m = 281.2 K The highest maximum"),
    ],
)
def test_the_headline_claims_no_more_than_the_results(whole: Path, melting: dict | None, says: str) -> None:
    path = whole / "results" / "thermodynamics.json"
    results = json.loads(path.read_text())
    rest = {"peak_over_c0": 2.0, "fwhm_K": None, "latent_heat_eV": 0.5}
    rest |= {"peak_over_c0_ci95": None, "fwhm_ci95_K": None, "latent_heat_ci95_eV": None, "ci95_K": None}
    results["melting"] = melting and rest | melting
    path.write_text(json.dumps(results))
    text = read(report(whole)).text
    assert says in text
    unknown = melting is not None and not melting["at_edge"] and melting["ci95_K"] is None
    assert ("No interval can be given" in text) == unknown


def test_melts_and_freezings_of_all_runs_of_a_temperature_are_shown(whole: Path) -> None:
    path = whole / "results" / "thermodynamics.json"
    results = json.loads(path.read_text())
    results["crossings"] = None
    path.write_text(json.dumps(results))
    assert "freezings" not in read(report(whole)).text
    runs = [{"temperature_K": 230.0, "replica": k, "melts": 17 + k, "freezings": 18} for k in (1, 2)]
    results["crossings"] = {"solid_below_eV": -2.0, "liquid_above_eV": -1.0, "smoothing_ps": 3.2, "runs": runs}
    path.write_text(json.dumps(results))
    text = read(report(whole)).text
    assert "by their potential energy over 3.2 ps" in text
    numbers = r" [\d.\u2212± ]+ "
    assert re.search(f"melts freezings 150{numbers}0 0 190{numbers}0 0 230{numbers}37 36 270", text)
    assert "defective" not in text
    runs[1]["defective_freezings"] = 5
    path.write_text(json.dumps(results))
    text = read(report(whole)).text
    assert "only those of the lowest solid count" in text
    assert re.search(f"freezings defective 150{numbers}0 0 0 190{numbers}0 0 0 230{numbers}37 36 5 270", text)


def test_the_peak_by_the_jumps_alone_stands_beside_the_others(whole: Path) -> None:
    path = whole / "results" / "thermodynamics.json"
    results = json.loads(path.read_text())
    rung = {"temperature_K": 230.0, "melts": 7, "freezings": 4, "solid_ps": 600.0, "liquid_ps": 900.0}
    jumps = {"temperature_K": 236.0, "ci95_K": [231.0, None], "peak_K": 234.5, "peak_ci95_K": [229.6, None]}
    jumps |= {"latent_heat_eV": 0.45, "rungs": [rung | {"melting_per_ps": 0.0125, "freezing_per_ps": 0.005}]}
    jumps |= {"defective_stays": 3}
    melting = dict.fromkeys(("ci95_K", "peak_over_c0_ci95", "fwhm_K", "fwhm_ci95_K", "latent_heat_ci95_eV"))
    melting |= {"temperature_K": 235.0, "peak_over_c0": 2.0, "latent_heat_eV": 0.5, "at_edge": False, "jumps": jumps}
    results["melting"] = melting
    path.write_text(json.dumps(results))
    text = read(report(whole)).text
    assert "they put the peak at 234.5 K (95 %: 229.6 to open)" in text
    assert "the free energies are equal at 236.0 K" in text
    assert "230 7 4 600 900 80 200" in text
    assert "3 stays were in other solids than the lowest" in text
    results["melting"]["jumps"] = None
    path.write_text(json.dumps(results))
    assert "Melts and freezings of the runs" not in read(report(whole)).text


def test_a_gap_brings_its_licence(whole: Path) -> None:
    toml = whole / "study.toml"
    toml.write_text(toml.read_text().replace("na-gupta", "na-gap"))
    take_for_current(whole)
    page = read(report(whole))
    assert "The runs are not of the present study.toml" in page.text
    assert "potential was na-gupta" in page.text
    assert "Academic Software License (non-commercial use)" in page.text
    assert "Gaussian approximation potential na-gap" in page.text


def test_a_partly_done_study_without_frames_has_a_report(study: Path, deck) -> None:
    for T in (150, 190, 230, 270, 310):
        (deck(study, T) / "frames.extxyz").unlink()
    (deck(study, 310) / "energies.dat").unlink()
    page = read(report(study))
    assert "no samples yet at 310 K" in page.text
    assert "Not all runs are finished" in page.text
    assert "Lindemann" not in page.text


def test_what_has_changed_since_is_analysed_again_whatever_the_clock_says(study: Path, deck) -> None:
    """Dates say nothing: a clock may jump back, a file that is put back brings its old one."""
    rows = deck(study, 310) / "energies.dat"
    whole = rows.read_bytes()
    rows.write_bytes(b"".join(whole.splitlines(keepends=True)[:-2]))
    analyse(study, figures=False)
    (study / "results" / "figures" / "caloric_curve.svg").write_text("<svg/>")
    results = study / "results" / "thermodynamics.json"
    before = results.read_bytes()
    report(study)
    assert results.read_bytes() == before
    rows.write_bytes(whole)
    os.utime(rows, (1e9, 1e9))
    os.utime(results, (4e9, 4e9))
    report(study)
    assert json.loads(results.read_text())["states"][-1]["n_samples"] > json.loads(before)["states"][-1]["n_samples"]


def test_an_analysis_is_of_the_files_that_it_has_read(study: Path, tmp_path: Path, deck) -> None:
    """Each change is seen, also one of equal size and date; a copy with other dates is the same study."""
    (study / "results").mkdir()
    (study / "results" / "isomers.json").write_text("1")
    read = inputs_of(study)
    assert read.are_still(study)
    assert read.are_still(Path(shutil.copytree(study, tmp_path / "copy", copy_function=shutil.copyfile)))
    names = ("energies.dat", "frames.extxyz", "quenched.extxyz", "deck.json")
    changed = [study / "study.toml", study / "results" / "isomers.json", *(deck(study, 310) / name for name in names)]
    for path in changed:
        was, times = path.read_bytes(), path.stat()
        for other in (was[:-1] + b"7", was + b" ", was[:-1], None):
            path.unlink() if other is None else path.write_bytes(other)
            if other is not None:
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            assert not read.are_still(study), (path, other)
        path.write_bytes(was)
        assert read.are_still(study), path
    (deck(study, 310) / "energies.dropped.dat").write_text("1 2 3\n")
    assert not read.are_still(study)


def test_what_else_was_analysed_is_not_lost_for_newer_runs(study: Path, tmp_path: Path, deck) -> None:
    other = Path(shutil.copy(deck(study, 190) / "energies.dat", tmp_path))
    analyse(study, external={200.0: other}, figures=False)
    (study / "results" / "figures" / "caloric_curve.svg").write_text("<svg/>")
    results = study / "results" / "thermodynamics.json"
    before = results.read_bytes()
    assert "have changed since this analysis" not in read(report(study)).text
    for changed in (other, deck(study, 190) / "energies.dat"):
        whole = changed.read_bytes()
        changed.write_bytes(whole + b"#\n")
        page = read(report(study))
        assert "a file of --from have changed since this analysis" in page.text
        changed.write_bytes(whole)
    assert results.read_bytes() == before
    assert "Energies of runs made elsewhere, whose protocol is not described here, joined at 200 K" in page.text


def test_results_that_are_no_json_are_named(study: Path) -> None:
    (study / "results").mkdir()
    (study / "results" / "thermodynamics.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        report(study)


def test_isomers_alone_make_a_report(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(ISOMERS_ONLY)
    found = isomers(tmp_path, workers=2, progress=False).found
    path = report(tmp_path)
    page = read(path)
    assert page.open == []
    assert f"{found.n_distinct} isomers The lowest, " in page.text
    assert "No heat capacity: the temperatures of the ladder have not been run" in page.text
    assert "runs of 8 ps at 200, 350 K, one every 0.4 ps" in page.text
    assert "inherent structures [" in page.text
    assert "whose fingerprints differ by at most 0.05 Å were converged to 1e-06 eV/Å before that" in page.text
    assert "3N − 6 = 33 degrees of freedom" in page.text
    assert "isomers/T0350.000K-r1 done 8.0 8.0 1" in page.text
    assert "350 K, after 8 ps" in page.text
    for part in ("Reweighting", "MBAR", "Lindemann", "latent heat", "Heat capacity"):
        assert part not in page.text
    assert 'id="isomer-viewer"' in path.read_text()


def test_methods_of_isomers_from_files_speak_of_no_dynamics(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(ISOMERS_ONLY)
    write(tmp_path / "start.xyz", Icosahedron("Na", 2, latticeconstant=5.3))
    isomers(tmp_path, frames=[tmp_path / "start.xyz"], workers=1, progress=False)
    text = read(report(tmp_path)).text
    assert "configurations to be quenched were read from files" in text
    assert "1 isomer The lowest, Ih, at −8.8883 eV." in text
    for words in ("start structure", "Molecular dynamics", "degrees of freedom"):
        assert words not in text


def test_with_neither_samples_nor_isomers_there_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(ISOMERS_ONLY)
    with pytest.raises(RunError, match="no deck has samples yet"):
        report(tmp_path)
    assert not (tmp_path / "report.html").exists()


HOSTILE = "\"'><img src=x onerror=alert(1)></script><script>alert(1)</script></pre><!-- {{ 1 }} \x1b[31m"


class Tags(HTMLParser):
    """The tags of a page, with the names of their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def with_hostile_texts(path: Path, accepted: Callable[[], object]) -> int:
    """Put hostile words into every text of a JSON file that may be any text; return how many."""
    document, count = json.loads(path.read_text()), 0

    def visit(value: Any) -> None:
        nonlocal count
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(part, str):
                value[key] = HOSTILE
                path.write_text(json.dumps(document))
                try:
                    accepted()
                    count += 1
                except (InputError, LookupError):
                    value[key] = part
            elif isinstance(part, dict | list):
                visit(part)

    visit(document)
    path.write_text(json.dumps(document))
    return count


def test_no_text_of_a_study_its_results_its_decks_or_its_logs_is_markup(whole: Path, deck) -> None:
    results, study = StudyFolder(whole).results, StudyFolder(whole).study_file
    text = study.read_text().replace("[cluster]", 'notes = "plain"\n[cluster]', 1)
    study.write_text(text)
    made = deck(whole, 150) / "deck.json"
    made.write_text(made.read_text().replace('"identity": "', '"identity": "0'))
    take_for_current(whole)
    usual = Tags(report(whole).read_text(encoding="utf-8")).tags
    assert with_hostile_texts(results.thermodynamics, lambda: read_thermodynamics(results)) >= 3
    study.write_text(text.replace('"Na13 <short>"', json.dumps(HOSTILE)).replace('"plain"', json.dumps(HOSTILE)))
    for folder in (whole / "decks" / "nvt").iterdir():
        log = (folder / "log.lammps").read_text()
        (folder / "log.lammps").write_text(f"LAMMPS ({HOSTILE})\npair_style quip: engine {HOSTILE}\n{log}")
        with_hostile_texts(
            folder / "deck.json", lambda folder=folder: deck_row(folder, dict(read_manifests(whole))[folder])
        )
    take_for_current(whole)
    page = report(whole).read_text(encoding="utf-8")
    assert Tags(page).tags == usual
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 8
