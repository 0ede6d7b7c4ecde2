"""Decks: what a study renders to, with an identity, and the folders that they are written to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deckgen.decks.manifest import MANIFEST, Manifest, read_manifest
from deckgen.decks.on_disk import link, move_aside, packed, unpacked
from deckgen.decks.protocols import PARTS, PROTOCOLS, Part, protocols_of
from deckgen.decks.render import Prepared, Rendering, prepare, render, render_quench
from deckgen.decks.stale import changed_texts, stale_reason
from deckgen.errors import InputError
from deckgen.files import file_in_folders, named, remove_leftovers, write_whole
from deckgen.processes.lock import lock
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = [
    "Deck",
    "WrittenDeck",
    "deck_folders",
    "deck_of",
    "own_manifest",
    "read_manifests",
    "study_decks",
    "write_deck",
    "write_decks",
    "write_quench_deck",
    "write_under_lock",
]


@dataclass(frozen=True)
class Deck:
    """A rendered deck: its manifest, its script and data file, and the files of its `Potential`, likewise described."""

    manifest: Manifest
    script: str
    data: str
    files: tuple[Path, ...] = ()
    checksums: tuple[str, ...] = ()
    untagged: bool = False

    @property
    def name(self) -> str:
        """Its name within the study: nvt/T0281.000K-r1."""
        return f"{self.manifest.protocol}/{self.manifest.id}"

    def folder(self, study_folder: Path) -> Path:
        """Return the deck's folder within its study's."""
        return PROTOCOLS[self.manifest.protocol].folder(study_folder) / self.manifest.id


def read_manifests(study_folder: Path, part: Part = "ladder") -> Iterator[tuple[Path, Manifest]]:
    """Yield folder and manifest of every deck of a part of a study, ordered by protocol and name.

    Decks that the study no longer names (a rung taken off the ladder) are passed over.
    """
    for protocol, folder in deck_folders(study_folder, part):
        yield folder, own_manifest(folder, protocol)


def deck_folders(study_folder: Path, part: Part = "ladder") -> Iterator[tuple[str, Path]]:
    """Yield protocol and folder of every deck as `read_manifests` does, without reading the decks."""
    study = Study.read(study_folder) if StudyFolder(study_folder).study_file.is_file() else None
    for protocol in protocols_of(part):
        named = None if study is None else {deck.id for deck in protocol.decks(study)}
        for path in file_in_folders(protocol.folder(study_folder), MANIFEST):
            if named is None or path.parent.name in named:
                yield protocol.name, path.parent


def own_manifest(folder: Path, protocol: str) -> Manifest:
    """Return the manifest of a deck.

    Raises
    ------
    InputError
        If it cannot be read, or is that of another deck.
    """
    manifest = read_manifest(folder)
    if (manifest.protocol, manifest.id) != (protocol, folder.name):
        raise InputError(
            f"{folder / MANIFEST}: the manifest of another deck, {manifest.protocol}/{manifest.id}",
            hint="write the decks again: deckgen decks",
        )
    return manifest


@dataclass(frozen=True, slots=True)
class WrittenDeck:
    """A deck on disk, and what writing it did.

    `new`; `same`: left alone; `updated`: the same dynamics, of another length, say; `replaced`: the old one was set
    aside.
    """

    folder: Path
    manifest: Manifest
    change: Literal["new", "same", "updated", "replaced"]


def study_decks(study: Prepared | Study, part: Part = "ladder") -> list[Deck]:
    """Render a part of a study's decks, without writing anything.

    Raises
    ------
    InputError
        If the study, its files or its templates are wrong.
    """
    return [deck_of(rendering) for rendering in render(prepare(study), part)]


def write_decks(
    study: Prepared | Study | Path | str = ".", *, force: bool = False, part: Part = "ladder"
) -> list[WrittenDeck]:
    """Write a part of a study's decks; those that are there already and the same are left alone.

    A deck of another length is given the new one, so that its run continues. A deck that would now compute something
    else is stale: with `force` its folder is moved to `decks.old`, otherwise nothing at all is written.

    Raises
    ------
    InputError
        If the study is wrong, or decks are stale (the message says in what).
    RunError
        If the study is being run, or the disk refuses the decks.
    """
    prepared = prepare(study)
    with lock(StudyFolder(prepared.study.folder).lock, f"the study {prepared.study.folder}"):
        return write_under_lock(prepared, force=force, part=part)


def write_under_lock(prepared: Prepared, *, force: bool, part: Part, redo: Collection[str] = ()) -> list[WrittenDeck]:
    """Write decks as `write_decks` does, for a caller that holds the study's lock.

    Decks named in `redo`, as nvt/T0281.000K-r1, are moved to `decks.old`; those of this part are written anew.
    """
    study, decks = prepared.study, (deck_of(rendering) for rendering in render(prepared, part))
    for protocol in protocols_of(part):
        remove_leftovers(protocol.folder(study.folder), "*")
    asked = _named(prepared, redo)
    redone = {deck.name for deck in asked if deck.folder(study.folder).exists()}
    found = [_look_at(deck, study.folder, whole=deck.name in redone) for deck in decks]
    stale = [one for one in found if one.stale]
    if stale and not force:
        raise InputError(
            f"{stale[0].deck.folder(study.folder)} was made of another study: {stale[0].stale}"
            + (f" ({len(stale)} decks in all)" if stale[1:] else ""),
            hint="undo the change, use a new folder, or replace the decks with --force (what they computed is kept "
            "in decks.old)",
        )
    replaced = redone | {one.deck.name for one in stale}
    known = {deck.name: deck for deck in (*asked, *(one.deck for one in stale))}
    for name in sorted(replaced):
        move_aside(known[name].folder(study.folder), StudyFolder(study.folder).old_decks)
    return [
        write_deck(one.deck, study.folder, replaced=True)
        if one.deck.name in replaced
        else _write(one.deck, study.folder, unpacked(one.changed))
        for one in found
    ]


@dataclass(frozen=True)
class _Found:
    """A deck, its texts that are not those on the disk, packed, and in what the one there was made of another study.

    Where there is nothing to replace, the deck here is without its texts: ten thousand decks would hold them in memory.
    """

    deck: Deck
    changed: bytes
    stale: str


def _look_at(deck: Deck, study_folder: Path, *, whole: bool) -> _Found:
    folder = deck.folder(study_folder)
    changed = changed_texts(deck, folder)
    stale = stale_reason(deck, folder) if changed else ""
    return _Found(deck if whole or stale else replace(deck, script="", data=""), packed(changed), stale)


def _named(prepared: Prepared, names: Collection[str]) -> list[Deck]:
    """Return the study's decks of some names, of whatever part."""
    known = {deck.name: deck for part in PARTS for deck in study_decks(prepared, part)} if names else {}
    for name in names:
        if name not in known:
            raise InputError(f"--redo {name}: there is no such deck", hint=f"there are {', '.join(known)}")
    return [known[name] for name in names]


