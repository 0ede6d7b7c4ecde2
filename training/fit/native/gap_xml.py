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
from deckgen.quip.descriptors import Descriptor
from deckgen.quip.gapfile import read_gap
from deckgen.quip.rows.soap import n_components
from deckgen.training.fit.arguments import descriptor_texts
from deckgen.training.fit.native.terms import GaussianTerm, Kind, SparsePoints, Term, kinds_of
from deckgen.training.recipe.fit import Fit

__all__ = ["read_points", "write_gap"]

Array = NDArray[np.float64]

TABLES = {"distance_2b": "two_body", "angle_3b": "three_body", "soap": "soap"}


def write_gap(path: Path, fit: Fit, e0: Mapping[str, float], terms: Sequence[Term], alpha: Array) -> None:
    """Write a potential.

    Parameters
    ----------
    path
        The xml; its name and label are in those of the files of sparse points beside it.
    fit
        The fit, for the descriptors' texts.
    e0
        Energy of the isolated atom of each element, eV.
    terms
        In the order of their columns.
    alpha : (n_sparse,)
        Coefficients of all sparse points, 1/eV.
    """
    label = "GAP_native"
    numbered = sorted((atomic_numbers[symbol], energy_eV) for symbol, energy_eV in e0.items())
    texts = descriptor_texts(fit)
    lines = [
        f"<{label}>",
        f'<Potential label="{label}" init_args="IP GAP label={label}"/>',
        f'<GAP_params label="{label}" gap_version="1769700636">',
        '  <GAP_data do_core="F">',
        *(f'    <e0 Z="{number}" value="{energy_eV!r}"/>' for number, energy_eV in numbered),
        "  </GAP_data>",
        f'  <gpSparse label="{label}" n_coordinate="{len(terms)}" fitted="T">',
    ]
    first = 0
    for index, term in enumerate(terms, start=1):
        text = f"{texts[term.kind.table]} {_elements_text(term)}"
        name = f"{label}{index}"
        end = first + len(term.points)
        lines += _coordinates(term, text, name, f"{path.name}.sparseX.{name}", alpha[first:end])
        _write_points(path.with_name(f"{path.name}.sparseX.{name}"), term.written)
        first = end
    lines += ["  </gpSparse>", "</GAP_params>", f"</{label}>"]
    write_whole(path, "\n".join(lines) + "\n")


def _elements_text(term: Term) -> str:
    """Return the elements of a descriptor as gap_fit writes them."""
    if isinstance(term, GaussianTerm):
        names = ("Z1", "Z2") if len(term.kind.elements) == 2 else ("Z", "Z1", "Z2")
        return " ".join(f"{name}={number}" for name, number in zip(names, term.kind.elements, strict=True))
    (centre,), densities = term.kind.elements, " ".join(map(str, term.elements))
    return f"n_species={len(term.elements)} Z={centre} species_Z={{{densities}}}"


def _kind_of(path: Path, text: str, elements: Sequence[int]) -> Kind | None:
    """Return the kind that a descriptor of a potential describes; None if the fit has no such term."""
    descriptor = Descriptor(path, text)
    table = TABLES.get(descriptor.name, "")
    given = {key: value.split() for key, value in descriptor.options.items()}
    if table == "soap":
        centres, densities = given.get("z", []), given.get("species_z", [])
        one = len(centres) == 1 and sorted(map(int, densities)) == sorted(elements)
        return Kind(table, (int(centres[0]),)) if one else None
    names = ("z1", "z2") if table == "two_body" else ("z" if "z" in given else "z_center", "z1", "z2")
    if not table or not all(len(given.get(name, ())) == 1 for name in names):
        return None
    numbers = [int(given[name][0]) for name in names]
    return Kind(table, (*numbers[:-2], *sorted(numbers[-2:])))


def _points_of(coordinate: ET.Element, folder: Path) -> tuple[Array, Array]:
    """Return the sparse points and cutoffs of a descriptor, from their file or from the xml itself."""
    points = list(coordinate.iter("sparseX"))
    file = coordinate.get("sparseX_filename")
    words = np.loadtxt(folder / file) if file else [word for point in points for word in _words(point)]
    cutoffs = np.array([float(point.get("sparseCutoff", "1")) for point in points])
    return np.array(words, dtype=np.float64).reshape(len(points), -1), cutoffs


def _words(point: ET.Element) -> list[str]:
    return " ".join(point.itertext()).split()


def _in_order(x: Array, text: str, path: Path, fit: Fit) -> Array:
    """Return SOAP vectors of a potential with its densities in rising order of their atomic numbers, without the 0."""
    densities = np.array(Descriptor(path, text).options.get("species_z", "").split(), dtype=int)
    n_l, n_max = fit.soap.l_max + 1, fit.soap.n_max
    width = n_components(fit.soap, len(densities))
    if x.shape[1] != width + 1:
        return x  # of another basis: refused by whoever asked
    function = np.concatenate([place * n_max + np.arange(n_max) for place in np.argsort(densities)])
    rows, columns = np.tril_indices(len(function))
    one, other = np.maximum(function[rows], function[columns]), np.minimum(function[rows], function[columns])
    pair = one * (one + 1) // 2 + other
    return x[:, (pair[:, None] * n_l + np.arange(n_l)).ravel()]


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


def read_points(path: Path, fit: Fit, elements: Sequence[int]) -> dict[Kind, SparsePoints]:
    """Return the sparse points of a GAP for each kind of the terms in use.

    Raises
    ------
    InputError
        If the potential is incomplete, or has other terms, elements or another SOAP basis than the fit.
    """
    gap = read_gap(path)
    coordinates = ET.parse(path).iter("gpCoordinates")  # noqa: S314 (read_gap has read it)
    found = dict[Kind | None, SparsePoints]()
    for text, coordinate in zip(gap.descriptors, coordinates, strict=True):
        kind = _kind_of(path, text, elements)
        x, cuts = _points_of(coordinate, path.parent)
        x = _in_order(x, text, path, fit) if kind and kind.table == "soap" else x
        found[kind] = SparsePoints(np.ascontiguousarray(x), cuts)
    wanted, width = kinds_of(fit, elements), n_components(fit.soap, len(elements))
    known = {kind: points for kind, points in found.items() if kind in wanted}
    fits = all(points.x.shape[1] == width for kind, points in known.items() if kind.table == "soap")
    tables = {kind.table for kind in known} == {kind.table for kind in wanted}
    if len(known) < len(gap.descriptors) or not tables or not fits:
        raise InputError(
            f"[fit] sparse_from = {str(path)!r}: its terms are {'; '.join(gap.descriptors)}, and those of the fit "
            f"{', '.join(map(str, wanted))}; or n_max and l_max differ",
            hint="a potential with the same terms, elements and SOAP basis",
        )
    return known
