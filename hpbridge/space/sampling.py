"""Draw a random plain value of one parameter, in pure Python.

Used wherever hpbridge itself needs a random point: shared starts and the
`hpbridge-random` plugin. The libraries' own random samplers are theirs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int, Label, Parameter
from hpbridge.space.quantized import Quantized

if TYPE_CHECKING:
    import random


def draw(parameter: Parameter, rng: random.Random) -> Label:
    """Return a random value by the parameter's scale, prior, grid or weights."""
    if isinstance(parameter, Float):
        return _draw_float(parameter, rng)
    if isinstance(parameter, Int):
        return _draw_int(parameter, rng)
    if isinstance(parameter, Quantized):
        u = _draw_float(Float(parameter.low, parameter.high, log=parameter.log), rng)
        return parameter.round(u)
    if isinstance(parameter, Categorical):
        if parameter.weights is None:
            return parameter.labels[rng.randrange(len(parameter.labels))]
        return rng.choices(parameter.labels, parameter.weights)[0]
    msg = f"cannot draw from {parameter!r}"
    raise TypeError(msg)


def _draw_float(parameter: Float, rng: random.Random) -> float:
    low, high = parameter.low, parameter.high
    if parameter.n_values is not None:
        return parameter.at(rng.randrange(parameter.n_values))
    if parameter.prior is not None:
        return parameter.quantile(rng.random())
    if parameter.log:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
        return min(max(value, low), high)
    return min(max(rng.uniform(low, high), low), high)


def _draw_int(parameter: Int, rng: random.Random) -> int:
    if not parameter.log:
        return parameter.at(rng.randrange(parameter.n_values))
    low, high = parameter.low, parameter.high
    value = round(math.exp(rng.uniform(math.log(low - 0.5), math.log(high + 0.5))))
    return min(max(value, low), high)
