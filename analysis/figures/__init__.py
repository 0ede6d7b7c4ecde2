"""Figures of the thermodynamics, and the numbers that are drawn in them. Nothing else here needs matplotlib."""
