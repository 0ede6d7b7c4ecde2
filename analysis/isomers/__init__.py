"""Isomers: distinct minima among quenched frames, and what they look like."""
