"""Write a study as an Optuna storage, through Optuna's own API."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import sqlalchemy as sa
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, create_trial

from hpbridge.plugin import (
    FormatError,
    Ranges,
    State,
    by_step,
    dump_number,
    masked,
    quiet,
    whole_file,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna.format.extras import (
    BOUNDS,
    ERROR,
    METRICS,
    PARAMS,
    REPORTS,
    SPACE,
    STAGE,
    TIMES,
    as_user_attributes,
    is_told_by_values,
)
from hpbridge_optuna.format.raw import FORMAT
from hpbridge_optuna.format.tables import sqlite_path, with_driver
from hpbridge_optuna.native.sampler_state import (
    SYSTEM,
    restore_system_attributes,
    with_safe_pickles,
)
from hpbridge_optuna.native.states import STATES
from hpbridge_optuna.native.write import to_distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.distributions import BaseDistribution

    from hpbridge.plugin import FinishedTrial, Study

_MOST_STEPS = 2**31
_JOURNALS = {".log", ".jsonl"}
_FAILURES = (
    *(sa.exc.SQLAlchemyError, optuna.exceptions.OptunaError),
    *(OSError, TypeError, ValueError, OverflowError),
)


def write(study: Study, target: str) -> tuple[str, ...]:
    """Write a study to a storage.

    Args:
        study: Any.
        target: A database URL, in which there is no study of this name; or a file
            that is not there: a journal if its name ends in .log or .jsonl, an SQLite
            file otherwise.

    Returns:
        What the storage cannot hold.

    Raises:
        FormatError: If the target is there, or cannot be written. What was begun is
            taken back.
    """
    try:
        with quiet(*_upstream.STORAGE_LOGGERS), _storage(target, study) as storage:
            _fill(storage, study)
    except FormatError:
        raise
    except optuna.exceptions.DuplicatedStudyError:
        problem = f"it holds a study {study.name!r} already"
        raise _unwritable(target, problem, "give the study another name") from None
    except ModuleNotFoundError as error:
        problem = f"it needs the package {error.name!r}, which is not installed"
        hint = f"`pip install {error.name}`"
        raise _unwritable(target, problem, hint) from error
    except UnicodeEncodeError as error:  # half of a character, in a name
        problem = f"it cannot hold the name {error.object!r:.80}, which is no text"
        hint = "write it as 'json', which holds any name"
        raise _unwritable(target, problem, hint) from error
    except _FAILURES as error:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        text = masked(" ".join(str(cause).split()))
        hint = "check the path, or that the server runs and the URL is right"
        raise _unwritable(target, f"{text:.200}", hint) from error
    return ()


def _unwritable(target: str, problem: str, hint: str) -> FormatError:
    return FormatError.unwritable(FORMAT, masked(target), [problem], hint)


@contextlib.contextmanager
def _storage(target: str, study: Study) -> Iterator[BaseStorage]:
    """Yield an empty storage that becomes the target when all went well."""
    path = sqlite_path(target) if "://" in target else Path(target)
    if path is None or ("://" in target and path.exists()):
        with _in_database(target, study) as storage:
            yield storage
        return
    with whole_file(FORMAT, path) as part:
        if "://" not in target and path.suffix in _JOURNALS:
            yield JournalStorage(JournalFileBackend(str(part)))
        else:
            with _sqlite(part) as storage:
                yield storage


@contextlib.contextmanager
def _sqlite(path: Path) -> Iterator[RDBStorage]:
    # Nobody reads the file before it is whole, so nothing is synced before the end.
    storage = RDBStorage(f"sqlite:///{path}")

    @sa.event.listens_for(storage.engine, "connect")
    def _fast(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    storage.engine.dispose()
    try:
        yield storage
    finally:
        storage.scoped_session.remove()
        storage.engine.dispose()
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


@contextlib.contextmanager
def _in_database(url: str, study: Study) -> Iterator[RDBStorage]:
    storage = RDBStorage(with_driver(url).render_as_string(hide_password=False))
    try:
        yield storage
    except optuna.exceptions.DuplicatedStudyError:
        raise  # somebody else's
    except BaseException:  # raised again
        for each in storage.get_all_studies():
            if each.study_name == study.name:
                storage.delete_study(_upstream.STUDY_ID.of(each))
        raise
    finally:
        storage.scoped_session.remove()
        storage.engine.dispose()


def _fill(storage: BaseStorage, study: Study) -> None:
    directions = [StudyDirection[way.upper()] for way in study.metrics.values()]
    made = optuna.create_study(
        storage=storage, study_name=study.name, directions=directions
    )
    several = len(directions) > 1
    default = [f"value_{k}" if several else "value" for k in range(len(directions))]
    if list(study.metrics) != default:
        made.set_metric_names(list(study.metrics))
    for name, value in as_user_attributes(study.attributes).items():
        made.set_user_attr(name, value)
    made.set_user_attr(SPACE, study.space.to_json())
    if study.bounds:
        bounds = [[b.metric, b.sign, b.bound] for b in study.bounds]
        made.set_user_attr(BOUNDS, bounds)
    distributions = {n: to_distribution(p) for n, p in study.space.searched.items()}
    ranges = Ranges(study.trials)
    made.add_trials(
        _frozen(study, trial, {**distributions, **_own(trial, ranges)})
        for trial in study.trials
    )
    restore_system_attributes(made, study.trials, study.native)


def _own(trial: FinishedTrial, ranges: Ranges) -> dict[str, BaseDistribution]:
    """Return what a trial has in ranges that differ from trial to trial."""
    own = ranges.own(trial)
    return {name: to_distribution(own[name]) for name in own if name in trial.params}


def _frozen(
    study: Study, trial: FinishedTrial, distributions: dict[str, BaseDistribution]
) -> FrozenTrial:
    reports = _reports(trial)
    frozen = create_trial(
        state=STATES[trial.state],
        values=_values(study, trial, reports),
        params=dict(trial.params),
        distributions={name: distributions[name] for name in trial.params},
        intermediate_values=reports,
        user_attrs=_user_attributes(study, trial, reports),
        system_attrs=with_safe_pickles(trial.native.get(SYSTEM, {})),
        constraints=_constraints(study, trial),
    )
    frozen.datetime_start, frozen.datetime_complete = _moments(trial)
    return frozen


def _reports(trial: FinishedTrial) -> dict[int, float]:
    """Return the reports that every storage holds: a step has 32 bits in databases."""
    reports = by_step(trial.reports).items()
    return {step: v for step, v in reports if -_MOST_STEPS <= step < _MOST_STEPS}


def _beyond_floats(trial: FinishedTrial) -> dict[str, int]:
    """Return the whole numbers that storages, which keep floats, would change."""
    return {
        name: value
        for name, value in trial.params.items()
        if type(value) is int and int(float(value)) != value
    }


def _values(
    study: Study, trial: FinishedTrial, reports: dict[int, float]
) -> list[float] | None:
    if trial.state is State.COMPLETE:
        return [trial.metrics[name] for name in study.metrics]
    if trial.state is State.PRUNED and reports and len(study.metrics) == 1:
        last = reports[max(reports)]  # what `Study.tell` keeps of a pruned trial
        return None if math.isnan(last) else [last]
    return None


def _constraints(study: Study, trial: FinishedTrial) -> dict[str, float]:
    found = {b.metric: b.violation(trial.metrics) for b in study.bounds}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _user_attributes(
    study: Study, trial: FinishedTrial, reports: dict[int, float]
) -> dict[str, Any]:
    found = as_user_attributes(trial.attributes)
    if whole := _beyond_floats(trial):
        found[PARAMS] = whole
    named = list(study.metrics) if trial.state is State.COMPLETE else []
    if not is_told_by_values(trial.metrics, named):
        found[METRICS] = {name: dump_number(v) for name, v in trial.metrics.items()}
    if trial.error is not None:
        found[ERROR] = trial.error
    stage = [trial.budget, trial.bracket, trial.rung]
    if any(each is not None for each in (*stage, trial.parent)):
        parent = next(
            (k for k, t in enumerate(study.trials) if t.number == trial.parent), None
        )
        found[STAGE] = [*stage, parent]
    if len(reports) != len(trial.reports):
        found[REPORTS] = [[step, dump_number(value)] for step, value in trial.reports]
    # To the last bit: databases keep microseconds or less.
    found[TIMES] = [trial.started_at or None, trial.run_seconds]
    return found


def _moments(trial: FinishedTrial) -> tuple[dt.datetime, dt.datetime]:
    started = trial.started_at or time.time()  # Optuna wants one
    ended = started + (trial.run_seconds or 0.0)
    # Optuna's are naive and local.
    return dt.datetime.fromtimestamp(started), dt.datetime.fromtimestamp(ended)
