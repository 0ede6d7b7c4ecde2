"""Commands of a study, in the order in which they are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deckgen import __version__
from deckgen.cli.machines import Detach, On, detached, executor_on
from deckgen.cli.output import HERE, Json, Pdf, StudyPath, err, out, plain, print_json
from deckgen.errors import DeckgenError, InputError, RunError
from deckgen.processes.display import visible

if TYPE_CHECKING:
    from deckgen.decks.deck import WrittenDeck
    from deckgen.decks.render import Prepared
    from deckgen.runs.batch import FailedDeck

__all__ = ["analyse", "decks", "init", "pack", "report", "run", "status"]


def init(
    folder: Annotated[Path, typer.Argument(help="The new study's folder.", metavar="DIR")],
    element: Annotated[str, typer.Option(help="Chemical symbol.")] = "Na",
    size: Annotated[int, typer.Option(help="Number of atoms.")] = 55,
    potential: Annotated[str, typer.Option(help="A built-in potential.")] = "na-gap",
) -> None:
    """Write a commented study.toml into a new folder."""
    from deckgen.decks.scaffold import init as make

    study = make(folder, element=element, size=size, potential=potential)
    out.print(f"wrote {plain(study.file)}; edit it, then: deckgen run {plain(folder)}")


def decks(
    study: StudyPath = HERE,
    force: Annotated[bool, typer.Option("--force", help="Replace decks of another study (kept in decks.old).")] = False,
    timing: Annotated[bool, typer.Option(help="Measure the cost with a few real steps.")] = True,
    temper: Annotated[
        bool, typer.Option("--temper", help="Instead, one deck per ladder for LAMMPS' own exchange by MPI.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the decks and say what they will cost; exit code 1 where LAMMPS refuses the one that is tried."""
    if temper:
        _write_temper(_prepared(study), as_json=as_json)
        return
    from deckgen.cli.study_tables import deck_rows, deck_table
    from deckgen.decks.deck import write_decks
    from deckgen.decks.own_templates import own_templates

    prepared = _prepared(study)
    own = own_templates(prepared)
    written = write_decks(prepared, force=force)
    if own.names:
        err.print(plain(own))
    if timing and own.reach_out:
        err.print("the cost is not measured: that would run them")
    seconds = _seconds_per_step(written) if timing and not own.reach_out else None
    failure = seconds if isinstance(seconds, RunError) else None
    cost = seconds if isinstance(seconds, float) else None
    if as_json:
        print_json(deck_rows(written, cost))
    else:
        out.print(deck_table(written, cost))
    if failure is not None:
        raise RunError(f"the decks are written, but this one does not run: {failure.message}", hint=failure.hint)


def _write_temper(prepared: Prepared, *, as_json: bool) -> None:
    from deckgen.cli.study_tables import deck_rows
    from deckgen.decks.temper import write_temper_decks

    written = write_temper_decks(prepared)
    if as_json:
        print_json(deck_rows(written, None))
        return
    for deck in written:
        out.print(f"wrote {plain(deck.folder)}: how it is run, and resumed, stands at the top of its in.lammps")


def _prepared(study: Path) -> Prepared:
    """Prepare a study, and say what a user should know of its start structure."""
    from deckgen.decks.render import prepare

    prepared = prepare(study)
    for remark in prepared.remarks:
        err.print(plain(remark))
    return prepared


def _seconds_per_step(written: list[WrittenDeck]) -> float | RunError | None:
    """Time a few steps of one NVT deck; why it does not run; None where nothing runs here (doctor says why)."""
    from deckgen.runs.timing import time_deck

    try:
        return time_deck(next(deck.folder for deck in written if deck.manifest.n_steps))
    except RunError as error:
        return error
    except DeckgenError as error:
        err.print(f"the cost could not be measured: {plain(error.message)}")
        return None


