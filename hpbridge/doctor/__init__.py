"""What is broken on this machine, and how to mend it."""
