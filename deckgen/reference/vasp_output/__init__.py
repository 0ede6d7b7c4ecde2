"""What VASP leaves behind: vasprun.xml and OUTCAR, read line by line."""
