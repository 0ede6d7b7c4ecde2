"""The literature that a methods paragraph cites, numbered in the order of its use.

What a thermostat, a minimiser or a potential rests on is in its own record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["DOIS", "References", "address"]

LITERATURE = {
    "ase": "A. H. Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
    "autoregressive": "M. B. Thompson, arXiv:1011.0175 (2010)",
    "equilibration": "J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016)",
    "exchange": "Y. Sugita, Y. Okamoto, Chem. Phys. Lett. 314, 141 (1999)",
    "hopping": "D. J. Wales, J. P. K. Doye, J. Phys. Chem. A 101, 5111 (1997)",
    "independence": "J. D. Chodera, M. R. Shirts, J. Chem. Phys. 135, 194110 (2011)",
    "inherent": "F. H. Stillinger, T. A. Weber, Phys. Rev. A 25, 978 (1982)",
    "influence": "X. S. Li, B. Van Koten, A. R. Dinner, E. H. Thiede, arXiv:2203.01227 (2022)",
    "lammps": "A. P. Thompson et al., Comput. Phys. Commun. 271, 108171 (2022)",
    "lindemann": "Y. Zhou, M. Karplus, K. D. Ball, R. S. Berry, J. Chem. Phys. 116, 2323 (2002)",
    "mbar": "M. R. Shirts, J. D. Chodera, J. Chem. Phys. 129, 124105 (2008)",
    "multiple_histogram": "A. M. Ferrenberg, R. H. Swendsen, Phys. Rev. Lett. 63, 1195 (1989)",
    "quip": "S. Klawohn et al., J. Chem. Phys. 159, 174108 (2023)",
    "superposition": "J. P. K. Doye, D. J. Wales, J. Chem. Phys. 102, 9659 (1995)",
}

DOIS = {
    "J. Phys.: Condens. Matter 29, 273002": "10.1088/1361-648X/aa680e",
    "J. Chem. Theory Comput. 12, 1799": "10.1021/acs.jctc.5b00784",
    "Chem. Phys. Lett. 314, 141": "10.1016/S0009-2614(99)01123-9",
    "J. Chem. Phys. 135, 194110": "10.1063/1.3660669",
    "Comput. Phys. Commun. 271, 108171": "10.1016/j.cpc.2021.108171",
    "J. Chem. Phys. 116, 2323": "10.1063/1.1426419",
    "J. Chem. Phys. 129, 124105": "10.1063/1.2978177",
    "J. Chem. Phys. 159, 174108": "10.1063/5.0160898",
    "J. Phys. Chem. A 101, 5111": "10.1021/jp970984n",
    "J. Chem. Phys. 97, 2635": "10.1063/1.463940",
    "J. Chem. Phys. 126, 014101": "10.1063/1.2408420",
}
"""Of works whose DOI does not follow from journal, volume and page, as those of the Physical Review do."""

_PHYSICAL_REVIEW = re.compile(r"Phys\. Rev\. (A|B|E|Lett)\.? (\d+), (\d+)")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def address(work: str) -> str | None:
    """Return where a cited work is to be found, https://doi.org/...; None where that is not known."""
    if found := _PHYSICAL_REVIEW.search(work):
        return f"https://doi.org/10.1103/PhysRev{found[1]}.{found[2]}.{found[3]}"
    if found := _ARXIV.search(work):
        return f"https://arxiv.org/abs/{found[1]}"
    return next((f"https://doi.org/{doi}" for place, doi in DOIS.items() if place in work), None)


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
