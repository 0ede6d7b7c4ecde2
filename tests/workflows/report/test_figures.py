"""The report shows what the gallery has."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

from deckgen.analysis.figures.gallery import COMPARISON_FIGURES, FIGURES, GALLERY, ISOMER_FIGURES
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
