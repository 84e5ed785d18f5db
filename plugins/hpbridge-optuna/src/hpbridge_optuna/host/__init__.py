"""Any optimizer inside `Study.optimize`."""
