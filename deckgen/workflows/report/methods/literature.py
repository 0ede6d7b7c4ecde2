"""The literature that a methods paragraph cites, numbered in the order of its use.

What a thermostat, a minimiser or a potential rests on is in its own record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["References"]

LITERATURE = {
    "ase": "A. H. Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
    "autoregressive": "M. B. Thompson, arXiv:1011.0175 (2010)",
    "equilibration": "J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016)",
    "exchange": "Y. Sugita, Y. Okamoto, Chem. Phys. Lett. 314, 141 (1999)",
    "independence": "J. D. Chodera, M. R. Shirts, J. Chem. Phys. 135, 194110 (2011)",
    "inherent": "F. H. Stillinger, T. A. Weber, Phys. Rev. A 25, 978 (1982)",
    "influence": "X. S. Li, B. Van Koten, A. R. Dinner, E. H. Thiede, J. Chem. Phys. 158, 214107 (2023)",
    "lammps": "A. P. Thompson et al., Comput. Phys. Commun. 271, 108171 (2022)",
    "lindemann": "Y. Zhou, M. Karplus, K. D. Ball, R. S. Berry, J. Chem. Phys. 116, 2323 (2002)",
    "mbar": "M. R. Shirts, J. D. Chodera, J. Chem. Phys. 129, 124105 (2008)",
    "multiple_histogram": "A. M. Ferrenberg, R. H. Swendsen, Phys. Rev. Lett. 63, 1195 (1989)",
    "quip": "S. Klawohn et al., J. Chem. Phys. 159, 174108 (2023)",
    "superposition": "J. P. K. Doye, D. J. Wales, J. Chem. Phys. 102, 9659 (1995)",
}


@dataclass
class References:
    """Collects what is cited."""

    cited: list[str] = field(default_factory=list)

    def cite(self, key: str) -> str:
        """Return the number of a work, [n]: a key of `LITERATURE`, or the work's own words."""
        work = LITERATURE.get(key, key)
        if work not in self.cited:
            self.cited.append(work)
        return f"[{self.cited.index(work) + 1}]"
