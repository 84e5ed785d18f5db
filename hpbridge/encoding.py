"""The emulations: how a parameter is searched by a library that lacks its kind.

A plugin declares, feature by feature, the encoding it needs (`Capability.encoding`);
this module does the work, in one tested place. `Encoded` is the resulting native
space: flat, without constants, only of kinds that the library has. What it decodes
is bit for bit what its printed source (`Encoded.source`) decodes, so a user can paste
the source next to the library's own call and see the same trials.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from hpbridge.capabilities import Feature, Support, feature_of
from hpbridge.categorical import Categorical
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.parameters import Float, Int, Label, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.capabilities import Capabilities
    from hpbridge.space import Params, Space

# Libraries return bounds that are a few rounding errors off, exp(log(b)) above all.
_BOUND_TOLERANCE = 1e-12


class Codec(ABC):
    """One parameter, ours and the library's.

    Attributes:
        parameter: Ours.
        native: What the library searches: a `Float`, `Int` or `Categorical` without
            condition; None when there is nothing to search.
    """

    name: ClassVar[str]
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
        if isinstance(native, Float):
            if native.log:
                return math.sqrt(native.low) * math.sqrt(native.high)
            return native.low / 2 + native.high / 2
        if isinstance(native, Int):
            return native.at(native.n_values // 2)
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
        from hpbridge.parameters import with_when

        self.native = with_when(parameter, ()) if parameter.when else parameter

    def decode(self, value: Any) -> Label:
        """Return the value as a plain Python scalar."""
        parameter = self.parameter
        if isinstance(parameter, Float):
            return _clamp(float(value), parameter.low, parameter.high)
        if isinstance(parameter, Int):
            whole = int(value)
            return whole if whole == value else cast("Label", value)
        categorical = cast("Categorical", parameter)
        return categorical.labels[categorical.index(value)]

    def encode(self, value: Any) -> Label:
        """Return the value itself."""
        return cast("Label", value)

    def source(self, expression: str) -> str:
        """Return the expression; a float is clamped as `decode` does."""
        parameter = self.parameter
        if isinstance(parameter, Float) and parameter.log:
            return f"min(max(float({expression}), {parameter.low!r}), {parameter.high!r})"
        if isinstance(parameter, Float):
            return f"float({expression})"
        if isinstance(parameter, Int):
            return f"int({expression})"
        return expression


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
        return f"min(max(round(float({expression})), {self._int.low}), {self._int.high})"


class Index(Codec):
    """A grid, or choices in their order, as the int index of the value."""

    name = "index"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._grid = cast("Float | Int | Categorical", parameter)
        self.native = Int(0, cast("int", self._grid.n_values) - 1)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return f"searches the index of its {self._grid.n_values} values"

    def decode(self, value: Any) -> Label:
        """Return the value of this index."""
        return self._grid.at(int(value))

    def encode(self, value: Any) -> Label:
        """Return the index of this value."""
        return self._grid.index(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        grid = self._grid
        if isinstance(grid, Int):
            return f"{grid.low} + int({expression}) * {grid.step}"
        if isinstance(grid, Float):
            line = f"{grid.low!r} + int({expression}) * {grid.step!r}"
            return f"min({line}, {grid.last!r})"
        return f"{list(grid.labels)!r}[int({expression})]"


class Choice(Codec):
    """Choices as an unordered category of their positions."""

    name = "choice-index"

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._choices = cast("Categorical", parameter)
        weights = self._choices.weights
        self.native = Categorical(range(self._choices.n_values), weights=weights)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the position of the choice, unordered"

    def decode(self, value: Any) -> Label:
        """Return the label at this position."""
        return self._choices.labels[int(value)]

    def encode(self, value: Any) -> Label:
        """Return the position of this label."""
        return self._choices.index(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        return f"{list(self._choices.labels)!r}[int({expression})]"


class Quantile(Codec):
    """A float with a prior as a quantile of that prior, uniform in [0, 1]."""

    name = "quantile"
    native = Float(0.0, 1.0)

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._float = cast("Float", parameter)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the quantile of its prior"

    def decode(self, value: Any) -> Label:
        """Return the value at this quantile."""
        return self._float.quantile(float(value))

    def encode(self, value: Any) -> Label:
        """Return the quantile of this value."""
        return self._float.cumulative(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`, by hpbridge's own truncated prior."""
        return f"hpbridge.{self._float!r}.quantile(float({expression}))"


class Weighted(Codec):
    """Weighted choices as a quantile, uniform in [0, 1]."""

    name = "weight-quantile"
    native = Float(0.0, 1.0)

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self._choices = cast("Categorical", parameter)
        weights = cast("tuple[float, ...]", self._choices.weights)
        self._ends = [math.fsum(weights[: k + 1]) for k in range(len(weights) - 1)]

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the quantile of its weights; the model sees an order"

    def decode(self, value: Any) -> Label:
        """Return the label in whose share of [0, 1] the value lies."""
        u = float(value)
        return self._choices.labels[sum(u >= end for end in self._ends)]

    def encode(self, value: Any) -> Label:
        """Return the middle of the label's share of [0, 1]."""
        k = self._choices.index(value)
        edges = [0.0, *self._ends, 1.0]
        return (edges[k] + edges[k + 1]) / 2

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        labels, ends = list(self._choices.labels), self._ends
        return f"{labels!r}[sum({expression} >= end for end in {ends!r})]"


