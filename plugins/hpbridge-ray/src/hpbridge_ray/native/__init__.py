"""What is written for Ray Tune, in our words, and ours in its."""
