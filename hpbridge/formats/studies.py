"""Existing studies: read them, put them into a store, write ours for other tools."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy, Hints, StudyFormat
from hpbridge.contract.native import read_native
from hpbridge.contract.registry import is_met, registry
from hpbridge.errors import FormatError, SpaceError, masked, nearest
from hpbridge.experiment import read_constraints
from hpbridge.formats.trials import finished_of
from hpbridge.formats.whole_file import whole_file
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int, Parameter, plain_number
from hpbridge.space.space import Space
from hpbridge.store.record import Status
from hpbridge.store.settings import ImportedFrom, Settings, StudySettings
from hpbridge.study import Study, load_study
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.contract.foreign import ForeignTrial
    from hpbridge.store import Database
    from hpbridge.trial import FinishedTrial

MOST_NAMED = 3
"""How many trials that do not fit are named one by one."""


def read_study(
    source: object,
    *,
    format: str | None = None,  # noqa: A002 - as the command line calls it
    name: str | None = None,
    space: object = None,
    direction: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Study:
    """Read a study that hpbridge did not run, or that it exported.

    Nothing that is in a file is executed, and the source is not changed.

    Args:
        source: A file, a folder, a database URL, or an object of a library: whatever
            a registered format recognizes.
        format: Its format, where the source alone does not tell.
        name: Of the study, in a source that holds several.
        space: What it searched, where the source does not say: a `Space`, a dict of
            parameters, or a library's own space.
        direction: ``{metric: "minimize" or "maximize"}``; the first is the main one.
        columns: Of a table: ``{"param:lr": "learning_rate", "metric:loss": "val"}``.

    Returns:
        The study, not in a store. Its notes say what the source did not hold.

    Raises:
        FormatError: If no format recognizes it, or it is not what it looks like.
        SpaceError: If the space cannot be kept in our words.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"lr": [0.1, 0.2], "val": [3.0, 2.0]})
        >>> columns = {"param:lr": "lr", "metric:loss": "val"}
        >>> read_study(table, columns=columns).best_trial.params
        {'lr': 0.2}
    """
    place = _place(source)
    found = _format_of(source, place, format)
    known = None if space is None else read_native(space).space
    native = None if known is space else space
    hints = Hints(name, known, native, dict(direction or {}), dict(columns or {}))
    return as_study(found.read(place, hints), found, source, known)


def import_study(
    source: object,
    store: str | os.PathLike[str] | Database | None = None,
    *,
    save_as: str | None = None,
    **hints: Any,
) -> Study:
    """Read an existing study and put it into a store; see `read_study`.

    Args:
        source: As of `read_study`, or a `Study`.
        store: As of `hpbridge.run`.
        save_as: Its name in the store; by default its own.
        hints: As of `read_study`.

    Returns:
        The study, as the store holds it.
    """
    from hpbridge.store import StudyWriter, open_store

    study = source if isinstance(source, Study) else read_study(source, **hints)
    database = open_store(store)
    new = replace(study, name=save_as or study.name, comparison_id=None)
    with StudyWriter.create(database, new) as writer:
        writer.add_all(study.trials)
        writer.update(status=Status.FINISHED)
        name = writer.name
    return load_study(name, database)


def find_study(
    given: Study | str | os.PathLike[str] | object,
    store: str | os.PathLike[str] | Database | None = None,
    space: object = None,
) -> Study:
    """Return a study by its name in the store, or read it from where it is.

    Args:
        given: A `Study`, a name or id, or whatever `read_study` reads.
        store: As of `hpbridge.run`.
        space: As of `read_study`, for a source that holds none.

    Raises:
        StudyNotFoundError: If it is neither in the store nor a file or a URL.
    """
    if isinstance(given, Study):
        return given
    if isinstance(given, (str, int)):
        is_place = isinstance(given, str) and ("://" in given or Path(given).exists())
        if not is_place:
            return load_study(given, store)
    return read_study(given, space=space)


def write_study(
    study: Study,
    target: str | os.PathLike[str],
    format: str,  # noqa: A002
    *,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a study where another tool reads it.

    Args:
        study: Ours, or one that was read.
        target: A file, or the URL of a database, to which the study is added.
        format: As in ``"optuna"``; a registered format that can be written.
        overwrite: Whether a file that is there is replaced; otherwise it is refused.

    Returns:
        What the format cannot hold and the study has, one sentence each.

    Raises:
        FormatError: If there is no such format, it cannot be written, or the study
            has no trial.
    """
    known = registry().formats
    if format not in known or known[format].write is None:
        able = [each.name for each in known.values() if each.write is not None]
        why = "is only read" if format in known else "is no format"
        problem = f"{format!r} {why}; {nearest(format, able)}"
        hint = "`hpbridge formats` lists what can be written"
        raise FormatError.unwritable(format, target, [problem], hint)
    return write_in(known[format], study, target, overwrite=overwrite)


