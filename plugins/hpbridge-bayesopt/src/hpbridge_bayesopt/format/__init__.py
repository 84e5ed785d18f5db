"""Bayesian-optimization's studies: read and written."""
