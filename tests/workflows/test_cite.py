"""What is to be cited is complete, and BibTeX."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deckgen import __version__
from deckgen.cli import main
from deckgen.errors import InputError
from deckgen.minimisers import MINIMISERS
from deckgen.thermostats import THERMOSTATS
from deckgen.workflows.cite import bibtex, cite
from deckgen.workflows.report.methods.literature import LITERATURE, address

WORKS = [*LITERATURE.values(), *(one.citation for one in THERMOSTATS.values())]
WORKS += [one.citation for one in MINIMISERS.values() if one.citation]


NO_DOI_KNOWN = {LITERATURE["superposition"]}


@pytest.mark.parametrize("work", WORKS)
def test_every_work_has_an_address_and_an_entry(work: str) -> None:
    if work not in NO_DOI_KNOWN:
        assert re.match(r"https://(doi\.org/10\.\d{4}/|arxiv\.org/abs/)", address(work) or "")
    entry = bibtex(work)
    assert entry.count("{") == entry.count("}")
    year = re.search(r"\((\d{4})\)$", work)
    assert year is not None
    if "arXiv" not in work:
        assert entry.startswith("@article{")
        assert f"year = {{{year[1]}}}" in entry


def test_an_article_is_taken_apart() -> None:
    entry = bibtex("A. P. Thompson et al., Comput. Phys. Commun. 271, 108171 (2022)")
    assert entry.splitlines() == [
        "@article{Thompson2022,",
        "  author = {A. P. Thompson and others},",
        "  journal = {Comput. Phys. Commun.},",
        "  volume = {271},",
        "  pages = {108171},",
        "  year = {2022},",
        "  doi = {10.1016/j.cpc.2021.108171},",
        "}",
    ]


def test_the_physical_review_names_its_doi_itself() -> None:
    assert address("A. M. Ferrenberg, R. H. Swendsen, Phys. Rev. Lett. 63, 1195 (1989)") == (
        "https://doi.org/10.1103/PhysRevLett.63.1195"
    )
    assert address("somebody, in private (2001)") is None


def test_a_study_without_results_has_no_methods_to_cite(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('[cluster]\nelement = "Na"\nsize = 13\n[potential]\nname = "na-gupta"\n')
    with pytest.raises(InputError, match="no results yet"):
        cite(tmp_path)


def test_without_a_study_it_is_deckgen_that_is_cited(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("@") == 1
    assert f"version = {{{__version__}}}" in printed


def test_the_citation_file_is_of_this_version(root: Path) -> None:
    assert f"\nversion: {__version__}\n" in (root / "CITATION.cff").read_text()