def write_in(
    form: StudyFormat,
    study: Study,
    target: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a study in a format that can be written; as `write_study`."""
    if not study.trials:
        problem = f"study {study.name!r} has no finished trial"
        raise FormatError.unwritable(form.name, target, [problem], "run it first")
    missing = [each for each in form.requires if not is_met(each)]
    if missing:
        problem = "it needs " + ", ".join(missing)
        hint = f"`pip install {' '.join(map(repr, missing))}`"
        raise FormatError.unwritable(form.name, target, [problem], hint)
    assert form.write is not None
    place = os.fspath(target)
    if not overwrite or "://" in place or not Path(place).exists():
        return form.write(study, place)
    with whole_file(form.name, Path(place), overwrite=True) as part:
        try:
            return form.write(study, str(part))
        except FormatError as error:
            raise FormatError.unwritable(
                form.name, place, error.problems, error.hint
            ) from error


def _place(source: object) -> object:
    """Return a path for the text of a path; other things as they are."""
    if isinstance(source, str) and "://" in source:
        return source
    if isinstance(source, (str, os.PathLike)):
        return Path(source)
    return source


def _format_of(source: object, place: object, wanted: str | None) -> StudyFormat:
    known = registry().formats
    if wanted is not None and wanted not in known:
        raise FormatError.unknown(source, [f"{wanted!r}; {nearest(wanted, known)}"])
    if isinstance(place, Path) and not place.exists():
        problem = f"there is no file or folder {str(place)!r}"
        hint = "give an existing path, a database URL, or a study of the store"
        raise FormatError.unreadable(wanted, source, [problem], hint)
    if wanted is not None:
        return known[wanted]
    found = [each for each in known.values() if each.recognizes(place)]
    if not found:
        tried = [f"{each.name}: {each.looks_for}" for each in known.values()]
        raise FormatError.unknown(source, tried)
    return found[0]


def as_study(
    read: ForeignStudy, form: StudyFormat, source: object, known: Space | None = None
) -> Study:
    """Return what a reader found as a study.

    Args:
        read: What it found.
        form: Whose reader it is.
        source: Where it was.
        known: What it searched, where the source does not say.

    Raises:
        FormatError: If it holds no trial, or bounds that are none.
    """
    if not read.trials:
        problem = "it holds no finished trial"
        hint = "a study is imported when it has one"
        raise FormatError.unreadable(form.name, source, [problem, *read.notes], hint)
    notes = list(read.notes)
    space = read.space or known
    is_seen = space is None
    if space is None:
        space = seen_space(read.trials, form.name, source)
        notes.append(
            "the source holds no space: the ranges are those of the values seen"
        )
    trials = _trials_of(read, space, notes, is_seen=is_seen)
    problems: list[str] = []
    bounds = read_constraints(dict(read.bounds), problems)
    if problems:
        hint = "mend the source's bounds"
        raise FormatError.unreadable(form.name, source, problems, hint)
    now = time.time()
    started = [t.started_at for t in trials if t.started_at]
    return Study(
        name=read.name,
        experiment=read.name,
        backend=read.backend or form.backend or form.name,
        algorithm=read.algorithm,
        seed=None,
        options={},
        space=space,
        metrics=dict(read.metrics),
        settings=StudySettings(
            Settings(n_trials=len(trials)),
            bounds=bounds,
            imported=ImportedFrom(form.name, _shown(source)),
        ),
        notes=tuple(notes),
        status=Status.FINISHED,
        created_at=min(started, default=now),
        updated_at=now,
        trials=tuple(trials),
        attributes=read.attributes,
        native=read.native,
    )


def _shown(source: object) -> str:
    if isinstance(source, (str, os.PathLike)):
        return masked(os.fspath(source))
    return f"{type(source).__module__}.{type(source).__qualname__}"


def _trials_of(
    read: ForeignStudy, space: Space, notes: list[str], *, is_seen: bool
) -> list[FinishedTrial]:
    found: list[FinishedTrial] = []
    left_out: list[str] = []
    for place, trial in enumerate(read.trials):
        try:
            point = _partial(trial, space) if is_seen else _point(trial, space)
        except SpaceError as error:
            left_out.append(f"trial {place}: {error.reasons[0]}")
            continue
        found.append(finished_of(trial, len(found), point, space))
    if left_out:
        more = "; ..." if len(left_out) > MOST_NAMED else ""
        notes.append(
            f"{len(left_out)} of {len(read.trials)} trials are left out, since they "
            f"are not in the space: {'; '.join(left_out[:MOST_NAMED])}{more}"
        )
    return found


def _point(trial: ForeignTrial, space: Space) -> dict[str, Any]:
    """Return a trial's point; of one that failed, what it has of a point."""
    if trial.state is State.COMPLETE:
        return space.canonical(trial.params)
    try:
        return space.canonical(trial.params)
    except SpaceError:
        return _partial(trial, space)


def _partial(trial: ForeignTrial, space: Space) -> dict[str, Any]:
    """Return those of a trial's parameters that are in the space."""
    point: dict[str, Any] = {}
    for name, parameter in space.searched.items():
        if name in trial.params:
            try:
                point[name] = parameter.canonical(trial.params[name])
            except ValueError:
                continue
    return point


def seen_space(trials: Iterable[ForeignTrial], form: str, source: object) -> Space:
    """Return the smallest space that holds the values of some trials.

    Whole numbers make an `Int`, other numbers a `Float`, everything else the choices
    in the order in which they first came up.

    Raises:
        FormatError: If there is no parameter.
    """
    values: dict[str, list[Any]] = {}
    for trial in trials:
        for name, value in trial.params.items():
            values.setdefault(name, []).append(plain_number(value))
    if not values:
        problem = "its trials have no parameters"
        hint = "give its space, or say which columns are parameters"
        raise FormatError.unreadable(form, source, [problem], hint)
    return Space({name: _hull(seen) for name, seen in values.items()})


def _hull(values: list[Any]) -> Parameter:
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return Int(min(values), max(values))
    if kinds <= {int, float}:
        return Float(min(values), max(values))
    choices: list[Any] = []
    for value in values:
        if not any(value == c and type(value) is type(c) for c in choices):
            choices.append(value)
    return Categorical(choices)
