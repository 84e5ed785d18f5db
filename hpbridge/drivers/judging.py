"""Judge what an objective returned, by the table of `hpbridge.drivers.objective`.

What it returned is the user's, or a library's: each of its methods may raise. Whatever
they do, the trial has an outcome and a sentence that says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.contract.lazy import lazy
from hpbridge.errors.foreign import describe_error, shown, traceback_of
from hpbridge.experiment import DEFAULT_METRIC, likely_direction
from hpbridge.space.reals import NoNumberError, as_number
from hpbridge.trial import NamedValue, Result, State

if TYPE_CHECKING:
    from hpbridge.contract.attempt import Reports
    from hpbridge.experiment import Experiment

# Workers start faster without.
_way_to_declare = lazy("hpbridge.drivers.mending:way_to_declare")
_way_to_return = lazy("hpbridge.drivers.mending:way_to_return")

# Of what was returned, in a sentence.
_MOST_SHOWN = 8


def judge(experiment: Experiment, returned: object, reports: Reports) -> Result:
    """Return the result of an objective that returned."""
    try:
        return _judge(experiment, returned, reports)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - its methods may do anything
        why = describe_error(error)
        text = f"returned the {type(returned).__name__}, which cannot be read: {why}"
        trace = traceback_of(error)
        return Result(State.FAILED, reports=reports, error=text, traceback=trace)


def _judge(experiment: Experiment, returned: object, reports: Reports) -> Result:
    problems: list[str] = []
    if isinstance(returned, NamedValue) and not _is_meant(returned.name, experiment):
        returned = {returned.name: float(returned)}
    if isinstance(returned, Mapping):
        named = _named(returned, problems)
    else:
        values = _values(returned)
        if values and (len(values) > 1 or len(experiment.metrics) > 1):
            return _too_many_or_few(experiment, returned, values, reports)
        if len(experiment.metrics) > 1:
            error = f"returned {_described(returned)}, {_not_a_dict(experiment)}"
            return Result(State.FAILED, reports=reports, error=error)
        named = {experiment.main_metric: returned}
    metrics: dict[str, float] = {}
    for name, value in named.items():
        try:
            metrics[name] = as_number(value)
        except NoNumberError as error:
            problems.append(f"returned {error} for metric {name!r}")
    missing = [m for m in experiment.metrics if m not in named]
    missing += [b.metric for b in experiment.bounds if b.metric not in named]
    if missing:
        wanted = " and no metric ".join(map(repr, dict.fromkeys(missing)))
        problems.append(f"returned no metric {wanted}, but {_listed(metrics)}")
    problems += [
        f"returned nan for metric {name!r}"
        for name in experiment.metrics
        if math.isnan(metrics.get(name, 0.0))
    ]
    state = State.FAILED if problems else State.COMPLETE
    text = "; ".join(problems) or None
    mend = _way_to_declare(experiment, metrics, missing) if missing else None
    return Result(state, metrics, reports, text, mend=mend)


def report_in(metric: str, yielded: object) -> float | None:
    """Return a metric in what an objective yielded; None where it has none."""
    try:
        if isinstance(yielded, Mapping):
            yielded = _named(yielded, [])[metric]
        return as_number(yielded)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - its methods may do anything
        return None  # `judge` says why


def _is_meant(name: str, experiment: Experiment) -> bool:
    """Say whether the one number that was returned is the one that is declared."""
    was_said = (
        experiment.native_space is not None and not experiment.is_direction_assumed
    )
    if not was_said and dict(experiment.metrics) == {DEFAULT_METRIC: "minimize"}:
        return likely_direction(name) == "minimize"  # as is assumed
    return [*experiment.metrics] in ([DEFAULT_METRIC], [name])


def _too_many_or_few(
    experiment: Experiment, returned: object, values: list[float], reports: Reports
) -> Result:
    """Return the result of an objective that returned numbers without names."""
    if len(experiment.metrics) > 1:
        error = f"returned {_described(returned)}, {_not_a_dict(experiment)}"
    else:
        error = (
            f"returned {len(values)} values, {_described(returned)}, for the one "
            f"metric {experiment.main_metric!r}"
        )
    mend = _way_to_return(experiment, len(values))
    return Result(State.FAILED, reports=reports, error=error, mend=mend)


def _not_a_dict(experiment: Experiment) -> str:
    return f"not a dict of the metrics {', '.join(map(repr, experiment.metrics))}"


def _named(
    returned: Mapping[Any, Any], problems: list[str], before: str = ""
) -> dict[str, Any]:
    """Return values by name; those of a dict in it as Ray has them, ``val/accuracy``.

    Source:
        ray 2.60.0, `ray.tune.utils.flatten_dict`.
    """
    named: dict[str, Any] = {}
    for key, value in returned.items():
        if not _is_name(key):
            problems.append(f"returned a metric named {shown(key)}, which is no text")
            continue
        name = before + str.__str__(key)
        is_group = isinstance(value, Mapping)
        within = _named(value, problems, f"{name}/") if is_group else {name: value}
        twice = named.keys() & within
        problems += [f"returned the metric {name!r} twice" for name in sorted(twice)]
        named.update(within)
    return named


def _is_name(key: object) -> bool:
    """Say whether it is text that can be shown and written."""
    if not isinstance(key, str) or not key:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in key)


def _values(returned: Any) -> list[float]:
    """Return the numbers of a tuple, a list or an array of them; none if it is none."""
    is_array = hasattr(returned, "tolist") and hasattr(returned, "shape")
    try:
        listed = returned.tolist() if is_array else returned
        if isinstance(listed, (list, tuple)):
            return [as_number(each) for each in listed]
        return [as_number(returned)]
    except NoNumberError:
        return []


def _listed(metrics: Mapping[str, float]) -> str:
    if not metrics:
        return "nothing that is a number"
    pairs = [f"{name}={value:.6g}" for name, value in metrics.items()]
    more = len(pairs) - _MOST_SHOWN
    return ", ".join(pairs[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _described(value: object) -> str:
    """Return a value with its type, in one line."""
    if hasattr(value, "tolist") and hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    text = " ".join(shown(value).split())
    is_plain = value is None or isinstance(value, (float, int, list, tuple))
    return text if is_plain or text[:1] == "<" else f"the {type(value).__name__} {text}"
