"""Hyperopt as an hpbridge backend."""
