"""Decks: what a study renders to, with an identity, and the folders that they are written to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import Literal

from deckgen.decks.manifest import DATA, MANIFEST, SCRIPT, Manifest, read_manifest
from deckgen.decks.on_disk import link, move_aside, text_of, without_length
from deckgen.decks.protocols import PARTS, PROTOCOLS, Part, protocols_of
from deckgen.decks.render import Prepared, Rendering, commands, prepare, render, render_quench
from deckgen.errors import InputError
from deckgen.files import file_in_folders, named, remove_leftovers, write_whole
from deckgen.processes.lock import lock
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = [
    "Deck",
    "WrittenDeck",
    "deck_folders",
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
    """A rendered deck: its manifest, its script and data file, and the potential's files."""

    manifest: Manifest
    script: str
    data: str
    files: tuple[Path, ...] = ()

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


@dataclass(frozen=True)
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
    return [_deck(rendering) for rendering in render(prepare(study), part)]


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
    study, decks = prepared.study, study_decks(prepared, part)
    for protocol in protocols_of(part):
        remove_leftovers(protocol.folder(study.folder), "*")
    stale = [(deck, reason) for deck in decks if (reason := _stale(deck, deck.folder(study.folder)))]
    if stale and not force:
        deck, reason = stale[0]
        raise InputError(
            f"{deck.folder(study.folder)} was made of another study: {reason}"
            + (f" ({len(stale)} decks in all)" if stale[1:] else ""),
            hint="undo the change, use a new folder, or replace the decks with --force (what they computed is kept "
            "in decks.old)",
        )
    replaced = [deck for deck, _ in stale] + [
        deck for deck in _named(prepared, redo) if deck.folder(study.folder).exists()
    ]
    for folder in {deck.folder(study.folder) for deck in replaced}:
        move_aside(folder, StudyFolder(study.folder).old_decks)
    return [write_deck(deck, study.folder, replaced=deck in replaced) for deck in decks]


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
    deck = _deck(render_quench(prepared, stage, max_force_eV_A))
    named = replace(deck.manifest, id=f"{stage}-{deck.manifest.identity[:8]}")
    return write_deck(replace(deck, manifest=named), prepared.study.folder)


def _deck(rendering: Rendering) -> Deck:
    """Give a rendering its identity and its manifest."""
    context, potential = rendering.context, rendering.context["potential"]
    start = hashlib.sha256(rendering.data.encode()).hexdigest()
    identity = hashlib.sha256("\0".join((rendering.commands, start, potential.sha256)).encode()).hexdigest()
    apart = {"potential", "positions", "removed_dof", "n_steps", "restart_every", "thermo_every", "exchange"}
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
    return Deck(manifest, rendering.script, rendering.data, potential.files)


def _stale(deck: Deck, folder: Path) -> str:
    """Say in what a deck on disk differs from the study's, or nothing."""
    if not (folder / MANIFEST).is_file():
        return ""
    try:
        old = read_manifest(folder)
    except InputError as error:  # a power cut may leave it empty: the script says the same
        same = without_length(text_of(folder / SCRIPT)) == without_length(deck.script)
        same = same and deck.data.startswith(text_of(folder / DATA))
        return "" if same else f"{error.message}, and its script is another one"
    if old.identity == deck.manifest.identity:
        return ""
    new = json.loads(json.dumps(deck.manifest.settings))
    changes = [
        f"{key} was {old.settings.get(key)}, is now {new.get(key)}"
        for key in sorted(old.settings.keys() | new.keys())
        if old.settings.get(key) != new.get(key)
    ]
    if not changes:
        before, after = (commands(script).splitlines() for script in (text_of(folder / SCRIPT), deck.script))
        changed = [line for line in unified_diff(before, after, n=0, lineterm="") if line[:2] not in {"--", "++", "@@"}]
        changes = ["the templates changed: " + " ".join(changed[:2])]
    return "; ".join(changes)


def write_deck(deck: Deck, study_folder: Path, *, replaced: bool = False) -> WrittenDeck:
    """Write one deck into a study's folder; its manifest last, so that a deck with a manifest is whole."""
    folder = deck.folder(study_folder)
    known, manifest = (folder / MANIFEST).is_file(), json.dumps(asdict(deck.manifest), indent=1) + "\n"
    with named(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in deck.files:
            link(file, StudyFolder(study_folder).potential(deck.manifest.potential_sha256), folder)
    texts = {DATA: deck.data, SCRIPT: deck.script, MANIFEST: manifest}
    changed = [name for name, text in texts.items() if text_of(folder / name) != text]
    if DATA in changed and not deck.data.startswith(text_of(folder / DATA)):
        changed.remove(DATA)  # changed by hand, not cut short
    if not changed:
        return WrittenDeck(folder, deck.manifest, "same")
    for name in changed:
        write_whole(folder / name, texts[name])
    change: Literal["new", "updated", "replaced"] = "replaced" if replaced else "updated" if known else "new"
    return WrittenDeck(folder, deck.manifest, change)
