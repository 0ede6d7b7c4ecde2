"""MBAR: the solver, reweighting, and the energy grid of the bootstrap."""
