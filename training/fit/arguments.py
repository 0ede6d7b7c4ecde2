"""The arguments of gap_fit, and the descriptors in QUIP's notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deckgen.training.recipe.data import ENERGY_KEY, FORCES_KEY
from deckgen.training.recipe.fit import Fit, Soap, ThreeBody, TwoBody
from deckgen.training.recipe.folder import XML

__all__ = ["TRAINING_FILE", "descriptor_texts", "gap_fit_arguments", "soap_arguments"]

TRAINING_FILE = "train.extxyz"


def gap_fit_arguments(fit: Fit, e0: Mapping[str, float]) -> list[str]:
    """Return the arguments of gap_fit for a fit whose scales are all numbers.

    The regularisation stands in the training file, frame by frame: what is given here counts for none of them.
    """
    energies = ":".join(f"{symbol}:{energy_eV!r}" for symbol, energy_eV in sorted(e0.items()))
    return [
        f"at_file={TRAINING_FILE}",
        f"gap={{{' : '.join(_descriptors(fit))}}}",
        f"e0={{{energies}}}",
        f"default_sigma={{{fit.sigma.energy_eV_atom!r} {fit.sigma.force_eV_A!r} 0 0}}",
        f"energy_parameter_name={ENERGY_KEY}",
        f"force_parameter_name={FORCES_KEY}",
        f"sparse_jitter={fit.sparse_jitter!r}",
        f"rnd_seed={fit.seed}",
        "do_copy_at_file=F",
        "sparse_separate_file=T",
        f"gp_file={XML}",
        *fit.options.split(),
    ]


def descriptor_texts(fit: Fit) -> dict[str, str]:
    """Return each descriptor in use by its table of [fit], as gap_fit writes it to the xml but for the elements."""
    used = [name for name in ("two_body", "three_body", "soap") if getattr(fit, name).use]
    return dict(zip(used, _descriptors(fit), strict=True))


def soap_arguments(soap: Soap, atomic_numbers: Sequence[int]) -> str:
    """Return, in QUIP's notation, the SOAP descriptor of every atom of these elements."""
    numbers = " ".join(map(str, atomic_numbers))
    count = len(atomic_numbers)
    return f"{_soap_basis(soap)} n_Z={count} Z={{{numbers}}} n_species={count} species_Z={{{numbers}}}"


def _descriptors(fit: Fit) -> list[str]:
    """Return each descriptor in use; gap_fit itself repeats them for the elements."""
    found = []
    if fit.two_body.use:
        found.append(f"distance_2b {_gaussian(fit.two_body)}")
    if fit.three_body.use:
        found.append(f"angle_3b {_gaussian(fit.three_body)}")
    if fit.soap.use:
        kernel = f"covariance_type=dot_product zeta={fit.soap.zeta!r}"
        found.append(f"{_soap_basis(fit.soap)} {kernel} {_sparse(fit.soap)}")
    return found


def _gaussian(term: TwoBody | ThreeBody) -> str:
    kernel = f"covariance_type=ard_se theta_uniform={term.theta_A!r}"
    return f"cutoff={term.cutoff_A!r} cutoff_transition_width={term.transition_A!r} {kernel} {_sparse(term)}"


def _soap_basis(soap: Soap) -> str:
    return (
        f"soap cutoff={soap.cutoff_A!r} cutoff_transition_width={soap.transition_A!r} atom_sigma={soap.atom_sigma_A!r} "
        f"n_max={soap.n_max} l_max={soap.l_max} central_weight={soap.central_weight!r}"
    )


def _sparse(term: TwoBody | ThreeBody | Soap) -> str:
    return f"delta={term.delta_eV!r} n_sparse={term.n_sparse} sparse_method={term.sparse_method} {term.options}".strip()
