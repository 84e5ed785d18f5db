"""An existing study of Ray Tune: an experiment folder, or a live `tune.ResultGrid`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpbridge.plugin import (
    Categorical,
    ForeignStudy,
    ForeignTrial,
    FormatError,
    State,
    is_instance_of,
    label_of,
    nearest,
)
from hpbridge_ray._upstream import mode_of
from hpbridge_ray.format.folder import (
    DamagedError,
    Experiment,
    Run,
    is_experiment,
    metric_of,
    open_experiment,
    read_run,
)
from hpbridge_ray.format.frame import read_frame, recognizes_frame
from hpbridge_ray.native.param_space import TooDeepError, flatten
from hpbridge_ray.native.read import read_param_space

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.plugin import Hints, Label, Space

_FORMAT = "ray"
_ENDED = {"TERMINATED", "ERROR"}
_RAYS_OWN = {
    "checkpoint_dir_name",
    "date",
    "done",
    "episodes_this_iter",
    "episodes_total",
    "experiment_id",
    "experiment_tag",
    "hostname",
    "iterations_since_restore",
    "node_ip",
    "pid",
    "should_checkpoint",
    "time_since_restore",
    "time_this_iter_s",
    "time_total_s",
    "timestamp",
    "timesteps_since_restore",
    "timesteps_this_iter",
    "timesteps_total",
    "training_iteration",
    "trial_id",
    "warmup_time",
}
"""What Ray itself adds to a report; ``config`` too.

Source:
    ray 2.60.0, `ray.tune.result`: `AUTO_RESULT_KEYS` and the names above it.
"""

NO_SPACE = "Ray keeps the space in a pickle, which is not opened: give it with --space"


def recognizes(source: object) -> bool:
    """Say whether it is an experiment folder, a `tune.ResultGrid`, or its frame."""
    if isinstance(source, Path):
        try:
            is_folder = source.is_dir()
            return is_experiment(source) if is_folder else recognizes_frame(source)
        except OSError:
            return False
    return _is_result_grid(source) or recognizes_frame(source)


def _is_result_grid(source: object) -> bool:
    return is_instance_of(source, "ray.tune.result_grid", "ResultGrid")


def read(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study in an experiment folder, a `tune.ResultGrid` or its frame.

    Raises:
        FormatError: If a file is damaged, or holds no such metric.
    """
    if recognizes_frame(source):
        return read_frame(source, hints, _space(hints), _RAYS_OWN)
    mode = None
    folder = source
    if _is_result_grid(source):
        folder, mode = _of_result_grid(source)
    try:
        return _read_folder(Path(folder), hints, mode)
    except (DamagedError, TooDeepError) as error:
        hint = "copy the folder again from where Ray wrote it"
        raise FormatError.unreadable(_FORMAT, folder, [str(error)], hint) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problem = f"{Path(str(error.filename or folder)).name!r}: {reason}"
        hint = "it is a local folder that you may read"
        raise FormatError.unreadable(_FORMAT, folder, [problem], hint) from None


def _of_result_grid(grid: Any) -> tuple[str, str | None]:
    """Return the folder of a `tune.ResultGrid` and its Tuner's mode."""
    path = str(grid.experiment_path)
    if not Path(path).is_dir():
        problem = f"its experiment lies at {path!r}, which is no folder here"
        hint = "copy the experiment's folder to this machine and give its path"
        raise FormatError.unreadable(_FORMAT, type(grid).__name__, [problem], hint)
    return path, mode_of(grid)


def _read_folder(folder: Path, hints: Hints, mode: str | None) -> ForeignStudy:
    experiment = open_experiment(folder)
    runs = experiment.runs
    metric = next(iter(hints.direction), None) or experiment.metric
    if metric is None:
        metric = _guess_metric(runs)
    for run in runs:
        read_run(run, metric)
    notes: list[str] = []
    metrics = _directions(experiment, metric, mode, hints, folder, notes)
    space = _space(hints)
    if space is None:
        notes.append(NO_SPACE)
    ended = [run for run in runs if run.status in _ENDED or run.status is None]
    early = _stopped_early(experiment, ended)
    varied = _varied_names(runs)
    trials = [
        _trial(run, metrics, _params(run, space, varied), is_pruned=run.key in early)
        for run in ended
    ]
    notes += _notes(experiment, ended, early)
    return ForeignStudy(folder.name, tuple(trials), metrics, space, notes=tuple(notes))


def _guess_metric(runs: Iterable[Run]) -> str | None:
    """Return the first metric that the first trial with a report has."""
    for run in runs:
        if not run.last:
            read_run(run, None)
        names = list(_metrics(run.last))
        if names:
            return names[0]
    return None


def _space(hints: Hints) -> Space | None:
    if hints.space is not None or hints.native_space is None:
        return hints.space
    return read_param_space(cast("Any", hints.native_space)).space


def _directions(
    experiment: Experiment,
    metric: str | None,
    mode: str | None,
    hints: Hints,
    folder: Path,
    notes: list[str],
) -> dict[str, str]:
    """Return direction by metric, from what is said or by what is usual."""
    reported = dict.fromkeys(n for run in experiment.runs for n in _metrics(run.last))
    if hints.direction:
        missing = [name for name in hints.direction if name not in reported]
        if missing and reported:
            problems = [
                f"no trial reported the metric {name!r}; {nearest(name, reported)}"
                for name in missing
            ]
            hint = "name a metric that the trials reported"
            raise FormatError.unreadable(_FORMAT, folder, problems, hint)
        return dict(hints.direction)
    name = metric or "_metric"
    if experiment.metric is None:
        notes.append(f"the files do not say which metric was meant: took {name!r}")
    if mode in {"min", "max"}:
        return {name: "minimize" if mode == "min" else "maximize"}
    notes.append(
        f"the files do not say which way {name!r} is better: taken as minimized"
    )
    return {name: "minimize"}


