"""Scikit-optimize's studies: read and written."""
