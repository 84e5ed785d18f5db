"""Which estimator is evaluated: one, or alternatives with a space each."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sklearn.base import clone

from hpbridge.errors import SpaceError, nearest
from hpbridge.errors.arguments import is_whole
from hpbridge.space.categorical import Categorical
from hpbridge.space.kinds import freeze_when, with_when
from hpbridge.space.parts import Part
from hpbridge.space.plain import is_number
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
        parts: What an optimizer of its own searches for each alternative, where they
            have shares of the trials.
    """

    estimators: Mapping[str, Any]
    space: Space
    parts: tuple[Part, ...] = ()

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

    def defaults(self, which: str | None = None) -> dict[str, Any]:
        """Return an estimator's own values of the parameters that are searched.

        Args:
            which: Its name; by default the first one's.
        """
        name = next(iter(self.estimators)) if which is None else which
        own = self.estimators[name].get_params(deep=True)
        names = {f"{name}__{k}" if name else k: v for k, v in own.items()}
        found = {name: names[name] for name in self.space if name in names}
        return {MODEL: name, **found} if self.is_choice else found

    def points_of_defaults(self) -> dict[str, dict[str, Any]]:
        """Return the defaults of each estimator that are a point of the space."""
        found = {}
        for name in self.estimators:
            own = self.defaults(name)
            point = {n: own[n] for n in self.space.active(own) if n in own}
            with contextlib.suppress(SpaceError):
                if not self.space.forbids(self.space.canonical(point, "defaults")):
                    found[name] = point
        return found


def read_models(
    estimator: object, space: object, problems: list[str], shares: object = None
) -> Models | None:
    """Return the estimators and their space; add what is wrong to a list.

    Args:
        estimator: One, or ``{name: (estimator, space)}`` of alternatives, or
            ``(estimator, space, share)``; one without a space of its own is an
            estimator alone.
        space: Of the one estimator. With alternatives, more parameters of theirs by
            their whole names, or None.
        problems: Gets a sentence each.
        shares: Of the trials, by alternative; None for none.
    """
    if isinstance(estimator, Mapping):
        return _alternatives(estimator, space, shares, problems)
    if shares is not None:
        problems.append("shares are of alternatives, and there is one estimator")
    if not _is_estimator(estimator, "estimator", problems):
        return None
    try:
        found = Space.of(space)
    except SpaceError as error:
        problems += error.problems
        return None
    problems += unknown_parameters(estimator, found)
    return Models({"": estimator}, found)


@dataclass
class _Read:
    """What was given for the alternatives, by name, as far as it was right."""

    estimators: dict[str, Any] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    shares: dict[str, object] = field(default_factory=dict)


def _alternatives(
    given: Mapping[Any, Any], space: object, shares: object, problems: list[str]
) -> Models | None:
    read, before = _Read(), len(problems)
    for name, each in given.items():
        _read_alternative(name, each, read, problems)
    if len(given) < 2:  # noqa: PLR2004
        problems.append(f"alternatives are two estimators or more, got {list(given)}")
    dealt = _shares(list(given), shares, read.shares, problems)
    if dealt and space:
        problems.append(
            "space cannot be given beside shares: each alternative has a space of its "
            "own, as in {name: (estimator, space)}"
        )
    if len(problems) > before:
        return None
    parameters = {
        f"{name}__{k}": _within(name, parameter)
        for name, own in read.spaces.items()
        for k, parameter in own.items()
    }
    try:
        more = dict(Space.of(space)) if space else {}
        whole = Space({MODEL: Categorical(list(given)), **parameters, **more})
    except SpaceError as error:
        problems += error.problems
        return None
    parts = (Part(MODEL, n, share, read.spaces[n]) for n, share in dealt.items())
    return Models(read.estimators, whole, tuple(parts))


