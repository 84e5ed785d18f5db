"""What crosses the contract as JSON data, and back (its rule 6).

An optimizer may live in another process, or in another environment: what it is asked
and told is plain data. Here is the form of it. Every function returns data that
``json.dumps(..., allow_nan=False)`` writes, and its counterpart takes what is read from
there, and raises `ValueError` with one phrase where that is something else.

Numbers that JSON lacks are text where only a number can stand: ``"nan"``, ``"inf"``,
``"-inf"``. Where anything may stand (labels, options, what a library keeps), text is
text, and such a number is ``{"float": "nan"}``.
"""

from __future__ import annotations

import contextlib
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from hpbridge import errors
from hpbridge.contract.backend import Outcome, PastTrial, Problem, Suggestion
from hpbridge.contract.numbers import dump_number
from hpbridge.contract.pruning import Pruning
from hpbridge.contract.stage import Stage
from hpbridge.errors import HpbridgeError
from hpbridge.space.budget import Budget
from hpbridge.space.space import Space
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

_FLOAT = "float"
"""The one key of a number that JSON lacks, and of a dict that looks like one."""


def free_to_json(value: Any) -> Any:
    """Return any JSON data with its numbers that JSON lacks; tuples become lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: dump_number(value)}
    if isinstance(value, Mapping):
        data = {str(name): free_to_json(item) for name, item in value.items()}
        return {_FLOAT: [data[_FLOAT]]} if data.keys() == {_FLOAT} else data
    if isinstance(value, (list, tuple)):
        return [free_to_json(item) for item in value]
    return value


def free_from_json(data: Any) -> Any:
    """Return the data that `free_to_json` wrote."""
    if isinstance(data, dict):
        if data.keys() == {_FLOAT}:
            inner = data[_FLOAT]
            if isinstance(inner, list):
                (item,) = inner
                return {_FLOAT: free_from_json(item)}
            return float(inner)
        return {name: free_from_json(item) for name, item in data.items()}
    if isinstance(data, list):
        return [free_from_json(item) for item in data]
    return data


@contextlib.contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = " ".join(str(error).split())
        msg = f"it is no {what} ({type(error).__name__}: {reason:.80})"
        raise ValueError(msg) from error


def suggestion_to_json(suggestion: Suggestion) -> dict[str, Any]:
    """Return a suggestion as JSON data."""
    data = {"id": suggestion.id, "params": free_to_json(suggestion.params)}
    if suggestion.stage is not None:
        data["stage"] = asdict(suggestion.stage)
    if suggestion.member:
        data["member"] = suggestion.member
    return data


def suggestion_from_json(data: Any) -> Suggestion:
    """Return the suggestion that `suggestion_to_json` wrote."""
    with _reading("suggestion"):
        stage = data.get("stage")
        return Suggestion(
            int(data["id"]),
            dict(free_from_json(data["params"])),
            stage=None if stage is None else Stage(**stage),
            member=str(data.get("member", "")),
        )


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON data."""
    data = {
        "state": outcome.state.value,
        "values": [dump_number(value) for value in outcome.values],
        "constraints": [dump_number(value) for value in outcome.constraints],
        "reports": [[step, dump_number(value)] for step, value in outcome.reports],
    }
    return data if outcome.budget is None else data | {"budget": outcome.budget}


def outcome_from_json(data: Any) -> Outcome:
    """Return the outcome that `outcome_to_json` wrote."""
    with _reading("outcome"):
        return Outcome(
            State(data["state"]),
            tuple(float(value) for value in data["values"]),
            tuple(float(value) for value in data.get("constraints", ())),
            tuple((int(step), float(value)) for step, value in data["reports"]),
            data.get("budget"),
        )


def past_trial_to_json(trial: PastTrial) -> dict[str, Any]:
    """Return a trial of a study that goes on as JSON data."""
    return {
        "params": free_to_json(trial.params),
        "outcome": outcome_to_json(trial.outcome),
        "native": free_to_json(trial.native),
    }


