"""What is written in Hyperopt's own words, read; and ours, written in them."""
