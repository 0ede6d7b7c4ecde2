"""Decks: what a study renders to, with an identity, and the folders that they are written to."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import Literal

from deckgen.decks.manifest import DATA, MANIFEST, SCRIPT, Manifest, read_manifest
from deckgen.decks.protocols import PROTOCOLS, Part, protocols_of
from deckgen.decks.render import Prepared, Rendering, commands, prepare, render, render_quench
from deckgen.errors import InputError
from deckgen.files import first_free, whole, write_json, write_whole
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = ["Deck", "WrittenDeck", "read_manifests", "study_decks", "write_decks", "write_quench_deck"]


@dataclass(frozen=True)
class Deck:
    """A rendered deck: its manifest, its script and data file, and the potential's files."""

    manifest: Manifest
    script: str
    data: str
    files: tuple[Path, ...] = ()

    def folder(self, study_folder: Path) -> Path:
        """Return the deck's folder within its study's."""
        return PROTOCOLS[self.manifest.protocol].folder(study_folder) / self.manifest.id


def read_manifests(study_folder: Path, part: Part = "ladder") -> Iterator[tuple[Path, Manifest]]:
    """Yield folder and manifest of every deck of a part of a study, ordered by protocol and name.

    Decks that the study no longer names (a rung taken off the ladder) are passed over.
    """
    study = Study.read(study_folder) if StudyFolder(study_folder).study_file.is_file() else None
    for protocol in protocols_of(part):
        named = None if study is None else {deck.id for deck in protocol.decks(study)}
        for path in sorted(protocol.folder(study_folder).glob(f"*/{MANIFEST}")):
            if named is None or path.parent.name in named:
                yield path.parent, read_manifest(path.parent)


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
    """
    prepared = prepare(study)
    study, decks = prepared.study, study_decks(prepared, part)
    stale = [(deck, reason) for deck in decks if (reason := _stale(deck, deck.folder(study.folder)))]
    if stale and not force:
        deck, reason = stale[0]
        raise InputError(
            f"{deck.folder(study.folder)} was made of another study: {reason}"
            + (f" ({len(stale)} decks in all)" if stale[1:] else ""),
            hint="undo the change, use a new folder, or replace the decks with --force (what they computed is kept "
            "in decks.old)",
        )
    replaced = {deck.manifest.id for deck, _ in stale}
    for deck, _ in stale:
        _set_aside(deck.folder(study.folder), StudyFolder(study.folder).old_decks)
    return [_write(deck, study.folder, replaced=deck.manifest.id in replaced) for deck in decks]


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
    return _write(replace(deck, manifest=named), prepared.study.folder, replaced=False)


def _deck(rendering: Rendering) -> Deck:
    """Give a rendering its identity and its manifest."""
    context, potential = rendering.context, rendering.context["potential"]
    start = hashlib.sha256(rendering.data.encode()).hexdigest()
    identity = hashlib.sha256("\0".join((rendering.commands, start, potential.sha256)).encode()).hexdigest()
    apart = {"potential", "positions", "removed_dof", "n_steps", "restart_every", "thermo_every"}
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
    old = read_manifest(folder)
    if old.identity == deck.manifest.identity:
        return ""
    new = json.loads(json.dumps(deck.manifest.settings))
    changes = [
        f"{key} was {old.settings.get(key)}, is now {new.get(key)}"
        for key in sorted(old.settings.keys() | new.keys())
        if old.settings.get(key) != new.get(key)
    ]
    if not changes:
        before, after = (commands(script).splitlines() for script in ((folder / SCRIPT).read_text(), deck.script))
        changed = [line for line in unified_diff(before, after, n=0, lineterm="") if line[:2] not in {"--", "++", "@@"}]
        changes = ["the templates changed: " + " ".join(changed[:2])]
    return "; ".join(changes)


def _set_aside(folder: Path, attic: Path) -> None:
    """Move a deck's folder to the first free name in `attic`."""
    attic.mkdir(exist_ok=True)
    shutil.move(folder, first_free(attic, f"{folder.parent.name}-{folder.name}.{{}}"))


def _write(deck: Deck, study_folder: Path, *, replaced: bool) -> WrittenDeck:
    """Write one deck; its manifest last, so that a deck with a manifest is whole."""
    folder = deck.folder(study_folder)
    same_script = (folder / SCRIPT).is_file() and (folder / SCRIPT).read_text() == deck.script
    known = (folder / MANIFEST).is_file()
    if known and same_script and read_manifest(folder).n_steps == deck.manifest.n_steps:
        return WrittenDeck(folder, deck.manifest, "same")
    folder.mkdir(parents=True, exist_ok=True)
    for file in deck.files:
        _link(file, StudyFolder(study_folder).potential(deck.manifest.potential_sha256), folder)
    (folder / DATA).write_text(deck.data)
    write_whole(folder / SCRIPT, deck.script)
    write_json(folder / MANIFEST, asdict(deck.manifest))
    change: Literal["new", "updated", "replaced"] = "replaced" if replaced else "updated" if known else "new"
    return WrittenDeck(folder, deck.manifest, change)


def _link(file: Path, store: Path, folder: Path) -> None:
    """Give a deck a potential file: a relative link to the study's one copy, or a copy where links cannot be made."""
    store.mkdir(parents=True, exist_ok=True)
    copy, name = store / file.name, folder / file.name
    if not copy.exists():
        with whole(copy) as part:
            shutil.copyfile(file, part)
    if name.exists():
        return
    try:
        name.symlink_to(os.path.relpath(copy, folder))
    except OSError:
        shutil.copyfile(copy, name)
