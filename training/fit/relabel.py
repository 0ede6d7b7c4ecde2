"""The label of a potential: gap_fit makes it of the time of day, and with it the names of the sparse points' files."""

from __future__ import annotations

import os
from pathlib import Path

from deckgen.files import write_whole
from deckgen.quip.gapfile import read_gap

__all__ = ["relabel"]


def relabel(xml: Path, label: str) -> None:
    """Give a GAP another label: in the xml, and in the names of its sparseX files, which are renamed.

    So a fit that is repeated gives files of the same names. The label is the name of the xml's root element as well: it
    must begin with a letter and hold no spaces.

    Raises
    ------
    InputError
        If the potential is not whole.
    """
    gap = read_gap(xml)
    text = xml.read_text(encoding="utf-8").replace(gap.label, label)
    for file in gap.sparse_files:
        os.replace(file, file.with_name(file.name.replace(gap.label, label)))
    write_whole(xml, text)