CODECS: dict[str, type[Codec]] = {
    codec.name: codec
    for codec in (Native, Log, LogRound, Round, Index, Choice, Quantile, Weighted)
}
"""Every encoding that a plugin can name for a parameter."""

WHOLE_SPACE_ENCODINGS = {
    "flatten": "always draws it; the objective sees it only when it is active",
    "reject": "a forbidden point is told as failed and another one is asked for",
}
"""Encodings that concern the space, not one parameter; `Encoded` and the run do them."""


class Encoded:
    """A space as one library can search it.

    Args:
        space: Ours.
        capabilities: What the algorithm declares; says which encoding is for what.
        optimizer: Its name, for the error.

    Attributes:
        codecs: A codec for every searched parameter, in order.
        native: What the library searches, by the same names: flat, in order.

    Raises:
        UnsupportedFeatureError: If a kind of parameter is neither native nor emulated.
    """

    def __init__(
        self, space: Space, capabilities: Capabilities, optimizer: str = ""
    ) -> None:
        self.space = space
        reasons = capabilities.reasons_against(space)
        if reasons:
            raise UnsupportedFeatureError.refused(optimizer, reasons, [])
        self.codecs: dict[str, Codec] = {
            name: _codec(parameter, capabilities)
            for name, parameter in space.searched.items()
        }
        self.native: dict[str, Parameter] = {
            name: codec.native
            for name, codec in self.codecs.items()
            if codec.native is not None
        }
        self.is_flattened = (
            space.is_conditional
            and capabilities[Feature.CONDITIONAL].support is Support.EMULATED
        )

    def decode(self, native: Mapping[str, Any]) -> Params:
        """Return the point that the objective sees: active parameters, plain values.

        Args:
            native: The library's values by name, of all parameters or of the active.
        """
        point: Params = {}
        is_conditional = self.space.is_conditional
        for name, codec in self.codecs.items():
            if is_conditional and not self.space.is_active(name, point):
                continue
            point[name] = codec.decode(native[name] if codec.native else None)
        return point

    def encode(self, params: Mapping[str, Label]) -> dict[str, Label]:
        """Return the library's values for a point of ours.

        In a flattened space an inactive parameter gets its native default, since the
        library wants a value for everything; otherwise it is left out.
        """
        values: dict[str, Label] = {}
        for name, codec in self.codecs.items():
            if codec.native is None:
                continue
            if name in params:
                values[name] = codec.encode(params[name])
            elif self.is_flattened:
                values[name] = codec.default()
        return values

    def notes(self) -> list[tuple[str, str, str]]:
        """Return (parameter, encoding, what it does) for all that is not native."""
        found = [
            (name, codec.name, codec.note)
            for name, codec in self.codecs.items()
            if codec.note
        ]
        if self.is_flattened:
            text = WHOLE_SPACE_ENCODINGS["flatten"]
            found += [(n, "flatten", text) for n, p in self.space.items() if p.when]
        if self.space.is_restricted:
            found.append(("forbid=", "reject", WHOLE_SPACE_ENCODINGS["reject"]))
        return found

    def source(self) -> str:
        """Return the source of a function ``decode(x)`` that does what `decode` does.

        The function takes the library's values by name and returns our plain values
        (labels, where a choice has one). It may need `math` and `hpbridge`.
        """
        lines = [
            "def decode(x):",
            '    """Native values by name -> the parameters that the objective sees."""',
            "    p = {}",
        ]
        for name, codec in self.codecs.items():
            condition = self.condition_source(name, "p")
            indent = "    "
            if condition:
                lines.append(f"    if {condition}:")
                indent = "        "
            value = codec.source(f"x[{name!r}]")
            lines.append(f"{indent}p[{name!r}] = {value}")
        return "\n".join([*lines, "    return p"])

    def condition_source(self, name: str, variable: str) -> str:
        """Return the source of a parameter's condition; empty when it has none.

        Args:
            name: The parameter.
            variable: The name of a dict that holds its active parents.
        """
        parts = [
            f"{variable}.get({parent!r}, ...) in {values!r}"
            for parent, values in self.space[name].when
            if parent in self.codecs
        ]
        return " and ".join(parts)


def _codec(parameter: Parameter, capabilities: Capabilities) -> Codec:
    if cast("Float | Int | Categorical", parameter).n_values == 1:
        return Single(parameter)
    encoding = capabilities[feature_of(parameter)].encoding
    return CODECS[encoding or "native"](parameter)
