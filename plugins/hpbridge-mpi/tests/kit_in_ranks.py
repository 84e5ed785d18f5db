"""The kit for drivers in an MPI job: rank 0 writes what each check said."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from hpbridge.testing import check_driver
from hpbridge_mpi import DRIVER


def main():
    DRIVER.attend()  # the other ranks stay there
    results = [asdict(result) for result in check_driver(DRIVER)]
    Path(sys.argv[1]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
