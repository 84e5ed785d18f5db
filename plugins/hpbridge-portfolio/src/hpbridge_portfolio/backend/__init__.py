"""Portfolios as a backend."""
