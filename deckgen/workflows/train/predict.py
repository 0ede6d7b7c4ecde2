"""Predicting: energies and forces of given frames by the potential, for frames that have no labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from deckgen.errors import InputError
from deckgen.files import require_file, set_aside, write_whole
from deckgen.processes.executor import TaskExecutor
from deckgen.quip.gapfile import read_gap
from deckgen.structures import read_structures
from deckgen.training.dataset import bare
from deckgen.training.extxyz import frames_text
from deckgen.training.predict import Prediction
from deckgen.training.predict import predict as predict_frames
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FIT, FRAMES, PREDICTED, SAMPLED, XML

__all__ = ["Predicted", "predict"]


@dataclass(frozen=True)
class Predicted:
    """Where the predictions are.

    Attributes
    ----------
    file
        The frames as extended XYZ, with `energy` (eV) and `forces` (eV/A) of the potential.
    n_frames
        Their number.
    xml
        The potential.
    """

    file: Path
    n_frames: int
    xml: Path


def predict(
    recipe: Recipe | Path | str = ".",
    *,
    frames: Path | str | None = None,
    model: Path | str | None = None,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
) -> Predicted:
    """Predict energies and forces of frames by a GAP, into predicted/; older predictions that differ are set aside.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    frames
        The frames, in any format that ASE reads; None: the project's frames/sampled.extxyz.
    model
        The potential; None: fit/gap.xml.
    workers
        Processes at once; None: as many as cores.
    executor
        Predicts, in place of one of its own.

    Raises
    ------
    InputError
        If the frames cannot be read, have an element that the potential does not know, or there is no potential.
    RunError
        If QUIP fails.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    source = Path(frames) if frames else recipe.folder / FRAMES / SAMPLED
    xml = Path(model) if model else recipe.folder / FIT / XML
    require_file(source, hint="sample frames first (deckgen train sample), or name others: --frames FILE")
    require_file(xml, hint="fit a potential first: deckgen train fit")
    given = list(read_structures(source))
    known = read_gap(xml).elements
    if unknown := sorted({symbol for atoms in given for symbol in atoms.symbols} - set(known)):
        raise InputError(
            f"{source}: {', '.join(unknown)}: {xml.name} does not know it; it knows {', '.join(sorted(known))}",
            hint="leave these frames out, or name another potential: --model XML",
        )
    predictions = predict_frames(xml, given, workers=workers, executor=executor)
    file = recipe.folder / PREDICTED / f"{source.stem}.extxyz"
    text = frames_text(_labelled(given, predictions))
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        set_aside(file)
    write_whole(file, text)
    return Predicted(file, len(given), xml)


def _labelled(given: Sequence[Atoms], predictions: Sequence[Prediction]) -> Iterator[Atoms]:
    """Yield the frames as they were given, with the potential's energies and forces."""
    for atoms, prediction in zip(given, predictions, strict=True):
        frame = bare(atoms, atoms.info)
        frame.calc = SinglePointCalculator(frame, energy=prediction.energy_eV, forces=prediction.forces_eV_A)
        yield frame
