"""Trials in the ranks of an MPI job."""
