"""Optuna's samplers as an hpbridge backend."""
