"""Samples: what the analysis needs to know of the runs, wherever they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.errors import InputError
from deckgen.thermostats import THERMOSTATS
from deckgen.units import HIGHEST_K, LOWEST_K

__all__ = ["Samples", "TimeSeries"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """What one run sampled at one temperature: rows in order of time, evenly spaced.

    Parameters
    ----------
    temperature_K
        The rung: the thermostat's temperature.
    time_ps : (n,)
        Time since the run began.
    potential_energy_eV : (n,)
        Potential energy of the cluster (with the container's, where there is one).
    kinetic_temperature_K : (n,), optional
        Kinetic temperature, of the degrees of freedom that move.
    principal_moments_uA2 : (n, 3), optional
        Principal moments of inertia about the centre of mass, ascending, in u A^2.
    root_determinants : (n,), optional
        Square roots of the product of the principal moments, in (u A^2)^(3/2), of which the rotational weights are
        made; without them, they are computed from the moments. A third of the memory of these.
    label
        Names the run in messages: the deck's id, or a file.
    thermostat
        Its name in `deckgen.thermostats`; empty where unknown. It decides whether samples need rotational weights.
    replica
        Number of the replica at this temperature, from 1.
    planned_ps
        Planned length of the run; None: as long as it is.
    dropped_rows
        Rows left out of this series because a resumed run went over them again.
    frames
        The run's frames (extended XYZ), if it wrote any.
    start
        What the run began with: `minimum` or `melted`; empty where unknown.
    ladder
        Number of the ladder in which its rung exchanged configurations with others; None where it did not.
    walkers : (n,), optional
        Of a rung that did: the number, in its ladder, of the configuration that each sample is of.
    swaps
        Swaps of unlike atoms that the run has tried, and accepted; None where it swaps none.
    """

    temperature_K: float
    time_ps: Array
    potential_energy_eV: Array
    kinetic_temperature_K: Array | None = None
    principal_moments_uA2: Array | None = None
    label: str = ""
    thermostat: str = ""
    replica: int = 1
    planned_ps: float | None = None
    dropped_rows: int = 0
    frames: Path | None = None
    start: str = ""
    ladder: int | None = None
    walkers: NDArray[np.int64] | None = None
    swaps: tuple[int, int] | None = None
    root_determinants: Array | None = None

    def __post_init__(self) -> None:
        shapes: dict[str, tuple[int, ...]] = {"time_ps": (self.n,), "potential_energy_eV": (self.n,)}
        shapes |= {"kinetic_temperature_K": (self.n,), "principal_moments_uA2": (self.n, 3), "walkers": (self.n,)}
        shapes |= {"root_determinants": (self.n,)}
        name = self.label or f"T = {self.temperature_K} K"
        if not LOWEST_K <= self.temperature_K <= HIGHEST_K:
            raise InputError(
                f"{name}: the temperature is {self.temperature_K} K; it must be positive, from {LOWEST_K:g} to "
                f"{HIGHEST_K:g} K"
            )
        if self.thermostat and self.thermostat not in THERMOSTATS:
            raise InputError(
                f"{name}: the thermostat is {self.thermostat!r}; known are {', '.join(THERMOSTATS)}",
                hint="leave it empty where it is unknown: the samples then get no rotational weights",
            )
        for key, shape in shapes.items():
            values = getattr(self, key)
            if values is None:
                continue
            if values.shape != shape:
                raise InputError(f"{name}: {key} has the shape {values.shape}, not {shape}")
            if not np.isfinite(values).all():
                raise InputError(f"{name}: {key} has values that are not finite")

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.potential_energy_eV)

    @property
    def interval_ps(self) -> float:
        """Time between two samples."""
        return float(self.time_ps[1] - self.time_ps[0]) if self.n > 1 else 0.0

    @property
    def length_ps(self) -> float:
        """Time that the samples cover."""
        return self.n * self.interval_ps

    def rotation_weights(self, start: int = 0) -> Array | None:
        """Return the square roots of the determinants of inertia (n - start,), from a sample on; None where unknown."""
        if self.root_determinants is not None:
            return self.root_determinants[start:]
        if self.principal_moments_uA2 is None:
            return None
        return np.asarray(np.sqrt(np.prod(self.principal_moments_uA2[start:], axis=1)))

    @property
    def complete(self) -> bool:
        """Whether the run has its planned length."""
        return self.planned_ps is None or self.length_ps >= self.planned_ps * (1 - 1e-9)

    @property
    def angular_momentum_is_zero(self) -> bool:
        """Whether the thermostat kept the zero angular momentum of the start; False where it is unknown."""
        return bool(self.thermostat) and THERMOSTATS[self.thermostat].keeps_zero_angular_momentum


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of a study: one time series per run, ordered by temperature, then replica.

    Parameters
    ----------
    n_atoms
        Atoms in the cluster.
    series
        At least one run.
    formula, potential_name, potential_sha256
        Carried into the results; empty where unknown.
    start_energy_eV
        Potential energy of the relaxed start structure.
    missing_K
        Rungs of the study's ladder that have no samples yet.
    """

    n_atoms: int
    series: tuple[TimeSeries, ...]
    formula: str = ""
    potential_name: str = ""
    potential_sha256: str = ""
    start_energy_eV: float | None = None
    missing_K: tuple[float, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.n_atoms < 2:
            raise InputError(f"a cluster has at least two atoms, not {self.n_atoms}")
        if not self.series:
            raise InputError("there are no samples", hint="run the study first: deckgen run")
        ordered = sorted(self.series, key=lambda run: (run.temperature_K, run.replica))
        object.__setattr__(self, "series", tuple(ordered))

    @cached_property
    def temperatures_K(self) -> Array:
        """The rungs that have samples, ascending, each once."""
        return np.unique([run.temperature_K for run in self.series])

    def at(self, temperature_K: float) -> tuple[TimeSeries, ...]:
        """Return the runs (replicas) at one rung."""
        return tuple(run for run in self.series if run.temperature_K == temperature_K)

    @classmethod
    def from_arrays(
        cls,
        temperatures_K: ArrayLike,
        potential_energies_eV: Sequence[ArrayLike],
        *,
        n_atoms: int,
        interval_ps: float = 1.0,
        kinetic_temperatures_K: Sequence[ArrayLike] | None = None,
        principal_moments_uA2: Sequence[ArrayLike] | None = None,
        thermostat: str = "",
        formula: str = "",
    ) -> Samples:
        """Make samples of plain arrays, one per run; temperatures may repeat (replicas).

        Parameters
        ----------
        temperatures_K : (K,)
            Temperature of each run.
        potential_energies_eV
            K series, each (n_k,); their lengths may differ.
        n_atoms
            Atoms in the cluster.
        interval_ps
            Time between two samples.
        kinetic_temperatures_K, principal_moments_uA2
            K series, each (n_k,) and (n_k, 3).
        thermostat, formula
            As in `TimeSeries` and `Samples`.

        Raises
        ------
        InputError
            If the shapes do not fit or values are not finite.
        """
        temperatures = np.atleast_1d(np.asarray(temperatures_K, dtype=float))
        columns = {"kinetic_temperature_K": kinetic_temperatures_K, "principal_moments_uA2": principal_moments_uA2}
        for key, value in {"potential_energies_eV": potential_energies_eV, **columns}.items():
            if value is not None and len(value) != len(temperatures):
                raise InputError(f"{key} has {len(value)} series for {len(temperatures)} temperatures")
        series, seen = [], dict[float, int]()
        for k, temperature in enumerate(temperatures.tolist()):
            seen[temperature] = seen.get(temperature, 0) + 1
            energies = np.asarray(potential_energies_eV[k], dtype=float)
            given: dict[str, Any] = {
                key: np.asarray(value[k], dtype=float) for key, value in columns.items() if value is not None
            }
            series.append(
                TimeSeries(
                    temperature_K=temperature,
                    time_ps=interval_ps * np.arange(1.0, len(energies) + 1),
                    potential_energy_eV=energies,
                    label=f"T = {temperature:g} K, replica {seen[temperature]}",
                    thermostat=thermostat,
                    replica=seen[temperature],
                    **given,
                )
            )
        return cls(n_atoms=n_atoms, series=tuple(series), formula=formula)
