"""Quenching frames to their inherent structures."""
