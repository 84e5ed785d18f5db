"""`auto`: which optimizer, by what is tuned, the budget and what is installed."""
