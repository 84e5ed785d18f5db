"""The codecs: one parameter, ours and the library's, there and back.

Each emulates one kind of parameter by another; `hpbridge.encoding.encoded` puts them
together to the native space of a library. What a codec decodes is bit for bit what its
printed source decodes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from hpbridge.space.kinds import Searched, with_when
from hpbridge.space.parameters import Float, Int
from hpbridge.space.quantized import Quantized

if TYPE_CHECKING:
    from hpbridge.space.plain import Label

P = TypeVar("P", bound=Searched)


class Codec(ABC, Generic[P]):
    """One parameter, ours and the library's.

    Attributes:
        parameter: Ours.
        native: What the library searches, without condition; None when there is
            nothing to search.
    """

    name: str
    """The word by which a plugin asks for it, and which `explain` prints."""

    native: Searched | None

    def __init__(self, parameter: P) -> None:
        self.parameter = parameter

    @property
    def note(self) -> str:
        """What the encoding does, in one phrase; empty when it does nothing."""
        return ""

    @abstractmethod
    def decode(self, value: Any) -> Label:
        """Return our plain value for the library's, whatever scalar type it has."""

    @abstractmethod
    def encode(self, value: Any) -> Label:
        """Return the library's plain value for ours."""

    @abstractmethod
    def source(self, expression: str) -> str:
        """Return Python source that decodes the value of an expression."""

    def default(self) -> Label:
        """Return the native value that stands for an inactive parameter."""
        return None if self.native is None else self.native.middle


