"""Tables of `deckgen train` for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table

from deckgen.cli.output import plain
from deckgen.processes.display import duration
from deckgen.training.validation.errors import PERCENT_NOTE

if TYPE_CHECKING:
    from deckgen.training.curate import Curation
    from deckgen.training.dataset import Dataset
    from deckgen.training.fit.native.tune import Trial
    from deckgen.training.fit.record import FitResult
    from deckgen.training.read import Reading
    from deckgen.training.validation.errors import ErrorTable, PotentialErrors
    from deckgen.workflows.train.rounds import Round, SetErrors
    from deckgen.workflows.train.validate import Validated

__all__ = [
    "curation_table",
    "dataset_rows",
    "dataset_table",
    "error_tables",
    "fit_summary",
    "reading_account",
    "round_summary",
    "round_table",
]


def dataset_rows(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the number of frames and the ranges of their labels for each size."""
    rows = []
    for size in dataset.sizes:
        frames = dataset.of_size(size).frames
        energies = [frame.energy_eV / size for frame in frames]
        rows.append(
            {
                "n_atoms": size,
                "n_frames": len(frames),
                "n_trajectories": len({frame.trajectory for frame in frames}),
                "lowest_energy_eV_atom": min(energies),
                "highest_energy_eV_atom": max(energies),
                "largest_force_eV_A": float(max(abs(frame.forces_eV_A).max() for frame in frames)),
            }
        )
    return rows


def dataset_table(dataset: Dataset) -> RenderableType:
    """Return how many frames of each size there are, their energies and the isolated atoms'."""
    table = _table("atoms", "frames", "trajectories", "E / eV/atom from", "to", "largest force / eV/A")
    for row in dataset_rows(dataset):
        size, frames, trajectories, lowest, highest, force = row.values()
        table.add_row(str(size), str(frames), str(trajectories), f"{lowest:.4f}", f"{highest:.4f}", f"{force:.3f}")
    atoms = ", ".join(f"{symbol} {energy:.5f} eV" for symbol, energy in sorted(dataset.isolated_eV.items()))
    return Group(table, f"{len(dataset)} frames; isolated atoms: {atoms or 'none'}")


def reading_account(reading: Reading) -> str:
    """Return in one line what became of every frame in the files."""
    counts = {"used": len(reading.dataset), "isolated atoms": reading.n_isolated, **reading.left_out}
    words = [f"{count} {what}" for what, count in counts.items() if count or what == "used"]
    return f"{reading.n_read} frames in the files: {plain(', '.join(words))}"


def curation_table(curation: Curation) -> RenderableType:
    """Return how many frames of each size are fitted, held out and left in the pool."""
    table = _table("atoms", "fitted", "held out", "pool")
    sets = (curation.train, curation.holdout, curation.pool)
    for size in sorted({size for dataset in sets for size in dataset.sizes}):
        table.add_row(str(size), *(str(len(dataset.of_size(size))) for dataset in sets))
    table.add_row("all", *(str(len(dataset)) for dataset in sets))
    held_out = ", ".join(curation.holdout_trajectories) or "none"
    return Group(table, f"{len(curation.dropped)} near-duplicates dropped; trajectories held out: {plain(held_out)}")


def fit_summary(result: FitResult) -> str:
    """Return a message on what was fitted."""
    errors = result.errors["all"]
    return (
        f"{result.n_frames} frames, {result.n_targets:,} energies and forces, {duration(result.seconds)}: on them "
        f"{errors['energy_rmse_meV_atom']:.2f} meV/atom and {errors['force_rmse_meV_A']:.1f} meV/A\n"
        f"{plain(result.xml)}; next: deckgen train validate"
    )


def error_tables(result: Validated) -> RenderableType:
    """Return the errors on each set, by cluster size and over all: of one potential, or of two side by side."""
    names = list(result.reports)
    letters = [f"{letter} = {plain(name)}" for letter, name in zip(LETTERS, names, strict=False)]
    tables = [
        _side_by_side(result, kind) if names[1:] else _errors(result, kind) for kind in SETS if _has(result, kind)
    ]
    note = f"[dim]E in meV/atom, F in meV/A, F max in eV/A. {plain(PERCENT_NOTE)}[/]"
    return Group(*tables, *(letters if names[1:] else ()), note)


SETS = {"holdout": "held out", "train": "fitted"}
LETTERS = "AB"


