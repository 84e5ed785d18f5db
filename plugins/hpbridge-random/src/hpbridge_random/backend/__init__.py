"""Random search as a backend."""
