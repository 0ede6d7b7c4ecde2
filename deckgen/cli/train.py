"""Commands of `deckgen train`: from configurations to a potential, step by step as gap.toml says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deckgen import train as steps
from deckgen.cli.machines import Detach, On, detached, executor_on
from deckgen.cli.output import HERE, Json, help_alone, out, plain, print_json

if TYPE_CHECKING:
    from deckgen.findings import Finding

__all__ = ["train_app"]

train_app = typer.Typer(
    help="Make a Gaussian approximation potential: sample, label, curate, fit, validate, augment.",
    invoke_without_command=True,
    callback=help_alone,
)

GapPath = Annotated[Path, typer.Argument(help="A training project's folder or its gap.toml.", metavar="GAP")]
Workers = Annotated[
    int | None, typer.Option(min=1, max=10_000, help="Number of processes; default: the number of cores.")
]


@train_app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.", metavar="DIR")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled frames: extxyz, vasprun.xml, OUTCAR, ASE databases.")
    ] = None,
) -> None:
    """Write a commented gap.toml."""
    recipe = steps.init(folder, files or ())
    todo = "curate" if files else "sample, label, curate"
    out.print(
        f"wrote {plain(recipe.file)}; edit it, then, with {plain(folder)} as GAP: deckgen train {todo}, fit, validate"
    )


@train_app.command()
def sample(
    gap: GapPath = HERE,
    workers: Workers = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace decks made with other settings (kept in decks.old).")
    ] = False,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Sample frames by dynamics, as [sample] says: frames/sampled.extxyz."""
    if detached(on, detach, gap, f"ls {gap}/frames"):
        return
    with executor_on(on, gap) as executor:
        sampled = steps.sample(gap, workers=workers, executor=executor, force=force)
    if as_json:
        print_json(asdict(sampled))
    elif sampled.n_frames:
        out.print(
            f"{sampled.n_frames} frames of {sampled.n_runs} runs: {plain(sampled.file)}; next: deckgen train label"
        )
    else:
        out.print(
            f"{sampled.n_runs} VASP folders: {plain(sampled.file)}; run VASP in each, then read them back: "
            '\\[data] files = ["frames/vasp/*/vasprun.xml"]'
        )
    _failures(sampled.failed, as_json)


