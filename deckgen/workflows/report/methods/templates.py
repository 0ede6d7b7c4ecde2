"""Templates of a study's own, which decide what its decks do in place of the package's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deckgen.study.folder import StudyFolder
from deckgen.workflows.report.methods.literature import References

__all__ = ["OwnTemplate", "runs_by_templates", "templates_of"]

_BLOCK = re.compile(r"{%-?\s*block\s+(\w+)")


@dataclass(frozen=True)
class OwnTemplate:
    """A template in a study's folder: its name, the blocks that it has, and its checksum."""

    name: str
    blocks: tuple[str, ...]
    sha256: str

    def __str__(self) -> str:
        blocks = f"block{'s' * (len(self.blocks) > 1)} {', '.join(self.blocks)}; " if self.blocks else ""
        return f"{self.name} ({blocks}SHA-256 {self.sha256[:12]})"


def templates_of(study_folder: Path) -> tuple[OwnTemplate, ...]:
    """Return the templates in a study's folder, by name."""
    folder = StudyFolder(study_folder).templates
    return tuple(
        OwnTemplate(
            name=path.relative_to(folder).as_posix(),
            blocks=tuple(_BLOCK.findall(path.read_text(encoding="utf-8", errors="replace"))),
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*.j2"))
        if path.is_file()
    )


def runs_by_templates(templates: Sequence[OwnTemplate], lammps_versions: str, references: References) -> list[str]:
    """Describe runs whose decks were made with such templates, without a claim on what they replaced."""
    release = f" ({lammps_versions})" if lammps_versions else ""
    return [
        f"Molecular dynamics and minimisations were run with LAMMPS{release} {references.cite('lammps')}. The decks "
        f"were made with templates of this study's own: {'; '.join(map(str, templates))}. How the start structure was "
        "prepared, the thermostat, the container, and how frames were quenched are theirs (describe them here)."
    ]
