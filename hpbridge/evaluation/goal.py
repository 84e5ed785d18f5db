"""What an evaluation optimizes: one metric, several, or a weighted score of some."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sklearn.metrics import check_scoring, get_scorer_names

from hpbridge.errors import nearest
from hpbridge.evaluation.metrics import (
    default_metrics,
    read_metrics,
    unknown_constraints,
)
from hpbridge.space.plain import is_number

if TYPE_CHECKING:
    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.target import Target
    from hpbridge.experiment import Direction

WEIGHTED = "weighted_score"
"""The metric that a weighted score is recorded as."""


@dataclass(frozen=True)
class Goal:
    """What is optimized.

    Attributes:
        scorers: All of them by name: those that are optimized first.
        names: Of those that are optimized.
        weights: By metric, where their weighted sum is optimized; empty otherwise.
    """

    scorers: dict[str, Scorer]
    names: tuple[str, ...]
    weights: dict[str, float] = field(default_factory=dict)

    @property
    def direction(self) -> dict[str, Direction]:
        """Which way each optimized metric goes: a scorer's greater is better."""
        return dict.fromkeys(self.names, "maximize")

    @property
    def record(self) -> dict[str, Any]:
        """The weights as plain data; empty where there are none."""
        return {"weights": self.weights} if self.weights else {}


class WeightedScore:
    """A scorer: the weighted sum of others.

    Args:
        scorers: By name.
        weights: Of each.
    """

    def __init__(
        self, scorers: Mapping[str, Scorer], weights: Mapping[str, float]
    ) -> None:
        self.scorers, self.weights = dict(scorers), dict(weights)

    def __call__(self, estimator: Any, X: Any, y: Any, **params: Any) -> float:
        """Return the sum; `params` go to each, as ``sample_weight``."""
        # Together, they ask for the estimator's answers once.
        found = check_scoring(scoring=self.scorers)(estimator, X, y, **params)
        return math.fsum(w * found[name] for name, w in self.weights.items())


def goal_of(
    given: tuple[object, object, object],
    estimators: Sequence[Any],
    target: Target,
    problems: list[str],
) -> Goal:
    """Return what is optimized, with every metric; add what is wrong to a list.

    Args:
        given: The metrics, what is optimized, and the constraints, as an evaluation
            takes them.
        estimators: As of `read_metrics`.
        target: As of `read_metrics`.
        problems: Gets a sentence each.
    """
    metrics, optimize, constraints = given
    if metrics is None:
        metrics = _wanted(optimize, constraints, target)
    before = len(problems)
    scorers = read_metrics(metrics, estimators, target, problems)
    named = [metrics] if isinstance(metrics, str) else metrics
    # What was refused as a metric is not unknown, too.
    refused = named if len(problems) > before and isinstance(named, Iterable) else ()
    known = list(dict.fromkeys([*scorers, *(str(each) for each in refused)]))
    return read_goal(optimize, constraints, scorers, known, problems)


def _wanted(optimize: object, constraints: object, target: Target) -> object:
    """Return the metrics where none are named: the goal's, and those by default."""
    wanted = [optimize] if isinstance(optimize, str) else optimize or ()
    if not isinstance(wanted, (Sequence, Mapping)):
        return None
    bounded = constraints if isinstance(constraints, Mapping) else {}
    known = set(get_scorer_names())
    names = [name for name in wanted if isinstance(name, str)]
    names += [name for name in bounded if name in known]
    if not names:
        return None
    return list(dict.fromkeys([*names, *default_metrics(target)]))


def read_goal(
    optimize: object,
    constraints: object,
    scorers: dict[str, Scorer],
    known: Sequence[str],
    problems: list[str],
) -> Goal:
    """Return what is optimized; add what is wrong to a list.

    Args:
        optimize: A metric, a list of metrics, or a weight for each of some; None for
            the first of all.
        constraints: As of `hpbridge.Experiment`.
        scorers: All of them by name.
        known: Metrics that may be named, those that were refused included.
        problems: Gets a sentence each.
    """
    before = len(problems)
    weights = _read_weights(optimize, problems)
    names = _read_names(optimize, known, problems)
    if weights and WEIGHTED in scorers:
        problems.append(
            f"a metric cannot be called {WEIGHTED!r} beside weights: that is their sum"
        )
    measured = [*known, WEIGHTED] if weights else known
    problems += unknown_constraints(constraints, measured)
    if len(problems) > before or not names or not scorers.keys() >= set(names):
        return Goal(scorers, tuple(scorers)[:1])
    parts = {name: scorers[name] for name in names}
    if weights:
        whole = {WEIGHTED: WeightedScore(parts, weights)}
        return Goal({**whole, **parts, **scorers}, (WEIGHTED,), weights)
    return Goal({**parts, **scorers}, tuple(names))


def _read_weights(optimize: object, problems: list[str]) -> dict[str, float]:
    if not isinstance(optimize, Mapping):
        return {}
    for name, weight in optimize.items():
        if not is_number(weight) or not 0 < weight < math.inf:
            problems.append(
                f"the weight of {name!r:.100} must be above 0 and finite, "
                f"got {weight!r:.100}"
            )
    return {str(name): weight for name, weight in optimize.items()}


def _read_names(
    optimize: object, known: Sequence[str], problems: list[str]
) -> list[str]:
    if optimize is None:
        return list(known)[:1]
    given = [optimize] if isinstance(optimize, str) else optimize
    if not isinstance(given, (Sequence, Mapping)) or not given:
        problems.append(
            "optimize must be a metric, a list of metrics or {metric: weight}, "
            f"got {optimize!r:.100}"
        )
        return []
    names = list(given)
    counts = Counter(map(repr, names))
    problems += [
        f"optimize names {name:.100} twice" for name, n in counts.items() if n > 1
    ]
    problems += [
        f"optimize names {name!r:.100}, which is none of the metrics; "
        f"{nearest(str(name), known)}"
        for name in names
        if not isinstance(name, str) or name not in known
    ]
    return names
