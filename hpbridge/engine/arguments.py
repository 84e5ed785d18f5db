"""What the arguments of the verbs must be."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hpbridge.contract.resources import size_of
from hpbridge.drivers.choosing import DRIVER_WORDS, is_driver
from hpbridge.errors import ExperimentError
from hpbridge.errors.arguments import (
    BY_NAME,
    FLAG,
    FUNCTIONS,
    SEED,
    TEXT,
    WHOLE,
    Kind,
    is_whole,
    optional,
    takes,
    whole,
)
from hpbridge.experiment import Experiment
from hpbridge.space.plain import is_number
from hpbridge.space.space import Space
from hpbridge.store.settings import OF_WORKERS

F = TypeVar("F", bound=Callable[..., Any])


def _is_span(value: Any) -> bool:
    return value is None or (is_number(value) and value > 0 and math.isfinite(value))


def _is_patience(value: Any) -> bool:
    return is_number(value) and 0 <= value < math.inf


def _is_target(value: Any) -> bool:
    return value is None or (is_number(value) and not math.isnan(value))


def _is_place(value: Any) -> bool:
    from hpbridge.store import Database

    return value is None or isinstance(value, (str, os.PathLike, Database))


def _is_driver(value: Any) -> bool:
    return value is None or is_driver(value)


def _are_optimizers(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, Sequence) and all(isinstance(v, str) for v in value)


def _are_options_by_optimizer(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(each, Mapping) for each in value.values()
    )


def _is_memory(value: Any) -> bool:
    return value is None or size_of(value) is not None


def _is_study(value: Any) -> bool:
    from hpbridge.store.record import StudyRecord

    return isinstance(value, (str, StudyRecord)) or is_whole(value)


def _is_pruner(value: Any) -> bool:
    if isinstance(value, (str, Mapping)):
        return True
    if isinstance(value, Sequence):
        is_with_options = len(value) == 2  # noqa: PLR2004
        return (
            is_with_options
            and isinstance(value[0], str)
            and isinstance(value[1], Mapping)
        )
    from hpbridge.pruners.choosing import native_pruner

    return native_pruner(value) is not None


_SPAN = Kind("seconds > 0", _is_span)

SETTINGS: dict[str, Kind] = {
    "n_trials": whole(1),
    "seed": SEED,
    "workers": whole(1),
    "retries": whole(0),
    "timeout": _SPAN,
    "timeout_trial": _SPAN,
    "trials_per_worker": optional(whole(1)),
    "memory_trial": Kind("bytes, or a size as in '4GiB'", _is_memory),
    "threads_per_worker": optional(whole(1)),
    "target": Kind("a number", _is_target),
    "pruner": optional(
        Kind("a name, (name, options), or a library's own pruner", _is_pruner)
    ),
    "on_error": Kind(
        "record or stop", lambda v: isinstance(v, str) and v in {"record", "stop"}
    ),
}
"""What a plan is made of; it holds them to it too, whoever makes it."""

_COMMON = {
    "experiment": Kind("an Experiment", lambda v: isinstance(v, Experiment)),
    "store": Kind("a file, a database's URL or an open store", _is_place),
    "driver": Kind(DRIVER_WORDS, _is_driver),
    "callbacks": FUNCTIONS,
    "store_patience": Kind("seconds >= 0", _is_patience),
}

OF_RUN = {
    **SETTINGS,
    **_COMMON,
    "backend": TEXT,
    "seed": optional(SEED),
    "options": optional(BY_NAME),
    "name": optional(TEXT),
}
OF_OPEN_STUDY = {
    "experiment": Kind(
        "an Experiment, or a space",
        lambda v: isinstance(v, (Experiment, Space, Mapping)),
    ),
    "backend": optional(TEXT),
    "seed": optional(SEED),
    "options": optional(BY_NAME),
    "name": optional(TEXT),
    "n_trials": optional(SETTINGS["n_trials"]),
    **{name: SETTINGS[name] for name in ("target", "timeout", "pruner")},
    **{name: _COMMON[name] for name in ("store", "callbacks", "store_patience")},
}
_OPTIONAL = {name: optional(kind) for name, kind in SETTINGS.items() if name != "seed"}
OF_COMPARE = {
    **_OPTIONAL,
    **_COMMON,
    "backends": Kind("'all' or a list of optimizers", _are_optimizers),
    # How many fit is said with the comparison.
    "repeats": optional(Kind(whole(1).words, is_whole)),
    "seed": optional(SEED),
    "shared_start": optional(WHOLE),
    "options": optional(Kind("dicts by optimizer", _are_options_by_optimizer)),
    "jobs": optional(whole(1)),
    "resume": FLAG,
    "on_study": optional(Kind("a function", callable)),
}
OF_RESUME = {
    **_COMMON,
    "experiment": optional(_COMMON["experiment"]),
    "study": Kind("a name or an id", lambda v: isinstance(v, str) or is_whole(v)),
    **_OPTIONAL,
}

OF_CONFIRM = {
    **_COMMON,
    "experiment": optional(_COMMON["experiment"]),
    "study": Kind("a Study, or a name or an id", _is_study),
    "top": whole(1),
    "repeats": whole(1),
    "seed": optional(SEED),
    "resume": FLAG,
    **{n: SETTINGS[n] for n in ("workers", "retries", "timeout_trial")},
    **{n: SETTINGS[n] for n in OF_WORKERS},
}


def given_settings(**given: Any) -> dict[str, Any]:
    """Return the arguments that were given as fields of `Settings`: all but None."""
    found = {name: value for name, value in given.items() if value is not None}
    if "memory_trial" in found:
        found["memory_trial"] = size_of(found["memory_trial"])
    if "pruner" in found:
        from hpbridge.pruners.choosing import chosen_pruner

        found["pruner"] = chosen_pruner(found["pruner"])
    return found


def _refused(
    function: str, given: Mapping[str, object], problems: list[str]
) -> ExperimentError:
    named = given.get("experiment")
    name = named.name if isinstance(named, Experiment) else str(given.get("study", ""))
    return ExperimentError.invalid(name or function, problems)


def takes_of(kinds: Mapping[str, Kind]) -> Callable[[F], F]:
    """Return a decorator that refuses arguments of a verb that are of another kind."""
    return takes(_refused, **kinds)
