"""Numbers made of records: summaries, convergence."""
