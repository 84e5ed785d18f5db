"""Measure how long a report waits for its answer while this process thinks.

    uv run python tests/benchmarks/reports.py

Two workers report as fast as they are answered, while the main process runs a busy
loop of Python, or fits skopt's Gaussian process to 100 trials that it knows, with a
pruner that answers and without one. The bar: half of the reports are
answered within 1 ms, and 99 of 100 within 10 ms.
"""

from __future__ import annotations

import sys
import time

import hpbridge as hpb
from hpbridge.contract.backend import Optimizer, Suggestion
from hpbridge.learning.choice import Choice
from hpbridge.trial import Origin

SPACE = {f"x{k}": hpb.Float(-1, 1) for k in range(5)}
N_REPORTS = 200


def objective(trial):
    """Report at intervals, and note how long each answer took."""
    waits = []
    for step in range(N_REPORTS):
        started = time.perf_counter()
        trial.report(0.5, step)
        waits.append(time.perf_counter() - started)
        time.sleep(0.002)
    trial.set_attribute("waits", waits)
    return sum(trial.values())


class Busy(Optimizer):
    """Computes Python for half a second before each proposal."""

    def __init__(self) -> None:
        self.n_asked = 0

    def ask(self) -> Suggestion:
        self.n_asked += 1
        until = time.perf_counter() + 0.5
        while time.perf_counter() < until:
            sum(range(1000))
        return Suggestion(self.n_asked, dict.fromkeys(SPACE, 0.5))

    def tell(self, suggestion, outcome) -> None:
        """Learn nothing."""


def known(n_trials: int) -> hpb.Study:
    """Return a study of so many trials."""
    quick = hpb.Experiment(objective=lambda t: sum(t.values()), space=SPACE)
    return hpb.run(quick, "random", n_trials=n_trials, seed=0, store=":memory:")


def waits_of(optimizer: str, n_trials: int, **given) -> list[float]:
    """Return the seconds that reports waited, but for those of the first trials.

    The objective goes on, whatever the answer is.
    """
    tuned = hpb.Experiment(objective=objective, space=SPACE)
    study = hpb.run(
        tuned,
        optimizer,
        n_trials=n_trials,
        seed=0,
        store=":memory:",
        workers=2,
        **given,
    )
    ran = [t for t in study.trials if t.origin is not Origin.IMPORTED]
    return sorted(w for t in ran[2:] for w in t.attributes["waits"])


def row(name: str, waits: list[float]) -> bool:
    """Print a row of the table; say whether it holds."""
    half, most = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    holds = half < 1e-3 and most < 10e-3
    word = "holds" if holds else "MISSES"
    sys.stdout.write(
        f"{name}: median {1e3 * half:.2f} ms, 99 % {1e3 * most:.2f} ms, "
        f"{len(waits)} reports: {word}\n"
    )
    return holds


def main() -> None:
    """Print the table."""
    past = known(100)
    rows = []
    for pruner in (None, ("median", {"n_startup_trials": 1})):
        waits = waits_of("skopt:gp", 8, history=past, pruner=pruner)
        rows.append(row(f"skopt:gp thinks at 100 trials, pruner {pruner}", waits))
    made = Choice.make
    Choice.make = lambda *_: Busy()  # type: ignore[method-assign]
    rows.append(row("a busy loop of Python", waits_of("random", 8)))
    Choice.make = made  # type: ignore[method-assign]
    sys.exit(not all(rows))


if __name__ == "__main__":
    main()
