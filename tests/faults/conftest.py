"""What the hostile inputs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

XML = """<GAP_1>
<Potential label="{label}" init_args="{init_args}"/>
<GAP_params label="GAP_1"><GAP_data><e0 Z="{Z}" value=".0"/></GAP_data><gpSparse label="GAP_1">
<gpCoordinates label="GAP_11" dimensions="1" n_sparseX="{n_sparse}" sparseX_filename="{sparse}">
<descriptor>distance_2b cutoff=5.0 {species}</descriptor>
<sparseX i="1" alpha="1.0" sparseCutoff="1.0"/>
</gpCoordinates></gpSparse></GAP_params>
</GAP_1>
"""

GapXml = Callable[..., str]


@pytest.fixture
def gap_xml(tmp_path: Path) -> GapXml:
    """Return the text of a small GAP of sodium, parts of it replaced; its sparse points are in `sparse`."""
    (tmp_path / "sparse").write_text("2.5\n")

    def text(**parts: str) -> str:
        usual = {"label": "GAP_1", "init_args": "IP GAP label=GAP_1", "Z": "11", "n_sparse": "1", "sparse": "sparse"}
        return XML.format_map(usual | {"species": "Z1=11 Z2=11"} | parts)

    return text
