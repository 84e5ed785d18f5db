"""Whose loop runs the trials: ours, in process or in worker processes."""
