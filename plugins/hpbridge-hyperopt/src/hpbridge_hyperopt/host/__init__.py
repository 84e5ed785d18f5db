"""Any optimizer inside `fmin`."""
