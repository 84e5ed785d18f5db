"""What a member varies when it copies another one; never outside the space.

A number is multiplied by a factor, which moves it along a log scale, as in the paper;
where its range goes to 0 or below, factors lead nowhere, and it moves by as much of
half its range. With a prior, it moves along the prior's mass. What has a grid stays on
it and moves by one value at least; an ordered choice moves to a neighbour; a choice
without an order has none, and is kept unless it is drawn anew. What leaves the range
ends at its end. What becomes active is drawn, what does not stay active is left out,
and a combination that is forbidden is varied anew.

Source:
    Jaderberg et al., Population Based Training of Neural Networks, 2017; names and
    defaults of Ray Tune 2.60.0, ``PopulationBasedTraining``. Its ``_explore``
    multiplies whatever the range is, and leaves it; a 0 stays 0, an int of 1 stays 1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.quantized import Quantized
from hpbridge.space.shaped import Shaped

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Sequence

    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label
    from hpbridge.space.space import Params, Space

MOST_TRIES = 100
"""How often a forbidden point is varied anew, before it is kept as it was copied."""


def explore(
    space: Space,
    point: Params,
    rng: random.Random,
    *,
    resample_probability: float,
    factors: Sequence[float],
    but: Collection[str] = (),
) -> Params:
    """Return a point of the space that is near another one.

    Args:
        space: Of which `point` is an allowed point, and what is returned too.
        point: What is varied.
        rng: The source of randomness; nothing global is touched.
        resample_probability: With which a parameter is drawn anew, by scale, prior and
            weights.
        factors: One of which moves each other parameter.
        but: Parameters that are kept as they are.

    Example:
        >>> import random
        >>> space = Space({"rate": Float(1e-4, 1.0, log=True), "n": Int(1, 9)})
        >>> explore(space, {"rate": 0.9, "n": 1}, random.Random(1),
        ...         resample_probability=0.0, factors=(1.2,))
        {'rate': 1.0, 'n': 2}
    """

    def vary(parameter: Searched, value: Label) -> Label:
        if rng.random() < resample_probability:
            return parameter.draw(rng)
        return moved(parameter, value, rng.choice(factors))

    for _ in range(MOST_TRIES):
        found = varied(space, point, rng, vary, but)
        if not space.forbids(found):
            return found
    return dict(point)


def varied(
    space: Space,
    point: Params,
    rng: random.Random,
    vary: Callable[[Searched, Label], Label],
    but: Collection[str] = (),
) -> Params:
    """Return a point whose values are another's, varied where they stay active."""
    found: Params = {}
    for name, parameter in space.searched.items():
        if not space.is_active(name, found):
            continue
        if name not in point:
            found[name] = parameter.draw(rng)
        else:
            value = point[name]
            found[name] = value if name in but else vary(parameter, value)
    return found


def moved(parameter: Searched, value: Any, factor: float) -> Label:
    """Return the value that a factor leads to; one of the parameter's own."""
    if factor == 1 or not is_moved(parameter):
        return value  # type: ignore[no-any-return]
    if isinstance(parameter, Shaped):
        target: Label = _moved_number(parameter, value, factor)
        if target != value:
            return target
    return _neighbour(parameter, value, 1 if factor > 1 else -1)


def is_moved(parameter: Searched) -> bool:
    """Say whether a factor leads anywhere: choices without an order have no place."""
    if isinstance(parameter, Categorical) and not parameter.ordered:
        return False
    return parameter.n_values != 1


def _neighbour(parameter: Searched, value: Any, side: int) -> Label:
    """Return the next value of a grid on one side; `value` where there is none."""
    n_values = parameter.n_values
    if n_values is not None:
        index = parameter.index(value) + side
        return parameter.at(min(max(index, 0), n_values - 1))
    if isinstance(parameter, Int) and parameter.contains(value + side):
        return value + side  # type: ignore[no-any-return]
    return value  # type: ignore[no-any-return]


def _moved_number(parameter: Shaped, value: Any, factor: float) -> Any:
    if parameter.prior is not None:
        share = parameter.cumulative(value) + (factor - 1) / 2
        return parameter.quantile(min(max(share, 0.0), 1.0))
    if parameter.low > 0:
        target = value * factor if isinstance(value, float) else _exact(value, factor)
    elif isinstance(value, float):
        target = value + (factor - 1) * (parameter.high / 2 - parameter.low / 2)
    else:
        half = Fraction(parameter.high - parameter.low) / 2
        target = value + half * Fraction(factor - 1)
    return _nearest(parameter, target)


def _exact(value: int, factor: float) -> Fraction:
    """Return a product that no int is too large for."""
    return value * Fraction(factor)


def _nearest(parameter: Shaped, target: Any) -> Any:
    """Return the value of the parameter that is nearest to a number."""
    target = min(max(target, parameter.low), parameter.high)
    if isinstance(parameter, Quantized):
        return parameter.round(float(target))
    if isinstance(parameter, Float) and parameter.step is None:
        return float(target)
    if isinstance(parameter, Int) and not math.isinf(parameter.low):
        index = round((target - Fraction(parameter.low)) / parameter.step)
        return parameter.at(min(max(index, 0), (parameter.n_values or 1) - 1))
    n_values = parameter.n_values or 1
    return parameter.at(min(max(parameter.index(target), 0), n_values - 1))