def _read_alternative(
    name: object, given: object, read: _Read, problems: list[str]
) -> None:
    """Read one estimator, its space and its share; add what is wrong to a list."""
    if not isinstance(name, str) or not name or "__" in name or name.endswith("_"):
        problems.append(
            "an alternative is named by text without '__' in it or '_' at its end, "
            f"got {name!r:.100}"
        )
        return
    whole = tuple(given) if isinstance(given, (tuple, list)) else (given, {})
    if len(whole) not in {2, 3}:
        problems.append(
            f"{name!r} must be (estimator, space) or (estimator, space, share), "
            f"got {given!r:.100}"
        )
        return
    if len(whole) == 3:  # noqa: PLR2004 - with a share
        read.shares[name] = whole[2]
    estimator, space = whole[:2]
    if not _is_estimator(estimator, repr(name), problems):
        return
    try:
        own = Space.of(space) if space else Space.unknown()
    except SpaceError as error:
        problems += [f"the space of {name!r}: {each}" for each in error.problems]
        return
    if own.is_restricted:
        problems.append(f"the space of {name!r} cannot have forbid= of its own")
    problems += [f"{name!r}: {text}" for text in unknown_parameters(estimator, own)]
    read.estimators[name], read.spaces[name] = estimator, own


def _shares(
    names: list[Any],
    given: object,
    beside: Mapping[str, object],
    problems: list[str],
) -> dict[str, float]:
    """Return the share of each alternative, in their order; empty for none.

    Args:
        names: Of the alternatives.
        given: As `shares`.
        beside: Given beside the estimators.
        problems: Gets a sentence each.
    """
    if given is None and not beside:
        return {}
    if given is not None and beside:
        problems.append(
            "shares are given twice: beside the estimators, for "
            f"{', '.join(map(repr, beside))}, and as shares="
        )
        return {}
    shares = beside if given is None else given
    if not isinstance(shares, Mapping):
        problems.append(f"shares must be {{alternative: share}}, got {given!r:.100}")
        return {}
    before = len(problems)
    for name, share in shares.items():
        if name not in names:
            known = nearest(str(name), [str(each) for each in names])
            problems.append(f"shares names no alternative {name!r:.100}; {known}")
        if not is_number(share) or not 0 < share <= 1:
            problems.append(
                f"the share of {name!r:.100} must be in (0, 1], got {share!r}"
            )
    lacking = [name for name in names if name not in shares]
    if lacking:
        problems.append(f"there is no share for {', '.join(map(repr, lacking))}")
    if len(problems) > before:
        return {}
    total = math.fsum(shares.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        problems.append(f"the shares must be 1 together, and are {total:g}")
        return {}
    return {name: float(shares[name]) for name in names}


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


def reseeded(models: Models, seed: int) -> Models:
    """Return the same models with another seed in every `random_state` that is one."""
    own = {name: clone(each) for name, each in models.estimators.items()}
    for prefix, estimator in own.items():
        states = {
            name: seed
            for name, value in estimator.get_params(deep=True).items()
            if (name == "random_state" or name.endswith("__random_state"))
            and is_whole(value)
            and (f"{prefix}__{name}" if prefix else name) not in models.space
        }
        estimator.set_params(**states)
    return replace(models, estimators=own)


def seeded(models: Models, seed: int) -> tuple[Models, list[str]]:
    """Give every `random_state` that is None one made of the seed; say which.

    Without it, a trial could not be run again, and two of them would differ by chance.
    """
    said = []
    own = {name: clone(each) for name, each in models.estimators.items()}
    for prefix, estimator in own.items():
        states = {
            name: seed
            for name, value in sorted(estimator.get_params(deep=True).items())
            if (name == "random_state" or name.endswith("__random_state"))
            and value is None
            and (f"{prefix}__{name}" if prefix else name) not in models.space
        }
        if states:
            estimator.set_params(**states)
            whose = f" of {prefix}" if prefix else ""
            said.append(f"{', '.join(states)}{whose} = {seed}, from the seed")
    return replace(models, estimators=own), said


def name_of(estimator: Any) -> str:
    """Return how an experiment is called after what it evaluates."""
    if isinstance(estimator, Mapping):
        return "-".join(map(str, estimator)) or "evaluation"
    if isinstance(estimator, type):
        return estimator.__name__
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if isinstance(steps, Sequence) and steps else estimator
    return type(last).__name__
