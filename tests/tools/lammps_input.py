"""LAMMPS' input as its manual has it ("Parsing rules for input scripts"), read character by character.

For tests of what a deck says, and written without a look at how deckgen writes it.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["tokenise"]

BLANKS = " \t\n\v\f\r"
TRIPLE = '"""'


def tokenise(script: str) -> list[tuple[str, ...]]:
    """Return the words of each command, as LAMMPS gets them: without comments and quotes.

    Raises
    ------
    ValueError
        If a quote is not closed, or not followed by a blank.
    """
    commands = (tuple(_words(_without_comment(line))) for line in _logical_lines(script))
    return [words for words in commands if words]


def _logical_lines(script: str) -> Iterator[str]:
    """Yield lines with their continuations: after a last & and within triple quotes, comment or not."""
    line = ""
    for physical in script.split("\n"):
        line += physical
        stripped = line.rstrip(BLANKS)
        if stripped.endswith("&"):
            line = stripped[:-1]
        elif line.count(TRIPLE) % 2:
            line += "\n"
        else:
            yield line
            line = ""
    yield line


def _without_comment(line: str) -> str:
    """Cut a line at the first # that is not between quotes."""
    place, quote = 0, ""
    while place < len(line):
        here = TRIPLE if line.startswith(TRIPLE, place) and quote in {"", TRIPLE} else line[place]
        if here == quote:
            quote = ""
        elif not quote and here in {TRIPLE, '"', "'"}:
            quote = here
        elif not quote and here == "#":
            return line[:place]
        place += len(here)
    return line


def _words(line: str) -> Iterator[str]:
    rest = line.lstrip(BLANKS)
    while rest:
        quote = next((mark for mark in (TRIPLE, '"', "'") if rest.startswith(mark)), "")
        if quote:
            end = rest.find(quote, len(quote))
            if end < 0 or (rest[end + len(quote) :][:1] or " ") not in BLANKS:
                raise ValueError(f"quotes of {rest!r}")
            yield rest[len(quote) : end]
            rest = rest[end + len(quote) :].lstrip(BLANKS)
        else:
            end = next((k for k, char in enumerate(rest) if char in BLANKS), len(rest))
            yield rest[:end]
            rest = rest[end:].lstrip(BLANKS)
