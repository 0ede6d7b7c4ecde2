"""What the commands that a LAMMPS log echoes set: normalisation, time step, thermostats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from deckgen.runs.external.run import numbers

__all__ = ["Settings"]

THERMOSTATS = {
    # style -> where its two temperatures stand
    "langevin": 0,
    "temp/berendsen": 0,
    "temp/csvr": 0,
    "temp/csld": 0,
    "temp/rescale": 1,
}
ACCELERATED = re.compile(r"/(omp|kk|gpu|intel|opt)$")


@dataclass
class Settings:
    """What the commands up to a line have set."""

    per_atom: bool = False
    timestep: float | None = None
    thermostats: dict[str, tuple[float, float]] = field(default_factory=dict)

    def follow(self, line: str) -> None:
        """Take in a line of the log: a command that is echoed there, or the beginning of another LAMMPS."""
        command, *words = line.split() or [""]
        if command in ("LAMMPS", "clear"):
            # a restart file brings the time step back, nothing else of this
            self.per_atom, self.thermostats = False, {}
        elif command == "thermo_style":
            self.per_atom = False
        elif command == "thermo_modify" and "norm" in words[:-1]:
            self.per_atom = words[words.index("norm") + 1] in ("yes", "on", "true")
        elif command == "timestep" and len(numbers(" ".join(words[:1]))) == 1:
            self.timestep = float(words[0])
        elif command == "Time" and words[:2] == ["step", ":"] and len(numbers(" ".join(words[2:]))) == 1:
            self.timestep = float(words[2])  # on the screen, before each run
        elif command == "unfix" and words:
            self.thermostats.pop(words[0], None)
        elif command == "fix" and (temperatures := _thermostat(words)):
            self.thermostats[words[0]] = temperatures


def _thermostat(words: Sequence[str]) -> tuple[float, float] | None:
    """Return the temperatures that a fix sets for the beginning and the end of a run; None for no thermostat."""
    style, values = ACCELERATED.sub("", "".join(words[2:3])), list(words[3:])
    if style.split("/")[0] in ("nvt", "npt", "nvk") and "temp" in values:
        values = values[values.index("temp") + 1 :]
    elif style in THERMOSTATS:
        values = values[THERMOSTATS[style] :]
    else:
        return None
    pair = numbers(" ".join(values[:2]))
    return (pair[0], pair[1]) if len(pair) == 2 else None
