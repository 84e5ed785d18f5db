"""Many studies as one contest: which optimizer for these problems, and how sure."""
