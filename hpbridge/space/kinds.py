"""What a kind of parameter is: all that the rest of hpbridge asks of one.

A new kind is one class: a `Searched` that says how many values it has, draws one, and
names the feature that a library needs for it. It is written as JSON, searched by
encodings, drawn at random and checked by the kit through these methods alone.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from hpbridge.space.constants import constant_of, constant_to_json

if TYPE_CHECKING:
    import random
    from typing import Self

    from hpbridge.space.features import Feature
    from hpbridge.space.plain import Label

When: TypeAlias = "tuple[tuple[str, tuple[object, ...]], ...]"


def freeze_when(when: Mapping[str, object] | When | None) -> When:
    """Return a condition as tuples; what is no condition as it is, for the space."""
    if when is None:
        return ()
    if not isinstance(when, Mapping):
        return when
    return tuple((name, _as_values(values)) for name, values in when.items())


def _as_values(values: object) -> tuple[object, ...]:
    if isinstance(values, (set, frozenset)):
        return tuple(sorted(values, key=repr))  # the same in every process
    if isinstance(values, (list, range)):
        return tuple(values)
    # A tuple may be one choice or several; the space decides when it knows the parent.
    return (values,)


def when_to_json(when: Any) -> dict[str, list[Any]]:
    """Return a condition, or a clause of ``forbid=``, as JSON data."""
    return {name: [*map(constant_to_json, values)] for name, values in when}


def when_of(data: Any) -> Any:
    """Return the condition that `when_to_json` wrote; what is none as it is."""
    if not isinstance(data, Mapping):
        return data
    return {
        name: constant_of(values) if isinstance(values, list) else values
        for name, values in data.items()
    }


KINDS: dict[str, type[Parameter]] = {}
"""The kinds of parameters by the word that JSON has for them."""


class Parameter:
    """What all kinds of parameters share: a condition and a list of problems."""

    when: When
    also: When = ()
    """Further conditions under which it is drawn, each of them implied by ``when``.

    They mean nothing: it is active anyway. A library that draws along a tree draws in
    another order for them."""
    kind: ClassVar[str]
    """The word for it in JSON: the name of the class in lower case."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kind = cls.__name__.lower()
        KINDS[cls.kind] = cls

    def __getstate__(self) -> dict[str, Any]:
        # What was computed once is no part of it: it is the same before and after use.
        own = type(self)
        return {
            name: value
            for name, value in self.__dict__.items()
            if not isinstance(getattr(own, name, None), cached_property)
        }

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the parameters that this one depends on."""
        return tuple(name for name, _ in self.when)

    def problems(self) -> list[str]:
        """Return what is wrong with the parameter by itself, one sentence each."""
        raise NotImplementedError

    def contains(self, value: object) -> bool:
        """Say whether a plain value lies in the range, on the grid, of the type."""
        raise NotImplementedError

    def canonical(self, value: object) -> Label:
        """Return the plain value for what a user wrote.

        Raises:
            ValueError: If the value is not in the range, with one sentence.
        """
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """Return the parameter as JSON data; choices are stood for by their labels."""
        data = {"type": self.kind, **self._to_fields()}
        if self.when:
            data["when"] = when_to_json(self.when)
        if self.also:
            data["also"] = when_to_json(self.also)
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Parameter:
        """Return the parameter that `to_json` wrote.

        Raises:
            KeyError: If its kind is none that is known here.
        """
        fields = dict(data)
        also = freeze_when(when_of(fields.pop("also", None)))
        if "when" in fields:
            fields["when"] = when_of(fields["when"])
        made = KINDS[fields.pop("type")]._from_fields(fields)
        return with_also(made, also) if also else made

    def _to_fields(self) -> dict[str, Any]:
        """Return the arguments that make it, but for its condition, as JSON data."""
        raise NotImplementedError

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        """Return the parameter of the arguments that `_to_fields` wrote."""
        return cls(**fields)


class Searched(Parameter):
    """What all kinds of parameters share that an optimizer searches.

    A kind without a grid has None for `n_values`; then `at`, `index` and `grid` are
    asked of it only where the range has one value.
    """

    can_be_parent: ClassVar[bool] = False
    """Whether the condition of another parameter may name values of it."""

    @property
    @abstractmethod
    def feature(self) -> Feature:
        """What a library needs to have to search it."""

    @property
    @abstractmethod
    def n_values(self) -> int | None:
        """How many values there are; None when there is no grid."""

    @abstractmethod
    def at(self, index: int) -> Label:
        """Return the value of this index."""

    @abstractmethod
    def index(self, value: Any) -> int:
        """Return the index of a value; of a number, the nearest one."""

    @abstractmethod
    def draw(self, rng: random.Random) -> Label:
        """Return a random plain value by the scale, prior, grid or weights.

        Used wherever hpbridge itself needs a random point: shared starts and the
        `hpbridge-random` plugin. The libraries' own random samplers are theirs.
        """

    @property
    def grid(self) -> tuple[Any, ...] | None:
        """All values in order; None when there is no grid."""
        if self.n_values is None:
            return None
        return tuple(self.at(k) for k in range(self.n_values))

    @property
    def middle(self) -> Label:
        """A value that stands for the parameter where it is not active."""
        return self.at((self.n_values or 1) // 2)

    def choice(self, label: Any) -> object:
        """Return what the objective sees of a plain value."""
        return label

    def plain(self, value: Any) -> Label:
        """Return our plain value for a library's, whatever scalar type it has."""
        return self.at(self.index(value))

    def plain_source(self, expression: str) -> str:
        """Return Python source that does what `plain` does."""
        return expression

    def index_source(self, expression: str) -> str:
        """Return Python source of the value at an index."""
        return f"{list(self.grid or ())!r}[int({expression})]"

    def is_typed(self, value: object) -> bool:
        """Say whether a value is exactly of the plain type of the values."""
        return type(value) is type(self.at(0))

    def holds(self, value: Any) -> bool:
        """Say whether a value is in it to the last bit, whatever scalar type it has."""
        kind: Any = type(self.at(0))
        return bool(kind(value) == value) and self.contains(kind(value))


@dataclass(frozen=True)
class Constant(Parameter):
    """A value that is not searched, only handed to the objective."""

    value: object
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", freeze_when(self.when))

    def problems(self) -> list[str]:
        """A constant by itself is never wrong."""
        return []

    def _to_fields(self) -> dict[str, Any]:
        return {"value": constant_to_json(self.value)}

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        return cls(constant_of(fields.pop("value")), **fields)


P = TypeVar("P", bound=Parameter)


def with_when(parameter: P, when: When) -> P:
    """Return a copy of the parameter under another condition."""
    clone = copy.copy(parameter)
    object.__setattr__(clone, "when", when)  # the dataclasses are frozen
    return clone


def with_also(parameter: P, also: When) -> P:
    """Return a copy of the parameter that is drawn in these places too."""
    clone = copy.copy(parameter)
    object.__setattr__(clone, "also", also)
    return clone
