"""Scikit-optimize behind our ask and tell."""
