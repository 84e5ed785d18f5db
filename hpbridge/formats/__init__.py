"""The core's own formats of studies, and what reads and writes them all."""
