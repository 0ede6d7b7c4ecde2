"""Files that no one here made: public models, labels and structures, each read or refused with the reason.

`python -m validation.foreign FOLDER` goes through the manifest validation/foreign.toml: repositories with their commit,
and files with their checksum. FOLDER has a clone of each, FOLDER/OWNER+NAME (`git clone`, also `--bare`). Of a file of
labels, every energy that deckgen uses must stand in the file's own text. A GAP that is complete is evaluated in LAMMPS,
by the native engine where it covers the GAP, and by quippy: a shaken icosahedron of 13 atoms, on one core. No file may
end in anything but a result or a sentence that refuses it. Outcomes are kept in FOLDER/outcomes.json as they come: what
stands there is not judged again, until that file is removed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine_time import icosahedron, in_process
from deckgen.decks.potentials import resolve
from deckgen.decks.structure_file import read_structure
from deckgen.errors import DeckgenError
from deckgen.study import PotentialChoice
from deckgen.training.predict import predict
from deckgen.training.read import read_data
from deckgen.training.recipe.data import Data
from validation.common import record

MANIFEST = Path(__file__).with_name("foreign.toml")
ENERGIES = {
    "OUTCAR": r"free\s+energy\s+(?:ML )?TOTEN\s*=\s*(\S+)",
    "vasprun": r'<i name="e_fr_energy">\s*(\S+)\s*</i>',
    "xyz": r"\b[Ee]nergy=\s*\"?([^\s\"]+)",
}
"""Where the energies stand in the text of a file of labels, by what its name holds."""
DIGITS = 1e-7
N_ATOMS, SECONDS = 13, 0.5
EQUAL = 1e-8
"""In eV/atom and eV/A: two evaluations of one potential."""


@dataclass(frozen=True)
class Outcome:
    """What became of a file: `read`, `refused` or `FAILED`; numbers or the reason; whether its energies are right."""

    outcome: str
    words: str
    true: bool = True


def labels(file: Path, entry: Mapping[str, Any]) -> Outcome:
    """Read labelled frames; compare the energies with those in the text of the file."""
    keys = {key: entry[key] for key in ("energy_key", "forces_key") if key in entry}
    reading = read_data(Data.model_validate({"files": [file.name], "e0": "average", **keys}), file.parent)
    pattern = next(pattern for part, pattern in ENERGIES.items() if part.lower() in file.name.lower())
    own = [float(word) for word in re.findall(pattern, file.read_text(errors="replace"))]
    used = [frame.energy_eV for frame in reading.dataset.frames]
    true = all(min(abs(energy - other) for other in own) < DIGITS for energy in used)
    left_out = "; ".join(f"{count} {why}" for why, count in reading.left_out.items())
    words = f"{len(used)} of {reading.n_read} frames" + (f"; left out: {left_out}" if left_out else "")
    codes = sorted({finding.code for finding in reading.findings} - {"left_out"})
    return Outcome("read", words + (f"; warnings: {', '.join(codes)}" if codes else ""), true)


def gap(file: Path, entry: Mapping[str, Any]) -> Outcome:
    """Resolve a GAP as a study would, and compare it with quippy."""
    potential = resolve(PotentialChoice(kind="gap", file=file), file.parent)
    elements = entry.get("elements") or sorted(potential.elements)
    plain = in_process("plain", file, N_ATOMS, SECONDS, elements)
    try:
        engine, found = "native", in_process("native", file, N_ATOMS, SECONDS, elements)
    except subprocess.CalledProcessError as error:
        why = re.search(r"does not cover the potential .*?: (.*?); use DECKGEN", error.stderr)
        engine, found = (
            f"QUIP (not native: {why[1] if why else '?'})",
            in_process("quip", file, N_ATOMS, SECONDS, elements),
        )
    (by_quippy,) = predict(file, [icosahedron(N_ATOMS, elements)], workers=1)
    of_energy = abs(found["energy"] - by_quippy.energy_eV) / N_ATOMS
    of_forces = float(np.abs(np.array(found["forces"]) - by_quippy.forces_eV_A).max())
    words = (
        f"{', '.join(elements)}; {len(potential.files)} files; {engine}: off quippy's energies by {of_energy:.0e} "
        f"eV/atom, forces by {of_forces:.0e} eV/A; {plain['ms'] / found['ms']:.1f} times as fast as QUIP's plain link"
    )
    return Outcome("read", words, of_energy < EQUAL and of_forces < EQUAL)


def structure(file: Path, _entry: Mapping[str, Any]) -> Outcome:
    """Read a start structure as a study would."""
    atoms = read_structure(file, None, contained=False)
    return Outcome("read", f"{atoms.get_chemical_formula('hill')}")


KINDS: dict[str, Callable[[Path, Mapping[str, Any]], Outcome]] = {"labels": labels, "gap": gap, "structure": structure}


def content(clone: Path, commit: str, path: str) -> bytes | None:
    """Return a file of a commit; None where the clone lacks it."""
    done = subprocess.run(["git", "-C", str(clone), "show", f"{commit}:{path}"], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def judge(clone: Path, commit: str, entry: Mapping[str, Any], scratch: Path) -> Outcome:
    """Take a file, and those beside it, out of a clone and hand it to deckgen."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    for path in (entry["path"], *entry.get("beside", ())):
        found = content(clone, commit, path)
        if found is None:
            return Outcome("FAILED", f"{path} is not in the clone")
        (folder / Path(path).name).write_bytes(found)
    file = folder / Path(entry["path"]).name
    if hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
        return Outcome("FAILED", "another file than that of the manifest")
    try:
        return KINDS[entry["kind"]](file, entry)
    except DeckgenError as error:
        return Outcome("refused", error.message.replace(f"{folder}/", ""))
    except Exception as error:
        return Outcome("FAILED", f"{type(error).__name__}: {error}")


class Kept:
    """Outcomes in a file, by name."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.outcomes: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, name: str, judging: Callable[[], Outcome]) -> Outcome:
        """Return the outcome that is kept; else judge, and keep that."""
        if name not in self.outcomes:
            self.outcomes[name] = asdict(judging())
            self.file.write_text(json.dumps(self.outcomes, indent=1))
        return Outcome(**self.outcomes[name])


def main() -> None:
    """Judge every file of the manifest and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the clones are, OWNER+NAME")
    folder, rows, outcomes = parser.parse_args().folder, [("file", "kind", "outcome", "")], list[Outcome]()
    kept = Kept(folder / "outcomes.json")
    with tempfile.TemporaryDirectory(prefix="deckgen-foreign-") as scratch:
        for source in tomllib.loads(MANIFEST.read_text())["source"]:
            rows.append((f"**{source['repository']}**, {source['commit'][:12]}, {source['licence']}", "", "", ""))
            clone = folder / source["repository"].replace("/", "+")
            for entry in source["file"]:
                judging = partial(judge, clone, source["commit"], entry, Path(scratch))
                outcomes.append(kept.get(f"{source['repository']}@{source['commit']}:{entry['path']}", judging))
                last = outcomes[-1]
                words = " ".join(last.words.split()).replace("|", "\\|")
                rows.append((entry["path"], entry["kind"], last.outcome, words))
    checks = {
        "every file is read, or refused with the reason": all(one.outcome != "FAILED" for one in outcomes),
        "every energy stands in its file, or is quippy's": all(one.true for one in outcomes),
    }
    counts = {name: sum(one.outcome == name for one in outcomes) for name in ("read", "refused", "FAILED")}
    record("foreign", "Files of others", checks, rows, options="FOLDER", counts=counts)


if __name__ == "__main__":
    main()
