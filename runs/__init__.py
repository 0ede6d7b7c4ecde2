"""Launching decks: LAMMPS, the batch, its state, and what it sampled."""
