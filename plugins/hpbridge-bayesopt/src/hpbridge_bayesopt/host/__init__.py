"""Any optimizer where Bayesian-optimization's own stood."""
