"""Pages of HTML that need no other file: their templates' environment, and pictures as part of the page."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__ = ["data_uri", "html_environment", "number", "write_whole"]


def html_environment() -> Environment:
    """Return the Jinja environment of HTML pages: everything is escaped, an undefined name is an error."""
    environment = Environment(
        loader=PackageLoader("deckgen.templates", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters["number"] = number
    return environment


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with some decimals; a dash where it is not known."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def data_uri(svg: str) -> str:
    """Return a picture as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
