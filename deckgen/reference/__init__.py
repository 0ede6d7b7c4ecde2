"""The reference calculator: its settings, its process, and the files of VASP."""
