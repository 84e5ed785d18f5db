"""Optuna's words and ours, in both directions."""
