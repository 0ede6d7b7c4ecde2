"""The deck templates: Jinja2 sources of LAMMPS input scripts."""
