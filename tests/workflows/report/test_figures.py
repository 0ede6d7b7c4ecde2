"""The report shows what the gallery has."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest
from ase.io import read

from deckgen.analysis.figures.gallery import COMPARISON_FIGURES, FIGURES, GALLERY, ISOMER_FIGURES
from deckgen.analysis.states import EnergyTrace
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.analyse.study import analyse
from deckgen.workflows.html import data_uri
from deckgen.workflows.isomers.study import isomers
from deckgen.workflows.report.charts import chart_data
from deckgen.workflows.report.study import report

OTHERS = {"isomer_homotops", "jumps"}  # of several elements, and of clusters that jump between two phases


def test_every_figure_of_the_gallery_is_in_the_report(study: Path, tmp_path: Path) -> None:
    with (study / "study.toml").open("a") as toml:
        toml.write('[isomers]\nsource = "nvt"\nfrequencies = 0\n')
    twin = Path(shutil.copytree(study, tmp_path / "twin", symlinks=True))
    found = isomers(study, workers=1, progress=False).found
    thermo = analyse(study, compare=twin)
    assert thermo.comparison is not None
    assert_the_traces_hold_the_quenches(study, thermo.traces)
    results = [
        *((kind, thermo) for kind in FIGURES if kind.name not in OTHERS),
        *((kind, thermo.comparison) for kind in COMPARISON_FIGURES),
    ]
    results += [(kind, found) for kind in ISOMER_FIGURES if kind.name not in OTHERS]
    assert [kind for kind, _ in results] == [kind for kind in GALLERY if kind.name not in OTHERS]
    assert all(kind.tables(result) for kind, result in results)  # this study has numbers for all of them

    page = report(study).read_text(encoding="utf-8")
    figure = r'<figure class="(\w+)"[^>]*><img src="([^"]*)" alt="[^"]{20,}"><figcaption>(.*?)</figcaption>'
    shown = [
        (size, address, unescape(re.sub(r"<sub>(.)</sub>", r"_\1", caption)))
        for size, address, caption in re.findall(figure, page)
    ]
    expected = [
        (
            kind.size,
            data_uri((study / "results" / "figures" / f"{kind.name}.svg").read_text()),
            kind.caption.format(c0_over_kB=34.5),  # 3N - 9/2
        )
        for kind in GALLERY
        if kind.name not in OTHERS
    ]
    assert sorted(shown) == sorted(expected)
    words = re.findall(r'<img src="[^"]*" alt="([^"]*)"><figcaption>(.*?)</figcaption>', page)
    assert len(words) > len(shown)  # clusters too
    assert all(alt != caption for alt, caption in words)


def test_each_of_many_temperatures_has_a_colour_of_its_own(tmp_path: Path) -> None:
    temperatures_K = range(300, 1200, 45)
    columns = ["potential_energy_eV", *(f"density_at_{T}_K_per_eV" for T in temperatures_K)]
    rows = [",".join(columns), ",".join("1" for _ in columns), ",".join("2" for _ in columns)]
    (tmp_path / "energy_histograms.csv").write_text("\n".join(rows) + "\n")
    [kind] = [kind for kind in FIGURES if kind.name == "energy_histograms"]
    drawn = chart_data(kind, ResultsFolder(tmp_path), None)
    assert drawn is not None
    tints = [series["tint"] for series in drawn["panels"][0]["series"]]
    assert len(set(tints)) == len(temperatures_K)
    assert tints[0] == "color-mix(in oklab, var(--green) 0%, var(--blue))"
    assert tints[-1] == "color-mix(in oklab, var(--red) 100%, var(--orange))"


def assert_the_traces_hold_the_quenches(study: Path, traces: Sequence[EnergyTrace]) -> None:
    """Every frame of a run has its minimum, which lies below it."""
    for trace in traces:
        frames = read(study / f"decks/nvt/T{trace.temperature_K:08.3f}K-r1/frames.extxyz", ":")
        assert trace.quench_time_ps == pytest.approx([atoms.info["Time"] for atoms in frames])
        assert (trace.quench_energy_eV < [atoms.get_potential_energy() - 0.05 for atoms in frames]).all()
    table = (study / "results" / "energy_traces_quenched.csv").read_text().splitlines()
    assert len(table) == 1 + sum(len(trace.quench_time_ps) for trace in traces)


def test_every_table_has_a_caption_and_every_heading_a_scope(root: Path) -> None:
    for template in (root / "templates" / "report").glob("*.j2"):
        text = template.read_text(encoding="utf-8")
        assert len(re.findall("<table>\n<caption>", text)) == text.count("<table>"), template.name
        assert not re.search(r"<th(?![^>]*\bscope=)[ >]", text), template.name


def test_subscripts_of_a_caption_are_set_and_all_else_is_escaped(analysed: Path, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(analysed, tmp_path / "whole", symlinks=True))
    page = report(whole).read_text(encoding="utf-8")
    assert "zero temperature, C<sub>0</sub> = 34.5 k<sub>B</sub>. Line and band" in page
    assert "{c0" not in page
