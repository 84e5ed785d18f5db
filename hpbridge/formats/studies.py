"""Existing studies: read them, put them into a store, write ours for other tools."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy, Hints, StudyFormat
from hpbridge.contract.native import read_native
from hpbridge.contract.registry import is_met, registry
from hpbridge.errors import FormatError, masked, nearest
from hpbridge.errors.arguments import (
    BY_NAME,
    FLAG,
    PATH,
    TEXT,
    TEXTS,
    Kind,
    optional,
    takes,
)
from hpbridge.experiment import read_constraints
from hpbridge.formats.fitting import fitted
from hpbridge.formats.guarded import guarded
from hpbridge.formats.losses import unwritten
from hpbridge.formats.unrecognized import why_unknown
from hpbridge.formats.whole_file import whole_file
from hpbridge.space.plain_data import note_of_text, plain_data
from hpbridge.store.record import Status
from hpbridge.store.settings import ImportedFrom, Settings, StudySettings
from hpbridge.study import Study, load_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.contract.native import Ways
    from hpbridge.store import Database

_STUDY = Kind("a Study", lambda value: isinstance(value, Study))
_WAYS = Kind(
    "'minimize', 'maximize', a list of such or {metric: direction}",
    lambda value: isinstance(value, (str, Mapping)) or TEXTS.fits(value),
)


@takes(
    format=optional(TEXT),
    name=optional(TEXT),
    direction=optional(_WAYS),
    columns=optional(BY_NAME),
    defaults=optional(BY_NAME),
    without=TEXTS,
    trust_size=FLAG,
)
def read_study(  # noqa: PLR0913 - all that a source may not say
    source: object,
    *,
    format: str | None = None,  # noqa: A002 - as the command line calls it
    name: str | None = None,
    space: object = None,
    direction: Ways = None,
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
    without: Iterable[str] = (),
    trust_size: bool = False,
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
        direction: ``{metric: "minimize" or "maximize"}``, the main one first; or only
            which way, of each of its metrics in order.
        columns: Of a table: ``{"param:lr": "learning_rate", "metric:loss": "val"}``.
        defaults: ``{parameter: value}`` for trials that lack a parameter, which was
            added to the study later.
        without: Parameters that are left out of a space that is inferred; what the
            trials have of them becomes their attributes.
        trust_size: Whether a file may take more time and memory than is due to its
            size: anybody can write a small file that takes for ever to read.

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
    known = None if space is None else read_native(space).space
    native = None if known is space else space
    hints = Hints(
        name,
        known,
        native,
        direction=direction if isinstance(direction, Mapping) else {},
        columns=dict(columns or {}),
        defaults=dict(defaults or {}),
        without=tuple(without),
    )

    def work() -> Study:
        said = hints
        found = _format_of(source, place, format)
        read = found.read(place, said)
        if direction and not isinstance(direction, Mapping):
            # Its metrics are known now; what was assumed of them is so no more.
            by_metric = _by_metric(direction, read, found, source)
            said = replace(said, direction=by_metric)
            read = found.read(place, said)
        return as_study(read, found, source, said)

    return guarded(place, work, format, trust_size=trust_size)


def _by_metric(
    direction: str | Sequence[str],
    read: ForeignStudy,
    form: StudyFormat,
    source: object,
) -> dict[str, str]:
    """Return the directions of the metrics in their order.

    Raises:
        FormatError: If there are more or fewer.
    """
    ways = [direction] if isinstance(direction, str) else list(direction)
    if len(ways) == len(read.metrics):
        return dict(zip(read.metrics, ways, strict=True))
    names = ", ".join(map(repr, read.metrics))
    problem = f"its metrics are {names}, and {len(ways)} directions are given"
    hint = "name the metrics: `--direction METRIC=maximize`"
    raise FormatError.unreadable(form.name, source, [problem], hint)


@takes(save_as=optional(TEXT))
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
    **hints: Any,
) -> Study:
    """Return a study by its name in the store, or read it from where it is.

    Args:
        given: A `Study`, a name or id, or whatever `read_study` reads.
        store: As of `hpbridge.run`.
        space: As of `read_study`, for a source that holds none.
        hints: As of `read_study`, for a source that is read.

    Raises:
        StudyNotFoundError: If it is neither in the store nor a file or a URL.
        FormatError: If there are hints, and it has been read.
    """
    if isinstance(given, Study):
        _refuse_hints(given.name, hints)
        return given
    if isinstance(given, (str, int)):
        is_place = isinstance(given, str) and ("://" in given or Path(given).exists())
        if not is_place:
            _refuse_hints(given, hints)
            return load_study(given, store)
    return read_study(given, space=space, **hints)


def _refuse_hints(given: str | int, hints: Mapping[str, Any]) -> None:
    said = [name for name, value in hints.items() if value]
    if said:
        problem = f"it is a study of ours, and {said[0]!r} is for one that is read"
        hint = "give the file or the database that it was read from"
        form = "hpbridge"
        raise FormatError.unreadable(form, given, [problem], hint)


@takes(study=_STUDY, target=PATH, format=TEXT, overwrite=FLAG)
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
    lost = unwritten(study.space, form.name)
    if not overwrite or "://" in place or not Path(place).exists():
        return form.write(study, place) + lost
    with whole_file(form.name, Path(place), overwrite=True) as part:
        try:
            return form.write(study, str(part)) + lost
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
    if isinstance(place, Path) and not (place.is_file() or place.is_dir()):
        problem = "it is no file that stays, but a pipe or a device"
        hint = "write what comes out of it to a file"
        raise FormatError.unreadable(wanted, source, [problem], hint)
    if wanted is not None:
        return known[wanted]
    found = [each for each in known.values() if each.recognizes(place)]
    known_as = None if found else why_unknown(place)
    if known_as is not None:
        problem, hint = known_as
        raise FormatError.unreadable(None, source, [problem], hint)
    if not found:
        tried = [f"{each.name}: {each.looks_for}" for each in known.values()]
        raise FormatError.unknown(source, tried)
    return min(found, key=lambda each: each.is_general)


def as_study(
    read: ForeignStudy, form: StudyFormat, source: object, hints: Hints | None = None
) -> Study:
    """Return what a reader found as a study.

    Args:
        read: What it found.
        form: Whose reader it is.
        source: Where it was.
        hints: What the user says of it.

    Raises:
        FormatError: If it holds no trial, or bounds that are none; or the hints do not
            fit it.
    """
    if not read.trials:
        problem = "it holds no finished trial"
        hint = "a study is imported when it has one"
        raise FormatError.unreadable(form.name, source, [problem, *read.notes], hint)
    space, trials, notes = fitted(read, hints or Hints(), form.name, source)
    notes += [
        f"the function {name!r} of forbid= is not in the source" for name in space.lost
    ]
    attributes = {str(n): plain_data(v) for n, v in read.attributes.items()}
    notes += [
        note_of_text(name, data.as_text, " of the study")
        for name, data in attributes.items()
        if data.as_text
    ]
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
        attributes={name: data.value for name, data in attributes.items()},
        native=plain_data(read.native).value,
    )


def _shown(source: object) -> str:
    if isinstance(source, (str, os.PathLike)):
        return masked(os.fspath(source))
    return f"{type(source).__module__}.{type(source).__qualname__}"
