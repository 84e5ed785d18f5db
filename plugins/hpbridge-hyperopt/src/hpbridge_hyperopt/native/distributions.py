"""Each of Hyperopt's distributions as a parameter of ours, with its meaning kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Categorical,
    Float,
    Int,
    LogNormal,
    Normal,
    Quantized,
    label_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpbridge.plugin import Label, Parameter

MOST_CHOICES = 10_000
"""Of one ``hp.randint``, whose values have no order."""

_PROBABILITY_TOLERANCE = 1e-9
_NEIGHBOURS = 64
_DIGITS = 15
_SCALARS = (bool, int, float)


@dataclass(frozen=True)
class Draw:
    """What a label draws.

    Attributes:
        parameter: The same in our words.
        offset: Of a categorical: the draw that stands for its first choice.
    """

    parameter: Parameter
    offset: int = 0

    def label(self, drawn: int) -> Label:
        """Return the choice that a draw of a categorical stands for."""
        assert isinstance(self.parameter, Categorical)
        return self.parameter.labels[drawn - self.offset]

    def is_draw(self, drawn: Any) -> bool:
        """Say whether a categorical may draw this."""
        assert isinstance(self.parameter, Categorical)
        ends = self.offset, self.offset + self.parameter.n_values
        return isinstance(drawn, (int, float)) and drawn in range(*ends)

    def plain(self, drawn: Any) -> Any:
        """Return our value for what Hyperopt drew; what cannot be drawn as it is."""
        parameter = self.parameter
        if isinstance(drawn, bool) or not isinstance(drawn, (int, float)):
            return drawn
        if isinstance(parameter, Categorical):
            return self.label(int(drawn)) if self.is_draw(drawn) else drawn
        try:
            return parameter.canonical(float(drawn))
        except ValueError:
            return clamped(parameter, float(drawn))

    def drawn(self, value: Any) -> int | float:
        """Return what Hyperopt would have drawn for a value of ours."""
        if isinstance(self.parameter, Categorical):
            return self.parameter.index(value) + self.offset
        return float(value)


def clamped(parameter: Parameter, value: float) -> float:
    """Return the end of a range for a value that missed it by rounding only."""
    if not isinstance(parameter, Float):
        return value
    nearest = min(max(value, parameter.low), parameter.high)
    return nearest if math.isclose(nearest, value, rel_tol=1e-12) else value


def parameter_of(
    label: str, node: Any, options: Sequence[Any], problems: list[str], *, is_int: bool
) -> Draw | None:
    """Return what a label draws; None, with a problem, where we have no word for it.

    Args:
        label: Whose it is.
        node: The distribution.
        options: Of a choice: what it chooses between.
        problems: Gets one sentence.
        is_int: Whether every use of the draw makes an int of it.
    """
    try:
        args = _arguments(node)
        if node.name in {"randint", "categorical"}:
            return _choice(label, node.name, args, options)
        return Draw(DISTRIBUTIONS[node.name](label, args, is_int))
    except _UnsayableError as error:
        problems.append(f"{label!r} {error}")
    except (KeyError, TypeError, ValueError) as error:
        problems.append(
            f"{label!r} is no {node.name!r} that Hyperopt can draw: {error}"
        )
    return None


class _UnsayableError(ValueError):
    """A draw that our parameters cannot say; the message ends a sentence on it."""


def row_start(parameter: Parameter) -> int | None:
    """Return the first of choices that are ints in a row, as of an ``hp.randint``.

    Returns:
        None for other choices; and for those from 0, whose draws are their positions.
    """
    is_ordered = isinstance(parameter, Categorical) and parameter.ordered
    return None if is_ordered else row_of(parameter) or None


def row_of(parameter: Parameter) -> int | None:
    """Return the first of choices that are ints in a row; None for all else."""
    if not isinstance(parameter, Categorical):
        return None
    ints = [label for label in parameter.labels if type(label) is int]
    if len(ints) < parameter.n_values:
        return None
    return ints[0] if ints == list(range(ints[0], ints[0] + len(ints))) else None


def n_drawn(node: Any) -> int | None:
    """Return how many values, counted from 0, a draw has; None for any other draw."""
    if node.name == "categorical":
        return len(node.arg["p"].pos_args)
    if node.name == "randint" and len(node.inputs()) == 1:
        size = node.inputs()[0]
        return int(size.obj) if size.name == "literal" else None
    return None


def _arguments(node: Any) -> dict[str, Any]:
    if node.name not in DISTRIBUTIONS:
        msg = f"draws from {node.name!r}, which is none of Hyperopt's hp functions"
        raise _UnsayableError(msg)
    found = {}
    for name, arg in node.arg.items():
        if not hasattr(arg, "name"):  # `MissingArgument`, a class
            continue
        value = _constant(arg)
        if name == "size" and value != ():
            msg = f"draws several values at once (size={value!r})"
            raise _UnsayableError(msg)
        found[name] = value
    return found


def _constant(node: Any) -> Any:
    if node.name == "literal":
        return node.obj
    if node.name == "pos_args":
        return tuple(_constant(child) for child in node.pos_args)
    msg = "has a bound that is searched itself: give it a number"
    raise _UnsayableError(msg)


def _uniform(_label: str, args: dict[str, Any], _is_int: bool) -> Parameter:
    return Float(args["low"], args["high"])


def _loguniform(_label: str, args: dict[str, Any], _is_int: bool) -> Parameter:
    return Float(exp_of(args["low"]), exp_of(args["high"]), log=True)


def _quniform(_label: str, args: dict[str, Any], is_int: bool) -> Parameter:
    low, high, q = args["low"], args["high"], _quantum(args["q"], is_int)
    if type(q) is int and q == 1 and _is_half(low) and _is_half(high):
        # Every int has the same share: that is what an `Int` is.
        return Int(math.ceil(low), math.floor(high))
    return Quantized(low, high, q)


def _qloguniform(_label: str, args: dict[str, Any], is_int: bool) -> Parameter:
    low, high = exp_of(args["low"]), exp_of(args["high"])
    return Quantized(low, high, _quantum(args["q"], is_int), log=True)


def _quantum(q: Any, is_int: bool) -> float:
    number = float(q)
    return int(number) if is_int and number.is_integer() else number


def _is_half(end: float) -> bool:
    return float(end) % 1 == 0.5  # noqa: PLR2004 - the middle between two ints


def _normal(_label: str, args: dict[str, Any], _is_int: bool) -> Parameter:
    return Float(-math.inf, math.inf, prior=Normal(args["mu"], args["sigma"]))


def _lognormal(_label: str, args: dict[str, Any], _is_int: bool) -> Parameter:
    return Float(0, math.inf, prior=LogNormal(args["mu"], args["sigma"]))


def _qnormal(_label: str, args: dict[str, Any], is_int: bool) -> Parameter:
    prior, q = Normal(args["mu"], args["sigma"]), _quantum(args["q"], is_int)
    return Quantized(-math.inf, math.inf, q, prior=prior)


def _qlognormal(_label: str, args: dict[str, Any], is_int: bool) -> Parameter:
    prior, q = LogNormal(args["mu"], args["sigma"]), _quantum(args["q"], is_int)
    return Quantized(0, math.inf, q, prior=prior)


DISTRIBUTIONS: dict[str, Callable[[str, dict[str, Any], bool], Parameter]] = {
    "uniform": _uniform,
    "loguniform": _loguniform,
    "quniform": _quniform,
    "qloguniform": _qloguniform,
    "normal": _normal,
    "lognormal": _lognormal,
    "qnormal": _qnormal,
    "qlognormal": _qlognormal,
    # Read by `_choice`.
    "randint": _uniform,
    "categorical": _uniform,
}
"""By the name of the node."""


def exp_of(log: Any) -> float:
    """Return a number whose logarithm is this one, to the bit where there is one.

    The shortest there is: ``hp.loguniform('lr', log(1e-5), 0)`` gets its 1e-5 back,
    which ``exp(log(1e-5))`` misses.
    """
    log = float(log)
    try:
        value = math.exp(log)
    except OverflowError:
        return math.inf
    if value == 0 or not math.isfinite(value):
        return value
    for digits in range(1, _DIGITS + 1):
        short = float(f"{value:.{digits}g}")
        if short > 0 and math.log(short) == log:
            return short
    below = above = value
    for _ in range(_NEIGHBOURS):
        for near in (below, above):
            if math.log(near) == log:
                return near
        below, above = math.nextafter(below, 0), math.nextafter(above, math.inf)
    return value


def _choice(
    label: str, kind: str, args: dict[str, Any], options: Sequence[Any]
) -> Draw:
    low, high = (0, len(args["p"])) if kind == "categorical" else _ends(args)
    if high <= low:
        msg = "has no options to choose from"
        raise _UnsayableError(msg)
    if high - low > MOST_CHOICES:
        msg = (
            f"is hp.randint over {high - low} values without an order, more than "
            f"{MOST_CHOICES}: write hp.uniformint({label!r}, {low}, {high - 1})"
        )
        raise _UnsayableError(msg)
    weights = _weights(args["p"]) if kind == "categorical" else None
    if len(options) == high - low and low == 0:
        return Draw(Categorical(_names(options), weights=weights))
    return Draw(Categorical(range(low, high), weights=weights), low)


def _ends(args: dict[str, Any]) -> tuple[int, int]:
    low, high = args["low"], args.get("high")
    return (0, int(low)) if high is None else (int(low), int(high))


def _weights(given: Any) -> list[float]:
    weights = [float(weight) for weight in given]
    total = math.fsum(weights)
    if not math.isclose(total, 1, abs_tol=_PROBABILITY_TOLERANCE):
        msg = f"is hp.pchoice with probabilities that sum to {total!r}, not to 1"
        raise _UnsayableError(msg)
    if any(weight <= 0 for weight in weights):
        msg = f"is hp.pchoice with the probabilities {weights!r}: leave out the zeros"
        raise _UnsayableError(msg)
    return weights


def _names(options: Sequence[Any]) -> list[Label]:
    """Return what the options are called: by what they are, or by their position."""
    names = [_name(option, position) for position, option in enumerate(options)]
    return names if len(set(names)) == len(names) else list(range(len(options)))


def _name(option: Any, position: int) -> Label:
    if option.name in {"literal", "pos_args"}:
        try:
            return label_of(_constant(option))
        except ValueError:
            return position
    if option.name == "dict":
        # As in {"type": "svm", "C": hp.uniform(...)}.
        values = [arg.obj for _, arg in option.named_args if arg.name == "literal"]
        texts = [value for value in values if isinstance(value, str)]
        scalars = [v for v in values if v is None or isinstance(v, _SCALARS)]
        if len(texts or scalars) == 1:
            return label_of(*(texts or scalars))
    return position
