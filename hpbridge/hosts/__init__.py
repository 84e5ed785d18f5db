"""Any optimizer inside somebody else's loop."""
