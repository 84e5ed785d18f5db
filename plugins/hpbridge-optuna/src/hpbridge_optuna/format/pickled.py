"""Read a study that was pickled, as by `joblib.dump(study, path)`; nothing in it runs.

Source:
    Optuna 5.0.0, `optuna/storages/_in_memory.py`, `optuna/trial/_frozen.py`: the names
    of what is kept; those of Optuna 2 where they differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Stub, inert, masked
from hpbridge_optuna.format.raw import (
    DIRECTIONS,
    STATES,
    DamagedError,
    RawStudy,
    RawTrial,
    pick,
)
from hpbridge_optuna.native.read import external, parameter_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hpbridge.plugin import Label, Searched

_HEAD = 2**10
_CLASSES = re.compile(rb"optuna\.(study|trial|storages|structs)")
_FIRST_BYTES = {b"\x80", b"c", b"(", b"]", b"}"}
_DEEPEST = 3


def is_pickled(path: Path) -> bool:
    """Say whether it is a pickle that begins with something of Optuna's."""
    head = inert.head(path, _HEAD)
    return head[:1] in _FIRST_BYTES and _CLASSES.search(head) is not None


def read_pickle(path: Path, wanted: str | None) -> RawStudy:
    """Return the study of a name, or the only one.

    Raises:
        DamagedError: If it is none, is damaged, or its trials are elsewhere.
    """
    try:
        found = inert.plain(inert.load(path))
    except inert.InertError as error:
        raise DamagedError(str(error)) from error
    studies = [s for each in _within(found, 0) for s in _studies_of(each)]
    if studies:
        by_name = {study.name: study for study in studies}
        return by_name[pick(list(by_name), wanted)]
    trials = [each for each in _within(found, 0) if _name(each) == "FrozenTrial"]
    if not trials:
        msg = "it holds no study, storage or trials of Optuna's"
        hint = "`joblib.dump(study, path)` writes a file that can be read"
        raise DamagedError(msg, hint)
    return _of_trials(path.stem, trials)


def _within(value: Any, depth: int) -> Iterator[Stub]:
    if isinstance(value, Stub):
        yield value
    elif depth < _DEEPEST and isinstance(value, (dict, list, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _within(each, depth + 1)


def _name(stub: object) -> str:
    """Return the name of a stub's class, if it is one of Optuna's."""
    path = stub.path if isinstance(stub, Stub) else ""
    return path.rpartition(".")[2] if path.startswith("optuna.") else ""


def _studies_of(stub: Stub) -> Iterator[RawStudy]:
    if "_storage" in stub.state and "_study_id" in stub.state:
        kept = _kept(stub.get("_storage"), str(stub.get("study_name")))
        yield _study(kept[stub.get("_study_id")])
    elif "storage" in _name(stub).lower():
        yield from map(_study, _kept(stub, "NAME").values())


def _kept(storage: Any, name: str) -> dict[int, Stub]:
    """Return the studies of a storage by their ids.

    Raises:
        DamagedError: If it only says where they are.
    """
    kind = _name(storage)
    if kind == "InMemoryStorage":
        return dict(storage.get("_studies"))
    place = _place(storage, 0)
    if place is None:
        msg = f"its trials are in a {kind or 'storage'}, and it does not say where"
        raise DamagedError(msg, "read that storage, or `study.trials_dataframe()`")
    msg = f"its trials are not in it: they are in {place!r}"
    raise DamagedError(msg, f"`hpbridge import {place} --study {name}` where that is")


def _place(storage: Any, depth: int) -> str | None:
    """Return the URL or the file that a storage is about."""
    if not isinstance(storage, Stub) or depth > _DEEPEST:
        return None
    for key in ("url", "_url", "_file_path"):
        if isinstance(storage.get(key), str):
            return masked(storage.get(key))
    return _place(storage.get("_backend"), depth + 1)


def _study(info: Stub) -> RawStudy:
    study = RawStudy(
        str(info.get("name")),
        [DIRECTIONS[_member(each, DIRECTIONS)] for each in info.get("directions")],
        user=dict(info.get("user_attrs")),
        system=dict(info.get("system_attrs")),
    )
    study.trials = _trials(info.get("trials"))
    return study


def _of_trials(name: str, stubs: Sequence[Stub]) -> RawStudy:
    """Return a study of trials alone, which do not say which way is better."""
    trials = sorted(_trials(stubs), key=lambda trial: trial.number)
    n_values = max((len(trial.values or ()) for trial in trials), default=1)
    return RawStudy(name, ["not_set"] * max(n_values, 1), trials)


def _trials(stubs: Sequence[Stub]) -> list[RawTrial]:
    known: dict[int, tuple[Searched, Stub]] = {}
    return [_trial(stub, known) for stub in stubs]


def _trial(stub: Stub, known: dict[int, tuple[Searched, Stub]]) -> RawTrial:
    values = stub.get("_values")
    if values is None and (value := stub.get("_value", stub.get("value"))) is not None:
        values = [value]
    number = int(stub.get("_number", stub.get("number")))
    started = stub.get("_datetime_start", stub.get("datetime_start"))
    trial = RawTrial(
        number=number,
        id=int(stub.get("_trial_id", number)),
        state=STATES[_member(stub.get("state"), STATES)],
        values=None if values is None else [float(value) for value in values],
        reports={
            int(step): float(value)
            for step, value in stub.get("intermediate_values", {}).items()
        },
        started=_unix(started),
        ended=_unix(stub.get("datetime_complete")),
        user=dict(stub.get("_user_attrs", {})),
        system=dict(stub.get("_system_attrs", {})),
    )
    distributions = stub.get("_distributions")
    for name, value in stub.get("_params").items():
        distribution = distributions[name]
        if id(distribution) not in known:
            known[id(distribution)] = _parameter(distribution), distribution
        trial.params[name] = _value(known[id(distribution)][0], distribution, value)
    return trial


def _member(stub: Any, names: Sequence[str]) -> int:
    """Return the number of a member of an enumeration, pickled by value or by name."""
    said = stub.args[-1]
    number = (
        said
        if isinstance(said, int)
        else [n.lower() for n in names].index(str(said).lower())
    )
    if not 0 <= number < len(names):
        msg = f"there is no member {said!r} of {stub.path!r}"
        raise DamagedError(msg)
    return number


def _parameter(distribution: Stub) -> Searched:
    attributes = dict(distribution.state)
    if "choices" in attributes:
        attributes["choices"] = [_choice(each) for each in attributes["choices"]]
    attributes = {name.lstrip("_"): value for name, value in attributes.items()}
    return parameter_of(_name(distribution), attributes)


def _choice(value: Any) -> Any:
    """Return a choice; the name of a function or a class, which is not made."""
    is_named = isinstance(value, type) and issubclass(value, Stub)
    return value.path.rpartition(".")[2] if is_named else value


def _value(
    parameter: Searched, distribution: Stub, value: Any
) -> tuple[Searched, Label]:
    choices = distribution.get("choices")
    if choices is None:
        return parameter, external(parameter, float(value))
    for index, choice in enumerate(choices):
        if choice is value or (type(choice) is type(value) and _same(choice, value)):
            return parameter, external(parameter, index)
    msg = f"{value!r:.40} is none of the choices {list(choices)!r:.80}"
    raise DamagedError(msg)


def _same(choice: Any, value: Any) -> bool:
    return repr(choice) == repr(value) if choice != choice else choice == value  # noqa: PLR0124 - NaN


def _unix(moment: dt.datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
