"""What the arguments of `hpbridge.bench` must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpbridge.contract.suites import BenchProblem
from hpbridge.engine.arguments import OF_COMPARE, SETTINGS
from hpbridge.errors.arguments import FLAG, SEED, TEXTS, Kind, is_whole, optional
from hpbridge.experiment import Experiment


def _is_suite(value: Any) -> bool:
    if isinstance(value, (str, Experiment, BenchProblem)):
        return True
    return isinstance(value, Sequence) and all(
        isinstance(each, (str, Experiment, BenchProblem)) for each in value
    )


# How large numbers are is said with the bench, which has more to say of them.
_WHOLE = optional(Kind("a whole number", is_whole))

OF_BENCH = {
    "suite": Kind("the name of a suite, or a list of experiments", _is_suite),
    "backends": optional(OF_COMPARE["backends"]),
    "n_trials": optional(
        Kind(
            "a whole number, or times the dimension as '20d'",
            lambda value: isinstance(value, str) or is_whole(value),
        )
    ),
    "seeds": _WHOLE,
    "seed": optional(SEED),
    "problems": optional(TEXTS),
    "options": OF_COMPARE["options"],
    "store": OF_COMPARE["store"],
    "jobs": Kind("a whole number", is_whole),
    "workers": optional(SETTINGS["workers"]),
    "timeout": SETTINGS["timeout"],
    "timeout_trial": SETTINGS["timeout_trial"],
    "reference": FLAG,
    "resume": FLAG,
    "on_start": optional(Kind("a function", callable)),
    "on_step": optional(Kind("a function", callable)),
    "store_patience": OF_COMPARE["store_patience"],
}
