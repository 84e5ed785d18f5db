"""Which estimator is evaluated: one, or alternatives with a space each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.base import clone

from hpbridge.errors import SpaceError, nearest
from hpbridge.space.categorical import Categorical
from hpbridge.space.kinds import freeze_when, with_when
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from hpbridge.space.parameters import Parameter

MODEL = "model"
"""The parameter that chooses between alternatives."""


@dataclass(frozen=True)
class Models:
    """Estimators by name, and the one space of all.

    Attributes:
        estimators: By name; the one estimator of a search without alternatives has the
            empty name.
        space: Of all. The parameters of an alternative have its name before them, as in
            ``forest__max_depth``, and are active where it is chosen.
    """

    estimators: Mapping[str, Any]
    space: Space

    @property
    def is_choice(self) -> bool:
        """Whether there are alternatives."""
        return "" not in self.estimators

    def chosen(self, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return which estimator a point chooses, and that estimator's parameters."""
        if not self.is_choice:
            return "", dict(values)
        name = values[MODEL]
        prefix = f"{name}__"
        own = {
            key.removeprefix(prefix): value
            for key, value in values.items()
            if key.startswith(prefix)
        }
        return name, own

    def fresh(self, values: Mapping[str, Any]) -> Any:
        """Return an unfitted estimator with the parameters of a point."""
        name, own = self.chosen(values)
        estimator = clone(self.estimators[name])
        # As scikit-learn's searches do: a value may be an estimator of its own.
        return estimator.set_params(**{k: clone(v, safe=False) for k, v in own.items()})

    def defaults(self) -> dict[str, Any]:
        """Return the estimators' own values of the parameters that are searched.

        Of alternatives, those of the first.
        """
        first = next(iter(self.estimators))
        own = self.estimators[first].get_params(deep=True)
        names = {f"{first}__{k}" if first else k: v for k, v in own.items()}
        found = {name: names[name] for name in self.space if name in names}
        return {MODEL: first, **found} if self.is_choice else found


def read_models(estimator: object, space: object, problems: list[str]) -> Models | None:
    """Return the estimators and their space; add what is wrong to a list.

    Args:
        estimator: One, or ``{name: (estimator, space)}`` of alternatives; one without
            a space of its own is an estimator alone.
        space: Of the one estimator. With alternatives, more parameters of theirs by
            their whole names, or None.
        problems: Gets a sentence each.
    """
    if isinstance(estimator, Mapping):
        return _alternatives(estimator, space, problems)
    if not _is_estimator(estimator, "estimator", problems):
        return None
    try:
        found = Space.of(space)
    except SpaceError as error:
        problems += error.problems
        return None
    problems += unknown_parameters(estimator, found)
    return Models({"": estimator}, found)


def _alternatives(
    given: Mapping[Any, Any], space: object, problems: list[str]
) -> Models | None:
    estimators: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    before = len(problems)
    for name, each in given.items():
        found = _alternative(name, each, problems)
        if found is not None:
            estimators[name], own = found
            parameters |= {f"{name}__{k}": _within(name, p) for k, p in own.items()}
    if len(estimators) < 2 and len(problems) == before:  # noqa: PLR2004
        problems.append(f"alternatives are two estimators or more, got {list(given)}")
    if len(problems) > before:
        return None
    try:
        more = dict(Space.of(space)) if space else {}
        whole = Space({MODEL: Categorical(list(estimators)), **parameters, **more})
    except SpaceError as error:
        problems += error.problems
        return None
    return Models(estimators, whole)


def _alternative(
    name: object, given: object, problems: list[str]
) -> tuple[Any, Space] | None:
    """Return one estimator and its space; add what is wrong to a list."""
    before = len(problems)
    if not isinstance(name, str) or not name or "__" in name:
        problems.append(
            f"an alternative is named by text without '__', got {name!r:.100}"
        )
    pair = given if isinstance(given, (tuple, list)) else (given, {})
    if len(pair) != 2:  # noqa: PLR2004 - estimator and space
        problems.append(f"{name!r} must be (estimator, space), got {given!r:.100}")
        return None
    if not _is_estimator(pair[0], repr(name), problems):
        return None
    try:
        own = Space.of(pair[1]) if pair[1] else Space.unknown()
    except SpaceError as error:
        problems += [f"the space of {name!r}: {each}" for each in error.problems]
        return None
    if own.is_restricted:
        problems.append(f"the space of {name!r} cannot have forbid= of its own")
    problems += [f"{name!r}: {text}" for text in unknown_parameters(pair[0], own)]
    return None if len(problems) > before else (pair[0], own)


def _within(name: str, parameter: Parameter) -> Parameter:
    """Return a parameter of an alternative, active where that is chosen."""
    own = {f"{name}__{parent}": list(values) for parent, values in parameter.when}
    return with_when(parameter, freeze_when({MODEL: name, **own}))


def _is_estimator(given: Any, what: str, problems: list[str]) -> bool:
    if isinstance(given, type):
        problems.append(f"{what} is a class: make an object, {given.__name__}()")
        return False
    lacking = [m for m in ("fit", "get_params", "set_params") if not hasattr(given, m)]
    if lacking:
        problems.append(
            f"{what} is no estimator of scikit-learn's kind: {given!r:.100} has no "
            f"{', '.join(lacking)}"
        )
        return False
    try:
        clone(given)
    except (TypeError, RuntimeError, AttributeError, ValueError) as error:
        problems.append(f"{what} cannot be cloned: {error}")
        return False
    return True


def unknown_parameters(estimator: Any, space: Space) -> list[str]:
    """Return a sentence for each name that an estimator has no parameter of."""
    known = estimator.get_params(deep=True)
    kind = type(estimator).__name__
    return [
        f"{kind} has no parameter {name!r}; {nearest(name, known)}"
        for name in space
        if name not in known
    ]


def seeded(estimators: Mapping[str, Any], space: Space, seed: int) -> list[str]:
    """Give every `random_state` that is None one made of the seed; say which.

    Without it, a trial could not be run again, and two of them would differ by chance.
    """
    said = []
    for prefix, estimator in estimators.items():
        states = {
            name: seed
            for name, value in sorted(estimator.get_params(deep=True).items())
            if (name == "random_state" or name.endswith("__random_state"))
            and value is None
            and (f"{prefix}__{name}" if prefix else name) not in space
        }
        if states:
            estimator.set_params(**states)
            whose = f" of {prefix}" if prefix else ""
            said.append(f"{', '.join(states)}{whose} = {seed}, from the seed")
    return said
