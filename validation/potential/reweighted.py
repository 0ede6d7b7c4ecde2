"""The melting temperature of another GAP, from the samples of a study that was run with its own potential.

    python -m validation.potential.reweighted STUDY gap.xml

Prints both temperatures, the error of their difference, and Kish's number at the peak: below 100, new runs are due.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from deckgen.workflows.analyse.other_potential import reweight_study

FEWEST = 100


def main() -> None:
    """Reweight and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("gap", type=Path)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    found = reweight_study(arguments.study, arguments.gap, workers=arguments.workers)
    if found.own_K is None or found.other_K is None:
        raise SystemExit("a heat capacity has no peak within the ladder")
    kish = float(np.interp(found.other_K, found.temperatures_K, found.n_effective))
    error = "not known" if found.shift_error_K is None else f"{found.shift_error_K:.1f} K"
    print(f"its own potential: {found.own_K:.1f} K; {arguments.gap}: {found.other_K:.1f} K")
    print(f"shift {found.other_K - found.own_K:+.1f} K, standard error {error}; Kish's number at the peak {kish:.0f}")
    if kish < FEWEST:
        print(f"fewer than {FEWEST}: run the study with the other potential")


if __name__ == "__main__":
    main()
