"""Replica exchange: the rungs of a ladder run as LAMMPS processes of their own and swap configurations now and then."""
