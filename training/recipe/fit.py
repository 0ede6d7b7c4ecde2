"""What gap.toml says about the fit: its table [fit], a table a descriptor, the regularisation, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from deckgen.toml import Count, Positive, Table

__all__ = ["PRESETS", "Fit", "Sigma", "SigmaRule", "Soap", "ThreeBody", "TwoBody"]

Scale = Annotated[float, Field(ge=0, le=1e6)]
Cutoff = Annotated[float, Field(gt=0, le=100)]
SparseMethod = Literal["uniform", "random", "cur_points", "cur_covariance", "covariance", "kmeans", "pivot", "cluster"]


class _Descriptor(Table):
    """What all descriptors have in common."""

    use: bool = True
    """Whether the potential has this term."""
    cutoff_A: Cutoff = 9.0
    """Cutoff radius."""
    transition_A: Positive = 0.5
    """Width of the region inside the cutoff over which the term goes to zero."""
    delta_eV: Scale = 0.1
    """Energy scale of one instance of the term (a pair, a triplet, an atom); 0: from the data."""
    n_sparse: Count = 100
    """Number of sparse points."""
    sparse_method: SparseMethod = "uniform"
    """How gap_fit chooses the sparse points."""
    options: str = ""
    """Further options of this descriptor, in the syntax of gap_fit."""

    @model_validator(mode="after")
    def _check_cutoff(self) -> Self:
        if self.transition_A > self.cutoff_A:
            raise ValueError(f"transition_A = {self.transition_A:g} must not exceed cutoff_A = {self.cutoff_A:g}")
        return self


class TwoBody(_Descriptor):
    """Pairs: a Gaussian kernel in their distance."""

    delta_eV: Scale = 0.3
    """Energy scale of a pair; 0: from the data."""
    theta_A: Positive = 1.2
    """Length scale of the kernel."""
    n_sparse: Count = 25
    """Number of sparse points."""


class ThreeBody(_Descriptor):
    """Triplets: a Gaussian kernel in r12 + r13, (r12 - r13)^2 and r23."""

    use: bool = False
    """Whether the potential has this term."""
    cutoff_A: Cutoff = 5.5
    """Cutoff of the distances from the central atom."""
    delta_eV: Scale = 0.01
    """Energy scale of a triplet; 0: from the data."""
    theta_A: Positive = 1.2
    """Length scale of the kernel, the same in its three dimensions."""


class Soap(_Descriptor):
    """Neighbourhoods of atoms: a polynomial kernel of the SOAP power spectrum."""

    transition_A: Positive = 2.0
    """Width of the region inside the cutoff over which neighbours fade out."""
    delta_eV: Scale = 1.0
    """Energy scale of an atom; 0: from the data."""
    atom_sigma_A: Positive = 1.0
    """Width of the Gaussian that represents an atom."""
    n_max: Annotated[int, Field(ge=1, le=30)] = 8
    """Number of radial basis functions."""
    l_max: Annotated[int, Field(ge=0, le=20)] = 4
    """Highest angular momentum."""
    zeta: Annotated[float, Field(ge=1, le=100)] = 4.0
    """Exponent of the kernel."""
    central_weight: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Weight of the central atom in its own neighbourhood."""
    n_sparse: Count = 600
    """Number of sparse points; the cost of the fit and of every MD step grows with it."""
    sparse_method: SparseMethod = "cur_points"
    """How gap_fit chooses the sparse points."""


class SigmaRule(Table):
    """A different regularisation for some configurations."""

    config_type: str = ""
    """Only configurations of this config_type; empty: of any."""
    min_atoms: Count = 1
    """Only configurations with at least this many atoms."""
    max_atoms: Count | None = None
    """Only configurations with at most this many atoms."""
    energy_eV_atom: Positive
    """As in [fit.sigma]."""
    force_eV_A: Positive
    """As in [fit.sigma]."""

    def applies(self, config_type: str, n_atoms: int) -> bool:
        """Return whether the rule applies to such a configuration."""
        top = self.max_atoms or n_atoms
        return self.config_type in ("", config_type) and self.min_atoms <= n_atoms <= top


