"""Reading a TOML file into a pydantic model, with errors that name the file, the key, the value and the fix."""

from __future__ import annotations

import codecs
import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import ErrorDetails

from deckgen.errors import InputError
from deckgen.files import reason, require_file
from deckgen.units import HIGHEST_K, LOWEST_K

__all__ = ["Count", "Document", "Kelvin", "Positive", "Table", "Words", "read_toml", "validate"]

LARGEST_BYTES = 1_000_000
DEEPEST = 20
MOST_MISFITS = 20
LONGEST = 60
_DEEP_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}""")
"""Looked for first: tomllib's memory grows with the square of the parts of a key."""

Count = Annotated[int, Field(ge=1, le=2_000_000_000)]
"""LAMMPS holds its intervals in 32 bits."""
Positive = Annotated[float, Field(gt=0, le=1e9)]
Kelvin = Annotated[float, Field(ge=LOWEST_K, le=HIGHEST_K)]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("empty")
    return text


Words = Annotated[str, AfterValidator(_not_blank)]
"""Text that says something."""


class Table(BaseModel):
    """A table of a TOML file: unknown keys are refused, values cannot be changed and keep the type they are given in.

    "13" is no number, 1 neither true nor false, true no number; 1.0 is a whole number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _as_given(cls, value: Any, validated: ValidatorFunctionWrapHandler) -> Any:
        """Refuse what pydantic would convert."""
        result = validated(value)
        _refuse_conversion(value, result)
        return result


def _refuse_conversion(given: Any, result: Any) -> None:
    if isinstance(given, dict) and isinstance(result, dict):
        given, result = list(given.values()), list(result.values())
    if isinstance(given, list | tuple) and isinstance(result, list | tuple):
        for pair in zip(given, result, strict=True):
            _refuse_conversion(*pair)
    elif isinstance(given, str | bool | int | float) and _kind(given) != _kind(result):
        raise ValueError(f"{_kind(given)} where {_kind(result)} belongs")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a string"


Model = TypeVar("Model", bound=Table)


class Document(Table):
    """The whole of a TOML file; relative files are looked for in its folder, and results are written there."""

    FILE: ClassVar[str]
    """The file's name in its folder."""
    MADE_BY: ClassVar[str]
    """The command that makes one."""

    _file: Path = PrivateAttr()

    def model_post_init(self, _context: Any, /) -> None:
        """Give what was not read from a file its place in the current folder."""
        self._file = Path.cwd() / self.FILE

    @classmethod
    def read(cls, path: Path | str = ".") -> Self:
        """Read it from its folder or its file.

        Raises
        ------
        InputError
            If the file is missing or wrong: names the file, the key, the value and the fix.
        """
        file = Path(path)
        file = file / cls.FILE if os.path.isdir(file) else file  # which answers for any name
        document = read_toml(file, cls, made_by=cls.MADE_BY)
        document.move_to(file)
        return document

    def move_to(self, file: Path) -> None:
        """Have it be about the folder of another file; nothing is read or written."""
        self._file = file.resolve()

    @property
    def folder(self) -> Path:
        """The folder that it is about."""
        return self._file.parent

    @property
    def file(self) -> Path:
        """The file itself."""
        return self._file


def read_toml(path: Path, model: type[Model], *, made_by: str = "deckgen init DIR") -> Model:
    """Read and validate a TOML file; `made_by` is the command that makes one.

    Raises
    ------
    InputError
        If the file cannot be read, is not TOML or does not fit the model; all misfits are listed.
    """
    require_file(path, largest_bytes=LARGEST_BYTES, hint=f"make one with: {made_by}")
    text = _decoded(path)
    too_deep = InputError(f"{path}: keys, tables or arrays are nested more than {DEEPEST} deep")
    if _DEEP_KEY.search(text):
        raise too_deep
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise too_deep from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {_short(str(error), 200)}") from error
    except ValueError:
        raise InputError(f"{path}: not valid TOML: an integer of thousands of digits") from None
    if _is_deep(raw):
        raise too_deep
    return validate(raw, model, source=str(path))


def _decoded(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path}: in UTF-16", hint="save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}: not in UTF-8: line {line} has the byte 0x{data[error.start]:02x}", hint="save it as UTF-8"
        ) from None


def _is_deep(raw: dict[str, Any]) -> bool:
    level: list[Any] = [raw]
    for _ in range(DEEPEST):
        inner = [part for value in level for part in (value.values() if isinstance(value, dict) else value)]
        level = [part for part in inner if isinstance(part, dict | list)]
    return bool(level)


def validate(raw: dict[str, Any], model: type[Model], *, source: str) -> Model:
    """Validate a mapping; `source` names it in the error.

    Raises
    ------
    InputError
        If it does not fit the model; all misfits are listed.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        lines = [f"{source}: {_describe(detail, model)}" for detail in error.errors()[:MOST_MISFITS]]
        if more := error.error_count() - len(lines):
            lines.append(f"and {more} more")
        raise InputError("\n".join(lines)) from None


def _describe(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """Return the message of one pydantic error, with the keys of the file."""
    loc = [_short(str(part)) for part in detail["loc"]]
    without = _is_without_tables(model)
    if detail["type"] == "extra_forbidden":
        kind = "key" if loc[1:] or without else "table"
        return f"{_place(loc[:-1])}unknown {kind} '{loc[-1]}'{_did_you_mean(loc, model)}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        is_table = len(loc) == 1 and not without
        return f"[{loc[0]}] is missing" if is_table else f"{_place(loc[:-1])}{loc[-1]} is missing"
    if detail["type"] == "value_error" and len(loc) < (1 if without else 2):  # a check across keys names them itself
        return f"{_place(loc)}{message}"
    message = message[0].lower() + message[1:]
    if without:
        return f"{'.'.join(loc)} = {_toml(detail['input'])}: {message}"
    return f"{_place(loc[:1])}{'.'.join(loc[1:]) or 'value'} = {_toml(detail['input'])}: {message}"


def _is_without_tables(model: type[BaseModel]) -> bool:
    """Return whether a file has its keys at the top, in no table."""
    kinds = [field.annotation for field in model.model_fields.values()]
    return not any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)


def _toml(value: Any) -> str:
    """Show a value as the file has it, or its beginning."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 1000:  # Python does not write it in decimals
        return _short(hex(value))
    return f'"{_short(value)}"' if isinstance(value, str) else _short(str(value))


def _short(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[:longest] + " ..."


def _place(loc: list[str]) -> str:
    return f"[{'.'.join(loc)}] " if loc else ""


def _did_you_mean(loc: list[str], model: type[BaseModel]) -> str:
    for part in loc[:-1]:
        field = model.model_fields.get(part)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return ""
        model = field.annotation
    close = get_close_matches(loc[-1], model.model_fields, n=1, cutoff=0.5)
    known = ", ".join(model.model_fields)
    return f"; did you mean '{close[0]}'?" if close else f"; known are: {known}"
