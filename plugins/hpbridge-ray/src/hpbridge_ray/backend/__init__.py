"""Ray Tune's search classes as optimizers."""
