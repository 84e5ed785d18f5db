"""The process that the driver kit starts, and kills: it runs a study in a driver.

Started as ``python -m hpbridge.testing.driver_process FILE``, with the search path and
what to run in FILE.
"""

from __future__ import annotations

import json
import pickle
import sys
from functools import partial
from pathlib import Path

from hpbridge.testing import driver_objectives as objectives
from hpbridge.testing.driver_case import DriverCase

N_TRIALS = 6


def main() -> None:
    """Run the study."""
    head, _, pickled = Path(sys.argv[1]).read_bytes().partition(b"\n")
    sys.path[:] = json.loads(head)
    spec, folder, store = pickle.loads(pickled)  # written by the kit a moment ago
    case = DriverCase(spec)
    life = case.life(
        partial(objectives.lingers, folder), N_TRIALS, workers=2, store=store
    )
    case.run(life)


if __name__ == "__main__":
    main()
