"""``python -m hpbridge`` is the command ``hpbridge``."""

from __future__ import annotations

from hpbridge.cli import main

if __name__ == "__main__":
    main()
