"""Reading what VASP wrote, compressed or not."""

from __future__ import annotations

import zlib
from pathlib import Path
from xml.etree import ElementTree

from deckgen.compressed import opened, opened_text, plain_name
from deckgen.errors import InputError
from deckgen.reference.vasp import OUTPUTS
from deckgen.reference.vasp_output.outcar import read_outcar
from deckgen.reference.vasp_output.run import VaspRun
from deckgen.reference.vasp_output.vasprun import read_vasprun

__all__ = ["is_output", "read_output"]


def is_output(path: Path) -> bool:
    """Return whether a file is by its name a vasprun.xml or an OUTCAR, such as OUTCAR.300K or vasprun.xml.gz."""
    name = plain_name(path)
    return "OUTCAR" in name or ("vasprun" in name and name.endswith(".xml"))


def read_output(path: Path) -> VaspRun:
    """Read the complete ionic steps of a vasprun.xml or an OUTCAR; of a run that goes on, those that are there.

    The energy is the free energy TOTEN, which the forces belong to, never the one extrapolated to zero smearing.

    Raises
    ------
    InputError
        If the file cannot be read, or has no complete step.
    """
    xml = plain_name(path).endswith(".xml")
    try:
        if xml:
            with opened(path) as file:
                run = read_vasprun(file)
        else:
            with opened_text(path) as lines:
                run = read_outcar(lines)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, EOFError, zlib.error, ValueError, LookupError, ElementTree.ParseError) as error:
        raise InputError(f"{path}: not a complete {OUTPUTS[not xml]} ({type(error).__name__}: {error})") from error
    if not run.steps:
        raise InputError(f"{path}: no complete ionic step", hint="the run has not come so far, or has failed")
    return run
