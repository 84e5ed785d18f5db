"""Any optimizer where Scikit-optimize's own stood."""