def write_quench_deck(study: Prepared | Study, stage: str, max_force_eV_A: float) -> WrittenDeck:
    """Write the deck that quenches the study's cluster to a force tolerance; its name ends in its identity.

    Raises
    ------
    InputError
        If the study, its files or its templates are wrong.
    """
    prepared = prepare(study)
    deck = deck_of(render_quench(prepared, stage, max_force_eV_A))
    named = replace(deck.manifest, id=f"{stage}-{deck.manifest.identity[:8]}")
    return write_deck(replace(deck, manifest=named), prepared.study.folder)


def deck_of(rendering: Rendering) -> Deck:
    """Give a rendering its identity and its manifest."""
    context, potential = rendering.context, rendering.context["potential"]
    start = hashlib.sha256(rendering.data.encode()).hexdigest()
    identity = hashlib.sha256("\0".join((rendering.commands, start, potential.sha256)).encode()).hexdigest()
    apart = {"potential", "positions", "removed_dof", "n_steps", "restart_every", "thermo_every", "exchange", "rungs"}
    settings = {key: value for key, value in context.items() if key not in apart}
    settings |= {"potential": f"{potential.name} ({potential.sha256[:12]})", "start_structure": start[:12]}
    shared = Manifest.__dataclass_fields__.keys() & (context.keys() - {"potential"})
    manifest = Manifest(
        protocol=rendering.protocol,
        id=rendering.name,
        identity=identity,
        potential_name=potential.name,
        potential_sha256=potential.sha256,
        settings=settings,
        **({"n_steps": 0} | {key: context[key] for key in shared}),
    )
    return Deck(manifest, rendering.script, rendering.data, potential.files, potential.checksums, potential.untagged)


def write_deck(deck: Deck, study_folder: Path, *, replaced: bool = False) -> WrittenDeck:
    """Write one deck into a study's folder; its manifest last, so that a deck with a manifest is whole.

    A new one is not waited for until it is on the disk: that would take the most of the time for many decks, and a run
    sees to it before its first step. Until then a power cut costs nothing but writing it again.
    """
    return _write(deck, study_folder, changed_texts(deck, deck.folder(study_folder)), replaced=replaced)


def _write(deck: Deck, study_folder: Path, changed: Mapping[str, str], *, replaced: bool = False) -> WrittenDeck:
    folder = deck.folder(study_folder)
    known = (folder / MANIFEST).is_file()
    with named(folder):
        folder.mkdir(parents=True, exist_ok=True)
        store = StudyFolder(study_folder).potential(deck.manifest.potential_sha256)
        for file, sha256 in zip(deck.files, deck.checksums, strict=True):
            link(file, sha256, store, folder, untagged=deck.untagged)
    for name, text in changed.items():
        write_whole(folder / name, text, durable=known)
    change: Literal["new", "same", "updated", "replaced"] = (
        "same" if not changed else "replaced" if replaced else "updated" if known else "new"
    )
    return WrittenDeck(folder, deck.manifest, change)
