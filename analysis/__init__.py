"""Analysis of samples. It needs neither LAMMPS nor quippy."""
