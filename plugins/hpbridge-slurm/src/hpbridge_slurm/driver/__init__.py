"""Trials in Slurm jobs."""
