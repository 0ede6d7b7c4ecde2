"""The blocks of code of the README and of the pages in docs/, and what a page says about each of them.

A comment right before a block changes what becomes of it:

    <!-- not run: REASON -->     it is checked (commands parse, TOML validates, Python compiles) but not run
    <!-- file: PATH -->          its text is written to that file of the page's session

Without one, commands and Python are run, in the order of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

LANGUAGES = {"bash", "toml", "python", "jinja", "text"}
DIRECTIVES = {"{toctree}", "{eval-rst}"}
_COMMENT = re.compile(r"<!-- (not run|file): (.+) -->\s*\Z")


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def pages(root: Path) -> list[Path]:
    """Return the pages whose blocks are tested."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted(root.glob("docs/*.md")), root / "examples/README.md"]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page; those of the site's own directives are left out."""
    before = ""
    for token in MarkdownIt("commonmark").parse(page.read_text()):
        if token.type in ("fence", "code_block") and token.info not in DIRECTIVES:
            assert token.map is not None
            said = _COMMENT.match(before)
            kind, words = said.groups() if said else ("", "")
            yield Block(
                page,
                token.map[0] + 1,
                token.info,
                token.content,
                not_run=words if kind == "not run" else "",
                file=words if kind == "file" else "",
            )
        before = token.content if token.type == "html_block" else ""


def commands(text: str) -> list[str]:
    """Return the commands of a block of shell, without comments; a line that ends in a backslash goes on."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def quoted_commands(page: Path) -> list[str]:
    """Return what a page shows of deckgen's command line between its lines: in `code` that begins with deckgen."""
    tokens = [token for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()) if token.children]
    codes = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
    return [code for code in codes if re.match(r"deckgen [a-z]", code)]