SMALL = (
    SigmaRule(max_atoms=8, energy_eV_atom=0.01, force_eV_A=0.1),
    SigmaRule(max_atoms=45, energy_eV_atom=0.01, force_eV_A=0.06),
)


class Sigma(Table):
    """Regularisation: the expected errors of the potential on the labels."""

    energy_eV_atom: Scale = 0.004
    """Of the energy, per atom; 0: from the data. For a configuration of N atoms it is multiplied by sqrt(N), as gap_fit
    does: the errors of the atoms count as independent."""
    force_eV_A: Scale = 0.02
    """Of a force component; 0: from the data."""
    isolated_eV: Positive = 0.0001
    """Of the energy of the isolated atom."""
    rules: tuple[SigmaRule, ...] = SMALL
    """Exceptions for some configurations; the first rule that applies is used."""


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "paper": {
        "two_body": {"delta_eV": 0.001, "cutoff_A": 12.9, "n_sparse": 20, "theta_A": 0.6},
        "three_body": {"use": True, "delta_eV": 0.001, "cutoff_A": 3.5, "n_sparse": 100, "theta_A": 0.6},
        "soap": {
            "delta_eV": 0.04,
            "cutoff_A": 12.9,
            "transition_A": 1.0,
            "atom_sigma_A": 0.6,
            "n_max": 12,
            "l_max": 6,
            "zeta": 4.0,
            "n_sparse": 6000,
        },
    },
}
"""Hyperparameters that differ from the defaults of the tables. "paper" is Table 1 of the sodium-cluster study that
deckgen follows; it gives no sigma: those of the defaults stand, and its 0.6 for pairs and triplets is read as theta."""


class Fit(Table):
    """The fit: its descriptors and regularisation. Keys that are given override those of the preset."""

    engine: Literal["gap_fit", "native"] = "gap_fit"
    """What solves the least squares: QUIP's gap_fit, or deckgen itself: the same potential with a memory that does not
    grow with the data, of free clusters."""
    preset: Literal["default", "paper"] = "default"
    """Hyperparameters to start from: a compromise of speed and accuracy, or the published ones."""
    two_body: TwoBody = TwoBody()
    three_body: ThreeBody = ThreeBody()
    soap: Soap = Soap()
    sigma: Sigma = Sigma()
    sparse_jitter: Positive = 1e-8
    """Added to the diagonal of the sparse points' covariance."""
    seed: Annotated[int, Field(ge=0, le=2_000_000_000)] = 1
    """Seed of the random choices of gap_fit; a fit is reproducible."""
    options: str = ""
    """Further options of gap_fit, in its syntax."""
    sparse_from: str = ""
    """engine = "native": the xml of a GAP with the same terms whose sparse points are used, instead of own ones."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """Lay the given keys over the preset; a table that is given is used, unless it says otherwise."""
        if not isinstance(given, dict):
            return given
        tables = ("two_body", "three_body", "soap")
        used = {name: {"use": True} for name in tables if isinstance(given.get(name), dict)}
        preset = PRESETS.get(str(given.get("preset", "default")), {})
        return _laid_over(_laid_over(preset, used), given)

    @model_validator(mode="after")
    def _one_engine(self) -> Self:
        if self.engine == "gap_fit" and self.sparse_from:
            raise ValueError('sparse_from goes with engine = "native"')
        tables: dict[str, Table] = {"": self}
        tables |= {"two_body.": self.two_body, "three_body.": self.three_body, "soap.": self.soap}
        for name, table in tables.items():
            given = {key: getattr(table, key, None) for key in ("options", "sparse_method")}
            others = [key for key, value in given.items() if value and value != type(table).model_fields[key].default]
            if self.engine == "native" and others:
                raise ValueError(f'{name}{others[0]} is gap_fit\'s: engine = "native" has none')
        return self

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.two_body.use or self.three_body.use or self.soap.use):
            raise ValueError("two_body, three_body and soap are all out of use: nothing is left to fit")
        return self


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Join two nested mappings; where both have a value, the one above counts."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        joined[key] = _laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return joined