def _metrics(report: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a report that are not Ray's own."""
    own = {k: v for k, v in report.items() if k != "config" and k not in _RAYS_OWN}
    found = {name: metric_of(value) for name, value in flatten(own).items()}
    return {name: value for name, value in found.items() if value is not None}


def _attributes(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was reported and is no number."""
    own = {k: v for k, v in report.items() if k != "config" and k not in _RAYS_OWN}
    return {
        name: value
        for name, value in flatten(own).items()
        if metric_of(value) is None and not _is_pickled(value)
    }


def _is_pickled(value: Any) -> bool:
    return isinstance(value, dict) and "_type" in value


def _stopped_early(experiment: Experiment, ended: list[Run]) -> set[str]:
    """Return the trials that a scheduler ended before their time, where that is sure.

    A function that returns leaves ``done`` false in its last report, whoever ends it
    writes true. Sure it is for a function without stopping criteria and stoppers, at
    an iteration that another trial went beyond.

    Source:
        ray 2.60.0, `TuneController._process_trial_result`.
    """
    if experiment.has_stopper:
        return set()
    steps = {run.key: run.last.get("training_iteration", 0) for run in ended}
    longest = max(steps.values(), default=0)
    return {
        run.key
        for run in ended
        if run.status == "TERMINATED"
        and run.is_function
        and run.last.get("done") is True
        and not run.stop
        and steps[run.key] < longest
    }


def _varied_names(runs: list[Run]) -> list[str]:
    """Return the names that stand for the space where no file names the drawn ones."""
    flat = [flatten(run.config) for run in runs]
    names = dict.fromkeys(name for config in flat for name in config)
    texts = {name: {_text(config.get(name)) for config in flat} for name in names}
    return [name for name in names if len(texts[name]) > 1]


def _params(run: Run, space: Space | None, varied: list[str]) -> dict[str, object]:
    """Return the parameters that were searched."""
    flat = flatten(run.config)
    drawn = flatten(run.searched or {})
    names = list(varied if run.searched is None else drawn)
    if space is not None:
        names = list(space.searched)
    found: dict[str, object] = {}
    for name in names:
        value = flat.get(name, drawn.get(name, _NOTHING))
        if value is _NOTHING or _is_pickled(value):
            continue
        parameter = None if space is None else space[name]
        if isinstance(parameter, Categorical):
            found[name] = _choice(parameter, value)
        else:
            found[name] = value if space is not None else _plain(value)
    return found


_NOTHING = object()


def _choice(parameter: Categorical, value: Any) -> object:
    """Return the label of the choice that Ray wrote as this JSON value."""
    text = _text(value)
    for label, choice in zip(parameter.labels, parameter.choices, strict=True):
        if _text(choice) == text or (type(label) is type(value) and label == value):
            return label
    return _plain(value)


def _text(value: Any) -> str:
    """Return a value as Ray writes it: as JSON, what has none by its text."""
    return json.dumps(value, default=str, sort_keys=True)


def _plain(value: Any) -> Label:
    return label_of(value) if not isinstance(value, float) else value


def _trial(
    run: Run,
    metrics: Mapping[str, str],
    params: dict[str, object],
    *,
    is_pruned: bool,
) -> ForeignTrial:
    found = _metrics(run.last)
    state, error = State.COMPLETE, None
    if run.status == "ERROR" or (run.status is None and run.error):
        state, error = State.FAILED, run.error or "Ray says ERROR, and not which"
    elif is_pruned:
        state = State.PRUNED
    else:
        missing = [name for name in metrics if name not in found]
        nans = [name for name in metrics if math.isnan(found.get(name, 0.0))]
        problems = [f"reported no metric {name!r}" for name in missing]
        problems += [f"reported nan for metric {name!r}" for name in nans]
        if problems:
            state, error = State.FAILED, "; ".join(problems)
    return ForeignTrial(
        state,
        params,
        found,
        tuple(run.reports.items()),
        error,
        started_at=run.started_at,
        run_seconds=metric_of(run.last.get("time_total_s")),
        attributes=_attributes(run.last),
    )


def _notes(experiment: Experiment, ended: list[Run], early: set[str]) -> list[str]:
    """Return what was left out or taken for something, one sentence each."""
    runs = experiment.runs
    n_open, n_earlier = len(runs) - len(ended), experiment.n_earlier
    changed = [r for r in ended if r.first_config and r.first_config != r.config]
    pickled = {k for r in ended for k, v in flatten(r.config).items() if _is_pickled(v)}
    left_out = [
        (n_open, f"{n_open} trials had not ended, and are left out"),
        (n_earlier, f"{n_earlier} trials of earlier runs in the folder are left out"),
        (pickled, f"values that are there only as pickles: {sorted(pickled)}"),
        (any(run.is_cut for run in runs), "a last report that is not whole, left out"),
    ]
    taken = [
        (early, f"{len(early)} trials that a scheduler stopped early count as pruned"),
        (any(r.last.get("done") and r.key not in early for r in ended), _UNSURE),
        (changed, f"{len(changed)} trials changed while they ran: as they ended"),
        (any(run.status is None for run in runs), _NO_STATE),
    ]
    return [text for holds, text in [*left_out, *taken] if holds]


_UNSURE = (
    "whether a scheduler stopped a trial early is not always in the files: where it is "
    "not, the trial counts as complete with its last report"
)
_NO_STATE = (
    "there is no experiment_state file: a trial without an error is complete, and what "
    "is the same in all trials is no parameter"
)
