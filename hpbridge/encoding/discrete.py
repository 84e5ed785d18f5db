"""The codecs of what has values to count or shares to add up: grids, choices, priors.

As those of `hpbridge.encoding.codecs`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from hpbridge.encoding.codecs import Codec
from hpbridge.space.categorical import Categorical
from hpbridge.space.kinds import Searched
from hpbridge.space.parameters import Float, Int
from hpbridge.space.shaped import Shaped

if TYPE_CHECKING:
    from hpbridge.space.plain import Label


class Index(Codec[Searched]):
    """A grid, or choices in their order, as the int index of the value."""

    name = "index"

    def __init__(self, parameter: Searched) -> None:
        super().__init__(parameter)
        self.native = Int(0, cast("int", parameter.n_values) - 1)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return f"searches the index of its {self.parameter.n_values} values"

    def decode(self, value: Any) -> Label:
        """Return the value of this index."""
        return self.parameter.at(int(value))

    def encode(self, value: Any) -> Label:
        """Return the index of this value."""
        return self.parameter.index(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        return self.parameter.index_source(expression)


class Choice(Codec[Categorical]):
    """Choices as an unordered category of their positions."""

    name = "choice-index"

    def __init__(self, parameter: Categorical) -> None:
        super().__init__(parameter)
        weights = self.parameter.weights
        self.native = Categorical(range(self.parameter.n_values), weights=weights)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the position of the choice, unordered"

    def decode(self, value: Any) -> Label:
        """Return the label at this position."""
        return self.parameter.labels[int(value)]

    def encode(self, value: Any) -> Label:
        """Return the position of this label."""
        return self.parameter.index(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        return f"{list(self.parameter.labels)!r}[int({expression})]"


class Quantile(Codec[Shaped]):
    """A number with a prior as a quantile of that prior, uniform in [0, 1]."""

    name = "quantile"
    native = Float(0.0, 1.0)

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the quantile of its prior"

    def decode(self, value: Any) -> Label:
        """Return the value at this quantile."""
        return cast("Label", self.parameter.quantile(float(value)))

    def encode(self, value: Any) -> Label:
        """Return the quantile of this value."""
        return self.parameter.cumulative(value)

    def source(self, expression: str) -> str:
        """Return the source of `decode`, by hpbridge's own truncated prior."""
        return f"{self.parameter.source()}.quantile(float({expression}))"


class Weighted(Codec[Categorical]):
    """Weighted choices as a quantile, uniform in [0, 1]."""

    name = "weight-quantile"
    native = Float(0.0, 1.0)

    def __init__(self, parameter: Categorical) -> None:
        super().__init__(parameter)
        weights = cast("tuple[float, ...]", self.parameter.weights)
        self._ends = [math.fsum(weights[: k + 1]) for k in range(len(weights) - 1)]

    @property
    def note(self) -> str:
        """Say what is searched."""
        return "searches the quantile of its weights; the model sees an order"

    def decode(self, value: Any) -> Label:
        """Return the label in whose share of [0, 1] the value lies."""
        u = float(value)
        return self.parameter.labels[sum(u >= end for end in self._ends)]

    def encode(self, value: Any) -> Label:
        """Return the middle of the label's share of [0, 1]."""
        k = self.parameter.index(value)
        edges = [0.0, *self._ends, 1.0]
        return (edges[k] + edges[k + 1]) / 2

    def source(self, expression: str) -> str:
        """Return the source of `decode`."""
        labels, ends = list(self.parameter.labels), self._ends
        return f"{labels!r}[sum({expression} >= end for end in {ends!r})]"
