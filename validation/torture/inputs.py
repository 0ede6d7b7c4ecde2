"""Generated inputs: `python -m validation.torture.inputs` reads 3,000 files, of every kind that deckgen reads.

Each is read or refused. The short form is a test (tests/faults/test_generated_inputs.py). Writes inputs.json and
inputs.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from validation.torture.generators import PATIENCE_S, HangError, Kind, kinds, outcome

HERE = Path(__file__).resolve().parent
SEED = 1
MEMORY_BYTES = 8_000_000_000


@dataclass
class Tally:
    """What became of the inputs of one kind; `failures` are the ends of the tracebacks, each once."""

    kind: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    tracebacks: int = 0
    hangs: int = 0
    failures: list[str] = field(default_factory=list)


def torture(kind: Kind, n: int) -> Tally:
    """Read `n` generated files of a kind."""
    tally, ends = Tally(kind.name), Counter[str]()

    @seed(SEED)
    @settings(
        max_examples=n, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(kind.inputs())
    def read(content: bytes) -> None:
        tally.inputs += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                became = outcome(kind, content, Path(folder))
            except HangError:
                tally.hangs += 1
                ends[f"more than {PATIENCE_S:g} s: {content[:200]!r}"] += 1
            except Exception:
                tally.tracebacks += 1
                ends["".join(traceback.format_exc().splitlines(keepends=True)[-4:])] += 1
            else:
                tally.read += became == "read"
                tally.refused += became == "refused"

    read()
    tally.failures = list(ends)
    return tally


def table(tallies: list[Tally], seconds: float) -> str:
    """Return the results as Markdown."""
    lines = [
        "# Generated inputs\n",
        "Right files of every kind that deckgen reads, changed at random: words and lines replaced, doubled, dropped,\n"
        "moved or cut; hostile words (NaN, numbers of thousands of digits, NUL, byte order marks, quotes,\n"
        "thousands of brackets) put in; keys given values of every kind. Each is given to\nthe reader that a user's "
        "file comes to. "
        "It may be read, with no value converted, or refused with a message.\n",
        "| kind of file | inputs | read | refused | tracebacks | hangs |\n|---|---|---|---|---|---|",
    ]
    total = Tally("all", *(sum(getattr(t, key) for t in tallies) for key in ("inputs", "read", "refused")))
    total.tracebacks, total.hangs = sum(t.tracebacks for t in tallies), sum(t.hangs for t in tallies)
    rows = [*tallies, total]
    lines += [f"| {t.kind} | {t.inputs:,} | {t.read:,} | {t.refused:,} | {t.tracebacks} | {t.hangs} |" for t in rows]
    lines.append(f"\n`python -m validation.torture.inputs`, seed {SEED}, {seconds:.0f} s on one core.")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Read them all, and write what became of them; exit code 1 if anything but a result or a refusal came of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=3000, help="number of inputs, over all kinds")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    every, began, tallies = kinds(), time.monotonic(), list[Tally]()
    for kind in every:
        tallies.append(torture(kind, -(-asked.inputs // len(every))))
        print(tallies[-1], flush=True)
    seconds = time.monotonic() - began
    document = {"seed": SEED, "seconds": round(seconds), "kinds": [asdict(tally) for tally in tallies]}
    (HERE / "inputs.json").write_text(json.dumps(document, indent=1) + "\n")
    (HERE / "inputs.md").write_text(table(tallies, seconds))
    return int(any(tally.tracebacks or tally.hangs for tally in tallies))


if __name__ == "__main__":
    raise SystemExit(main())
