"""The codecs: one parameter, ours and the library's, there and back.

Each emulates one kind of parameter by another; `hpbridge.encoding.encoded` puts them
together to the native space of a library. What a codec decodes is bit for bit what its
printed source decodes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast

from hpbridge.space.parameters import Float, Int, Label, Parameter, with_when
from hpbridge.space.quantized import Quantized

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.space.categorical import Categorical

# Libraries return bounds that are a few rounding errors off, exp(log(b)) above all.
_BOUND_TOLERANCE = 1e-12


class Codec(ABC):
    """One parameter, ours and the library's.

    Attributes:
        parameter: Ours.
        native: What the library searches: a `Float`, `Int` or `Categorical` without
            condition; None when there is nothing to search.
    """

    name: str
    """The word by which a plugin asks for it, and which `explain` prints."""

    native: Parameter | None

    def __init__(self, parameter: Parameter) -> None:
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
        native = self.native
        if isinstance(native, Float) and native.n_values is None:
            if native.log:
                return math.sqrt(native.low) * math.sqrt(native.high)
            return native.low / 2 + native.high / 2
        if isinstance(native, (Float, Int, Quantized)):
            return native.at(cast("int", native.n_values) // 2)
        return cast("Categorical", native).labels[0]


def _clamp(value: float, low: float, high: float) -> float:
    """Return the bound for a value that missed it by rounding only."""
    slack = _BOUND_TOLERANCE * max(abs(low), abs(high))
    if low - slack <= value < low:
        return low
    if high < value <= high + slack:
        return high
    return value


class Native(Codec):
    """The library has this kind of parameter."""

    name = "native"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self.native = with_when(parameter, ()) if parameter.when else parameter

    def decode(self, value: Any) -> Label:
        """Return the value as a plain Python scalar."""
        parameter = self.parameter
        if isinstance(parameter, Float):
            return _clamp(float(value), parameter.low, parameter.high)
        if isinstance(parameter, Int):
            whole = int(value)
            return whole if whole == value else cast("Label", value)
        if isinstance(parameter, Quantized):
            return parameter.round(float(value))
        categorical = cast("Categorical", parameter)
        return categorical.labels[categorical.index(value)]

    def encode(self, value: Any) -> Label:
        """Return the value itself."""
        return cast("Label", value)

    def source(self, expression: str) -> str:
        """Return the expression; a float is clamped as `decode` does."""
        parameter = self.parameter
        if isinstance(parameter, Float) and parameter.log:
            return (
                f"min(max(float({expression}), {parameter.low!r}), {parameter.high!r})"
            )
        if isinstance(parameter, Float):
            return f"float({expression})"
        if isinstance(parameter, Int):
            return f"int({expression})"
        if isinstance(parameter, Quantized):
            return _rounded(parameter, f"float({expression})")
        return expression


def _rounded(parameter: Quantized, expression: str) -> str:
    """Return the source of `Quantized.round`."""
    last = parameter.first + parameter.n_values - 1
    index = f"round({expression} / {parameter.q!r})"
    return f"min(max({index}, {parameter.first}), {last}) * {parameter.q!r}"


class Single(Codec):
    """A range of one value: nothing to search, the value is handed on."""

    name = "single"
    native = None

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._value = cast("Float | Int | Categorical", parameter).at(0)

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


class Log(Codec):
    """A log-scaled float as a linear float over its natural logarithm."""

    name = "log"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._float = cast("Float", parameter)
        self.native = Float(math.log(self._float.low), math.log(self._float.high))

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the natural logarithm"

    def decode(self, value: Any) -> Label:
        """Return exp(value), clamped to the range."""
        return min(max(math.exp(float(value)), self._float.low), self._float.high)

    def encode(self, value: Any) -> Label:
        """Return log(value), clamped to the native range."""
        native = cast("Float", self.native)
        return min(max(math.log(value), native.low), native.high)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        low, high = self._float.low, self._float.high
        return f"min(max(math.exp(float({expression})), {low!r}), {high!r})"


class Chained(Codec):
    """An encoding of what another one searches.

    Args:
        outer: Ours; its native parameter is what the other one encodes.
        inner: Theirs.
    """

    def __init__(self, outer: Codec, inner: Callable[[Parameter], Codec]) -> None:
        super().__init__(outer.parameter)
        self._outer = outer
        self._inner = inner(cast("Parameter", outer.native))
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


class LogRound(Codec):
    """A log-scaled int as a linear float over its logarithm, then rounded.

    The range reaches half a unit beyond both ends, so that every int has the share
    ``log(k + 0.5) - log(k - 0.5)``, the ends too.

    Source:
        Optuna 5.0.0, `_SearchSpaceTransform`, for ``IntDistribution(log=True)``.
    """

    name = "log-round"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._int = cast("Int", parameter)
        low, high = self._int.low - 0.5, self._int.high + 0.5
        self.native = Float(math.log(low), math.log(high))

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the natural logarithm as a float, rounds"

    def decode(self, value: Any) -> Label:
        """Return round(exp(value)), clamped to the range."""
        return min(max(round(math.exp(float(value))), self._int.low), self._int.high)

    def encode(self, value: Any) -> Label:
        """Return log(value)."""
        return math.log(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        low, high = self._int.low, self._int.high
        return f"min(max(round(math.exp(float({expression}))), {low}), {high})"


class Round(Codec):
    """An int as a float that is rounded; the ends have full weight."""

    name = "round"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._int = cast("Int", parameter)
        self.native = Float(self._int.low - 0.5, self._int.high + 0.5)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches a float, rounds"

    def decode(self, value: Any) -> Label:
        """Return round(value), clamped to the range."""
        return min(max(round(float(value)), self._int.low), self._int.high)

    def encode(self, value: Any) -> Label:
        """Return the value as a float."""
        return float(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        return (
            f"min(max(round(float({expression})), {self._int.low}), {self._int.high})"
        )


class Quantize(Codec):
    """A quantized number as the float that is drawn before it is rounded."""

    name = "quantize"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._quantized = cast("Quantized", parameter)
        ends = self._quantized.low, self._quantized.high
        self.native = Float(*map(math.log, ends) if self._quantized.log else ends)

    @property
    def note(self) -> str:
        """Say what is searched."""
        what = "the natural logarithm of a float" if self._quantized.log else "a float"
        return f"searches {what}, rounds to multiples of {self._quantized.q!r}"

    def decode(self, value: Any) -> Label:
        """Return the multiple of q that a draw is rounded to."""
        u = float(value)
        return self._quantized.round(math.exp(u) if self._quantized.log else u)

    def encode(self, value: Any) -> Label:
        """Return a draw that is rounded to the value."""
        u = min(max(float(value), self._quantized.low), self._quantized.high)
        return math.log(u) if self._quantized.log else u

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        u = f"float({expression})"
        return _rounded(self._quantized, f"math.exp({u})" if self._quantized.log else u)
