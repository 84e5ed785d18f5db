"""Where a trial comes from, and the schedule of parameters that led to it.

A trial that goes on from another one has it as its parent: a member of a population, a
configuration that was promoted. The chain of parents is the whole training.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.errors import FormatError, TrialNotFoundError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from hpbridge.space.parameters import Label
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

SCHEMA = 1
"""Of the JSON of a schedule."""

MOST_SHOWN = 12
"""Trials of a lineage that a line of it names."""


def lineage_of(study: Study, number: int | None = None) -> list[FinishedTrial]:
    """Return a trial and all that it goes on from, the first one first.

    Args:
        study: Where it is.
        number: Of the trial; the best one by default.

    Raises:
        TrialNotFoundError: If there is no such trial.
        NoBestTrialError: If there is no best one.
    """
    by_number = {trial.number: trial for trial in study.trials}
    number = study.best_trial.number if number is None else number
    if number not in by_number:
        raise TrialNotFoundError.numbered(study.name, number, list(by_number))
    found = [by_number[number]]
    while found[-1].parent in by_number and len(found) <= len(by_number):
        found.append(by_number[found[-1].parent])
    return found[::-1]


def line_of(lineage: Sequence[FinishedTrial]) -> str:
    """Return a lineage in one line, the middle of a long one left out.

    Example:
        >>> line_of([])
        ''
    """
    numbers = [str(trial.number) for trial in lineage]
    if len(numbers) > MOST_SHOWN:
        half = MOST_SHOWN // 2
        numbers = [*numbers[:half], "...", *numbers[-half:]]
    return " -> ".join(numbers)


@dataclass(frozen=True)
class Interval:
    """A part of a schedule: parameters, and from which step to which they hold."""

    begin: float
    end: float
    params: Mapping[str, Label]


@dataclass(frozen=True)
class Schedule:
    """The parameters of a training by its steps.

    Attributes:
        intervals: In order; each begins where the one before it ends.
        source: What it was read from, for those who read.
    """

    intervals: tuple[Interval, ...]
    source: str = ""

    def at(self, step: float) -> Mapping[str, Label]:
        """Return the parameters with which a step is trained, counted from 1.

        Example:
            >>> first = Interval(0, 5, {"rate": 0.1})
            >>> schedule = Schedule((first, Interval(5, 9, {"rate": 0.02})))
            >>> schedule.at(5), schedule.at(6)
            ({'rate': 0.1}, {'rate': 0.02})
        """
        for interval in self.intervals:
            if step <= interval.end:
                return interval.params
        return self.intervals[-1].params

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        rows = [[each.begin, each.end, dict(each.params)] for each in self.intervals]
        return {"schema": SCHEMA, "source": self.source, "intervals": rows}

    @classmethod
    def from_json(cls, data: Any) -> Schedule:
        """Return the schedule that `to_json` wrote.

        Raises:
            FormatError: If it is none, or damaged.
        """
        try:
            schema = data["schema"]
            rows = [
                Interval(float(a), float(b), dict(c)) for a, b, c in data["intervals"]
            ]
            source = str(data.get("source", ""))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = "it has not the form of one"
            raise _unreadable(why) from error
        if schema != SCHEMA or not rows:
            why = f"its schema is {schema!r}" if rows else "it has no interval"
            raise _unreadable(why)
        begin = 0.0
        for row in rows:
            if row.begin != begin or not row.end > begin:
                why = f"an interval from {row.begin:g} to {row.end:g} follows {begin:g}"
                raise _unreadable(why)
            begin = row.end
        return cls(tuple(rows), source)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a JSON file."""
        text = json.dumps(self.to_json(), indent=2) + "\n"
        Path(path).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Schedule:
        """Return the schedule of a JSON file.

        Raises:
            FormatError: If it is none.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _unreadable(str(error)) from error
        return cls.from_json(data)


def _unreadable(why: str) -> FormatError:
    hint = "`hpbridge.Study.schedule` makes one, and its `save` writes it"
    return FormatError("This is no schedule of parameters", [why], hint)


def schedule_of(study: Study, number: int | None = None) -> Schedule:
    """Return the schedule of parameters that led to a trial.

    Neighbouring intervals of the same parameters are one.

    Args:
        study: Where it is.
        number: Of the trial; the best one by default.

    Raises:
        FormatError: If its trials have no budgets.
        TrialNotFoundError: If there is no such trial.
        NoBestTrialError: If there is no best one.
    """
    lineage = lineage_of(study, number)
    found: list[Interval] = []
    begin = 0.0
    for trial in lineage:
        if trial.budget is None:
            headline = f"Study {study.name!r} has no schedule"
            problem = f"trial {trial.number} has no budget: it went all the way"
            raise FormatError(headline, [problem])
        if found and dict(found[-1].params) == dict(trial.params):
            begin = found.pop().begin
        found.append(Interval(begin, trial.budget, dict(trial.params)))
        begin = trial.budget
    return Schedule(tuple(found), f"trial {lineage[-1].number} of study {study.name}")