class Native(Codec[Searched]):
    """The library has this kind of parameter."""

    name = "native"

    def __init__(self, parameter: Searched) -> None:
        super().__init__(parameter)
        self.native = with_when(parameter, ()) if parameter.when else parameter

    def decode(self, value: Any) -> Label:
        """Return the value as a plain Python scalar."""
        return self.parameter.plain(value)

    def encode(self, value: Any) -> Label:
        """Return the value itself."""
        return cast("Label", value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        return self.parameter.plain_source(expression)


class Single(Codec[Searched]):
    """A range of one value: nothing to search, the value is handed on."""

    name = "single"
    native = None

    def __init__(self, parameter: Searched) -> None:
        super().__init__(parameter)
        self._value = parameter.at(0)

    @property
    def note(self) -> str:
        """Say that the library does not see it."""
        return "has one value, is not searched"

    def decode(self, value: Any) -> Label:  # noqa: ARG002 - there is only one
        """Return the one value."""
        return self._value

    def encode(self, value: Any) -> Label:  # noqa: ARG002 - there is only one
        """Return the one value."""
        return self._value

    def source(self, expression: str) -> str:  # noqa: ARG002 - there is only one
        """Return the one value's literal."""
        return repr(self._value)


class Log(Codec[Float]):
    """A log-scaled float as a linear float over its natural logarithm."""

    name = "log"

    def __init__(self, parameter: Float) -> None:
        super().__init__(parameter)
        self._native = Float(math.log(parameter.low), math.log(parameter.high))
        self.native = self._native

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the natural logarithm"

    def decode(self, value: Any) -> Label:
        """Return exp(value), clamped to the range."""
        return min(max(math.exp(float(value)), self.parameter.low), self.parameter.high)

    def encode(self, value: Any) -> Label:
        """Return log(value), clamped to the native range."""
        return min(max(math.log(value), self._native.low), self._native.high)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        low, high = self.parameter.low, self.parameter.high
        return f"min(max(math.exp(float({expression})), {low!r}), {high!r})"


class Chained(Codec[Searched]):
    """An encoding of what another one searches.

    Args:
        outer: Ours; its native parameter is what the other one encodes.
        inner: Theirs.
    """

    def __init__(self, outer: Codec[Any], inner: type[Codec[Any]]) -> None:
        super().__init__(outer.parameter)
        self._outer = outer
        self._inner = inner(outer.native)
        self.native = self._inner.native
        words = [c.name for c in (outer, self._inner) if c.name != Native.name]
        self.name = "+".join(words) or Native.name

    @property
    def note(self) -> str:
        """What both do."""
        return "; for that, ".join(filter(None, [self._outer.note, self._inner.note]))

    def decode(self, value: Any) -> Label:
        """Return our value for the library's."""
        return self._outer.decode(self._inner.decode(value))

    def encode(self, value: Any) -> Label:
        """Return the library's value for ours."""
        return self._inner.encode(self._outer.encode(value))

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        return self._outer.source(self._inner.source(expression))

    def default(self) -> Label:
        """Return the outer one's default, encoded."""
        return self._inner.encode(self._outer.default())


_MOST_STEPS = 64
"""Floats next to a logarithm that are tried for one that decodes to the value."""

_OWN_FLOAT = 2**46
"""Up to here every whole number has a float of its own that is its logarithm."""


def _settled(codec: Codec[Any], guess: float, value: Any) -> float:
    """Return the float nearest to a guess that decodes to a value.

    A logarithm is rounded, so that what it decodes to may be the next value. Where no
    float decodes to it, the guess stands for it.
    """
    native = cast("Float", codec.native)
    found = min(max(guess, native.low), native.high)
    for _ in range(_MOST_STEPS):
        decoded: Any = codec.decode(found)
        if decoded == value:
            return found
        toward = native.high if decoded < value else native.low
        moved = math.nextafter(found, toward)
        is_past = (codec.decode(moved) < value) != (decoded < value)
        if moved == found or (is_past and codec.decode(moved) != value):
            break
        found = moved
    return min(max(guess, native.low), native.high)


class LogRound(Codec[Int]):
    """A log-scaled int as a linear float over its logarithm, then rounded.

    The range reaches half a unit beyond both ends, so that every int has the share
    ``log(k + 0.5) - log(k - 0.5)``, the ends too.

    Source:
        Optuna 5.0.0, `_SearchSpaceTransform`, for ``IntDistribution(log=True)``.
    """

    name = "log-round"

    def __init__(self, parameter: Int) -> None:
        super().__init__(parameter)
        low, high = self.parameter.low - 0.5, self.parameter.high + 0.5
        self.native = Float(math.log(low), math.log(high))

    @property
    def note(self) -> str:
        """Say what is searched."""
        text = "searches the natural logarithm as a float, rounds"
        if self.parameter.high > _OWN_FLOAT:
            text += "; neighbours beyond 2**46 may be one to the library"
        return text

    def decode(self, value: Any) -> Label:
        """Return round(exp(value)), clamped to the range."""
        return min(
            max(round(math.exp(float(value))), self.parameter.low), self.parameter.high
        )

    def encode(self, value: Any) -> Label:
        """Return log(value), or the float next to it that decodes to the value."""
        return _settled(self, math.log(value), value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        low, high = self.parameter.low, self.parameter.high
        return f"min(max(round(math.exp(float({expression}))), {low}), {high})"


class Round(Codec[Int]):
    """An int as a float that is rounded; the ends have full weight."""

    name = "round"

    def __init__(self, parameter: Int) -> None:
        super().__init__(parameter)
        self.native = Float(self.parameter.low - 0.5, self.parameter.high + 0.5)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches a float, rounds"

    def decode(self, value: Any) -> Label:
        """Return round(value), clamped to the range."""
        return min(max(round(float(value)), self.parameter.low), self.parameter.high)

    def encode(self, value: Any) -> Label:
        """Return the value as a float."""
        return float(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        low, high = self.parameter.low, self.parameter.high
        return f"min(max(round(float({expression})), {low}), {high})"


class Quantize(Codec[Quantized]):
    """A quantized number as the float that is drawn before it is rounded."""

    name = "quantize"

    def __init__(self, parameter: Quantized) -> None:
        super().__init__(parameter)
        ends = self.parameter.low, self.parameter.high
        self._native = Float(*map(math.log, ends) if self.parameter.log else ends)
        self.native = self._native
        # The exponential of an end's logarithm may miss the end, which on a tie of the
        # rounding is another value: then the ends are told apart.
        self._is_exact = not self.parameter.log or all(
            self.parameter.round(math.exp(math.log(end))) == self.parameter.round(end)
            for end in ends
        )

    @property
    def note(self) -> str:
        """Say what is searched."""
        what = "the natural logarithm of a float" if self.parameter.log else "a float"
        return f"searches {what}, rounds to multiples of {self.parameter.q!r}"

    def decode(self, value: Any) -> Label:
        """Return the multiple of q that a draw is rounded to."""
        u = float(value)
        if not self.parameter.log:
            return self.parameter.round(u)
        if not self._is_exact and u <= self._native.low:
            return self.parameter.round(self.parameter.low)
        if not self._is_exact and u >= self._native.high:
            return self.parameter.round(self.parameter.high)
        return self.parameter.round(math.exp(u))

    def encode(self, value: Any) -> Label:
        """Return a draw that is rounded to the value."""
        u = min(max(float(value), self.parameter.low), self.parameter.high)
        return _settled(self, math.log(u), value) if self.parameter.log else u

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        u = f"float({expression})"
        if not self.parameter.log:
            return self.parameter.round_source(u)
        drawn = f"math.exp({u})"
        if not self._is_exact:
            low, high = self._native.low, self._native.high
            first, last = self.parameter.low, self.parameter.high
            drawn = f"({last!r} if {u} >= {high!r} else {drawn})"
            drawn = f"({first!r} if {u} <= {low!r} else {drawn})"
        return self.parameter.round_source(drawn)
