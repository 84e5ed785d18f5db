"""Spark as a place to run trials: its session, the agents on its executors."""
