from __future__ import annotations

from hypothesis import settings

# No deadline: a busy machine is no bug. Derandomized: a run says the same twice.
settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")
