"""Scikit-optimize's spaces in our words, and ours in its."""
