"""Read schedulers of Ray Tune's: which pruner each is, and with which options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hpbridge.plugin import OptionError
from hpbridge_ray import _upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

_OTHERS = {
    "FIFOScheduler": "it stops nothing: leave the pruner out",
    "HyperBandScheduler": "it pauses trials until their bracket is full; "
    "pruner='hyperband' stops them instead",
    "HyperBandForBOHB": "it belongs to Ray's TuneBOHB; pruner='hyperband' is for any "
    "optimizer",
    "MedianStoppingRule": "it compares with means of running trials; pruner='median' "
    "compares with complete ones at the same step",
    "PopulationBasedTraining": "it changes parameters of running trials: that is a "
    "backend, 'pbt' or 'ray:pbt'",
    "PB2": "it changes parameters of running trials: that is a backend, 'pb2'",
}
"""Why others than ASHA are refused."""


def pruner_of(given: object) -> tuple[str, Mapping[str, object]] | None:
    """Return the name and the options of a scheduler of Ray's; None where it is none.

    Raises:
        OptionError: With every argument whose meaning cannot be kept.
    """
    schedulers = sys.modules.get("ray.tune.schedulers")
    if schedulers is None or not isinstance(given, schedulers.TrialScheduler):
        return None
    kind = type(given)
    if kind is not schedulers.AsyncHyperBandScheduler:
        why = _OTHERS.get(kind.__name__, "only Ray's AsyncHyperBandScheduler is known")
        raise _refused(given, [why])
    found = _upstream.asha_of(given)
    problems = _unkept(found)
    if problems:
        raise _refused(given, problems)
    names = ("max_t", "grace_period", "reduction_factor", "stop_last_trials")
    return "asha:ray", {name: found[name] for name in names}


def asha_of_script(
    given: object, metric: str
) -> tuple[Mapping[str, object], list[str]]:
    """Return the arguments of a script's AsyncHyperBandScheduler, and what is not kept.

    Args:
        given: Any scheduler.
        metric: Of the script; empty where it says none beside the scheduler.

    Returns:
        The arguments by name, and a sentence for each that has no meaning here: those
        that the script says of its study, and the end at ``max_t``, have.

    Raises:
        OptionError: If it is another scheduler.
    """
    if type(given).__name__ != "AsyncHyperBandScheduler":
        pruner_of(given)  # which says why not
    found = _upstream.asha_of(given)
    of_study = {"metric": None, "mode": None, "stop_last_trials": False}
    problems = _unkept({**found, **of_study})
    if metric and found["metric"] not in (None, metric):
        problems.append(
            f"its metric is {found['metric']!r}, and that of the study is {metric!r}"
        )
    return found, problems


def _unkept(found: Mapping[str, object]) -> list[str]:
    """Return what of a scheduler has no meaning here, a sentence each."""
    problems = []
    if found["brackets"] != 1:
        problems.append(
            f"brackets must be 1, got {found['brackets']}: Ray draws a trial's bracket "
            "by no seed"
        )
    if found["time_attr"] != "training_iteration":
        problems.append(
            "time_attr must be 'training_iteration', the step of a report, got "
            f"{found['time_attr']!r}"
        )
    problems += [
        f"{name} must be None, got {found[name]!r}: the experiment says it"
        for name in ("metric", "mode")
        if found[name] is not None
    ]
    if found["stop_last_trials"]:
        problems.append(
            "stop_last_trials must be False: a trial that is stopped is pruned here, "
            "and complete where its objective ends by itself at max_t steps"
        )
    return problems


def _refused(given: object, problems: list[str]) -> OptionError:
    headline = f"A {type(given).__name__} of Ray Tune's cannot be kept"
    return OptionError(headline, problems, "`hpbridge pruners` lists what ends trials")
