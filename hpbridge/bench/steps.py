"""What is said of a bench while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.bench.entry import Run
    from hpbridge.errors import HpbridgeError

BEGUN, TRIALS, ENDED, FAILED = "begun", "trials", "ended", "failed"


@dataclass(frozen=True)
class Step:
    """What happened in a bench.

    Attributes:
        what: `BEGUN`, `TRIALS`, `ENDED` or `FAILED`.
        run: Which study it is of.
        n_trials: How many trials of the study have ended by now, in this bench.
        error: What it failed at.
    """

    what: str
    run: Run
    n_trials: int = 0
    error: HpbridgeError | None = None


@dataclass(frozen=True)
class Outlook:
    """What a bench is about to run.

    Attributes:
        n_done: How many of its studies are there already.
        n_trials: Of each study that is to run, how many trials it is to have.
    """

    name: str
    n_done: int
    n_trials: Mapping[Run, int]
