"""The experiment of a command, made again from the record of its study alone."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from hpbridge.commands.command import COMMAND, Command
from hpbridge.errors import ExperimentError
from hpbridge.experiment import BASELINE, Experiment
from hpbridge.space.categorical import Categorical
from hpbridge.space.constants import constant_of
from hpbridge.space.kinds import when_of, with_also, with_when
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Constraint
    from hpbridge.space.budget import Budget


def is_kept(attributes: Mapping[str, Any]) -> bool:
    """Say whether a study's attributes keep a command."""
    return COMMAND in attributes


def text_of_command(attributes: Mapping[str, Any]) -> str:
    """Return the command of a study in one line; nothing where it has none."""
    command = attributes[COMMAND]["command"] if is_kept(attributes) else ""
    return command if isinstance(command, str) else shlex.join(command)


def kept_experiment(
    name: str,
    attributes: Mapping[str, Any],
    space: Space,
    metrics: Mapping[str, Any],
    bounds: tuple[Constraint, ...],
    budget: Budget | None,
) -> Experiment:
    """Return the experiment of a study of a command.

    Raises:
        ExperimentError: If the record does not hold all of it.
    """
    if space.lost:
        functions = ", ".join(map(repr, space.lost))
        problem = f"its record holds no functions of forbid=: {functions}; pass it"
        raise ExperimentError.invalid(name, [problem])
    noted = dict(attributes[COMMAND])
    objects = {n: tuple(map(constant_of, o)) for n, o in noted.pop("choices").items()}
    return Experiment(
        objective=Command(noted.pop("command"), **noted),
        space=_with_choices(space, objects),
        name=name,
        direction=metrics,
        constraints={bound.metric: bound.text for bound in bounds},
        budget=budget,
        baseline=attributes.get(BASELINE, ()),
    )


def _with_choices(space: Space, objects: Mapping[str, tuple[Any, ...]]) -> Space:
    """Return the space with objects behind the labels of some parameters."""
    if not objects:
        return space
    found = dict(space)
    for name, choices in objects.items():
        old: Any = space[name]
        new = Categorical.labelled(old.labels, choices, weights=old.weights)
        new.ordered = old.ordered
        found[name] = with_also(with_when(new, old.when), old.also)
    clauses = space.to_json().get("forbid", [])
    return Space(found, forbid=map(when_of, clauses))
