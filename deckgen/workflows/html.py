"""Pages of HTML that need no other file: their templates' environment, and pictures as part of the page."""

from __future__ import annotations

import base64
import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

__all__ = ["data_uri", "html_environment", "number", "subscripts"]


def html_environment() -> Environment:
    """Return the Jinja environment of HTML pages: everything is escaped, an undefined name is an error."""
    environment = Environment(
        loader=PackageLoader("deckgen.templates", "report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters |= {"number": number, "subscripts": subscripts}
    return environment


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with some decimals; a dash where it is not known."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def subscripts(text: str) -> Markup:
    """Return plain text as HTML with its subscripts: C_v, k_B."""
    return Markup(re.sub(r"\b([A-Za-z])_([A-Za-z0-9])\b", r"\1<sub>\2</sub>", str(escape(text))))  # noqa: S704 (escaped)


def data_uri(svg: str) -> str:
    """Return a picture as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
