"""Run a function or class that was written for Ray Tune as our objective, without Ray.

`tune.report` hands what it is given to the session of its process. Here that is one
which hands it on to our trial, for its time, and ends what is to end early as Ray does.

Source:
    ray 2.60.0, `function_trainable.wrap_function` for what a function may report,
    return and yield; `ray.train._internal.session` for the session's attributes, and
    how it ends a function; `Trainable.train` for how a class runs. 2.44.1 has the same.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import numbers
import os
import warnings
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.tune.result import AUTO_RESULT_KEYS, DEBUG_METRICS, DEFAULT_METRIC, DONE
from ray.tune.utils import flatten_dict

from hpbridge.plugin import ExperimentError, NamedValue, TrialPruned, arguments, quiet
from hpbridge_ray._upstream import session_of_process

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from hpbridge.plugin import Trial
    from hpbridge_ray.native.param_space import ParamSpace

_RAYS_OWN = {*AUTO_RESULT_KEYS, *DEBUG_METRICS, DONE, "should_checkpoint"}
"""What a class's `train` puts into its result itself."""


class _Stopped(SystemExit):
    """The trial is to end early: what Ray raises in `tune.report`, by another name."""


class _Reports:
    """What a trainable reports, on its way to our trial.

    Args:
        trial: Whose reports these are.

    Attributes:
        last: The numbers of the last one; None before any.
        is_to_end: Whether the trial is to end early.
        is_over: Whether it has come as far as its budget.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._budget = trial.budget
        self._metric = None if trial.study is None else next(iter(trial.study.metrics))
        # Ray counts on where a checkpoint was made.
        known = trial.reports if trial.restored else ()
        self._step = known[-1][0] if known else 0
        self.last: dict[str, Any] | None = None
        self.is_to_end = self.is_over = False

    def take(self, report: Mapping[str, Any], *, is_last: bool = False) -> None:
        """Report the first metric, or a single one, at the next iteration.

        Args:
            report: What is reported.
            is_last: Whether the trainable has ended by itself, so that nothing is left
                to be decided.
        """
        self._step += 1
        self.last = found = _numbers(report)
        names = [self._metric] if self._metric in found else [*found]
        if len(names) == 1:
            self._trial.report(found[names[0]], self._step)
            self.is_to_end = self._trial.should_prune() and not is_last
        self.is_over = self._budget is not None and self._step >= self._budget


class _Session:
    """What `tune.report`, `tune.get_checkpoint` and `tune.get_context` use."""

    world_rank = None
    experiment_name = "hpbridge"
    trial_resources = None
    run_id = None

    def __init__(self, trial: Trial) -> None:
        self.trial_id = self.trial_name = f"trial_{trial.number}"
        self.trial_dir = os.getcwd()  # noqa: PTH109 - Ray gives it as text
        self.reports = _Reports(trial)
        self._trial = trial
        self.loaded_checkpoint = _checkpoint_of(trial.restored)

    def report(
        self,
        metrics: Mapping[str, Any],
        checkpoint: tune.Checkpoint | None = None,
        **_: Any,
    ) -> None:
        self.take(metrics)
        if checkpoint is not None:
            self._save(checkpoint)
        if self.is_to_end:
            raise _Stopped(0)

    def _save(self, checkpoint: tune.Checkpoint) -> None:
        """Make it the trial's, before that ends."""
        with self._trial.checkpoint as folder:
            checkpoint.to_directory(folder)
        self.loaded_checkpoint = _checkpoint_of(self._trial.saved)

    @property
    def is_to_end(self) -> bool:
        """Whether nothing that is reported from now on counts."""
        return self.reports.is_to_end or self.reports.is_over

    def take(self, metrics: Mapping[str, Any], *, is_last: bool = False) -> None:
        """Take a report, unless the trial is to end already."""
        if not isinstance(metrics, Mapping):
            msg = f"tune.report takes a dict of metrics, got {metrics!r:.80}"
            raise TypeError(msg)
        if not self.is_to_end:
            self.reports.take(metrics, is_last=is_last)


def _checkpoint_of(folder: Path | None) -> tune.Checkpoint | None:
    return None if folder is None else tune.Checkpoint.from_directory(folder)


def as_objective(trainable: Any, space: ParamSpace) -> Callable[[Trial], Any]:
    """Return an objective that runs a trainable.

    It returns the last report: the number itself where a single one is reported, with
    its name, otherwise every one by its name. The first metric of the experiment, or a
    single one, is what the trial reports, at ``training_iteration``, from 1. What is no
    number is left out.

    Its checkpoints are the trial's, and what it begins from is what
    `tune.get_checkpoint` returns. A function saves them by `tune.report`; a class is
    saved where it is told to end. Where the trial has a budget, both end at that
    iteration.

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
        reports = runs(trainable, config, trial)
        if reports.is_to_end:
            raise TrialPruned
        last = reports.last
        if last is None:
            return None
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
        with _running(trainable, dict(config)) as running:
            for result in _results(running):
                tune.report(_own(result))
                flat = flatten_dict(result)
                if any(flat.get(name, end - 1) >= end for name, end in stop.items()):
                    return

    train.__name__ = trainable.__name__
    return train


def _is_class(trainable: Any) -> bool:
    return inspect.isclass(trainable) and issubclass(trainable, tune.Trainable)


def _runs_class(
    trainable: type[tune.Trainable], config: dict[str, Any], trial: Trial
) -> _Reports:
    saves = trainable.save_checkpoint is not tune.Trainable.save_checkpoint
    with _session(trial) as session, _running(trainable, config) as running:
        if trial.restored is not None:
            with quiet("ray.tune.trainable.trainable"):
                running.restore(session.loaded_checkpoint)
        for result in _results(running):
            is_last = bool(result.get(DONE))
            session.take(_own(result), is_last=is_last)
            if session.is_to_end:
                break
        if session.is_to_end and saves:
            with trial.checkpoint as folder:
                running.save(str(folder))
        return session.reports


@contextlib.contextmanager
def _running(
    trainable: type[tune.Trainable], config: dict[str, Any]
) -> Iterator[tune.Trainable]:
    running = trainable(config)
    try:
        yield running
    finally:
        running.stop()


def _results(running: tune.Trainable) -> Iterator[dict[str, Any]]:
    while True:
        result = running.train()
        yield result
        if result.get(DONE):
            return


def _own(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in _RAYS_OWN}


def _runs_function(function: Any, config: dict[str, Any], trial: Trial) -> _Reports:
    with _session(trial) as session, contextlib.suppress(_Stopped):
        output = function(config)
        if inspect.isgenerator(output):
            _run_through(output, session)
        for report in _as_reports([output]):
            session.take(report, is_last=True)
    return session.reports


def _run_through(generator: Generator[Any, Any, Any], session: _Session) -> None:
    with closing(generator):
        for report in _as_reports(generator):
            session.report(report)


def _as_reports(outputs: Iterable[Any]) -> Iterator[Any]:
    """Return what a function returned or yielded as `tune.report` takes it."""
    for each in outputs:
        if isinstance(each, numbers.Number) and not isinstance(each, bool):
            yield {DEFAULT_METRIC: each}
        elif each and not inspect.isgenerator(each):
            yield each


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
