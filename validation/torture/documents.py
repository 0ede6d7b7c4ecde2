"""Right JSON documents, as deckgen writes them: what the generated ones begin as."""

from __future__ import annotations

import json
from dataclasses import asdict

from deckgen.analysis.isomers.results import Tolerances
from deckgen.decks.manifest import Manifest
from deckgen.runs.journal import Attempt

__all__ = ["RESULTS", "deck", "journals", "manifests"]


def deck() -> Manifest:
    """Return a deck's manifest: 1,000 steps, a restart every 500."""
    named = ("nvt", "T0100.000K-r1", "0" * 64, "Na13", 13, "na-gupta", "0" * 64)
    every = {"timestep_fs": 4.0, "sample_every": 10, "frame_every": 100, "restart_every": 500}
    return Manifest(*named, {"seed": 1}, 1000, 100.0, thermostat="nose-hoover", **every)  # type: ignore[arg-type]


def manifests() -> tuple[bytes, ...]:
    """Return a deck.json."""
    return (_json(asdict(deck())),)


def journals() -> tuple[bytes, ...]:
    """Return a status.json."""
    attempt = Attempt("2026-01-01T00:00:00+00:00", "here", 1, 0, 1000, seconds=1.0, outcome="done")
    return (_json({"schema": 1, "attempts": [asdict(attempt)]}),)


def _json(document: object) -> bytes:
    return json.dumps(document, indent=1).encode()


_HEAD = {
    "schema": 1,
    "deckgen_version": "0.1.0",
    "cluster": {"formula": "Na13", "n_atoms": 13},
    "potential": {"name": "na-gupta", "sha256": "0" * 64},
}
_ISOMER = {
    "rank": 1,
    "energy_eV": -1.5,
    "relative_eV": 0.0,
    "count": 3,
    "mean_bond_length_A": 3.5,
    "min_bond_length_A": 3.4,
    "mean_nearest_A": 3.5,
    "point_group": "Ih",
    "point_group_order": 120,
    "chiral": False,
    "max_force_eV_A": 1e-5,
    "moments_uA2": [1.0, 1.0, 1.0],
    "coordination": {"6": 12, "12": 1},
    "cna": {"555": 12},
    "source": "a",
    "frame": 100,
    "log_frequency_product": None,
    "occupation": {"temperatures_K": [100.0], "fraction": [1.0]},
    "first_seen": {"temperature_K": 100.0, "frame": 100},
}
_SETTINGS = {
    "source": "own",
    "minimizer": "fire",
    "loose_force_eV_A": 1e-3,
    "max_force_eV_A": 1e-4,
    "max_steps": 1000,
    "off_saddles": True,
    "settled_force_eV_A": 1e-6,
    "deck": "quench/tight-0",
}
_CURVE = [1.0, None]
_ROTATION = {"canonical": None, "sampled": _CURVE, "tm_canonical_K": None, "tm_sampled_K": None}
_THERMODYNAMICS = {
    "rotation": "canonical",
    "c0_over_kB": 34.5,
    "temperatures_K": [100.0, 101.0],
    "melting": None,
    "peaks": [{"temperature_K": 100.5, "height_over_c0": 1.5, "ci95_K": [100.1, 100.9], "height_ci95_over_c0": None}],
    "checks": [{"name": "rungs", "deviation": 1.0, "p": 0.4, "temperature_K": 100.0, "passed": True}],
    "heat_capacity_over_c0": _CURVE,
    "heat_capacity_ci95": None,
    "potential_energy_eV": _CURVE,
    "states": [],
    "f_k": _CURVE,
    "overlap": [_CURVE, _CURVE],
    "n_reweighting": _CURVE,
    "crossings": {
        "solid_below_eV": -13.1,
        "liquid_above_eV": -12.9,
        "smoothing_ps": 2.0,
        "runs": [{"temperature_K": 100.0, "replica": 1, "melts": 3, "freezings": 2}],
    },
    "swaps": [{"temperature_K": 100.0, "tried": 20, "accepted": 3, "n_runs": 1}],
    "superposition_over_c0": None,
    "estimators": {
        "fluctuation": _CURVE,
        "dU_dT": _CURVE,
        "multiple_histogram": None,
        "first_half": None,
        "second_half": None,
        "rotation": _ROTATION,
    },
    "lindemann": {"temperatures_K": [100.0], "delta": [0.1]},
    "warnings": [{"code": "few_samples", "message": "few", "temperature_K": 100.0}],
    "goal": {"reached": False, "verdict": "300 K +- 5 K so far"},
    "history": [],
    "external": [],
    "comparison": None,
}
RESULTS = (
    _json(
        _HEAD
        | {"isomers": [_ISOMER], "temperatures_K": [100.0], "quenched": [3], "n_quenched": 3, "n_failed": 0}
        | {"n_groups": 1, "n_after_energy": 1, "n_representatives": 1, "n_distinct": 1}
        | {"tolerances": asdict(Tolerances()), "settings": _SETTINGS}
    ),
    _json(_HEAD | _THERMODYNAMICS),
)
