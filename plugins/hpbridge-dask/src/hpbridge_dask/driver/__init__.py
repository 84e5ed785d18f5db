"""Dask as a place to run trials: its client, its cluster, the agents on it."""
