"""Read an Optuna study: a storage without Optuna, or a live `optuna.Study`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    DAMAGE,
    ForeignStudy,
    ForeignTrial,
    FormatError,
    SpaceError,
    State,
    is_instance_of,
    masked,
    nearest,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna._upstream import METRIC_NAMES, PARENTS
from hpbridge_optuna.format.extras import Extras, constraint_values
from hpbridge_optuna.format.frame import read_frame, recognizes_frame
from hpbridge_optuna.format.inference import merged
from hpbridge_optuna.format.journal import is_journal, read_journal
from hpbridge_optuna.format.pickled import is_pickled, read_pickle
from hpbridge_optuna.format.raw import (
    DIRECTIONS,
    FORMAT,
    DamagedError,
    RawStudy,
    RawTrial,
    pick,
)
from hpbridge_optuna.format.tables import (
    is_sqlite,
    read_tables,
    server,
    sqlite_file,
    sqlite_path,
)
from hpbridge_optuna.native.read import external, of_distribution
from hpbridge_optuna.native.sampler_state import SYSTEM

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from hpbridge.plugin import Hints

_STATES = {
    "COMPLETE": State.COMPLETE,
    "FAIL": State.FAILED,
    "PRUNED": State.PRUNED,
}
_SERVERS = re.compile(r"(postgres|postgresql|mysql|mariadb|oracle|mssql)(\+\w+)?://")
_ALGORITHMS = {
    "cma:": "cmaes",
    "sepcma:": "cmaes",
    "cmawm:": "cmaes",
    "NSGAIISampler:": "nsga2",
    "NSGAIIISampler:": "nsga3",
    "grid_id": "grid",
    "qmc:": "qmc",
}
"""The algorithm that leaves system attributes of this prefix."""


def recognizes(source: object) -> bool:
    """Say whether it is an Optuna storage by its content, or a live study."""
    if isinstance(source, Path):
        if not source.is_file():
            return False
        is_storage = is_sqlite(source) or is_journal(source)
        return is_storage or is_pickled(source) or recognizes_frame(source)
    if isinstance(source, str):
        file = sqlite_path(source)
        if file is not None:
            return not file.exists() or is_sqlite(file)
        return bool(_SERVERS.match(source))
    is_study = is_instance_of(source, "optuna.study", "Study")
    return is_study or recognizes_frame(source)


def read(source: Any, hints: Hints) -> ForeignStudy:
    """Read a study.

    Args:
        source: A file, a database URL, or a live study.
        hints: The name says which study of several; the space, if given, is taken.

    Raises:
        FormatError: If it cannot be read, is damaged, or holds no such study.
    """
    try:
        if not isinstance(source, str) and recognizes_frame(source):
            return read_frame(source, hints)
        return _foreign(_raw(source, hints.name), hints)
    except FormatError:
        raise
    except DamagedError as error:
        problems, hint = [str(error)], error.hint
    except SpaceError as error:
        problems = list(error.problems)
        hint = "give the space with --space FILE:NAME"
    except DAMAGE as error:
        text = " ".join(str(error).split())
        problems = [f"it is damaged ({type(error).__name__}: {text:.120})"]
        hint = "open it with Optuna itself to see whether it is whole"
    except OSError as error:
        problems, hint = [error.strerror or str(error)], "check the path"
    raise FormatError.unreadable(FORMAT, _shown(source), problems, hint)


def _shown(source: Any) -> str:
    return masked(str(source)) if isinstance(source, (str, Path)) else repr(source)


def _raw(source: Any, name: str | None) -> RawStudy:
    if isinstance(source, str):
        file = sqlite_path(source)
        if file is None:
            with server(source) as rows:
                return read_tables(rows, name)
        source = file
    if not isinstance(source, Path):
        return _live(source, name)
    if is_journal(source):
        return read_journal(source, name)
    if is_pickled(source):
        return read_pickle(source, name)
    with sqlite_file(source) as rows:
        return read_tables(rows, name)


def _live(study: Any, name: str | None) -> RawStudy:
    pick([study.study_name], name)
    storage, key = _upstream.STORAGE.of(study), _upstream.STUDY_ID.of(study)
    raw = RawStudy(
        study.study_name,
        [direction.name.lower() for direction in study.directions],
        user=dict(study.user_attrs),
        system=dict(storage.get_study_system_attrs(key)),
    )
    # By identity, since most trials share their distributions; kept with them alive.
    known: dict[int, tuple[Any, Any]] = {}
    for trial in study.get_trials(deepcopy=False):
        ours = RawTrial(
            number=trial.number,
            id=_upstream.TRIAL_ID.of(trial),
            state=trial.state.name,
            values=None if trial.values is None else list(trial.values),
            reports=dict(trial.intermediate_values),
            started=_unix(trial.datetime_start),
            ended=_unix(trial.datetime_complete),
            user=dict(trial.user_attrs),
            system=dict(trial.system_attrs),
        )
        for each, distribution in trial.distributions.items():
            if id(distribution) not in known:
                known[id(distribution)] = of_distribution(distribution), distribution
            parameter = known[id(distribution)][0]
            internal = distribution.to_internal_repr(trial.params[each])
            ours.params[each] = parameter, external(parameter, internal)
        raw.trials.append(ours)
    return raw


def _unix(moment: dt.datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _foreign(raw: RawStudy, hints: Hints) -> ForeignStudy:
    notes = list(raw.notes)
    finished = [trial for trial in raw.trials if trial.state in _STATES]
    unfinished = len(raw.trials) - len(finished)
    if unfinished:
        notes.append(f"{unfinished} trials that run or wait were left out")
    extras = Extras.of(raw, finished)
    metrics = _metrics(raw, hints, notes)
    space = hints.space or extras.space
    found = merged(finished if space is None else ())
    notes += found.notes
    parents = _parents(raw)
    ended = [k for k, t in enumerate(raw.trials) if t.state in _STATES]
    places = {k: place for place, k in enumerate(ended)}
    return ForeignStudy(
        name=raw.name,
        trials=tuple(
            replace(_trial(t, metrics, extras, parents), **extras.stage(t, places))
            for t in finished
        ),
        metrics=metrics,
        space=space,
        parameters=found.parameters,
        bounds=extras.bounds,
        algorithm=_algorithm(raw),
        attributes=extras.attributes(raw.user),
        native=_study_native(raw),
        notes=tuple(notes + extras.notes),
    )


def _metrics(raw: RawStudy, hints: Hints, notes: list[str]) -> dict[str, str]:
    names = raw.system.get(METRIC_NAMES)
    if not names:
        several = len(raw.directions) > 1
        numbers = range(len(raw.directions))
        names = [f"value_{k}" if several else "value" for k in numbers]
    kept = dict(zip(map(str, names), raw.directions, strict=True))
    _check_directions(hints.direction, kept)
    for name, way in hints.direction.items():
        if kept[name] not in {"not_set", way}:
            notes.append(f"the study says {kept[name]} of {name!r}, you say {way}")
    found = {**kept, **hints.direction}
    if unsaid := [name for name, way in found.items() if way == "not_set"]:
        listed = ", ".join(map(repr, unsaid))
        notes.append(f"nothing says which way {listed} is better: taken as minimized")
    return {name: "minimize" if w == "not_set" else w for name, w in found.items()}


def _check_directions(said: Mapping[str, str], kept: Mapping[str, str]) -> None:
    known = DIRECTIONS[1:]
    problems = [
        f"it has no metric {name!r}; {nearest(name, kept)}"
        for name in said
        if name not in kept
    ]
    problems += [
        f"direction of {name!r} is {way!r}; {nearest(way, known)}"
        for name, way in said.items()
        if way not in known
    ]
    if problems:
        raise DamagedError("; ".join(problems), "`--direction METRIC=maximize`")


def _trial(
    raw: RawTrial, metrics: dict[str, str], extras: Extras, parents: set[int]
) -> ForeignTrial:
    state = _STATES[raw.state]
    started, seconds = extras.times(raw)
    return ForeignTrial(
        state=state,
        params=extras.params(raw),
        metrics=extras.metrics(raw, _values(raw, metrics)),
        reports=extras.reports(raw),
        error=extras.error(raw),
        started_at=started,
        run_seconds=seconds,
        attributes=extras.attributes(raw.user),
        native=_trial_native(raw, parents),
    )


def _values(raw: RawTrial, metrics: dict[str, str]) -> dict[str, float]:
    # Of a pruned trial Optuna keeps its last report as the value.
    if raw.values is None or (raw.state == "PRUNED" and raw.reports):
        return {}
    if len(raw.values) != len(metrics):
        msg = f"trial {raw.number} has {len(raw.values)} values, not {len(metrics)}"
        raise DamagedError(msg)
    return dict(zip(metrics, raw.values, strict=True))


def _parents(raw: RawStudy) -> set[int]:
    """Return the ids of trials that are parents of a generation."""
    found: set[int] = set()
    for key, ids in raw.system.items():
        if PARENTS in key and isinstance(ids, list):
            found.update(ids)
    return found


def _trial_native(raw: RawTrial, parents: set[int]) -> dict[str, Any]:
    system = {k: v for k, v in raw.system.items() if k not in constraint_values(raw)[1]}
    native: dict[str, Any] = {SYSTEM: system} if system else {}
    if raw.id in parents:
        native["id"] = raw.id
    return native


def _study_native(raw: RawStudy) -> dict[str, Any]:
    system = {key: value for key, value in raw.system.items() if key != METRIC_NAMES}
    return {SYSTEM: system} if system else {}


def _algorithm(raw: RawStudy) -> str:
    keys = {key for trial in raw.trials for key in trial.system} | raw.system.keys()
    for prefix, name in _ALGORITHMS.items():
        if any(key.startswith(prefix) for key in keys):
            return name
    return ""
