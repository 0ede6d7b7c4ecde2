"""Labelled frames in the files of others: a module per kind of file, none of which drops a frame without a word."""
