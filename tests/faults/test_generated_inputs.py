"""Generated files of every kind are read or refused: the short form of `python -m validation.torture.inputs`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from validation.torture.generators import Kind, kinds, outcome

every_kind = pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)


@every_kind
def test_the_files_that_inputs_are_made_of_are_right(kind: Kind, tmp_path: Path) -> None:
    assert [outcome(kind, content, tmp_path) for content in kind.valid] == ["read"] * len(kind.valid)


@every_kind
@pytest.mark.filterwarnings("ignore")  # of ASE's readers
def test_a_generated_file_is_read_or_refused_and_nothing_else_comes_of_it(
    kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    became = set()

    @settings(max_examples=80, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
    @given(kind.inputs())
    def read(content: bytes) -> None:
        became.add(outcome(kind, content, tmp_path_factory.mktemp("input")))

    read()
    assert "read" in became  # the changes are not all fatal
