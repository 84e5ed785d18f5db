"""Optuna's storages and live studies, read and written."""
