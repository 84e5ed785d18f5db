"""Which schedulers of Ray's the driver ``tune`` takes, and what is kept of them.

Nothing here imports Ray.
"""

from __future__ import annotations

import copy
import itertools
import os
from typing import Any

from hpbridge.plugin import nearest

KNOWN = {
    "fifo": "FIFOScheduler",
    "asha": "AsyncHyperBandScheduler",
    "median_stopping": "MedianStoppingRule",
    "hyperband": "HyperBandScheduler",
}
REFUSED = {
    "pbt": "'pbt' changes parameters of running trials, and Ray lets no search "
    "algorithm join it: it is a backend, 'ray:pbt' or 'pbt'",
    "pb2": "'pb2' changes parameters of running trials, and Ray lets no search "
    "algorithm join it: it is a backend, 'ray:pb2' or 'pb2'",
    "hb_bohb": "'hb_bohb' belongs to Ray's TuneBOHB in Ray's own loop: use the backend "
    "'ray:bohb' with pruner 'hyperband'",
}
_REFUSED_CLASSES = {
    "PopulationBasedTraining": "pbt",
    "PopulationBasedTrainingReplay": "pbt",
    "PB2": "pb2",
    "HyperBandForBOHB": "hb_bohb",
}

OBJECT = "object "
"""Begins what is kept of a scheduler that was an object."""

OBJECTS: dict[str, Any] = {}
"""Those of this process, by what is kept of them."""

_numbers = itertools.count(1)


def kept(scheduler: Any) -> str | None:
    """Return what a study keeps of a scheduler: its name, or that it was an object.

    Raises:
        ValueError: If it is none, or one that cannot have a search algorithm.
    """
    if scheduler is None:
        return None
    if isinstance(scheduler, str):
        if scheduler in REFUSED:
            raise ValueError(REFUSED[scheduler])
        if scheduler not in KNOWN and not scheduler.startswith(OBJECT):
            msg = f"there is no scheduler {scheduler!r}; {nearest(scheduler, KNOWN)}"
            raise ValueError(msg)
        return scheduler
    if not hasattr(scheduler, "on_trial_result"):
        msg = f"'scheduler' must be a name or a scheduler of Ray's, got {scheduler!r}"
        raise ValueError(msg)
    name = type(scheduler).__name__
    for each in type(scheduler).__mro__:
        if each.__name__ in _REFUSED_CLASSES:
            raise ValueError(REFUSED[_REFUSED_CLASSES[each.__name__]])
    if not copy.deepcopy(scheduler).set_search_properties("metric", "min"):
        msg = f"the {name} must have no metric and mode: the experiment has them"
        raise ValueError(msg)
    token = f"{OBJECT}{name} {os.getpid()}-{next(_numbers)}"
    OBJECTS[token] = scheduler
    return token
