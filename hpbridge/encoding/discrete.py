"""The codecs of what has values to count or shares to add up: grids, choices, priors.

As those of `hpbridge.encoding.codecs`.
"""

from __future__ import annotations

import math
from typing import Any, cast

from hpbridge.encoding.codecs import Codec
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int, Label, Parameter
from hpbridge.space.quantized import Quantized


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
        if isinstance(grid, Quantized):
            return f"({grid.first} + int({expression})) * {grid.q!r}"
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
        low, high, prior = self._float.low, self._float.high, self._float.prior
        ours = f"hpbridge.Float({low!r}, {high!r}, prior=hpbridge.{prior!r})"
        return f"{ours}.quantile(float({expression}))"


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
