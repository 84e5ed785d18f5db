"""The numeric parameters of a search space, and what all parameters share.

A parameter never raises when it is made: what is wrong with it is told by
`problems`, so that a space can report the mistakes of all its parameters at once.
Inside hpbridge a value is always *plain*: `float`, `int`, or a category's label,
which is a JSON scalar. Only the user's objective sees the choice objects.
"""

from __future__ import annotations

import copy
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias, cast

from hpbridge.space.priors import (
    LogNormal,
    Normal,
    cumulative,
    prior_problems,
    quantile,
)

Label: TypeAlias = "str | int | float | bool | None"
"""A plain value: what crosses the contract and what the store holds."""

When: TypeAlias = "tuple[tuple[str, tuple[object, ...]], ...]"

# A grid value may be off by the rounding of a decimal fraction, not by more.
_GRID_TOLERANCE = 1e-9
# Floats count whole numbers up to here.
_MOST_VALUES = 2**53


def freeze_when(when: Mapping[str, object] | When | None) -> When:
    """Return a condition as tuples; what is no condition as it is, for the space."""
    if not when:
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


def plain_number(value: object) -> Any:
    """Return a plain number for any real number, anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value)


def is_number(value: object) -> bool:
    """Say whether it is an int or a float, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Parameter:
    """What all kinds of parameters share: a condition and a list of problems."""

    when: When

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


@dataclass(frozen=True)
class Float(Parameter):
    """A real number in the closed range [low, high].

    Args:
        low: Lower bound, included.
        high: Upper bound, included where floating point reaches it.
        log: Search uniformly in the logarithm.
        step: Search only ``low + k * step``, computed in binary floating point as
            Optuna does; the last grid point is the largest one up to `high`.
        prior: `Normal` or `LogNormal`, truncated to the range.
        when: ``{parent: value or list of values}`` under which it is active.

    Example:
        >>> Float(1e-5, 1e-1, log=True).contains(1e-3)
        True
        >>> Float(0, 1, step=0.25).grid
        (0.0, 0.25, 0.5, 0.75, 1.0)
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    prior: Normal | LogNormal | None = field(default=None, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = plain_number(getattr(self, name))
            if is_number(value):
                value = float(value)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "when", freeze_when(self.when))

    def problems(self) -> list[str]:
        """Return what is wrong with the range, the scale and the prior."""
        found = range_problems(self.low, self.high, self.step)
        if found:
            return found
        if self.low == self.high and (self.step or self.prior):
            found.append(
                f"a range of one value {self.low!r} takes no step and no prior"
            )
        elif self.log and self.low <= 0:
            found.append(f"log=True needs low > 0, got low={self.low!r}")
        exclusive = [
            name
            for name, given in [
                ("log=True", self.log),
                ("step=", self.step is not None),
                ("prior=", self.prior is not None),
            ]
            if given
        ]
        if len(exclusive) > 1:
            found.append(" and ".join(exclusive) + " exclude each other")
        return found or prior_problems(self.prior, self.low, self.high)

    def quantile(self, u: float) -> float:
        """Return the value below which the fraction `u` of the prior's mass lies.

        Args:
            u: Between 0 and 1, both included.
        """
        prior = cast("Normal | LogNormal", self.prior)
        return quantile(prior, self.low, self.high, u)

    def cumulative(self, value: float) -> float:
        """Return the fraction of the prior's mass below `value`."""
        prior = cast("Normal | LogNormal", self.prior)
        return cumulative(prior, self.low, self.high, value)

    @cached_property
    def last(self) -> float:
        """The largest grid value, exact in decimal, or `high` without a step."""
        if self.step is None:
            return self.high
        low, step = Decimal(repr(self.low)), Decimal(repr(self.step))
        steps = (Decimal(repr(self.high)) - low) // step
        return float(low + steps * step)

    @cached_property
    def n_values(self) -> int | None:
        """How many values there are; None when there is no grid."""
        if self.low == self.high:
            return 1
        if self.step is None:
            return None
        return round((self.last - self.low) / self.step) + 1

    def at(self, index: int) -> float:
        """Return the grid value of this index, as Optuna computes it.

        Source:
            Optuna 5.0.0, `optuna/_transform.py`: ``clip(low + k * step, low, high)``.
        """
        if index <= 0 or self.step is None:
            return self.low
        return min(self.low + index * self.step, self.last)

    def index(self, value: float) -> int:
        """Return the index of the grid value nearest to `value`."""
        if self.step is None:
            return 0
        return round((value - self.low) / self.step)

    @property
    def grid(self) -> tuple[float, ...] | None:
        """All values in order; None when there is no grid."""
        if self.n_values is None:
            return None
        return tuple(self.at(k) for k in range(self.n_values))

    def contains(self, value: object) -> bool:
        """Say whether the value is a float of the range and on the grid."""
        if type(value) is not float or not self.low <= value <= self.high:
            return False
        return self.step is None or self.at(self.index(value)) == value

    def canonical(self, value: object) -> float:
        """Return the float for any real number; a grid value for a near one."""
        number = plain_number(value)
        if not is_number(number) or not math.isfinite(number):
            msg = f"is {value!r}, not a finite number"
            raise ValueError(msg)
        number = float(number)
        if not self.low <= number <= self.high:
            msg = f"is {value!r}, outside [{self.low!r}, {self.high!r}]"
            raise ValueError(msg)
        if self.step is None:
            return number
        nearest = self.at(self.index(number))
        if not math.isclose(
            nearest,
            number,
            rel_tol=_GRID_TOLERANCE,
            abs_tol=_GRID_TOLERANCE * self.step,
        ):
            msg = f"is {value!r}, not on the grid {self.low!r} + k * {self.step!r}"
            raise ValueError(msg)
        return nearest


