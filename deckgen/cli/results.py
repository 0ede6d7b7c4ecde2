"""Commands that make something of a study's samples: numbers, figures, the report, what to cite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deckgen import __version__
from deckgen.cli.output import HERE, Json, Pdf, StudyPath, out, plain, print_json
from deckgen.errors import InputError
from deckgen.processes.display import visible

__all__ = ["analyse", "cite", "report"]


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
