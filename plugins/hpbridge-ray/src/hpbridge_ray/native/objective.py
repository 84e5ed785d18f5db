"""Run a function or class that was written for Ray Tune as our objective, without Ray.

`tune.report` hands what it is given to the session of its process. Here that is one
which keeps it, for the time of a trial.

Source:
    ray 2.60.0, `function_trainable.wrap_function` for what a function may report,
    return and yield; `ray.train._internal.session` for the session's attributes;
    `Trainable.train` for how a class runs. 2.44.1 has the same.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import numbers
import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.tune.result import AUTO_RESULT_KEYS, DEBUG_METRICS, DEFAULT_METRIC, DONE
from ray.tune.utils import flatten_dict

from hpbridge.plugin import ExperimentError, NamedValue, arguments
from hpbridge_ray._upstream import session_of_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpbridge.plugin import Trial
    from hpbridge_ray.native.param_space import ParamSpace

_RAYS_OWN = {*AUTO_RESULT_KEYS, *DEBUG_METRICS, DONE, "should_checkpoint"}
"""What a class's `train` puts into its result itself."""


class _Session:
    """What `tune.report`, `tune.get_checkpoint` and `tune.get_context` use."""

    loaded_checkpoint = None
    world_rank = None
    experiment_name = "hpbridge"
    trial_resources = None
    run_id = None

    def __init__(self, trial: Trial) -> None:
        self.trial_id = self.trial_name = f"trial_{trial.number}"
        self.trial_dir = os.getcwd()  # noqa: PTH109 - Ray gives it as text
        self.reported: list[dict[str, Any]] = []

    def report(self, metrics: Mapping[str, Any], **_: Any) -> None:
        if not isinstance(metrics, Mapping):
            msg = f"tune.report takes a dict of metrics, got {metrics!r:.80}"
            raise TypeError(msg)
        self.reported.append(dict(metrics))


def as_objective(trainable: Any, space: ParamSpace) -> Callable[[Trial], Any]:
    """Return an objective that runs a trainable.

    It returns the last report: the number itself where a single one is reported, with
    its name, otherwise every one by its name. A single metric's reports are the
    trial's, step by step. What is no number is left out.

    Args:
        trainable: A function of a config, or a class: a `tune.Trainable`, which runs
            until its step says ``done``; see `hpbridge_ray.until`.
        space: Builds the config.

    Raises:
        ExperimentError: If it is neither.
    """
    runs = _runs_class if _is_class(trainable) else _runs_function
    if runs is _runs_function and not callable(trainable):
        name = type(trainable).__name__
        problem = f"a trainable is a function of a config or a class, got the {name}"
        raise ExperimentError.invalid(name, [f"{problem} {trainable!r:.80}"])

    def objective(trial: Trial) -> Any:
        config = copy.deepcopy(space.config(dict(trial)))
        reports = [_numbers(report) for report in runs(trainable, config, trial)]
        if not reports:
            return None
        for step, report in enumerate(reports, 1):
            if len(report) == 1:
                trial.report(next(iter(report.values())), step)
        last = reports[-1]
        if len(last) != 1:
            return last
        ((name, value),) = last.items()
        return value if name == DEFAULT_METRIC else NamedValue(value, name)

    objective.__name__ = getattr(trainable, "__name__", "trainable")
    return objective


_CLASS = arguments.Kind("a class", inspect.isclass)


@arguments.takes(trainable=_CLASS)
def until(trainable: type, **stop: float) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that runs a class until a metric reaches a value.

    What ``RunConfig(stop={...})`` is to a Tuner: the class ends when its step says
    ``done`` or one of these is reached from below.

    Args:
        trainable: A subclass of `tune.Trainable`.
        stop: Values by metric, ``training_iteration`` included.

    Example:
        >>> objective = until(MyTrainable, training_iteration=10)  # doctest: +SKIP
    """

    def train(config: Mapping[str, Any]) -> None:
        for result in _results(trainable, dict(config)):
            tune.report(_own(result))
            flat = flatten_dict(result)
            if any(flat.get(name, value - 1) >= value for name, value in stop.items()):
                return

    train.__name__ = trainable.__name__
    return train


def _is_class(trainable: Any) -> bool:
    return inspect.isclass(trainable) and issubclass(trainable, tune.Trainable)


def _runs_class(
    trainable: type, config: dict[str, Any], trial: Trial
) -> list[dict[str, Any]]:
    with _session(trial):
        return [_own(result) for result in _results(trainable, config)]


def _results(trainable: type, config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    running = trainable(config)
    try:
        while True:
            result = running.train()
            yield result
            if result.get(DONE):
                return
    finally:
        running.stop()


def _own(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in _RAYS_OWN}


def _runs_function(
    function: Any, config: dict[str, Any], trial: Trial
) -> list[dict[str, Any]]:
    with _session(trial) as session:
        output = function(config)
        for each in output if inspect.isgenerator(output) else [output]:
            if isinstance(each, numbers.Number) and not isinstance(each, bool):
                session.report({DEFAULT_METRIC: each})
            elif each:
                session.report(each)
        return session.reported


@contextlib.contextmanager
def _session(trial: Trial) -> Iterator[_Session]:
    """Make a session the process's own while the body runs."""
    session = _Session(trial)
    with session_of_process(session), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"ray\.")
        yield session


def _numbers(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of a report that are numbers, nested ones with a slash."""
    flat = flatten_dict(dict(report))
    return {
        str(name): value
        for name, value in flat.items()
        if _is_number(value) and name not in _RAYS_OWN
    }


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, numbers.Real):
        return True
    # Of NumPy, text and flags have a shape too; dtypes of others have no kind.
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    return getattr(value, "shape", None) == () and kind in "iuf"
