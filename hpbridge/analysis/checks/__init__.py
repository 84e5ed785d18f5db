"""Checks: the classic mistakes of tuning, each found by its number."""
