"""What the long checks share: a study run from an example, its peak, and the two files that are committed."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import deckgen
from deckgen.analysis.results import Thermodynamics
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.runs.harvest import harvest
from deckgen.workflows.analyse.result import StudyThermodynamics

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"


@dataclass(frozen=True)
class Peak:
    """The highest peak of a heat capacity curve; intervals (95 %) are None where the analysis declines to give one."""

    temperature_K: float
    temperature_ci95_K: tuple[float, float] | None
    height_over_c0: float
    height_ci95_over_c0: tuple[float, float] | None
    latent_heat_eV: float | None
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, thermo: Thermodynamics) -> Self:
        """Take the peak from an analysis.

        Raises
        ------
        SystemExit
            If the curve has none.
        """
        document = thermo.to_json()
        melting, warnings = document["melting"], tuple(warning["message"] for warning in document["warnings"])
        if melting is None:
            raise SystemExit(f"no peak: {warnings}")
        return cls(
            temperature_K=melting["temperature_K"],
            temperature_ci95_K=melting["ci95_K"] and tuple(melting["ci95_K"]),
            height_over_c0=melting["peak_over_c0"],
            height_ci95_over_c0=melting["peak_over_c0_ci95"] and tuple(melting["peak_over_c0_ci95"]),
            latent_heat_eV=melting["latent_heat_eV"],
            warnings=warnings,
        )


def run_study(folder: Path, text: str, workers: int | None) -> StudyThermodynamics:
    """Run the study that `text` describes in `folder` (or go on with it) and analyse it.

    Raises
    ------
    SystemExit
        If a deck failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(text)
    if failed := deckgen.run(folder, workers=workers).failed:
        raise SystemExit(f"{failed[0].folder}: {failed[0].message}")
    return deckgen.analyse(folder)


def pooled(folders: Sequence[Path]) -> Thermodynamics:
    """Analyse the runs of several studies of one cluster as replicas, and ladders, of one study."""
    samples, series = [harvest(folder) for folder in folders], []
    for one in samples:
        before = max((run.replica for run in series), default=0)
        for run in one.series:
            ladder = None if run.ladder is None else before + run.ladder
            series.append(replace(run, replica=before + run.replica, ladder=ladder))
    return thermodynamics(replace(samples[0], series=tuple(series)))


def standard_error(ci95: Sequence[float] | None) -> float:
    """Return the standard error that a normal 95 % interval has; of None: NaN, which agrees with nothing."""
    return math.nan if ci95 is None else (ci95[1] - ci95[0]) / 3.92


def interval(ci95: Sequence[float] | None, digits: int) -> str:
    """Return an interval as the table shows it."""
    return "none given" if ci95 is None else f"{ci95[0]:.{digits}f} to {ci95[1]:.{digits}f}"


def agree(value: float, error: float, other: float, other_error: float) -> bool:
    """Return whether two values agree within the 95 % interval of their difference."""
    return bool(abs(value - other) <= 1.96 * (error**2 + other_error**2) ** 0.5)


@contextmanager
def work_folder(description: str | None, **switches: str) -> Iterator[argparse.Namespace]:
    """Parse the command line; yield it with `folder`, a temporary one unless it was named.

    `switches` are more options without a value: their names and help.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep the runs here, or resume those in it")
    parser.add_argument("--workers", type=int, help="decks at once; by default as many as cores")
    for name, words in switches.items():
        parser.add_argument(f"--{name}", action="store_true", help=words)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deckgen-validation-") as temporary:
        arguments.folder = arguments.folder or Path(temporary)
        arguments.folder.mkdir(parents=True, exist_ok=True)
        yield arguments


def record(
    name: str,
    title: str,
    checks: Mapping[str, bool],
    rows: Sequence[Sequence[str]],
    *,
    options: str = "",
    **content: Any,
) -> None:
    """Write `<name>.json` and its table `<name>.md` (name: room/check); end the program with 1 if a check failed.

    `options` are those of the command line that the table depends on.
    """
    command = f"python -m validation.{name.replace('/', '.')} {options}".rstrip()
    document = {"command": command, "deckgen_version": deckgen.__version__, "checks": checks, **content}
    plain = json.dumps(document, indent=1, default=asdict, allow_nan=False)
    (HERE / f"{name}.json").write_text(plain + "\n")
    lines = [f"# {title}", "", f"`{command}`, deckgen {deckgen.__version__}", ""]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(5, "|" + "---|" * len(rows[0]))
    lines += ["", *(f"- {check}: {'yes' if passed else 'NO'}" for check, passed in checks.items())]
    (HERE / f"{name}.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    raise SystemExit(0 if all(checks.values()) else 1)
