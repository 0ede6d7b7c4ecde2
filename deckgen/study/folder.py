"""Where everything of a study lies, below the folder of its study.toml. Paths only: nothing is read or made here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["STUDY_FILE", "ResultsFolder", "StudyFolder"]

STUDY_FILE = "study.toml"


@dataclass(frozen=True)
class ResultsFolder:
    """The results of a study: JSON, structures, tables (`<figure>*.csv`) and figures."""

    path: Path

    @property
    def figures(self) -> Path:
        """The folder of the figures, each as SVG and PNG."""
        return self.path / "figures"

    @property
    def thermodynamics(self) -> Path:
        """What `deckgen analyse` found."""
        return self.path / "thermodynamics.json"

    @property
    def isomers(self) -> Path:
        """What `deckgen isomers` found; the structures are in `isomer_structures`, in the same order."""
        return self.path / "isomers.json"

    @property
    def isomer_structures(self) -> Path:
        """The isomers' structures, the lowest first."""
        return self.path / "isomers.extxyz"

    @property
    def chemiscope(self) -> Path:
        """The isomers for chemiscope, where they were asked for."""
        return self.path / "isomers.chemiscope.json"

    @property
    def quenches(self) -> Path:
        """What the frames of the ladder's runs were quenched to, where isomers were looked for among them."""
        return self.path / "quenches.json"

    @property
    def quenches_aside(self) -> Path:
        """Quenches that did not converge, or whose cluster fell apart."""
        return self.path / "quenches_aside.extxyz"

    @property
    def timestep(self) -> Path:
        """What `deckgen timestep` found."""
        return self.path / "timestep.json"

    @property
    def reference(self) -> Path:
        """What `deckgen compare` found; structures and table beside it."""
        return self.path / "isomers_reference.json"

    def reference_calculations(self, calculator: str) -> Path:
        """Return the folder of what a reference calculator has computed of the isomers."""
        return self.path / "reference" / re.sub(r"[^\w.-]", ".", calculator).lstrip(".")

    @property
    def reference_structures(self) -> Path:
        """The reference's minima."""
        return self.path / "isomers_reference.extxyz"

    @property
    def reference_table(self) -> Path:
        """The comparison as a table."""
        return self.path / "isomers_reference.csv"


@dataclass(frozen=True)
class StudyFolder:
    """The folder of a study."""

    path: Path

    @property
    def study_file(self) -> Path:
        """The study itself."""
        return self.path / STUDY_FILE

    @property
    def templates(self) -> Path:
        """Templates of the user's own, which come before the package's."""
        return self.path / "templates"

    @property
    def decks(self) -> Path:
        """The decks, as <protocol>/<id>/, with all that their runs write."""
        return self.path / "decks"

    @property
    def old_decks(self) -> Path:
        """Decks that were replaced, with what they had computed."""
        return self.path / "decks.old"

    def potential(self, sha256: str) -> Path:
        """Return the folder of the one copy of a potential's files, to which the decks link."""
        return self.decks / "potential" / sha256[:12]

    @property
    def plan(self) -> Path:
        """The runs that lead to the study's goal, as far as they are decided."""
        return self.decks / "plan.json"

    @property
    def lock(self) -> Path:
        """Held by the batch that runs the study."""
        return self.path / ".deckgen.lock"

    @property
    def results(self) -> ResultsFolder:
        """The results."""
        return ResultsFolder(self.path / "results")

    @property
    def report(self) -> Path:
        """The report."""
        return self.path / "report.html"
