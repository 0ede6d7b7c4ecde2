"""Descriptors of a cluster (pairs, triplets, SOAP), and its rows of a fit's design matrix, by the native evaluator.

The matrix has a column for each sparse point and a row for each energy (eV) and force component (eV/A). The rows of one
cluster are a Fortran-ordered array (1 + 3 N, n_sparse): the energy, then the forces atom by atom.
"""
