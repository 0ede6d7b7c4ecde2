"""Change one line of the code at a time, in a copy, and see whether a test notices.

    python tests/tools/mutate.py [--only PATTERN] [--write FILE.md]

`mutations.toml` lists what is changed, the tests that must fail, and what the change would do to a user. Exits with 1
if a mutation survives its tests, or no longer applies to the code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutations.toml")
INSTALLED_UNDER_DECKGEN = ("templates", "runs", "analysis", "training")
LIMIT_S = 900
"""A mutation that makes the code run for longer than this is caught, too."""

CAUGHT, SURVIVED, EQUIVALENT, BROKEN = "caught", "SURVIVED", "equivalent", "BROKEN"
OUTCOMES = {0: SURVIVED, 1: CAUGHT}
"""By pytest's exit code; any other means that the tests did not run."""


@dataclass(frozen=True)
class Mutation:
    """A line of `mutations.toml`.

    Parameters
    ----------
    file
        What is changed, relative to the checkout.
    old, new
        A text that occurs once in the file, and what replaces it.
    tests
        Arguments of pytest: the test file that must fail, and perhaps `-k`.
    effect
        What the change would do to a user.
    equivalent
        Why no test can notice; such a mutation is listed, not run.
    """

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    effect: str
    equivalent: str = ""

    def applied_to(self, text: str) -> str:
        """Return the mutated text of the file.

        Raises
        ------
        ValueError
            If the old text does not occur exactly once.
        """
        count = text.count(self.old)
        if count != 1:
            raise ValueError(
                f"{self.file}: {self.old!r} occurs {count} times; bring tests/tools/mutations.toml up to date"
            )
        return text.replace(self.old, self.new)


def read_mutations(path: Path = LIST) -> list[Mutation]:
    """Return the mutations of a list."""
    rows = tomllib.loads(path.read_text())["mutation"]
    return [Mutation(**row | {"tests": tuple(row.get("tests", ()))}) for row in rows]


def copy_checkout(target: Path) -> None:
    """Copy what git tracks or would track, and let `import deckgen.analysis` find the copy's."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for name in INSTALLED_UNDER_DECKGEN:
        (target / "deckgen" / name).symlink_to(target / name)


def run_tests(checkout: Path, tests: Sequence[str]) -> int:
    """Run tests of a checkout, long ones too, on its own packages (tests/conftest.py refuses others).

    Returns pytest's exit code.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "", *tests]
    # PYTHONPATH comes before the finder of an editable installation
    environment = os.environ | {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, timeout=LIMIT_S, check=False)
    return done.returncode


def outcome(mutation: Mutation, checkout: Path) -> str:
    """Apply a mutation to a checkout, run its tests, take it back, and return what came of it."""
    file = checkout / mutation.file
    text = file.read_text()
    try:
        file.write_text(mutation.applied_to(text))
        return OUTCOMES.get(run_tests(checkout, mutation.tests), BROKEN)
    except subprocess.TimeoutExpired:
        return CAUGHT
    except ValueError as error:
        print(error)
        return BROKEN
    finally:
        file.write_text(text)


def run_all(mutations: Sequence[Mutation]) -> Iterator[tuple[Mutation, str, float]]:
    """Yield each mutation with its outcome and the seconds that it took; its tests must pass without it."""
    passes = dict[tuple[str, ...], bool]()
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(Path(folder))
        for mutation in mutations:
            start = time.monotonic()
            if mutation.equivalent:
                yield mutation, EQUIVALENT, 0.0
                continue
            if mutation.tests not in passes:
                passes[mutation.tests] = run_tests(Path(folder), mutation.tests) == 0
            result = outcome(mutation, Path(folder)) if passes[mutation.tests] else BROKEN
            yield mutation, result, time.monotonic() - start


def table(rows: Sequence[tuple[Mutation, str, float]]) -> str:
    """Return a Markdown table of mutations, what they would do, and their outcomes."""
    lines = ["| file | change | to a user | tests | outcome |", "|---|---|---|---|---|"]
    for mutation, result, _ in rows:
        change = f"`{_cell(mutation.old)}` → `{_cell(mutation.new)}`"
        tests = " ".join(mutation.tests) or "none"
        said = f"{result}: {mutation.equivalent}" if mutation.equivalent else result
        lines.append(f"| {mutation.file} | {change} | {mutation.effect} | {tests} | {said} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    """Run the mutations that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default="", metavar="PATTERN", help="those whose file, texts or effect contain this")
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="write a table of the outcomes")
    options = parser.parse_args()
    chosen = [one for one in read_mutations() if options.only in " ".join((one.file, one.old, one.new, one.effect))]
    rows = []
    for number, row in enumerate(run_all(chosen), start=1):
        rows.append(row)
        mutation, result, seconds = row
        print(f"{number}/{len(chosen)} {result:10} {seconds:5.0f} s  {mutation.file}: {mutation.effect}", flush=True)
    if options.write:
        options.write.write_text(table(rows))
    wrong = [result for _, result, _ in rows if result in (SURVIVED, BROKEN)]
    print(f"{len(rows)} mutations, {len(wrong)} that no test caught")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
