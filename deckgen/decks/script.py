"""LAMMPS' input as text: its words and quotes, and how a value becomes one argument of one command.

All that a deck is told passes `told`. A name that comes from a file or a study then cannot end its command, whatever a
template does with it: what LAMMPS, or a shell that a template calls, could take for more than a name is refused.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from deckgen.errors import InputError

__all__ = ["Arguments", "command_words", "told", "word"]

BARE = string.ascii_letters + string.digits + "_.-+=@%,:/~^"
"""Characters that stand for themselves."""
QUOTED = BARE + " #()[]"
"""Characters that stand for themselves between quotes. LAMMPS loses bytes of those that are not ASCII."""
FORMULAS = {"atom", "equal", "vector"}
"""Styles of variables that are no text."""
SHOWN = 60
_PIECE = re.compile(r'"""(?P<triple>.*?)"""|"(?P<double>[^"]*)"|\'(?P<single>[^\']*)\'|(?P<bare>[^\s"\'#]+)|#.*|\s+|.')
_BALANCED = re.compile(r"""\s*(?:(?:"[^"]*"|'[^']*'|[^\s"'#]+)(?=[\s#]|$)\s*)*(?:#.*)?""")


class Arguments(str):
    """Arguments of one LAMMPS command that the user wrote: pair_style and pair_coeff of kind = "lammps"."""

    __slots__ = ()


def told(value: Any, name: str = "") -> Any:
    """Return what a template is told of a value: plain data, every text in it one argument, or those of one command.

    Parameters
    ----------
    value
        Numbers, texts, paths (of which the name counts), and mappings, sequences and sets of them.
    name
        What an error calls it.

    Raises
    ------
    InputError
        If a text cannot be an argument, or a number is not finite.
    TypeError
        If there is anything else in it, such as an object with methods.
    """
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{name} = {value}: a deck needs a finite number")
        return value
    if isinstance(value, Arguments):
        return _arguments(value, name)
    if isinstance(value, str):
        return word(value, name)
    if isinstance(value, Path):
        return word(value.name, name)
    if isinstance(value, Mapping):
        return {key: told(part, f"{name}.{key}".lstrip(".")) for key, part in value.items()}
    if isinstance(value, AbstractSet):
        return [told(part, name) for part in sorted(value)]
    if isinstance(value, Sequence):
        return [told(part, name) for part in value]
    raise TypeError(f"{name}: a template is told plain data, not a {type(value).__name__}")


def word(text: str, name: str) -> str:
    """Return a text as one argument of a LAMMPS command, in quotes where it needs them.

    Raises
    ------
    InputError
        If it is empty, or has a character that LAMMPS or a shell may take for more than a part of a name.
    """
    bad = next((char for char in text if char not in QUOTED), "")
    if bad or not text.strip():
        what = f"it has {bad!a}" if bad else "it is empty"
        raise InputError(
            f"{name}: {_shown(text)} cannot be a word of a LAMMPS deck: {what}",
            hint="rename it: letters, digits, blanks and _ . - + = @ % , : / ~ ^ # ( ) [ ] can stand in a deck",
        )
    return text if set(text) <= set(BARE) else f'"{text}"'


def _arguments(text: str, name: str) -> str:
    """Return the user's own LAMMPS text, having made sure that it does not go beyond its command."""
    foreign = next((char for char in text if not (" " <= char <= "~" or char == "\t")), "")
    if not text.strip():
        problem = "it is empty"
    elif foreign:
        problem = f"it has {foreign!a}; it is the rest of one line"
    elif text.rstrip().endswith("&"):
        problem = "& at its end would join the next command to it"
    elif '"""' in text or not _BALANCED.fullmatch(text):
        problem = "its quotes are not balanced"
    else:
        return str(text)
    raise InputError(f"{name} = {_shown(text)}: {problem}", hint="give the arguments of one LAMMPS command")


def command_words(script: str) -> Iterator[list[str]]:
    """Yield the words of each command of a LAMMPS script, without quotes and comments.

    Words that are commands themselves, as those of `if` and `run ... every`, follow the command that has them.
    """
    for line in re.sub(r"&[^\S\n]*\n", "", script).splitlines():
        pieces = [piece for piece in _PIECE.finditer(line) if piece.lastgroup]
        if pieces:
            words = [str(piece[str(piece.lastgroup)]) for piece in pieces]
            yield words
            if words[0] in {"if", "run", "variable"} and not FORMULAS & set(words[2:3]):
                for piece, text in zip(pieces, words, strict=True):
                    yield from command_words(text) if piece.lastgroup != "bare" else ()


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= SHOWN else ascii(text[:SHOWN]) + "..."
