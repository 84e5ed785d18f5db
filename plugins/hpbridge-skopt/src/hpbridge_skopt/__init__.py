"""Scikit-optimize as an hpbridge backend."""
