"""Bayesian-optimization behind our ask and tell."""
