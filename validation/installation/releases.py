"""The oldest and the newest releases that deckgen allows: a short part of the tests with each.

    python -m validation.installation.releases [--python PYTHON]

The oldest are the lower bounds of pyproject.toml (uv resolves them, what they need themselves is as new as it can be);
the newest are those that the upper bounds allow. pip then installs exactly these, in an environment of their own.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from validation.common import record
from validation.installation.environments import ROOT, Environment, checkout, interpreters

SETS = {"oldest": "lowest-direct", "newest": "highest"}
TOOLS = ("pytest", "hypothesis")
TESTS = (
    "tests/study",
    "tests/decks/test_write.py",
    "tests/decks/test_golden.py",
    "tests/runs/test_resume.py",
    "tests/quip/test_agreement.py",
    "tests/analysis/test_thermodynamics.py",
    "tests/analysis/mbar",
    "tests/analysis/isomers",
    "tests/workflows/report/test_report.py",
    "tests/cli/test_cli.py",
)
"""Of each library that deckgen calls, the part that would notice another behaviour."""


def main() -> None:
    """Try both sets and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="python3.11", help="the interpreter (default: %(default)s)")
    ((interpreter, version),) = interpreters([parser.parse_args().python])
    with tempfile.TemporaryDirectory(prefix="deckgen-releases-") as scratch:
        tried = {name: attempt(name, interpreter, version, Path(scratch) / name) for name in SETS}
    direct = dependencies()
    rows = [("", *tried), ("Python", *(version for _ in tried))]
    rows += [(name, *(versions[name] for versions, _, _ in tried.values())) for name in direct]
    rows += [("tests", *(said for _, said, _ in tried.values()))]
    checks = {f"the tests pass with the {name} releases": passed for name, (_, _, passed) in tried.items()}
    record("installation/releases", "The oldest and the newest releases", checks, rows, tests=TESTS)


def dependencies() -> list[str]:
    """Return the names of what deckgen needs, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.split(r"[\[<>=~! ]", line, maxsplit=1)[0].lower() for line in project["dependencies"]]


def attempt(name: str, interpreter: str, version: str, folder: Path) -> tuple[dict[str, str], str, bool]:
    """Install one set in a new environment and run the tests: versions, pytest's last line, whether it passed."""
    folder.mkdir()
    copy, pins = checkout(folder / "checkout"), folder / "pins.txt"
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", version]
    command += ["--resolution", SETS[name], "--output-file", str(pins), str(copy / "pyproject.toml")]
    subprocess.run(command, check=True)
    environment = Environment.create(interpreter, folder / "environment")
    environment.pip("--requirement", str(pins))
    environment.pip(*TOOLS, "--constraint", str(pins))
    environment.pip("--no-deps", "--editable", str(copy))
    print(f"the {name} releases: testing", flush=True)
    # old releases of one library call what the newest of another has deprecated
    quiet = ("-W", "ignore::DeprecationWarning")
    done = subprocess.run(
        [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *quiet, *TESTS],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()]
    if done.returncode:
        print("\n".join(lines[-60:]))
    return environment.versions(), lines[-1].strip("= "), done.returncode == 0


if __name__ == "__main__":
    main()
