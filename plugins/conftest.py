"""For the tests of all plugins."""

from __future__ import annotations

import os

# Tests run on every core already. Before NumPy is loaded; processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
