"""Bayesian-optimization as an hpbridge backend."""
