"""Anytime curves: the best feasible value so far, by trials and by seconds.

A `Curve` holds only its steps, so that a study of 10,000 trials is drawn as fast as one
of ten. Values are in the metric's own unit and direction.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.trial import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

FEWEST_FOR_BAND = 3
"""With fewer repeats than this, every repeat is drawn as a line of its own."""

FEWEST_FOR_INTERVAL = 5
"""From so many repeats on, a band is the 95 % interval of the median."""

LONGEST_IDLE = 30.0
"""Seconds in which nothing is asked, run or told, after which a study was paused."""


@dataclass(frozen=True)
class Curve:
    """The best value so far: a step function.

    Attributes:
        positions: Where the best value improved, growing: trials told (from 1), or
            seconds since the first ask.
        values: The best value from there on.
        end: Where the study ended; the last value holds until here and beyond.
    """

    positions: tuple[float, ...]
    values: tuple[float, ...]
    end: float

    def at(self, position: float) -> float | None:
        """Return the best value at a position; None before the first feasible trial."""
        index = bisect_right(self.positions, position)
        return self.values[index - 1] if index else None

    def reaches(self, value: float, sign: int) -> float | None:
        """Return where the curve first is as good as a value; None if it never is.

        Args:
            value: In the metric's own unit.
            sign: 1 when the metric is minimized, -1 when it is maximized.
        """
        for position, best in zip(self.positions, self.values, strict=True):
            if sign * best <= sign * value:
                return position
        return None


@dataclass(frozen=True)
class Band:
    """Several repeats as one: median, and range from the lowest to the highest.

    A repeat without a feasible trial yet counts as infinitely bad, and so do the
    medians and the edges that it reaches; a repeat that ended keeps its best value.

    Attributes:
        low: Lower edge: the lowest value, or the end of an interval.
        high: Upper edge.
    """

    positions: tuple[float, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    end: float

    def median_at(self, position: float) -> float | None:
        """Return the median at a position; None before the first feasible trial."""
        index = bisect_right(self.positions, position)
        return self.median[index - 1] if index else None


def curve_by_trials(study: Study, metric: str | None = None) -> Curve:
    """Return the best feasible value of a metric by the number of trials told.

    Args:
        study: Any.
        metric: One with a direction; the main one by default.
    """
    trials = sorted(study.trials, key=lambda t: t.told)
    placed = [(t, float(k)) for k, t in enumerate(trials, start=1)]
    return _curve(study, metric, placed)


def curve_by_seconds(study: Study, metric: str | None = None) -> Curve:
    """Return the best feasible value by the seconds since the study's first ask.

    Args:
        study: Any.
        metric: One with a direction; the main one by default.
    """
    seconds = finish_seconds(study)
    placed = [(t, seconds[t.number]) for t in study.trials]
    placed.sort(key=lambda pair: (pair[1], pair[0].told))
    return _curve(study, metric, placed)


def _curve(
    study: Study, metric: str | None, placed: Sequence[tuple[FinishedTrial, float]]
) -> Curve:
    metric = metric or study.main_metric
    sign = study.sign_of(metric)
    rivals = {trial.number for trial in study.rivals}
    positions: list[float] = []
    values: list[float] = []
    for trial, position in placed:
        if trial.number not in rivals:
            continue
        value = trial.metrics[metric]
        if values and sign * value >= sign * values[-1]:
            continue
        if positions and positions[-1] == position:
            positions.pop()
            values.pop()
        positions.append(position)
        values.append(value)
    end = placed[-1][1] if placed else 0.0
    return Curve(tuple(positions), tuple(values), end)


def finish_seconds(study: Study) -> dict[int, float]:
    """Return when each trial finished, in seconds since the study's first ask.

    The pause between an interruption and the resume does not count. Imported trials
    were there from the start: at second 0.
    """
    own = [t for t in study.trials if t.origin is not Origin.IMPORTED]
    start = min((t.asked_at - t.ask_seconds for t in own), default=0.0)
    pauses = _pauses(own)
    seconds = {}
    for trial in study.trials:
        finished_at = trial.started_at + trial.run_seconds
        paused = sum(length for until, length in pauses if until <= finished_at)
        seconds[trial.number] = max(0.0, finished_at - start - paused)
    return seconds | {
        t.number: 0.0 for t in study.trials if t.origin is Origin.IMPORTED
    }


def _pauses(trials: Iterable[FinishedTrial]) -> list[tuple[float, float]]:
    """Return (end, length) of every span in which the study did nothing."""
    busy = []
    for t in trials:
        busy.append((t.asked_at - t.ask_seconds, t.asked_at))
        told_at = t.started_at + t.run_seconds + (t.tell_seconds or 0.0)
        busy.append((t.started_at, told_at))
    busy.sort()
    pauses = []
    until = busy[0][1] if busy else 0.0
    for begin, end in busy:
        if begin - until > LONGEST_IDLE:
            pauses.append((begin, begin - until))
        until = max(until, end)
    return pauses


def band_of(curves: Sequence[Curve], sign: int) -> Band:
    """Return the median of several repeats, and their range.

    Args:
        curves: At least one.
        sign: 1 when the metric is minimized, -1 when it is maximized.
    """
    positions, columns = _columns(curves, sign)
    return Band(
        positions=positions,
        median=tuple(statistics.median(column) for column in columns),
        low=tuple(min(column) for column in columns),
        high=tuple(max(column) for column in columns),
        end=max(curve.end for curve in curves),
    )


def interval_of(curves: Sequence[Curve], sign: int) -> Band:
    """Return the median of several repeats, and its 95 % interval at each position.

    Args:
        curves: `FEWEST_FOR_INTERVAL` or more.
        sign: 1 when the metric is minimized, -1 when it is maximized.
    """
    import numpy as np

    from hpbridge.analysis.statistics.intervals import median_band

    positions, columns = _columns(curves, sign)
    values = sign * np.array(columns).reshape(len(positions), len(curves))
    found = median_band(values)
    low, high = (found.low, found.high)[::sign]
    return Band(
        positions=positions,
        median=tuple((sign * found.value).tolist()),
        low=tuple((sign * low).tolist()),
        high=tuple((sign * high).tolist()),
        end=max(curve.end for curve in curves),
    )


def _columns(
    curves: Sequence[Curve], sign: int
) -> tuple[tuple[float, ...], list[list[float]]]:
    """Return the positions of all curves, and the values of each curve there."""
    worst = sign * math.inf
    positions = sorted({p for curve in curves for p in curve.positions})
    columns = []
    for position in positions:
        found = [curve.at(position) for curve in curves]
        columns.append([worst if v is None else v for v in found])
    return tuple(positions), columns
