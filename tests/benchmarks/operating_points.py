"""Measure how often each check speaks: where it must, and where it must not.

    uv run python tests/benchmarks/operating_points.py [--quick] [--only HPB201]

Each scenario is simulated 200 times; `--quick`, 40 times. A row is one scenario in one
setting: the share of cases in which the check spoke, with its 95 % interval (Wilson),
and the same for the rule of skore 0.28, where it has one, on the same data. In a
scenario where it must speak that share is its power, in any other its false alarms.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.operating.scenario import measured
from benchmarks.operating.scenarios import SCENARIOS

HEAD = (
    "| check | scenario | must it speak | hpbridge | skore |\n"
    "| --- | --- | --- | --- | --- |\n"
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="40 cases, not 200")
    parser.add_argument("--cases", type=int, help="how many, of each scenario")
    parser.add_argument("--only", nargs="*", default=[], help="codes of checks")
    given = parser.parse_args()
    n_cases = given.cases or (40 if given.quick else 200)
    chosen = [s for s in SCENARIOS if not given.only or s.code in given.only]
    started = time.perf_counter()
    sys.stdout.write(HEAD)
    for scenario in chosen:
        for row in measured(scenario, n_cases):
            sys.stdout.write(row.line() + "\n")
            sys.stdout.flush()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"\n{n_cases} cases each, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
