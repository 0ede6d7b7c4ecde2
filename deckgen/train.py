"""The steps of training a potential, from Python: `deckgen.train.curate("sodium")` is `deckgen train curate sodium`.

Every step takes the training project (its recipe, its folder or its gap.toml) and returns what it made. They are loaded
on first use: this module is part of `import deckgen`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deckgen.workflows.train.augment import augment
    from deckgen.workflows.train.curate import curate
    from deckgen.workflows.train.fit import fit
    from deckgen.workflows.train.init import init
    from deckgen.workflows.train.label import label
    from deckgen.workflows.train.predict import predict
    from deckgen.workflows.train.read import read
    from deckgen.workflows.train.sample.sample import sample
    from deckgen.workflows.train.tune import tune
    from deckgen.workflows.train.validate import validate

__all__ = ["augment", "curate", "fit", "init", "label", "predict", "read", "sample", "tune", "validate"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'deckgen.train' has no attribute '{name}'")
    module = "sample.sample" if name == "sample" else name
    return getattr(import_module(f"deckgen.workflows.train.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
