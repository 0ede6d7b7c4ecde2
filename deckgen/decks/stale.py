"""In what a deck on the disk differs from the one that its study now has."""

from __future__ import annotations

import json
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from deckgen.decks.manifest import DATA, MANIFEST, SCRIPT, manifest_text, read_manifest, read_run
from deckgen.decks.on_disk import text_of, without_length
from deckgen.decks.render import commands
from deckgen.errors import InputError

if TYPE_CHECKING:
    from deckgen.decks.deck import Deck

__all__ = ["changed_texts", "stale_reason"]


def changed_texts(deck: Deck, folder: Path) -> dict[str, str]:
    """Return the texts of a deck, by the names of their files, that are not those on the disk; the manifest last."""
    manifest = manifest_text(deck.manifest, read_run(folder))
    texts = {DATA: deck.data, SCRIPT: deck.script, MANIFEST: manifest}
    changed = {name: text for name, text in texts.items() if text_of(folder / name) != text}
    if DATA in changed and not _cut_short(folder / DATA, deck.data):
        del changed[DATA]  # changed by hand
    return changed


def _cut_short(path: Path, text: str) -> bool:
    """Return whether a file is the beginning of a text, cut short by a power cut, which may add zero bytes."""
    return text.startswith(text_of(path).rstrip("\0"))


def stale_reason(deck: Deck, folder: Path) -> str:
    """Say in what a deck on disk differs from the study's, or nothing."""
    if not (folder / MANIFEST).is_file():
        return ""
    try:
        old = read_manifest(folder)
    except InputError as error:  # a power cut may leave it empty: the script says the same
        same = without_length(text_of(folder / SCRIPT)) == without_length(deck.script)
        same = (same or _cut_short(folder / SCRIPT, deck.script)) and _cut_short(folder / DATA, deck.data)
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
