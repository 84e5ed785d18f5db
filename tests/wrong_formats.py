"""Formats that are wrong in one way each: they prove that the kit's checks can fail.

Each is a plain one, a pickle of all that a study has (`RIGHT`), and breaks one rule.
"""

# ruff: noqa: EM101 - it is a pickle of our own; each is as short as its mistake
from __future__ import annotations

import dataclasses
import math
import pickle
from pathlib import Path

from hpbridge.contract.foreign import ForeignStudy, Part, StudyFormat
from hpbridge.errors import FormatError
from hpbridge.formats.losses import losses_of
from hpbridge.formats.trials import foreign_of
from hpbridge.formats.whole_file import whole_file
from hpbridge.trial import State

MAGIC = b"OURS"


def recognizes(source):
    if not isinstance(source, Path) or not source.is_file():
        return False
    with source.open("rb") as file:
        return file.read(4) == MAGIC


def unreadable(source):
    return FormatError.unreadable("ours", source, ["it is damaged"], "write it anew")


def read(source, _hints):
    if not isinstance(source, Path) or not source.is_file():
        raise unreadable(source)
    content = source.read_bytes()
    if content[:4] != MAGIC or content[4:36] != digest(content[36:]):
        raise unreadable(source)
    return pickle.loads(content[36:])


def digest(content):
    import hashlib

    return hashlib.sha256(content).digest()


def foreign_study(study):
    return ForeignStudy(
        name=study.name,
        trials=tuple(map(foreign_of, study.trials)),
        metrics=study.metrics,
        space=study.space,
        bounds={bound.metric: bound.text for bound in study.bounds},
        attributes=study.attributes,
    )


def write(study, target, change=lambda foreign: foreign, holds=frozenset(Part)):
    content = pickle.dumps(change(foreign_study(study)))
    with whole_file("ours", Path(target)) as part:
        part.write_bytes(MAGIC + digest(content) + content)
    return losses_of(study, "ours", holds)


RIGHT = StudyFormat(
    name="ours",
    summary="All that a study has.",
    looks_for="a file that begins with OURS",
    recognizes=recognizes,
    read=read,
    write=write,
    holds=frozenset(Part),
)


def spec(**changed):
    return dataclasses.replace(RIGHT, **changed)


def losing(**lost):
    """Return a format that leaves something out of each trial, and says nothing."""

    def without(foreign):
        trials = (dataclasses.replace(trial, **lost) for trial in foreign.trials)
        return dataclasses.replace(foreign, trials=tuple(trials))

    return spec(write=lambda study, target: write(study, target, without))


def less_than_all(*parts):
    return frozenset(Part) - set(parts)


def without_reports(foreign):
    trials = (dataclasses.replace(trial, reports=()) for trial in foreign.trials)
    return dataclasses.replace(foreign, trials=tuple(trials))


def loses_the_last(study, target):
    def change(foreign):
        return dataclasses.replace(foreign, trials=foreign.trials[:-1])

    return write(study, target, change)


def says_what_it_keeps(study, target):
    """Say what is lost with a period, as a sentence has it."""
    notes = write(study, target, holds=less_than_all(Part.REPORTS))
    return tuple(f"{note}." for note in notes)


def says_always_the_same(study, target):
    write(study, target, without_reports)
    return ("some things are lost",)


def overwrites(study, target):
    Path(target).unlink(missing_ok=True)
    return write(study, target)


def leaves_a_part(study, target):
    notes = write(study, target)
    Path(f"{target}.part").write_text("left")
    return notes


def makes_folders(study, target):
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    return write(study, target)


def mutates(study, target):
    notes = write(study, target)
    study.trials[0].metrics["loss"] = 0.0
    return notes


def reads_what_is_cut(source, hints):
    content = source.read_bytes()
    if content[:4] == MAGIC and len(content) > 36:
        return pickle.loads(content[36:])
    return read(source, hints)


def raises_of_its_own(source, hints):
    try:
        return read(source, hints)
    except FormatError as error:
        raise ValueError("no") from error


def gives_no_hint(source, hints):
    try:
        return read(source, hints)
    except FormatError as error:
        raise FormatError("it is damaged") from error


def touches(source, hints):
    found = read(source, hints)
    source.write_bytes(source.read_bytes() + b"read")
    return found


def locks(source, hints):
    found = read(source, hints)
    Path(f"{source}.lock").touch()
    return found


def takes_all(source):
    return isinstance(source, Path) and source.is_file()


def takes_nothing(_source):
    return False


def trusts_the_source(source):
    return source.read_bytes()[:4] == MAGIC


# Mistakes thought out without a look at the checks.


def changing(change):
    """Return a format that changes what it writes, and says nothing."""
    return spec(write=lambda study, target: write(study, target, change))


def each(change):
    """Return a format that changes each trial, and says nothing."""

    def changed(foreign):
        trials = (dataclasses.replace(t, **change(t)) for t in foreign.trials)
        return dataclasses.replace(foreign, trials=tuple(trials))

    return changing(changed)


def of(**changed):
    """Return a format that changes something of the study."""
    return changing(lambda foreign: dataclasses.replace(foreign, **changed))


def texts(values):
    return {name: str(value) for name, value in values.items()}


def with_sign(foreign):
    trials = (
        dataclasses.replace(t, metrics={n: -v for n, v in t.metrics.items()})
        for t in foreign.trials
    )
    return dataclasses.replace(foreign, trials=tuple(trials))


def complete_alone(foreign):
    trials = tuple(t for t in foreign.trials if t.state is State.COMPLETE)
    return dataclasses.replace(foreign, trials=trials)


def by_value(foreign):
    key = foreign.trials and next(iter(foreign.metrics))
    trials = sorted(foreign.trials, key=lambda t: t.metrics.get(key, math.inf))
    return dataclasses.replace(foreign, trials=tuple(trials))


OTHERS = {
    "every value as text": each(lambda t: {"params": texts(t.params)}),
    "values rounded": each(
        lambda t: {"metrics": {n: round(v, 4) for n, v in t.metrics.items()}}
    ),
    "the sign of values": changing(with_sign),
    "one metric": each(lambda t: {"metrics": dict(list(t.metrics.items())[:1])}),
    "complete trials alone": changing(complete_alone),
    "sorted by value": changing(by_value),
    "all complete": each(lambda _: {"state": State.COMPLETE}),
    "no errors": each(lambda _: {"error": None}),
    "no times": each(lambda _: {"started_at": None, "run_seconds": None}),
    "no attributes": each(lambda _: {"attributes": {}}),
    "no space": of(space=None),
    "no bounds": of(bounds={}),
}
