"""The fit by gap_fit."""