def pack(
    study: StudyPath = HERE,
    decks: Annotated[
        list[str] | None,
        typer.Argument(metavar="DECK", help="As nvt/T0281.000K-r1; all of the ladder's by default."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The archive; default: STUDY-decks.tar.gz here."),
    ] = None,
) -> None:
    """Pack decks into one .tar.gz that plain `lmp` runs on another machine."""
    from deckgen.decks.pack import pack as pack_decks

    out.print(f"wrote {plain(pack_decks(_prepared(study), decks or (), output=output))}; in a deck: lmp -in in.lammps")


def run(
    study: StudyPath = HERE,
    workers: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Decks at once; default: the number of cores.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace decks of another study (kept in decks.old).")] = False,
    redo: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DECK", help="Run this deck afresh, e.g. nvt/T0281.000K-r1 (kept in decks.old); repeatable."
        ),
    ] = None,
    on: On = None,
    detach: Detach = False,
    as_json: Json = False,
) -> None:
    """Run all decks that are not done, and what a goal needs beyond; started again, it resumes where it stopped."""
    from deckgen.workflows.goal.study import run as run_study

    if detached(on, detach, study, f"deckgen status {study}"):
        return
    with executor_on(on, study) as executor:
        result = run_study(_prepared(study), workers=workers, executor=executor, force=force, redo=redo or ())
    if as_json:
        print_json(asdict(result))
    else:
        out.print(f"{len(result.done)} decks done, {len(result.skipped)} were done before, {len(result.failed)} failed")
        _print_failures(result.failed)
        for folder in result.interrupted:
            out.print(f"[yellow]{plain(folder)}[/]: stopped by a signal; the same command resumes there")
        if result.verdict:
            out.print(plain(result.verdict))
    if result.failed or result.interrupted:
        raise typer.Exit(1)


def _print_failures(failed: Sequence[FailedDeck]) -> None:
    """Print why decks failed, once for those that failed alike."""
    alike: dict[str, list[FailedDeck]] = {}
    for deck in failed:
        alike.setdefault(deck.reason, []).append(deck)
    for decks in alike.values():
        names = ["/".join(deck.folder.parts[-2:]) for deck in decks]
        which = f"{len(names)} decks failed alike, {', '.join(names)}" if names[1:] else names[0]
        why = decks[0].message.removeprefix(f"{decks[0].folder}: ")  # with the path of its log
        out.print(f"[red]{plain(which)}[/]: {plain(why)}")


def status(study: StudyPath = HERE, as_json: Json = False) -> None:
    """Show how far each deck is."""
    from deckgen.cli.study_tables import status_table
    from deckgen.runs.status import status as read_status

    rows = read_status(study)
    if as_json:
        print_json([asdict(row) | {"fraction": row.fraction} for row in rows])
    else:
        out.print(status_table(rows))


def analyse(
    study: StudyPath = HERE,
    external: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="T=FILE",
            help="Energies of a run elsewhere, at T kelvin: LAMMPS log, columns, CSV, xvg, npz, .traj, extxyz; "
            "FILE alone for an npz that names its temperatures. Repeatable.",
        ),
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE",
            help="Units (of LAMMPS) of the files of --from that do not state theirs: metal, real, electron, si ...",
        ),
    ] = None,
    atoms: Annotated[
        int | None, typer.Option(min=2, max=1_000_000, help="Number of atoms, with --from and no study.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Another study of the same cluster, e.g. from a melted start.")
    ] = None,
    pdf: Pdf = False,
    as_json: Json = False,
) -> None:
    """Analyse the samples so far: numbers and figures in results/."""
    from deckgen.cli.study_tables import print_thermodynamics
    from deckgen.workflows.analyse.study import analyse as analyse_study

    result = analyse_study(
        study, external=_temperature_files(external or ()), n_atoms=atoms, units=units, compare=compare, pdf=pdf
    )
    if as_json:
        print_json(result.to_json(deckgen_version=__version__))
    else:
        print_thermodynamics(result, out)
        out.print("numbers and figures: results/; next: deckgen report")


def _temperature_files(words: Sequence[str]) -> dict[float, Path] | None:
    """Return the files of --from by temperature; None without any."""
    files = dict[float, Path]()
    for word in words:
        for kelvin, file in _rungs(word).items():
            if kelvin in files:
                raise InputError(
                    f"--from {word}: {kelvin:g} K was given before", hint="join the two files, or leave one out"
                )
            files[kelvin] = file
    return files or None


def _rungs(word: str) -> dict[float, Path]:
    """Return the file of one --from by its temperature, or by those that it names itself."""
    from deckgen.runs.external.read import rungs_of

    temperature, equals, file = word.partition("=")
    rungs = () if equals else rungs_of(word)
    try:
        return dict.fromkeys(rungs, Path(word)) or {float(temperature): Path(file)}
    except ValueError:
        raise InputError(f"--from {word}: not T=FILE", hint="for example --from 281=log.lammps") from None


def report(study: StudyPath = HERE) -> None:
    """Write report.html: one file with the curves, the tables, the warnings and a methods paragraph."""
    from deckgen.workflows.report.study import report as write_report

    out.print(f"open {plain(write_report(study))}")


def cite(
    study: Annotated[Path | None, typer.Argument(help="A study: also the works that its methods rest on.")] = None,
) -> None:
    """Print what to cite, as BibTeX."""
    from deckgen.workflows.cite import cite as entries

    print(visible(entries(study)))  # plain text for a file: nothing is wrapped or coloured
