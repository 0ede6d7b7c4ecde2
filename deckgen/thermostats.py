"""Thermostats, each in one record; the lines of its deck are in templates/decks/thermostat.j2.

To add one, write its record and its name here and its branch of every choice there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["THERMOSTATS", "Thermostat", "ThermostatName"]

ThermostatName = Literal["nose-hoover", "csvr", "langevin"]


@dataclass(frozen=True)
class Thermostat:
    """What there is to know of a thermostat.

    Parameters
    ----------
    name
        In study.toml.
    styles
        Kind and name of each LAMMPS style that its lines use.
    removed_dof
        Degrees of freedom that its runs lack, of 3N: 3 where the momentum stays zero (as LAMMPS assumes), 6 where the
        angular momentum does, too.
    description, momenta
        For the methods text: what it is, and what becomes of the momenta ({dof}: the degrees of freedom).
    citation
        Its source.
    random_forces
        Whether it adds random forces to those of the potential.
    """

    name: ThermostatName
    styles: tuple[tuple[str, str], ...]
    removed_dof: Literal[3, 6]
    description: str
    momenta: str
    citation: str
    random_forces: bool = False

    @property
    def keeps_zero_angular_momentum(self) -> bool:
        """Whether runs that start without angular momentum never rotate; their samples then carry sqrt(det I)."""
        return self.removed_dof == 6


_KEPT = (
    "The runs began with zero linear and zero angular momentum, which this thermostat keeps; the temperature was "
    "therefore defined with 3N − 6 = {dof} degrees of freedom."
)

_RECORDS = (
    Thermostat(
        name="nose-hoover",
        styles=(("fix", "nvt"),),
        removed_dof=6,
        description="a chain of three Nosé-Hoover thermostats",
        momenta=_KEPT,
        citation="G. J. Martyna, M. L. Klein, M. Tuckerman, J. Chem. Phys. 97, 2635 (1992)",
    ),
    Thermostat(
        name="csvr",
        styles=(("fix", "temp/csvr"), ("fix", "momentum")),
        removed_dof=6,
        description="canonical sampling by stochastic velocity rescaling",
        momenta=_KEPT,
        citation="G. Bussi, D. Donadio, M. Parrinello, J. Chem. Phys. 126, 014101 (2007)",
    ),
    Thermostat(
        name="langevin",
        styles=(("fix", "langevin"),),
        removed_dof=3,
        description="a Langevin thermostat",
        momenta=(
            "The random forces have no net force, so that the total momentum stayed zero and the velocities had "
            "3N − 3 = {dof} degrees of freedom; the cluster rotates as in the canonical ensemble."
        ),
        citation="T. Schneider, E. Stoll, Phys. Rev. B 17, 1302 (1978)",
        random_forces=True,
    ),
)

THERMOSTATS: dict[str, Thermostat] = {thermostat.name: thermostat for thermostat in _RECORDS}
"""All of them, by name."""

assert tuple(THERMOSTATS) == get_args(ThermostatName), "every name needs its record"
