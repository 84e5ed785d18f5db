"""A search space: parameters by name, their conditions, and what is forbidden.

A space checks everything when it is made and never changes afterwards. Its order is
the order in which it was written, except that a parent always comes before its
children. Inside hpbridge a point of the space is a dict of the *active* searched
parameters by name, with plain values (see `hpbridge.space.parameters`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from hpbridge.errors import SpaceError, nearest
from hpbridge.space.allowed import MOST_DRAWS, AllowedPoints
from hpbridge.space.bare import read_bare
from hpbridge.space.checks import build
from hpbridge.space.constants import note_of_constants
from hpbridge.space.json_form import (
    name_of_predicate,
    notes_of_lost,
    parts_from_json,
    space_to_json,
)
from hpbridge.space.kinds import Constant, Parameter, Searched, with_when
from hpbridge.space.plain import Label, is_equal, to_json

if TYPE_CHECKING:
    import random

Params: TypeAlias = "dict[str, Label]"
Predicate: TypeAlias = Callable[[Mapping[str, Any]], object]


class Space(Mapping[str, Parameter]):
    """What is searched.

    Args:
        parameters: Parameters by name; a plain value is a constant.
        forbid: Combinations that no trial may have. Each is a dict of
            ``{name: value or list of values}``, forbidden where all of it holds, or a
            function of the active parameters that is true for a forbidden point.

    Raises:
        SpaceError: With every mistake at once.

    Example:
        >>> space = Space({"solver": Categorical(["adam", "sgd"]),
        ...                "momentum": Float(0, 1, when={"solver": "sgd"})})
        >>> space.active({"solver": "adam"})
        ['solver']
    """

    notes: tuple[str, ...] = ()
    """What was assumed of the dict that it was read from, and what a record of it holds
    otherwise; no part of it."""
    lost: tuple[str, ...] = ()
    """Functions of ``forbid=`` by name, which were not kept where it was read from:
    what they forbid is allowed here, as `notes` says."""

    def __init__(
        self,
        parameters: Mapping[str, object],
        *,
        forbid: Iterable[Mapping[str, object] | Predicate] = (),
    ) -> None:
        self._parameters, self._clauses, self._predicates = build(parameters, forbid)
        self._searched = {
            name: p for name, p in self._parameters.items() if isinstance(p, Searched)
        }
        self._conditional = any(p.when for p in self._parameters.values())
        constants = {
            n: p.value for n, p in self._parameters.items() if isinstance(p, Constant)
        }
        if constants:
            self.notes = note_of_constants(constants)

    @classmethod
    def unknown(cls) -> Space:
        """Return a space of which nothing is known yet, as for `Trial.suggest`."""
        space = cls.__new__(cls)
        space._parameters, space._clauses, space._predicates = {}, [], []
        space._searched, space._conditional = {}, False
        return space

    @classmethod
    def of(cls, space: object) -> Space:
        """Return the space itself, or the space that a plain dict describes.

        A dict without a parameter of ours is read as of `hpbridge.space.bare`.
        """
        if isinstance(space, Space):
            return space
        if isinstance(space, Mapping):
            parameters, notes = read_bare(space)
            made = cls(parameters)
            made.notes = (*notes, *made.notes)
            return made
        problem = f"a space is a dict of parameters by name, got {space!r}"
        raise SpaceError.invalid([problem])

    def __getitem__(self, name: str) -> Parameter:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    @property
    def searched(self) -> dict[str, Searched]:
        """The parameters that an optimizer searches, in order; no constants."""
        return dict(self._searched)

    @property
    def is_conditional(self) -> bool:
        """Whether any parameter has a condition."""
        return self._conditional

    @property
    def is_restricted(self) -> bool:
        """Whether any combination is forbidden."""
        return bool(self._clauses or self._predicates)

    @property
    def size(self) -> int | None:
        """How many points an optimizer can propose; None when not countable.

        Conditions are counted as if every parameter were active, so this is an upper
        bound for a conditional space.
        """
        total = 1
        for parameter in self._searched.values():
            n_values = parameter.n_values
            if n_values is None:
                return None
            total *= n_values
        return total

    def is_active(self, name: str, params: Mapping[str, Label]) -> bool:
        """Say whether a parameter is active, given the plain values of its parents.

        Args:
            name: A parameter of the space.
            params: Plain values of at least its active ancestors.
        """
        return all(
            self._holds(parent, values, params)
            for parent, values in self._parameters[name].when
        )

    def _holds(
        self, name: str, values: tuple[object, ...], params: Mapping[str, Label]
    ) -> bool:
        """Say whether a parameter is active and has one of these values."""
        parameter = self._parameters[name]
        if isinstance(parameter, Constant):
            is_among = any(is_equal(parameter.value, value) for value in values)
            return is_among and self.is_active(name, params)
        return name in params and _among(params[name], values)

    def active(self, params: Mapping[str, Label]) -> list[str]:
        """Return the names of the searched parameters that are active, in order."""
        if not self._conditional:
            return list(self._searched)
        found: dict[str, Label] = {}
        for name in self._searched:
            if name in params and self.is_active(name, found):
                found[name] = params[name]
            elif self.is_active(name, found):
                found[name] = None  # active, but not given: its children cannot be
        return list(found)

    def to_objects(self, params: Mapping[str, Label]) -> dict[str, Any]:
        """Return what the objective sees: choice objects, and active constants.

        Args:
            params: A point of the space.
        """
        values: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            if isinstance(parameter, Constant):
                if self.is_active(name, params):
                    values[name] = parameter.value
            elif name in params:
                values[name] = self._searched[name].choice(params[name])
        return values

    def canonical(
        self, values: Mapping[str, object], what: str = "The point"
    ) -> Params:
        """Return the point that a user wrote, in plain values.

        Args:
            values: Active parameters by name; choices as objects or labels. Constants
                may be left out, or have their own value.
            what: What the error calls it.

        Raises:
            SpaceError: With everything that is wrong with it.
        """
        problems = [
            f"{name!r} is no parameter; {nearest(str(name), self)}"
            for name in values
            if name not in self._parameters
        ]
        point: Params = {}
        unsound: set[str] = set()  # what is below them may well be active
        for name, parameter in self._searched.items():
            is_active = self.is_active(name, point)
            if not is_active and unsound.intersection(parameter.parents):
                unsound.add(name)
            elif is_active and name not in values:
                unsound.add(name)
                problems.append(f"{name!r} is active but has no value")
            elif name in values and not is_active:
                problems.append(f"{name!r} is {values[name]!r}, but is not active")
            elif is_active:
                try:
                    point[name] = parameter.canonical(values[name])
                except ValueError as error:
                    unsound.add(name)
                    problems.append(f"{name!r} {error}")
        if problems:
            raise SpaceError.foreign(what, problems)
        return point

    def defined(self, params: Mapping[str, Label]) -> dict[str, tuple[Searched, Label]]:
        """Return each parameter without its condition, and its value, of a point."""
        return {
            name: (with_when(self._searched[name], ()), value)
            for name, value in params.items()
        }

    def violations(self, params: Mapping[str, Label]) -> list[str]:
        """Return why a plain point is not in the space; nothing when it is.

        Stricter than `canonical`: types, bounds and grid must hold to the last bit.
        """
        expected = self.active(params)
        found = [f"{n!r} is active but missing" for n in expected if n not in params]
        found += [f"{n!r} is not active" for n in params if n not in expected]
        for name, value in params.items():
            parameter = self._searched.get(name)
            if parameter is not None and not parameter.contains(value):
                kind = type(value).__name__
                found.append(f"{name!r} is {value!r} ({kind}), not in {parameter!r}")
        return found

    def forbids(self, params: Mapping[str, Label]) -> bool:
        """Say whether a clause of ``forbid=`` excludes this point.

        Raises:
            SpaceError: If a predicate raises.
        """
        return any(self._forbidding(params))

    def n_forbidding(self, params: Mapping[str, Label]) -> int:
        """Return how many entries of ``forbid=`` exclude this point.

        Raises:
            SpaceError: If a predicate raises.
        """
        return sum(self._forbidding(params))

    def _forbidding(self, params: Mapping[str, Label]) -> Iterator[bool]:
        """Yield of each entry of ``forbid=`` whether it excludes a point."""
        for clause in self._clauses:
            yield all(self._holds(n, values, params) for n, values in clause)
        if not self._predicates:
            return
        values = self.to_objects(params)
        for predicate in self._predicates:
            try:
                is_forbidden = bool(predicate(values))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a user's own function
                from hpbridge.errors.foreign import describe_error, shown

                why = describe_error(error)
                problem = f"forbid={shown(predicate)} raised {why} at {shown(values)}"
                raise SpaceError.invalid([problem]) from error
            yield is_forbidden

    def sample(self, rng: random.Random, tries: int = MOST_DRAWS) -> Params:
        """Draw a point: independent, by scale, prior and weights; never forbidden.

        Args:
            rng: The source of randomness; nothing global is touched.
            tries: How many forbidden points are drawn before an allowed one is
                searched for, as of `hpbridge.space.allowed`.

        Raises:
            SpaceError: If no allowed point is found.
        """
        return AllowedPoints(self).draw(rng, tries=tries)

    def to_json(self) -> dict[str, Any]:
        """Return the space as JSON data: version, parameters in order, forbidden.

        Choice objects are stood for by their labels, predicates by their names.
        """
        functions = self._predicates
        return space_to_json(self._parameters, self._clauses, functions, self.lost)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """Return the space that `to_json` wrote; choices are their labels.

        A predicate cannot be written as JSON: of one there is the name, in `lost`.

        Raises:
            SpaceError: If the data is of a newer version or damaged.
        """
        parameters, clauses, lost = parts_from_json(data)
        space = cls(parameters, forbid=clauses) if parameters else cls.unknown()
        space.lost = lost
        space.notes += notes_of_lost(lost)
        return space

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions of ``forbid=``, which no record holds."""
        return (*self.lost, *map(name_of_predicate, self._predicates))

    def _key(self) -> str:
        return json.dumps(self.to_json())

    def __eq__(self, other: object) -> bool:
        """Two spaces are equal when their JSON forms are."""
        return isinstance(other, Space) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def is_recorded_as(self, other: Space) -> bool:
        """Say whether a space that was read is the record of this one.

        Of constants that are no scalars, earlier versions kept the text.
        """
        if self == other:
            return True
        texts = {
            name: with_when(Constant(to_json(mine.value)), mine.when)
            for name, mine in self.items()
            if isinstance(mine, Constant)
            and isinstance(theirs := other.get(name), Constant)
            and isinstance(theirs.value, str)
        }
        if not texts:
            return False
        data = self.to_json()
        data["parameters"] |= {name: text.to_json() for name, text in texts.items()}
        return bool(json.dumps(data) == other._key())

    def __repr__(self) -> str:
        return f"Space({self._parameters!r})"


def _among(value: Label, values: tuple[object, ...]) -> bool:
    # True must not match 1; labels of one parameter are never equal across types,
    # but a value of an Int parent and a bool in `when` could be.
    return any(value == v and type(value) is type(v) for v in values)
