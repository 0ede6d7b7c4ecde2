"""A ladder as one deck of LAMMPS' own replica exchange (`temper`), for machines where MPI starts a process per rung."""

from __future__ import annotations

from dataclasses import replace

from deckgen.decks.deck import WrittenDeck, deck_of, write_deck
from deckgen.decks.render import Prepared, prepare, render_temper
from deckgen.errors import InputError
from deckgen.processes.lock import lock
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = ["write_temper_decks"]


def write_temper_decks(study: Prepared | Study) -> list[WrittenDeck]:
    """Write a deck for each replica of the study's ladder; the deck itself says how it is run, and how it resumes.

    The names end in the decks' identity: what one has computed is never mixed with what another one does.

    Raises
    ------
    InputError
        If the study has no [exchange] or rungs of several lengths, or if it or its templates are wrong.
    RunError
        If the study is being run, or the disk refuses the decks.
    """
    prepared = prepare(study)
    study = prepared.study
    if study.exchange.every is None:
        raise InputError(f"{study.file}: [exchange] every is missing", hint="for example every = 100, in steps")
    if len({study.nvt.n_steps_at(kelvin) for kelvin in study.ladder.rungs_K}) > 1:
        raise InputError(f"{study.file}: [nvt] longer: temper runs all rungs equally long", hint="leave it out")
    with lock(StudyFolder(study.folder).lock, f"the study {study.folder}"):
        return [_write(prepared, replica) for replica in range(1, study.nvt.replicas + 1)]


def _write(prepared: Prepared, replica: int) -> WrittenDeck:
    deck = deck_of(render_temper(prepared, replica))
    named = replace(deck.manifest, id=f"{deck.manifest.id}-{deck.manifest.identity[:8]}")
    return write_deck(replace(deck, manifest=named), prepared.study.folder)
