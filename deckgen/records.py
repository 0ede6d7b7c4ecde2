"""Files of deckgen's own, read back into the dataclasses that say what is in them: no value of another type passes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from deckgen.files import read_json

__all__ = ["as_record", "read_record"]

Record = TypeVar("Record")

LARGEST = 2**63
"""Whole numbers from here on are no count, step or size."""

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path"}


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read a JSON file as a dataclass.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not JSON, a key is missing or unknown, or has a value of another type; the message names the key.
    """
    return as_record(read_json(path), kind)


def as_record(value: Any, kind: type[Record], key: str = "") -> Record:
    """Return a dataclass of what JSON has for it; see `read_record`. `key` is where in the file it stands."""
    found: Record = _read(value, kind, key)
    return found


def _read(value: Any, kind: Any, key: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        (other,) = (one for one in inner if one is not NoneType)
        return None if value is None else _read(value, other, key)
    if origin is tuple:
        return _tuple(value, inner, key)
    if origin in (dict, Mapping):
        return {name: _read(one, inner[1], _below(key, name)) for name, one in _table(value, key).items()}
    if origin is Literal:
        if not any(value == one and type(value) is type(one) for one in inner):
            raise _wrong(value, key, f"one of {', '.join(map(str, inner))}")
        return value
    return _dataclass(value, kind, key) if is_dataclass(kind) else _scalar(value, kind, key)


def _tuple(value: Any, inner: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(value, key, "a list")
    kinds = [inner[0]] * len(value) if inner[1:] == (...,) else list(inner)
    if len(kinds) != len(value):
        raise _wrong(value, key, f"a list of {len(kinds)}")
    return tuple(_read(one, kind, _below(key, k)) for k, (one, kind) in enumerate(zip(value, kinds, strict=True)))


def _dataclass(value: Any, kind: Any, key: str) -> Any:
    table, kinds = _table(value, key), _kinds(kind)
    known = {field.name: field for field in fields(kind) if field.init}
    if unknown := sorted(table.keys() - known.keys()):
        raise ValueError(f"{_below(key, unknown[0])} is not known")
    for name, field in known.items():
        if name not in table and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{_below(key, name)} is missing")
    values = {name: _read(one, kinds[name], _below(key, name)) for name, one in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{key}: {error}" if key else str(error)) from error


def _scalar(value: Any, kind: Any, key: str) -> Any:
    fits = type(value) is kind or (kind, type(value)) in ((float, int), (Path, str))
    if not fits:
        raise _wrong(value, key, _WORDS[kind])
    if kind in (int, float) and not (abs(value) < LARGEST if type(value) is int else math.isfinite(value)):
        raise ValueError(f"{key} is out of range")
    return kind(value)


def _table(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, key, "a table")
    return value


def _wrong(value: Any, key: str, wanted: str) -> ValueError:
    shown = json.dumps(value, default=str)
    return ValueError(f"{key or 'the file'} is {shown[:40]}{'...' if shown[40:] else ''}, not {wanted}")


def _below(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


@cache
def _kinds(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
