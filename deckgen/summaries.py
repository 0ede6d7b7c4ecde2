"""How a result shows itself: in a line at the prompt, as a table in a notebook."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Summarised", "Summary"]


@dataclass(frozen=True)
class Summary:
    """What there is to say of a result.

    Parameters
    ----------
    title
        A line: what it is, and the number that matters most.
    head
        Names of the columns.
    rows
        The table, as text.
    warnings
        What to know before trusting it.
    """

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    warnings: Sequence[str] = ()


class Summarised:
    """A result that is shown by its summary."""

    @abstractmethod
    def summary(self) -> Summary:
        """Return what there is to say of it."""

    def __repr__(self) -> str:
        """Return the summary's title and the number of its warnings between angle brackets."""
        found = self.summary()
        warned = f"; warnings: {len(found.warnings)}" if found.warnings else ""
        return f"<{type(self).__name__}: {found.title}{warned}>"

    def _repr_html_(self) -> str:
        """Return the summary as HTML, for notebooks; all text of it is escaped."""
        found = self.summary()
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in found.head)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in found.rows)
        warned = "".join(f"<li>{escape(warning)}</li>" for warning in found.warnings)
        table = f"<table><caption>{escape(found.title)}</caption><tr>{head}</tr>{rows}</table>"
        return f"{table}<p>Warnings</p><ul>{warned}</ul>" if warned else table
