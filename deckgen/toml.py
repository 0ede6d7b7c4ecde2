"""Reading a TOML file into a pydantic model, with errors that name the file, the key, the value and the fix."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails

from deckgen.errors import InputError

__all__ = ["Count", "Document", "Kelvin", "Positive", "Table", "read_toml", "validate"]

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Kelvin = Annotated[float, Field(gt=0)]


class Table(BaseModel):
    """A table of a TOML file: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


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
        file = file / cls.FILE if file.is_dir() else file
        document = read_toml(file, cls, made_by=cls.MADE_BY)
        document._file = file.resolve()
        return document

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
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file", hint=f"make one with: {made_by}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error
    return validate(raw, model, source=str(path))


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
        lines = [_describe(detail, model) for detail in error.errors()]
        raise InputError("\n".join(f"{source}: {line}" for line in lines)) from None


def _describe(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """Return the message of one pydantic error, with the keys of the file."""
    loc = [str(part) for part in detail["loc"]]
    if detail["type"] == "extra_forbidden":
        return f"{_place(loc[:-1])}unknown {'key' if loc[1:] else 'table'} '{loc[-1]}'{_did_you_mean(loc, model)}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"[{loc[0]}] is missing" if len(loc) == 1 else f"{_place(loc[:-1])}{loc[-1]} is missing"
    if detail["type"] == "value_error" and len(loc) < 2:  # a check across keys names them itself
        return f"{_place(loc)}{message}"
    message = message[0].lower() + message[1:]
    return f"{_place(loc[:1])}{'.'.join(loc[1:]) or 'value'} = {_toml(detail['input'])}: {message}"


def _toml(value: Any) -> str:
    """Show a value as the file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


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
