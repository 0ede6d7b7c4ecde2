"""The label of a potential. gap_fit derives it, and with it the names of the sparseX files, from the time of day."""

from __future__ import annotations

import os
from pathlib import Path

from deckgen.files import write_whole
from deckgen.quip.gapfile import read_gap

__all__ = ["relabel"]


def relabel(xml: Path, label: str) -> None:
    """Give a GAP another label: in the xml, and in the names of its sparseX files, which are renamed.

    A repeated fit then gives files of the same names. The label is also the name of the xml's root element, so it must
    begin with a letter and contain no spaces.

    Raises
    ------
    InputError
        If the potential is incomplete.
    """
    gap = read_gap(xml)
    text = xml.read_text(encoding="utf-8").replace(gap.label, label)
    for file in gap.sparse_files:
        os.replace(file, file.with_name(file.name.replace(gap.label, label)))
    write_whole(xml, text)
