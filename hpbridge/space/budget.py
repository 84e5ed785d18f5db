"""How far trials may go: the range of the budgets of an experiment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hpbridge.space.reals import NoNumberError, as_number


@dataclass(frozen=True)
class Budget:
    """The range of budgets that trials of an experiment may be given.

    An optimizer that chooses budgets gives a trial one of the range, which the
    objective finds as ``trial.budget``; under any other, each trial has the most.

    Args:
        least: The smallest budget that a trial is worth being given.
        most: That of a trial that goes all the way.
        name: What it is counted in, for those who read: epochs, rounds, samples.

    Attributes:
        is_whole: Whether budgets are whole numbers, as both ends are.

    Raises:
        ArgumentError: With everything that is wrong.

    Example:
        >>> Budget(1, 81, name="epochs")
        Budget(least=1, most=81, name='epochs')
    """

    least: float
    most: float
    name: str = "budget"

    def __post_init__(self) -> None:
        problems: list[str] = []
        ends = [_end(n, getattr(self, n), problems) for n in ("least", "most")]
        if not isinstance(self.name, str) or not self.name.strip():
            problems.append(f"name must be a word, got {self.name!r}")
        if not problems and ends[0] > ends[1]:
            problems.append(f"least is {ends[0]!r}, and most is {ends[1]!r}")
        if problems:
            from hpbridge.errors.experiments import ArgumentError

            raise ArgumentError.given(type(self).__name__, problems)
        for name, end in zip(("least", "most"), ends, strict=True):
            object.__setattr__(self, name, end)

    @property
    def is_whole(self) -> bool:
        """Whether budgets are whole numbers, as both ends are."""
        return type(self.least) is int and type(self.most) is int

    def number(self, budget: float) -> float:
        """Return a budget as trials are given it: whole where budgets are.

        Example:
            >>> Budget(1, 100).number(11.1), Budget(0.5, 4).number(1.5)
            (11, 1.5)
        """
        return int(budget) if self.is_whole else float(budget)

    def to_json(self) -> list[Any]:
        """Return it as JSON data."""
        return [self.least, self.most, self.name]

    @classmethod
    def from_json(cls, data: Any) -> Budget:
        """Return the budget that `to_json` wrote."""
        least, most, name = data
        return cls(least, most, str(name))


def _end(name: str, value: object, problems: list[str]) -> float:
    """Return an end of the range; say what is wrong with it."""
    try:
        number = as_number(value)
    except NoNumberError as error:
        problems.append(f"{name} must be a number above 0, got {error}")
        return math.nan
    if not (math.isfinite(number) and number > 0):
        problems.append(f"{name} must be a number above 0, got {number!r}")
    is_whole = isinstance(value, int) or hasattr(value, "__index__")
    return int(value) if is_whole else number  # type: ignore[call-overload]
