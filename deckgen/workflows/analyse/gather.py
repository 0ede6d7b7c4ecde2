"""The samples of a study: those of its own runs and those of runs made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deckgen.contents import sha256_of, unchanged
from deckgen.decks.manifest import ENERGIES
from deckgen.decks.protocols import sampled_files
from deckgen.errors import InputError, RunError
from deckgen.files import require_file
from deckgen.runs.external.read import read_log_energies
from deckgen.runs.external.run import ExternalRun
from deckgen.runs.harvest import harvest
from deckgen.samples import Samples, TimeSeries
from deckgen.study import Study
from deckgen.units import HIGHEST_K, LOWEST_K
from deckgen.workflows.analyse.temperature import kinetic_temperature

__all__ = ["External", "ExternalSource", "gather", "read_external"]

External = Mapping[float, Path | str]


@dataclass(frozen=True)
class ExternalSource:
    """A file of a run made elsewhere: its temperature, what it holds, and its checksum."""

    temperature_K: float
    file: Path
    run: ExternalRun
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return what results/thermodynamics.json says of it under `external`."""
        return {
            "temperature_K": self.temperature_K,
            "file": str(self.file),
            "n_rows": len(self.run.potential_energy_eV),
            "dropped_rows": self.run.dropped_rows,
            "interval_ps": self.run.interval_ps,
            "units": self.run.units,
            "per_atom": self.run.per_atom,
            "sha256": self.sha256,
        }


def read_external(
    external: External, *, units: str | None = None, n_atoms: int | None = None
) -> tuple[ExternalSource, ...]:
    """Read the energies of runs made elsewhere, one run per temperature.

    Parameters
    ----------
    external
        Files by temperature (K); a file of several rungs at each of them.
    units
        Style of LAMMPS' `units` of the files that do not state theirs.
    n_atoms
        For files with energies per atom that do not state it.

    Raises
    ------
    InputError
        If a temperature is out of all range or a file has no energies in known units.
    """
    sources = []
    for temperature, path in sorted(external.items()):
        if not LOWEST_K <= temperature <= HIGHEST_K:
            raise InputError(
                f"{path}: its temperature is given as {temperature:g} K; it must be positive, from {LOWEST_K:g} to "
                f"{HIGHEST_K:g} K"
            )
        require_file(Path(path))
        with unchanged(Path(path)):
            checksum = sha256_of(Path(path))
            run = read_log_energies(path, units=units, n_atoms=n_atoms, temperature_K=temperature)
        sources.append(ExternalSource(float(temperature), Path(path).resolve(), run, checksum))
    return tuple(sources)


def gather(study: Study | None, folder: Path, sources: Sequence[ExternalSource], n_atoms: int | None) -> Samples:
    """Return the samples of a study's own runs and of runs made elsewhere; without a study, of the latter alone.

    Raises
    ------
    InputError
        If the number of atoms is unknown, or differs between what was given, or a file is of another temperature.
    RunError
        If there are no samples at all.
    """
    own = None
    if study is not None and (not sources or sampled_files(folder, ENERGIES)):
        own = harvest(folder, moments=False)
        missing = set(study.ladder.rungs_K) - set(own.temperatures_K.tolist())
        own = replace(own, missing_K=tuple(sorted(missing | set(own.missing_K))))
    if not sources:
        if own is None:
            raise RunError(f"{folder}: there is neither a study.toml nor files of energies", hint="see: deckgen init")
        return own
    return _merge(own, sources, _one_size(study, own, sources, n_atoms))


def _one_size(study: Study | None, own: Samples | None, sources: Sequence[ExternalSource], n_atoms: int | None) -> int:
    """Return the number of atoms that all agree on."""
    said = {} if n_atoms is None else {"you": n_atoms}
    if own is not None:
        said["the study's decks"] = own.n_atoms
    elif study is not None and study.cluster.n_atoms is not None:
        said["study.toml"] = study.cluster.n_atoms
    said |= {str(source.file): source.run.n_atoms for source in sources if source.run.n_atoms is not None}
    if not said:
        raise InputError("the number of atoms is not known", hint="give it: --atoms 55")
    (first, n), *others = said.items()
    for who, other in others:
        if other != n:
            raise InputError(f"the number of atoms differs: {n} ({first}), {other} ({who})")
    return n


def _merge(own: Samples | None, sources: Sequence[ExternalSource], n_atoms: int) -> Samples:
    series = list(own.series) if own else []
    for source in sources:
        taken = [run.replica for run in series if run.temperature_K == source.temperature_K]
        energies, interval = source.run.potential_energy_eV, source.run.interval_ps or 1.0
        series.append(
            TimeSeries(
                temperature_K=source.temperature_K,
                time_ps=np.arange(1, len(energies) + 1, dtype=float) * interval,
                potential_energy_eV=energies,
                kinetic_temperature_K=kinetic_temperature(source.file, source.run, source.temperature_K, n_atoms),
                label=str(source.file),
                replica=max(taken, default=0) + 1,
                dropped_rows=source.run.dropped_rows,
            )
        )
    sampled = {run.temperature_K for run in series}
    if own is None:
        return Samples(n_atoms=n_atoms, series=tuple(series))
    return replace(own, series=tuple(series), missing_K=tuple(T for T in own.missing_K if T not in sampled))
