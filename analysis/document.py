"""The JSON of the analysis' result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from deckgen.analysis.lindemann import LindemannCurve
from deckgen.units import initial_heat_capacity_over_kB

if TYPE_CHECKING:
    from deckgen.analysis.results import Thermodynamics

__all__ = ["document"]

SCHEMA = 1
"""Version of the JSON's layout."""


def document(result: Thermodynamics, deckgen_version: str) -> dict[str, Any]:
    """Return the contents of results/thermodynamics.json: plain lists, numbers and None, never NaN."""
    curve = result.lindemann or LindemannCurve((), ())
    content = {
        "schema": SCHEMA,
        "deckgen_version": deckgen_version or None,
        "cluster": {"formula": result.formula or None, "n_atoms": result.n_atoms},
        "potential": {"name": result.potential_name or None, "sha256": result.potential_sha256 or None},
        "rotation": result.rotation,
        "c0_over_kB": initial_heat_capacity_over_kB(result.n_atoms),
        "temperatures_K": result.temperatures_K,
        "heat_capacity_over_c0": result.heat_capacity_over_c0,
        "heat_capacity_ci95": result.heat_capacity_ci95,
        "potential_energy_eV": result.potential_energy_eV,
        "melting": _melting(result),
        "peaks": [asdict(peak) for peak in result.peaks],
        "checks": [asdict(check) | {"passed": check.passed} for check in result.checks],
        "states": [asdict(state) for state in result.states],
        "crossings": None if result.crossings is None else asdict(result.crossings),
        "f_k": result.f_k,
        "overlap": result.overlap,
        "n_reweighting": result.n_reweighting,
        "estimators": _estimators(result),
        "swaps": [asdict(rung) for rung in result.swaps],
        "superposition_over_c0": result.superposition,
        "lindemann": {"temperatures_K": curve.temperatures_K, "delta": curve.delta, "pairs": curve.pairs},
        "warnings": [asdict(finding) for finding in result.warnings],
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def _melting(result: Thermodynamics) -> dict[str, Any] | None:
    if result.melting is None:
        return None
    return {
        "temperature_K": result.melting.temperature_K,
        "ci95_K": result.melting_ci95.temperature_K,
        "peak_over_c0": result.melting.height_over_c0,
        "peak_over_c0_ci95": result.melting_ci95.height_over_c0,
        "fwhm_K": result.melting.fwhm_K,
        "fwhm_ci95_K": result.melting_ci95.fwhm_K,
        "latent_heat_eV": result.melting.latent_heat_eV,
        "latent_heat_ci95_eV": result.melting_ci95.latent_heat_eV,
        "at_edge": result.melting.at_edge,
        "jumps": None if result.jumps is None else asdict(result.jumps),
    }


def _estimators(result: Thermodynamics) -> dict[str, Any]:
    other = result.estimators
    return {
        "fluctuation": other.fluctuation,
        "fluctuation_error": other.fluctuation_error,
        "dU_dT": other.dU_dT,
        "multiple_histogram": other.multiple_histogram,
        "rotation": {
            "canonical": other.canonical,
            "sampled": other.sampled,
            "tm_canonical_K": other.tm_canonical_K,
            "tm_sampled_K": other.tm_sampled_K,
        },
        "first_half": other.first_half,
        "second_half": other.second_half,
    }


def _plain(value: Any) -> Any:
    """Turn arrays into lists, and what is not finite into None."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