def _has(result: Validated, kind: str) -> bool:
    return kind in next(iter(result.reports.values())).errors


def _errors(result: Validated, kind: str) -> Table:
    table = _table("atoms", "frames", "E rmse", "mae", "max", "%", "F rmse", "pooled", "mae", "max", "%")
    table.title = SETS[kind]
    (report,) = result.reports.values()
    for size, errors in _rows(report.errors[kind]):
        table.add_row(
            size,
            str(errors.n_frames),
            _short(errors.energy_rmse_meV_atom),
            _short(errors.energy_mae_meV_atom),
            _short(errors.energy_max_meV_atom),
            _short(errors.percent_energy),
            _short(errors.force_rmse_meV_A),
            _short(errors.force_pooled_rmse_meV_A),
            _short(errors.force_mae_meV_A),
            _short(errors.max_force_error_eV_A, 3),
            _short(errors.percent_force),
        )
    return table


def _side_by_side(result: Validated, kind: str) -> Table:
    """Return the main errors of two potentials side by side."""
    letters = LETTERS[: len(result.reports)]
    table = _table(
        "atoms", "frames", *(f"{heading}\n{letter}" for heading in ("E rmse", "F rmse", "F max") for letter in letters)
    )
    table.title = SETS[kind]
    rows = [_rows(report.errors[kind]) for report in result.reports.values()]
    for together in zip(*rows, strict=True):
        (size, first), both = together[0], [errors for _, errors in together]
        table.add_row(
            size,
            str(first.n_frames),
            *(_short(errors.energy_rmse_meV_atom) for errors in both),
            *(_short(errors.force_rmse_meV_A) for errors in both),
            *(_short(errors.max_force_error_eV_A, 3) for errors in both),
        )
    return table


def _rows(table: ErrorTable) -> list[tuple[str, PotentialErrors]]:
    """Return each size, then all."""
    return [*((str(size), errors) for size, errors in table.by_size.items()), ("all", table.overall)]


def _short(value: float | None, digits: int = 2) -> str:
    """Return a number in a few characters."""
    return "" if value is None else f"{value:.{digits if value < 100 else 0}f}"


def round_table(rounds: Sequence[Round]) -> RenderableType:
    """Return the rounds of an augmentation, one row per round."""
    errors = ("E rmse", "F rmse", "F max")
    held_out = (f"held out\n{word}" for word in errors)
    table = _table(
        "round", *(f"fitted\n{word}" for word in ("frames", *errors)), *held_out, "pool\nframes", "pool\nF max"
    )
    for row in rounds:
        fitted, held, pool = (row.sets.get(kind) for kind in ("train", "holdout", "pool"))
        left = ("0", "") if pool is None else (str(pool.n_frames), _short(pool.max_force_error_eV_A, 3))
        table.add_row(str(row.number), str(row.n_train), *_three(fitted), *_three(held), *left)
    return Group(table, "[dim]E rmse in meV/atom, F rmse in meV/A, F max in eV/A[/]")


def _three(errors: SetErrors | None) -> tuple[str, str, str]:
    if errors is None:
        return "", "", ""
    numbers = errors.energy_rmse_meV_atom, errors.force_rmse_meV_A
    return _short(numbers[0]), _short(numbers[1]), _short(errors.max_force_error_eV_A, 3)


def trial_table(trials: Sequence[Trial]) -> RenderableType:
    """Return the trials of a tuning, one row each; the best of every key is marked."""
    table = _table("key", "value", "", "left out\nE rmse", "left out\nF rmse", "log likelihood")
    for one in trials:
        errors = _short(one.energy_meV_atom), _short(one.force_meV_A)
        table.add_row(one.key, f"{one.value:g}", "best" if one.best else "", *errors, f"{one.log_likelihood:.1f}")
    return Group(table, "[dim]E rmse in meV/atom, F rmse in meV/A[/]")


def round_summary(row: Round) -> str:
    """Return the results of a round in one line."""
    held_out = row.sets["holdout"]
    return (
        f"round {row.number}: {row.n_train} frames; held out {held_out.energy_rmse_meV_atom:.2f} meV/atom, "
        f"{held_out.force_rmse_meV_A:.1f} meV/A; largest force error of all {row.max_force_error_eV_A:.3f} eV/A; "
        f"{len(row.picks)} frames picked"
    )


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", title_style="bold", title_justify="left", pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
