"""Decks in one archive, to be run elsewhere: real files in place of links, and nothing that names this machine."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Collection, Iterator
from fnmatch import fnmatch
from pathlib import Path

from deckgen.decks.deck import WrittenDeck, write_under_lock
from deckgen.decks.manifest import (
    ENERGIES,
    FRAMES,
    MANIFEST,
    OLD_RESTART,
    OUTPUTS,
    QUENCHED,
    RESTART,
    manifest_text,
    read_run,
)
from deckgen.decks.on_disk import require_own_files
from deckgen.decks.protocols import NVT, PARTS, protocols_of
from deckgen.decks.render import Prepared, prepare
from deckgen.errors import InputError
from deckgen.files import whole
from deckgen.processes.lock import lock
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = ["pack"]

RESUMED_FROM = (ENERGIES, FRAMES, RESTART, OLD_RESTART, f"{RESTART}.json", QUENCHED)
"""What a run has written that it resumes from, or that says that it is done."""


def pack(
    study: Prepared | Study | Path | str = ".", decks: Collection[str] = (), *, output: Path | str | None = None
) -> Path:
    """Write a study's decks, and pack them into a .tar.gz that `lmp` runs anywhere; return its path.

    In the archive they are STUDY/decks/<protocol>/<id>/, STUDY being the name of the study's folder, each with its
    potential's files and what it needs to resume. The archive of the same decks has the same bytes.

    Parameters
    ----------
    study
        A study, its folder or its file.
    decks
        Names of decks, as nvt/T0281.000K-r1; all of the ladder's by default.
    output
        The archive; by default STUDY-decks.tar.gz in the working folder.

    Raises
    ------
    InputError
        If the study is wrong, its decks are stale, or there is no deck of a name.
    RunError
        If the study is being run, the disk refuses the archive, or a deck has a link to a file elsewhere.
    """
    prepared = prepare(study)
    folder = prepared.study.folder
    with lock(StudyFolder(folder).lock, f"the study {folder}"):
        chosen = _chosen(prepared, decks)
        archive = Path(f"{folder.resolve().name}-decks.tar.gz" if output is None else output)
        with (
            whole(archive) as part,
            part.open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as tar,
        ):
            _write(tar, folder, chosen)
    return archive


def _chosen(prepared: Prepared, names: Collection[str]) -> list[WrittenDeck]:
    """Write the decks; return those of some names, or the ladder's."""
    wanted = {name.split("/")[0] for name in names} or {NVT.name}
    written = {
        f"{deck.manifest.protocol}/{deck.manifest.id}": deck
        for part in PARTS
        if wanted & {protocol.name for protocol in protocols_of(part)}
        for deck in write_under_lock(prepared, force=False, part=part)
    }
    if unknown := sorted(set(names) - written.keys()):
        raise InputError(f"there is no deck {unknown[0]}", hint=f"there are {', '.join(written) or 'nvt/...'}")
    return [written[name] for name in names or written]


def _write(archive: tarfile.TarFile, study_folder: Path, decks: Collection[WrittenDeck]) -> None:
    """Write the decks' files; a file that several of them share, once, and after that a hard link to it."""
    study, first = Path(study_folder.resolve().name), dict[Path, str]()
    for deck in decks:
        require_own_files(deck.folder, deck.folder)
        for file in _files(deck.folder):
            source = file.resolve()
            entry = tarfile.TarInfo((study / file.relative_to(study_folder)).as_posix())
            entry.mtime = int(source.stat().st_mtime)
            if source in first:
                entry.type, entry.linkname = tarfile.LNKTYPE, first[source]
                archive.addfile(entry)
                continue
            first[source] = entry.name
            with io.BytesIO(_manifest(deck)) if file.name == MANIFEST else source.open("rb") as content:
                entry.size = content.seek(0, io.SEEK_END)
                content.seek(0)
                archive.addfile(entry, content)


def _manifest(deck: WrittenDeck) -> bytes:
    """Return a deck's manifest without its attempts, which name machines."""
    run = {key: value for key, value in read_run(deck.folder).items() if key != "attempts"}
    return manifest_text(deck.manifest, run).encode()


def _files(deck: Path) -> Iterator[Path]:
    """Yield what a deck needs to run: itself, its potential, and what it resumes from."""
    for file in sorted(deck.iterdir()):
        written = any(fnmatch(file.name, pattern) for pattern in OUTPUTS)
        if file.is_file() and (file.name in RESUMED_FROM or not written) and file.suffix != ".part":
            yield file
