"""Studies that Ray Tune wrote."""