@dataclass(frozen=True)
class Int(Parameter):
    """A whole number in the closed range [low, high].

    Args:
        low: Lower bound, included.
        high: Upper bound, included (when it is on the grid).
        log: Search uniformly in the logarithm; needs ``low >= 1``.
        step: Search only ``low + k * step``.
        when: ``{parent: value or list of values}`` under which it is active.

    Example:
        >>> Int(1, 10, step=4).grid
        (1, 5, 9)
    """

    low: int
    high: int
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)
    when: Any = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = plain_number(getattr(self, name))
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "when", freeze_when(self.when))

    def problems(self) -> list[str]:
        """Return what is wrong with the range and the scale."""
        found = [
            f"{name} must be a whole number, got {getattr(self, name)!r}"
            for name in ("low", "high", "step")
            if type(getattr(self, name)) is not int
        ]
        found = found or range_problems(self.low, self.high, None)
        if found:
            return found
        if self.step < 1:
            found.append(f"step must be at least 1, got {self.step!r}")
        elif self.step > max(self.high - self.low, 1):
            found.append(_step_too_large(self.step, self.low, self.high))
        if self.log and self.low < 1:
            found.append(f"log=True needs low >= 1, got low={self.low!r}")
        if self.log and self.step != 1:
            found.append("log=True and step= exclude each other")
        return found

    @property
    def last(self) -> int:
        """The largest value on the grid."""
        return self.low + (self.high - self.low) // self.step * self.step

    @property
    def n_values(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def at(self, index: int) -> int:
        """Return the grid value of this index."""
        return self.low + index * self.step

    def index(self, value: int) -> int:
        """Return the index of a grid value."""
        return (value - self.low) // self.step

    @property
    def grid(self) -> tuple[int, ...]:
        """All values in order."""
        return tuple(range(self.low, self.high + 1, self.step))

    def contains(self, value: object) -> bool:
        """Say whether the value is an int of the range and on the grid."""
        if type(value) is not int or not self.low <= value <= self.high:
            return False
        return (value - self.low) % self.step == 0

    def canonical(self, value: object) -> int:
        """Return the int for any whole number."""
        number = plain_number(value)
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if type(number) is not int:
            msg = f"is {value!r}, not a whole number"
            raise ValueError(msg)
        if not self.contains(number):
            step = f" in steps of {self.step}" if self.step != 1 else ""
            msg = f"is {value!r}, outside [{self.low}, {self.high}]{step}"
            raise ValueError(msg)
        return number


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


def _step_too_large(step: object, low: object, high: object) -> str:
    return f"step={step!r} is larger than the range [{low!r}, {high!r}]"


def range_problems(  # noqa: PLR0911 - one a mistake
    low: object, high: object, step: object
) -> list[str]:
    """Return what is wrong with a range, and with its step if it has one."""
    found = [
        f"{name} must be a finite number, got {value!r}"
        for name, value in [("low", low), ("high", high), ("step", step)]
        if not (name == "step" and value is None)
        and not (is_number(value) and math.isfinite(cast("float", value)))
    ]
    if found:
        return found
    low_, high_ = cast("float", low), cast("float", high)
    if low_ > high_:
        return [f"the range [{low!r}, {high!r}] is reversed"]
    if isinstance(low, float) and not math.isfinite(high_ - low_):
        return [f"the range [{low!r}, {high!r}] is wider than a float can hold"]
    if step is None or low_ == high_:
        return []
    step_ = cast("float", step)
    if step_ <= 0:
        return [f"step must be positive, got {step!r}"]
    # In decimal, as it is written: in binary, 0.3 - 0.2 is less than 0.1.
    if Decimal(repr(step)) > Decimal(repr(high)) - Decimal(repr(low)):
        return [_step_too_large(step, low, high)]
    if (high_ - low_) / step_ > _MOST_VALUES:
        return [f"step={step!r} gives the range [{low!r}, {high!r}] too many values"]
    return []


def with_when(parameter: Parameter, when: When) -> Parameter:
    """Return a copy of the parameter under another condition."""
    clone = copy.copy(parameter)
    object.__setattr__(clone, "when", when)  # the dataclasses are frozen
    return clone
