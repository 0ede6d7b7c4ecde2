"""A GAP's files as gap_fit writes them: the xml, and a file of sparse points for each term."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.files import whole, write_whole
from deckgen.quip.gapfile import read_gap
from deckgen.training.fit.arguments import descriptor_texts
from deckgen.training.fit.native.terms import GaussianTerm, SparsePoints, Term
from deckgen.training.recipe.fit import Fit

__all__ = ["read_points", "write_gap"]

Array = NDArray[np.float64]

TABLES = {"distance_2b": "two_body", "angle_3b": "three_body", "soap": "soap"}


def write_gap(path: Path, fit: Fit, e0: Mapping[str, float], terms: Sequence[Term], alpha: Array) -> None:
    """Write a potential of one element.

    Parameters
    ----------
    path
        The xml; its name and label are in those of the files of sparse points beside it.
    fit
        The fit, for the descriptors' texts.
    e0
        Energy of the isolated atom of the element, eV.
    terms
        In the order of their columns.
    alpha : (n_sparse,)
        Coefficients of all sparse points, 1/eV.
    """
    label = "GAP_native"
    ((symbol, e0_eV),) = e0.items()
    number = atomic_numbers[symbol]
    lines = [
        f"<{label}>",
        f'<Potential label="{label}" init_args="IP GAP label={label}"/>',
        f'<GAP_params label="{label}" gap_version="1769700636">',
        '  <GAP_data do_core="F">',
        f'    <e0 Z="{number}" value="{e0_eV!r}"/>',
        "  </GAP_data>",
        f'  <gpSparse label="{label}" n_coordinate="{len(terms)}" fitted="T">',
    ]
    first = 0
    for index, (term, text) in enumerate(zip(terms, descriptor_texts(fit, number), strict=True), start=1):
        name = f"{label}{index}"
        end = first + len(term.points)
        lines += _coordinates(term, text, name, f"{path.name}.sparseX.{name}", alpha[first:end])
        _write_points(path.with_name(f"{path.name}.sparseX.{name}"), term.written)
        first = end
    lines += ["  </gpSparse>", "</GAP_params>", f"</{label}>"]
    write_whole(path, "\n".join(lines) + "\n")


def _write_points(path: Path, x: Array) -> None:
    """Write a number per line, point by point: all lines at once would be larger than the points many times over."""
    with whole(path) as part, part.open("w", encoding="utf-8") as file:
        for point in x:
            file.writelines(f"{component!r}\n" for component in point.tolist())


def _coordinates(term: Term, text: str, label: str, file: str, alpha: Array) -> list[str]:
    n, dimensions = term.written.shape
    if isinstance(term, GaussianTerm):
        kernel, permutation = 'covariance_type="1"', " ".join(str(k) for k in range(1, dimensions + 1))
        theta = [f"      <theta> {' '.join(map(repr, term.theta_A.tolist()))} </theta>"]
    else:
        kernel, permutation, theta = f'covariance_type="2" zeta="{term.settings.zeta!r}"', "1", []
    weights = zip(alpha.tolist(), term.points.cutoffs.tolist(), strict=True)
    return [
        f'    <gpCoordinates label="{label}" dimensions="{dimensions}" signal_variance="{term.settings.delta_eV!r}" '
        f'signal_mean="0.0" sparsified="T" n_permutations="1" {kernel} n_sparseX="{n}" sparseX_filename="{file}">',
        *theta,
        f"      <descriptor>{escape(text)}</descriptor>",
        f'      <permutation i="1">{permutation}</permutation>',
        *(f'      <sparseX i="{i}" alpha="{a!r}" sparseCutoff="{c!r}"/>' for i, (a, c) in enumerate(weights, start=1)),
        "    </gpCoordinates>",
    ]


def read_points(path: Path, fit: Fit) -> dict[str, SparsePoints]:
    """Return the sparse points of a GAP for each table of [fit] that is in use.

    Raises
    ------
    InputError
        If the potential is incomplete, or has other terms or another SOAP basis than the fit.
    """
    gap = read_gap(path)
    cutoffs = [
        np.array([float(point.get("sparseCutoff", "1")) for point in coordinate.iter("sparseX")])
        for coordinate in ET.parse(path).iter("gpCoordinates")  # noqa: S314 (read_gap has read it)
    ]
    found = dict[str, SparsePoints]()
    for text, file, cuts in zip(gap.descriptors, gap.sparse_files, cutoffs, strict=True):
        table = TABLES.get(text.split()[0], "")
        x = np.loadtxt(file).reshape(len(cuts), -1)
        found[table] = SparsePoints(np.ascontiguousarray(x[:, :-1] if table == "soap" else x), cuts)
    wanted = [name for name in TABLES.values() if getattr(fit, name).use]
    width = fit.soap.n_max * (fit.soap.n_max + 1) // 2 * (fit.soap.l_max + 1)
    if sorted(found) != sorted(wanted) or ("soap" in found and found["soap"].x.shape[1] != width):
        raise InputError(
            f"[fit] sparse_from = {str(path)!r}: its terms are {', '.join(found)} and those of the fit "
            f"{', '.join(wanted)}, or n_max and l_max differ",
            hint="a potential with the same terms and the same SOAP basis",
        )
    return found
