"""Is the experiment that a worker brings the one of the study? Told from plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.commands.command import Command
from hpbridge.contract.wire import free_from_json, free_to_json
from hpbridge.errors import HpbridgeError
from hpbridge.space.kinds import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment


def description_of(experiment: Experiment) -> dict[str, Any]:
    """Return what two files of one experiment have in common, as JSON data."""
    space = None if experiment.is_growing else experiment.space.to_json()
    budget = experiment.budget
    return {
        "name": experiment.name,
        "kind": type(experiment).__name__,
        "command": _command_of(experiment.objective),
        "metrics": dict(experiment.metrics),
        "space": free_to_json(space),
        "constraints": [f"{bound.metric} {bound.text}" for bound in experiment.bounds],
        "budget": None if budget is None else free_to_json(budget.to_json()),
    }


def _of_command(ours: Any, theirs: Any) -> list[str]:
    if not ours or not theirs:
        which = f"{(ours or theirs or {}).get('command')!r}"
        wrong = f"it is the command {which}" if ours else f"the study runs {which}"
        return [] if ours == theirs else [f"{wrong}, and the other is no command"]
    return [
        f"{name} of its command is {ours.get(name)!r}, of the study's {value!r}"
        for name, value in theirs.items()
        if ours.get(name) != value
    ]


def _command_of(objective: object) -> dict[str, Any] | None:
    """Return a command of a shell; where it runs is each machine's own."""
    if not isinstance(objective, Command):
        return None
    return {name: value for name, value in objective.to_json().items() if name != "cwd"}


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return in what an experiment differs from that of the study, a sentence each.

    Args:
        ours: The description of what the worker brings.
        theirs: The description of what the study runs.
    """
    found = [
        f"its {what} is {ours.get(what)!r}, the study's {theirs.get(what)!r}"
        for what in ("name", "kind")
        if ours.get(what) != theirs.get(what)
    ]
    found += _of_command(ours.get("command"), theirs.get("command"))
    found += _of_space(ours.get("space"), theirs.get("space"))
    # The order counts: the first metric is the one that optimizers learn.
    if list(_items(ours, "metrics")) != list(_items(theirs, "metrics")):
        text, other = _ways(ours), _ways(theirs)
        found.append(f"its metrics are {text}; the study's are {other}")
    found += [
        f"its {what} is {_said(ours.get(what))}, the study's {_said(theirs.get(what))}"
        for what in ("constraints", "budget")
        if ours.get(what) != theirs.get(what)
    ]
    return found


def _items(described: Mapping[str, Any], what: str) -> list[tuple[str, Any]]:
    return list((described.get(what) or {}).items())


def _ways(described: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({way})" for name, way in _items(described, "metrics"))


def _said(value: object) -> str:
    return "none" if not value else repr(value)


def _of_space(ours: Any, theirs: Any) -> list[str]:
    if ours is None or theirs is None:
        if ours is theirs:
            return []
        it = "defines its space while it runs"
        return [f"it {it}" if ours is None else f"the study's {it}"]
    mine, others = ours.get("parameters", {}), theirs.get("parameters", {})
    found = [f"it lacks parameter {name!r}" for name in others if name not in mine]
    found += [
        f"it has parameter {name!r}, which the study's lacks"
        for name in mine
        if name not in others
    ]
    found += [
        f"its parameter {name!r} is {_parameter(mine[name])}, "
        f"the study's {_parameter(others[name])}"
        for name in mine
        if name in others and mine[name] != others[name]
    ]
    found += [
        f"its space has another {what}= than the study's"
        for what, key in (("forbid", "forbid"), ("forbid", "predicates"))
        if ours.get(key) != theirs.get(key)
    ]
    return list(dict.fromkeys(found))


def _parameter(data: Any) -> str:
    try:
        return repr(Parameter.from_json(free_from_json(data)))
    except (HpbridgeError, LookupError, TypeError, ValueError, AttributeError):
        return repr(data)
