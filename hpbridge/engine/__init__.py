"""The verbs: run, resume, compare, and the plans behind them."""
