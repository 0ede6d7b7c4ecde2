"""What to cite, as BibTeX: deckgen, and the works that the methods of a study rest on."""

from __future__ import annotations

import re
from pathlib import Path

from deckgen import __version__
from deckgen.decks.deck import read_manifests
from deckgen.decks.potentials import resolve
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.workflows.analyse.read import read_thermodynamics
from deckgen.workflows.isomers.read import read_isomers
from deckgen.workflows.report.methods.literature import address
from deckgen.workflows.report.methods.templates import templates_of
from deckgen.workflows.report.methods.text import write_methods
from deckgen.workflows.report.provenance import gap_engines, lammps_versions

__all__ = ["bibtex", "cite"]

OWN = f"""@software{{deckgen,
  author = {{{{The deckgen developers}}}},
  title = {{deckgen: heat capacities, melting temperatures and isomers of atom clusters}},
  version = {{{__version__}}},
}}"""

_ARTICLE = re.compile(
    r"(?P<authors>.+), (?P<journal>[A-Z][\w.: ]+?) (?P<volume>\d+), (?P<pages>\w+) \((?P<year>\d{4})\)"
)


def cite(study: Study | Path | str | None = None) -> str:
    """Return BibTeX entries: deckgen's own and, for a study, one for each work that its methods paragraph cites.

    Raises
    ------
    InputError
        If the study or its results are not readable, or there are none.
    """
    if study is None:
        return OWN
    study = study if isinstance(study, Study) else Study.read(study)
    results = StudyFolder(study.folder).results
    decks = [*read_manifests(study.folder), *read_manifests(study.folder, "isomers")]
    folders = [folder for folder, _ in decks]
    thermodynamics = read_thermodynamics(results) if results.thermodynamics.is_file() else None
    isomers = read_isomers(results)
    if thermodynamics is None and isomers is None:
        raise InputError(
            f"{study.folder}: there are no results yet whose methods could be cited",
            hint="deckgen analyse, or deckgen isomers; deckgen cite alone prints the entry of deckgen",
        )
    methods = write_methods(
        study,
        resolve(study.potential, study.folder),
        thermodynamics,
        isomers,
        lammps_versions(folders),
        gap_engines(folders),
        templates_of(study.folder),
    )
    return "\n\n".join([OWN, *(bibtex(work) for work in methods.references)])


def bibtex(work: str) -> str:
    """Return the entry of a work that is cited as "A. Author, B. Author, Journal 1, 23 (2000)"; of others, a note."""
    place = address(work)
    found = _ARTICLE.fullmatch(work)
    if found is None:
        fields = {"note": work} | ({"url": place} if place else {})
        return _entry("misc", _key(work.split(", ")[0] + " ".join(re.findall(r"\((\d{4})\)", work))), fields)
    authors = found["authors"].removesuffix(" et al.")
    names = authors.split(", ") + (["others"] if authors != found["authors"] else [])
    fields = {"author": " and ".join(names)} | {name: found[name] for name in ("journal", "volume", "pages", "year")}
    if place and place.startswith("https://doi.org/"):
        fields["doi"] = place.removeprefix("https://doi.org/")
    return _entry("article", _key(authors.split(", ")[0] + found["year"]), fields)


def _key(words: str) -> str:
    """Return the last word and the year of a work's beginning: Thompson2022."""
    return "".join(re.findall(r"[^\W\d_]{2,}|\d{4}", words)[-2:]) or "work"


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}"
