"""Optuna's samplers as optimizers that are asked and told."""
