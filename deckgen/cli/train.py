"""Commands of `deckgen train`: from configurations to a potential, step by step as gap.toml says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deckgen.cli.output import HERE, Json, out, print_json

if TYPE_CHECKING:
    from deckgen.findings import Finding

__all__ = ["train_app"]

train_app = typer.Typer(
    help="Make a Gaussian approximation potential: sample, label, curate, fit, validate, augment.", no_args_is_help=True
)

GapPath = Annotated[Path, typer.Argument(help="A training project's folder or its gap.toml.", metavar="GAP")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes at once; default: the number of cores.")]


@train_app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.", metavar="DIR")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled frames: extxyz, vasprun.xml, OUTCAR, ASE databases.")
    ] = None,
) -> None:
    """Write a commented gap.toml."""
    from deckgen.workflows.train.init import new_project

    recipe = new_project(folder, files or ())
    steps = "curate" if files else "sample, label, curate"
    out.print(f"wrote {recipe.file}; edit it, then, with {folder} as GAP: deckgen train {steps}, fit, validate")


@train_app.command()
def sample(
    gap: GapPath = HERE,
    workers: Workers = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace decks of other settings (kept in decks.old).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Sample frames by dynamics, as [sample] says: frames/sampled.extxyz."""
    from deckgen.workflows.train.sample.sample import sample as sample_frames

    sampled = sample_frames(gap, workers=workers, force=force)
    if as_json:
        print_json(asdict(sampled))
    elif sampled.n_frames:
        out.print(f"{sampled.n_frames} frames of {sampled.n_runs} runs: {sampled.file}; next: deckgen train label")
    else:
        out.print(
            f"{sampled.n_runs} VASP folders: {sampled.file}; run VASP in each, then read them back: "
            '\\[data] files = ["frames/vasp/*/vasprun.xml"]'
        )
    _failures(sampled.failed, as_json)


@train_app.command()
def label(
    gap: GapPath = HERE,
    frames: Annotated[Path | None, typer.Option(help="Other frames than frames/sampled.extxyz.")] = None,
    workers: Workers = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed frames again.")] = False,
    as_json: Json = False,
) -> None:
    """Label the sampled frames with the calculator of [reference]: labels/labelled.extxyz."""
    from deckgen.workflows.train.label import label as label_frames

    result = label_frames(gap, frames, workers=workers, retry_failed=retry_failed)
    if as_json:
        print_json(asdict(result))
    else:
        out.print(f"{result.n_labelled} frames labelled, {result.n_known} were before: {result.file}")
        if result.n_waiting:
            out.print(f"{result.n_waiting} VASP folders have no result yet")
        if result.n_failed_before:
            out.print(f"{result.n_failed_before} failed before; --retry-failed tries them again")
        _findings(result.findings)
    _failures([f"{failed.source}: {failed.reason}" for failed in result.failed], as_json)


@train_app.command()
def read(gap: GapPath = HERE, as_json: Json = False) -> None:
    """Read and check the labelled frames that [data] names."""
    from deckgen.cli.train_tables import dataset_rows, dataset_table
    from deckgen.training.read import read_data
    from deckgen.training.recipe import Recipe

    recipe = Recipe.read(gap)
    reading = read_data(recipe.data, recipe.folder)
    if as_json:
        print_json({"sizes": dataset_rows(reading.dataset), "findings": [asdict(f) for f in reading.findings]})
        return
    out.print(dataset_table(reading.dataset))
    _findings(reading.findings)


@train_app.command()
def curate(gap: GapPath = HERE, workers: Workers = None, as_json: Json = False) -> None:
    """Drop near-duplicates, select, and hold trajectories out: curated/."""
    from deckgen.cli.train_tables import curation_table
    from deckgen.training.curate import CURATED, write_curation
    from deckgen.training.curate import curate as curate_frames
    from deckgen.training.read import read_data
    from deckgen.training.recipe import Recipe

    recipe = Recipe.read(gap)
    reading = read_data(recipe.data, recipe.folder)
    curation = curate_frames(recipe, reading.dataset, workers=workers)
    write_curation(curation, recipe.folder / CURATED)
    if as_json:
        print_json(curation.to_json() | {"findings": [asdict(finding) for finding in reading.findings]})
        return
    _findings(reading.findings)
    out.print(curation_table(curation))
    out.print(f"wrote {recipe.folder / CURATED}; next: deckgen train fit")


@train_app.command()
def fit(
    gap: GapPath = HERE,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of gap_fit; default: the number of cores.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit the potential with gap_fit: fit/gap.xml."""
    from deckgen.cli.train_tables import fit_words
    from deckgen.training.fit.fit import fit as fit_potential
    from deckgen.training.recipe import Recipe
    from deckgen.workflows.train.validate import FIT, curated_sets

    recipe = Recipe.read(gap)
    train = curated_sets(recipe)["train"]
    err = Console(stderr=True, highlight=False, soft_wrap=True, quiet=as_json)
    result = fit_potential(
        recipe, train, recipe.folder / FIT, threads=threads, progress=lambda stage: err.print(escape(stage))
    )
    if as_json:
        print_json(asdict(result))
    else:
        out.print(fit_words(result))


@train_app.command()
def validate(
    gap: GapPath = HERE,
    model: Annotated[Path | None, typer.Option(help="Another potential than fit/gap.xml.", metavar="XML")] = None,
    against: Annotated[Path | None, typer.Option(help="A second potential, side by side.", metavar="XML")] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Compare the potential with the labels: a table, validation/errors.json, figures and report.html."""
    from deckgen.cli.train_tables import error_tables
    from deckgen.workflows.train.validate import validate as validate_potential

    result = validate_potential(gap, model=model, against=against, workers=workers)
    if as_json:
        print_json({name: report.to_json() for name, report in result.reports.items()})
        return
    out.print(error_tables(result))
    _warn(result.warnings)
    out.print(f"open {result.page}")


@train_app.command()
def augment(gap: GapPath = HERE, workers: Workers = None, as_json: Json = False) -> None:
    """Add the frames with the largest force errors and fit again, round by round: augment/."""
    from deckgen.cli.train_tables import round_table, round_words
    from deckgen.workflows.train.augment import augment as improve

    result = improve(gap, workers=workers, show=lambda row: None if as_json else out.print(round_words(row)))
    if as_json:
        print_json(asdict(result))
        return
    out.print(round_table(result.rounds))
    out.print(f"{result.outcome}\nthe best potential is that of round {result.best.number}: {result.xml}")


def _findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        out.print(f"[yellow]warning ({finding.code}):[/] {escape(finding.message)}")


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        out.print(f"[yellow]warning:[/] {escape(message)}")


def _failures(messages: Sequence[str], as_json: bool) -> None:
    """Say what failed, and end with exit code 1 where something did."""
    for message in () if as_json else messages:
        out.print(f"[red]failed:[/] {escape(message)}")
    if messages:
        raise typer.Exit(1)
