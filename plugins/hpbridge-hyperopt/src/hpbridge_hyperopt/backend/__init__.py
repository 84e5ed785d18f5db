"""Hyperopt's algorithms as optimizers."""
