"""What the descriptors of a GAP say: QUIP's argument strings, such as `soap cutoff=5 Z=11 species_Z={11 19}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deckgen.errors import InputError
from deckgen.quip.gapxml import atomic_number, number, shown

__all__ = ["Descriptor"]

OPTION = re.compile(r"(\w+)\s*=\s*(?:\{([^}]*)\}|(\S+))")
CUTOFFS = ("cutoff", "rcut_hard")
"""soap_turbo has the second."""
ATOMIC_NUMBERS = re.compile(r"z\d*|z_center|species_z")
ORDER_COUNTS = 3
"""From this order on QUIP's distance_Nb of several elements depends on the order of the atoms."""


@dataclass(frozen=True)
class Descriptor:
    """A descriptor of the GAP in the file `path`, from its text in the xml."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """QUIP's name of its kind."""
        return self.text.split(maxsplit=1)[0] if self.text else ""

    @cached_property
    def options(self) -> dict[str, str]:
        """Its options; QUIP ignores the case of keys, lists are without their braces."""
        return {key.lower(): listed or plain for key, listed, plain in OPTION.findall(self.text)}

    @property
    def cutoffs_A(self) -> list[float]:
        """Its cutoff in angstrom, if it has one.

        Raises
        ------
        InputError
            If that is not a number.
        """
        return [number(self.path, key, self.options[key]) for key in CUTOFFS if key in self.options]

    @property
    def atomic_numbers(self) -> set[int]:
        """The elements that it names; 0 stands for every element.

        Raises
        ------
        InputError
            If there is no such element.
        """
        words = [word for key, text in self.options.items() if ATOMIC_NUMBERS.fullmatch(key) for word in text.split()]
        return {atomic_number(self.path, "descriptor Z", word) if word != "0" else 0 for word in words} or {0}

    @property
    def compress_file(self) -> str:
        """The file from which soap_turbo reads which components it keeps, or an empty text.

        Raises
        ------
        InputError
            If it is not the name of a file beside the xml.
        """
        name = self.options.get("compress_file", "")
        if "/" in name or "\\" in name or not name.isprintable():
            raise InputError(
                f"{self.path}: compress_file={shown(name)} is not the name of a file beside it",
                hint="put that file into the folder of the xml, and its name alone into the xml",
            )
        return name

    def require_order_independence(self) -> None:
        """Refuse a descriptor whose energy depends on the order of the atoms.

        Raises
        ------
        InputError
            If it is distance_Nb of order 3 or more for several elements (libAtoms/QUIP issue 669).
        """
        if self.name != "distance_Nb" or len(self.atomic_numbers) == 1:
            return
        order = number(self.path, "order", self.options.get("order", ""))
        if order >= ORDER_COUNTS:
            raise InputError(
                f"{self.path}: distance_Nb of order {order:g} for several elements (Z = {self.options['z']}): "
                "its energy depends on the order of the atoms in QUIP (issue 669 of libAtoms/QUIP)",
                hint="fit again with angle_3b in its place",
            )
