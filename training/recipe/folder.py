"""What lies in the folder of a training project, beside its gap.toml: each step reads what the one before it wrote."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "AUGMENT",
    "CURATED",
    "CURATION",
    "FAILED",
    "FIT",
    "FRAMES",
    "HOLDOUT",
    "LABELLED",
    "LABELS",
    "POOL",
    "PREDICTED",
    "SAMPLED",
    "TRAIN",
    "TUNED",
    "VALIDATION",
    "XML",
]

FRAMES, SAMPLED = Path("frames"), "sampled.extxyz"
"""`sample`: the studies or runs that were made, and the frames taken from them."""

LABELS, LABELLED, FAILED = Path("labels"), "labelled.extxyz", "failed.extxyz"
"""`label`; the rounds of `augment` have a folder like it each."""

CURATED = Path("curated")
TRAIN, HOLDOUT, POOL, CURATION = "train.extxyz", "holdout.extxyz", "pool.extxyz", "curation.json"
"""`curate`."""

FIT, XML = Path("fit"), "gap.xml"
"""`fit`; the rounds of `augment` have a folder like it each."""

TUNED = "tune.json"
"""`tune`."""

PREDICTED = Path("predicted")
"""`predict`: a file for each file of frames."""

VALIDATION = Path("validation")
"""`validate`."""

AUGMENT = Path("augment")
"""`augment`: a folder `round-NN` per round, and the table of the rounds."""
