"""Bayesian-optimization's spaces in our words, and ours in its."""
