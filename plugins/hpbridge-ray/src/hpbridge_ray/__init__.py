"""Ray Tune as an hpbridge backend and driver."""
