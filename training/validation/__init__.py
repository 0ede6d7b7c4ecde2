"""Errors of a potential, and scans of its energy."""