def past_trial_from_json(data: Any) -> PastTrial:
    """Return the trial that `past_trial_to_json` wrote."""
    with _reading("trial"):
        return PastTrial(
            dict(free_from_json(data["params"])),
            outcome_from_json(data["outcome"]),
            dict(free_from_json(data["native"])),
        )


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON data; choices and constants become their labels.

    Functions of ``forbid=`` do not cross: of them there is the name, as in a store.
    """
    pruning, budget = problem.pruning, problem.budget
    return {
        "space": free_to_json(problem.space.to_json()),
        "n_objectives": problem.n_objectives,
        "n_constraints": problem.n_constraints,
        "metrics": list(problem.metrics),
        "bounds": list(problem.bounds),
        "directions": list(problem.directions),
        "pruning": None if pruning is None else free_to_json(asdict(pruning)),
        "budget": None if budget is None else budget.to_json(),
    }


def problem_from_json(data: Any) -> Problem:
    """Return the problem that `problem_to_json` wrote."""
    with _reading("problem"):
        pruning, budget = data.get("pruning"), data.get("budget")
        return Problem(
            Space.from_json(free_from_json(data["space"])),
            int(data["n_objectives"]),
            int(data["n_constraints"]),
            tuple(map(str, data["metrics"])),
            tuple(map(str, data["bounds"])),
            tuple(map(str, data.get("directions", ()))),
            None if pruning is None else Pruning(**free_from_json(pruning)),
            None if budget is None else Budget.from_json(budget),
        )


def options_to_json(options: Any) -> dict[str, Any]:
    """Return the options of an algorithm, an instance of its dataclass, as JSON data.

    Raises:
        TypeError: If an option is an object that JSON does not have.
    """
    data = {
        field.name: free_to_json(getattr(options, field.name))
        for field in fields(options)
    }
    for name, value in data.items():
        if not _is_plain(value):
            msg = f"option {name!r} is no JSON data: {value!r:.80}"
            raise TypeError(msg)
    return data


def options_from_json(kind: type[T], data: Any) -> T:
    """Return the options that `options_to_json` wrote.

    Args:
        kind: The algorithm's dataclass. What it declares a tuple is one again.
        data: With values by name.
    """
    with _reading("set of options"):
        hints = typing.get_type_hints(kind)
        values = {name: free_from_json(data[name]) for name in data}
        return kind(**{name: _as(value, hints[name]) for name, value in values.items()})


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int, float))


def _as(value: Any, hint: Any) -> Any:
    """Return a value with those of its lists as tuples that are declared such."""
    if not isinstance(value, list):
        return value
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        tuples = [h for h in typing.get_args(hint) if typing.get_origin(h) is tuple]
        return _as(value, tuples[0]) if tuples else value
    if typing.get_origin(hint) is not tuple:
        return value
    inner = typing.get_args(hint)
    if inner[1:] == (Ellipsis,):
        inner = inner[:1] * len(value)
    return tuple(_as(item, kind) for item, kind in zip(value, inner, strict=True))


def error_to_json(error: HpbridgeError) -> dict[str, Any]:
    """Return an error of hpbridge as JSON data."""
    kinds = [kind for kind in type(error).__mro__ if issubclass(kind, HpbridgeError)]
    return {
        "error": [kind.__name__ for kind in kinds],
        "headline": error.headline,
        "problems": list(error.problems),
        "hint": error.hint,
        "reason": getattr(error, "reason", ""),
    }


def error_from_json(data: Any) -> HpbridgeError:
    """Return the error that `error_to_json` wrote.

    It is of the nearest kind that is known here: `hpbridge.errors` has those of the
    core; that of a plugin becomes what it extends.
    """
    with _reading("error"):
        kind = next(filter(None, map(_error_named, data["error"])), HpbridgeError)
        problems = [str(problem) for problem in data["problems"]]
        error = kind(str(data["headline"]), problems, str(data["hint"]))
        if data.get("reason") and isinstance(error, errors.ForeignHistoryError):
            error.reason = str(data["reason"])
        return error


def _error_named(name: object) -> type[HpbridgeError] | None:
    kind = getattr(errors, name, None) if isinstance(name, str) else None
    is_ours = isinstance(kind, type) and issubclass(kind, HpbridgeError)
    return kind if is_ours else None