@train_app.command()
def label(
    gap: GapPath = HERE,
    frames: Annotated[Path | None, typer.Option(help="The frames; default: frames/sampled.extxyz.")] = None,
    workers: Workers = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed frames again.")] = False,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Label the sampled frames with the calculator of [reference]: labels/labelled.extxyz."""
    if detached(on, detach, gap, f"tail {gap}/labels/labelled.extxyz"):
        return
    with executor_on(on, gap, drain=True) as executor:
        result = steps.label(gap, frames=frames, workers=workers, executor=executor, retry_failed=retry_failed)
    if as_json:
        print_json(asdict(result))
    else:
        out.print(f"{result.n_labelled} frames labelled, {result.n_known} were before: {plain(result.file)}")
        if result.n_waiting:
            out.print(f"{result.n_waiting} VASP folders have no result yet")
        if result.n_failed_before:
            out.print(f"{result.n_failed_before} failed before; --retry-failed tries them again")
        _findings(result.findings)
    _failures([f"{failed.source}: {failed.reason}" for failed in result.failed], as_json)


@train_app.command()
def read(gap: GapPath = HERE, as_json: Json = False) -> None:
    """Read and check the labelled frames that [data] names."""
    from deckgen.cli.train_tables import dataset_rows, dataset_table, reading_account

    reading = steps.read(gap)
    if as_json:
        account = {name: getattr(reading, name) for name in ("n_read", "n_isolated", "left_out")}
        rows = dataset_rows(reading.dataset)
        print_json({"sizes": rows, **account, "findings": [asdict(f) for f in reading.findings]})
        return
    out.print(dataset_table(reading.dataset))
    out.print(reading_account(reading))
    _findings(reading.findings)


@train_app.command()
def curate(gap: GapPath = HERE, workers: Workers = None, as_json: Json = False) -> None:
    """Drop near-duplicates, select frames, and hold trajectories out: curated/."""
    from deckgen.cli.train_tables import curation_table

    result = steps.curate(gap, workers=workers)
    if as_json:
        print_json(result.curation.to_json() | {"findings": [asdict(finding) for finding in result.findings]})
        return
    _findings(result.findings)
    out.print(curation_table(result.curation))
    out.print(f"wrote {plain(result.folder)}; next: deckgen train fit")


@train_app.command()
def fit(
    gap: GapPath = HERE,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Threads of gap_fit, or processes; default: the cores."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit the potential: fit/gap.xml."""
    from deckgen.cli.train_tables import fit_summary

    result = steps.fit(gap, threads=threads, progress=not as_json)
    if as_json:
        print_json(asdict(result))
    else:
        out.print(fit_summary(result))


@train_app.command()
def predict(
    gap: GapPath = HERE,
    frames: Annotated[Path | None, typer.Option(help="The frames; default: frames/sampled.extxyz.")] = None,
    model: Annotated[Path | None, typer.Option(help="A potential other than fit/gap.xml.", metavar="XML")] = None,
    workers: Workers = None,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Predict energies and forces of frames by the potential: predicted/."""
    if detached(on, detach, gap, f"ls {gap}/predicted"):
        return
    with executor_on(on, gap) as executor:
        result = steps.predict(gap, frames=frames, model=model, workers=workers, executor=executor)
    if as_json:
        print_json(asdict(result))
    else:
        out.print(f"energies and forces of {result.n_frames} frames by {plain(result.xml)}: {plain(result.file)}")


@train_app.command()
def validate(
    gap: GapPath = HERE,
    model: Annotated[Path | None, typer.Option(help="A potential other than fit/gap.xml.", metavar="XML")] = None,
    against: Annotated[Path | None, typer.Option(help="A second potential to put beside it.", metavar="XML")] = None,
    workers: Workers = None,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Compare the potential with the labels: a table, and validation/ with errors.json, figures and report.html."""
    from deckgen.cli.train_tables import error_tables

    if detached(on, detach, gap, f"ls {gap}/validation"):
        return
    with executor_on(on, gap) as executor:
        result = steps.validate(gap, model=model, against=against, workers=workers, executor=executor)
    if as_json:
        print_json({name: report.to_json() for name, report in result.reports.items()})
        return
    out.print(error_tables(result))
    _warn(result.warnings)
    out.print(f"open {plain(result.page)}")


@train_app.command()
def tune(gap: GapPath = HERE, workers: Workers = None, as_json: Json = False) -> None:
    """Compare hyperparameters of the fit on left-out trajectories, as [tune] says: tune.json."""
    from deckgen.cli.train_tables import trial_table

    result = steps.tune(gap, workers=workers)
    if as_json:
        print_json(asdict(result))
        return
    out.print(trial_table(result.trials))
    out.print(f"wrote {plain(result.file)}; put what you choose into \\[fit] of gap.toml, then: deckgen train fit")


@train_app.command()
def augment(
    gap: GapPath = HERE, workers: Workers = None, on: On = None, detach: Detach = False, as_json: Json = False
) -> None:
    """Add the frames with the largest force errors and fit again, round by round: augment/."""
    from deckgen.cli.train_tables import round_summary, round_table

    if detached(on, detach, gap, f"tail {gap}/augment/rounds.json"):
        return
    with executor_on(on, gap, drain=True) as executor:
        result = steps.augment(
            gap,
            workers=workers,
            executor=executor,
            show=lambda row: None if as_json else out.print(round_summary(row)),
        )
    if as_json:
        print_json(asdict(result))
        return
    out.print(round_table(result.rounds))
    out.print(f"{plain(result.outcome)}\nthe best potential is that of round {result.best.number}: {plain(result.xml)}")


def _findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        out.print(f"[yellow]warning ({finding.code}):[/] {plain(finding.message)}")


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        out.print(f"[yellow]warning:[/] {plain(message)}")


def _failures(messages: Sequence[str], as_json: bool) -> None:
    """Print what failed, and exit with code 1 if anything did."""
    for message in () if as_json else messages:
        out.print(f"[red]failed:[/] {plain(message)}")
    if messages:
        raise typer.Exit(1)
