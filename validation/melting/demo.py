"""The study of `make demo` with five seeds, against a reference twenty times as long.

The reference has four independent replicas of every rung, each five times as long as the demo's run; with --seeds it is
that of demo.json, and only the five seeds are run. The criterion, set before the run: at least four of the five
intervals hold the reference, whose own error is small beside them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from validation.common import EXAMPLES, HERE, Peak, interval, record, run_study, work_folder

EXAMPLE = EXAMPLES / "na13-gap"

SEEDS = (1, 2, 3, 4, 5)
FEWEST = 4
REFERENCE = "seed = 100\nreplicas = 4\nduration_ps = 3000\n"


def main() -> None:
    """Run all of them and record how many intervals hold."""
    example = (EXAMPLE / "study.toml").read_text()
    with work_folder(__doc__, seeds="run the five seeds alone, and take the reference from demo.json") as arguments:
        seeds = {
            seed: _peak(arguments.folder / f"seed-{seed}", f"{example}seed = {seed}\n", arguments.workers)
            for seed in SEEDS
        }
        if arguments.seeds:
            reference = Peak(**json.loads((HERE / "melting" / "demo.json").read_text())["peaks"]["reference"])
        else:
            long = example.replace("duration_ps = 600\n", REFERENCE)
            reference = _peak(arguments.folder / "reference", long, arguments.workers)
    peaks = {f"seed {seed}": peak for seed, peak in seeds.items()} | {"reference": reference}
    held = sum(_holds(peak, reference) for peak in seeds.values())
    record(
        "melting/demo",
        "The demo, Na13 with na-gap: five seeds, and twenty times its length",
        {f"at least {FEWEST} of {len(SEEDS)} intervals hold the reference": held >= FEWEST},
        [
            ("run", "Tm / K", "95 %", "height / C0", "95 %", "holds the reference"),
            *(_row(name, peak, reference) for name, peak in peaks.items()),
        ],
        options="--seeds" if arguments.seeds else "",
        peaks=peaks,
    )


def _peak(folder: Path, text: str, workers: int | None) -> Peak:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXAMPLE / "start.xyz", folder)
    return Peak.of(run_study(folder, text, workers))


def _holds(peak: Peak, reference: Peak) -> bool:
    ci95 = peak.temperature_ci95_K
    return ci95 is not None and ci95[0] <= reference.temperature_K <= ci95[1]


def _row(name: str, peak: Peak, reference: Peak) -> tuple[str, ...]:
    temperature = (f"{peak.temperature_K:.1f}", interval(peak.temperature_ci95_K, 1))
    height = (f"{peak.height_over_c0:.2f}", interval(peak.height_ci95_over_c0, 2))
    held = "" if peak is reference else "yes" if _holds(peak, reference) else "no"
    return (name, *temperature, *height, held)


if __name__ == "__main__":
    main()
