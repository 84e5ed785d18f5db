"""The curve of a learner that learns in steps: how it is had from an estimator.

One way after the other is tried on the estimator, or on the last step of a pipeline:

``staged``
    Boosting and its rounds: `staged_predict` of scikit-learn's, and LightGBM's and
    XGBoost's predictions by the first rounds. The fit is the estimator's own.
``warm_start``
    `n_estimators` grows, as in forests and bagging. What has grown is what a fit at
    once is, since each member is drawn after those before it.
``callback``
    `set_callbacks` of scikit-learn 1.9: a `FitCallback` looks on. The fit is the
    estimator's own.
``partial_fit``
    All rows once an epoch. What comes of it may not be what ``fit`` comes to: it does
    not stop early, for one, and some shuffle in another way. A note says so, and the
    model that is scored on the test, and saved, has learnt in this way, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.errors.arguments import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hpbridge.evaluation.folds import Folds

STAGED, WARM_START, CALLBACK = "staged", "warm_start", "callback"
PARTIAL_FIT = "partial_fit"

_EPOCHS = ("max_iter", "max_epochs", "n_epochs", "epochs")
"""What estimators call the number of times that they go over the rows."""

_WORDS = {
    STAGED: "by its rounds, after a fit of its own",
    WARM_START: "by warm_start with n_estimators growing, which is what fit comes to",
    CALLBACK: "by a FitCallback of scikit-learn's, beside a fit of its own",
}


@dataclass(frozen=True)
class Curve:
    """How the curve of a learner is taken.

    A scorer of a pipeline gets its last step and rows as that gets them.

    Args:
        steps: At how many steps it is scored, at most.
        epochs: How often `partial_fit` goes over the rows; by default the estimator's
            own `max_iter`, `max_epochs`, `n_epochs` or `epochs`.
    """

    steps: int = 20
    epochs: int | None = None

    def problems(self) -> list[str]:
        """Say what is wrong with it."""
        found = []
        if not is_whole(self.steps, 1):
            found.append(
                f"steps of a curve must be a whole number >= 1, got {self.steps!r}"
            )
        if self.epochs is not None and not is_whole(self.epochs, 1):
            found.append(
                f"epochs of a curve must be a whole number >= 1, got {self.epochs!r}"
            )
        return found

    def steps_of(self, total: int) -> list[int]:
        """Return the steps that are scored, evenly among so many; the last is last."""
        count = min(self.steps, total)
        return [round(total * k / count) for k in range(1, count + 1)]

    def epochs_of(self, estimator: Any) -> int | None:
        """Return how often `partial_fit` goes over the rows; None if nobody says."""
        if self.epochs is not None:
            return self.epochs
        own = (getattr(estimator, name, None) for name in _EPOCHS)
        return next((n for n in own if is_whole(n, 1)), None)


def read_curve(
    given: object, estimators: Mapping[str, Any], problems: list[str]
) -> tuple[Curve | None, list[str]]:
    """Return what takes the curve, and notes of how; add what is wrong to a list.

    Args:
        given: A `Curve`, True for one, or None or False for none.
        estimators: By name; those that do not learn in steps have no curve.
        problems: Gets a sentence each.
    """
    if given is None or given is False:
        return None, []
    curve = Curve() if given is True else given
    if not isinstance(curve, Curve):
        problems.append(
            f"curve must be True or hpbridge.Curve(...), got {given!r:.100}"
        )
        return None, []
    before = len(problems)
    problems += curve.problems()
    if len(problems) > before:
        return None, []
    ways = {name: mechanism_of(last_of(e), curve) for name, e in estimators.items()}
    if not any(ways.values()):
        names = ", ".join(type(last_of(e)).__name__ for e in estimators.values())
        problems.append(
            f"there is no curve of {names}: it has neither staged_predict, warm_start "
            "with n_estimators, set_callbacks nor a partial_fit (which knows neither "
            "early_stopping nor class_weight='balanced') with max_iter; "
            "curve=hpbridge.Curve(epochs=N) says how often partial_fit goes over rows"
        )
        return None, []
    return curve, [_note(last_of(e), ways[n]) for n, e in estimators.items()]


def notes_of(how: list[str], folds: Folds) -> list[str]:
    """Return notes of how curves are taken, or that there are none in these folds."""
    main = next(iter(folds.scorers))
    if not how or main not in folds.pooled:
        return how
    return [f"there is no curve: {main} has no value in a fold of one row"]


def _note(last: Any, way: str) -> str:
    kind = type(last).__name__
    if not way:
        return f"{kind} does not learn in steps: it has no curve"
    if way == PARTIAL_FIT:
        return (
            f"{kind} learns by epochs of partial_fit, so that it has a curve; what its "
            "fit comes to may differ"
        )
    return f"the curve of {kind} is taken {_WORDS[way]}"


def last_of(estimator: Any) -> Any:
    """Return an estimator, or the last step of a pipeline."""
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if isinstance(steps, list) and steps else estimator


def mechanism_of(last: Any, curve: Curve) -> str:
    """Return how a curve of an estimator is had; empty if it cannot be had."""
    if hasattr(last, "staged_predict") or _library(last) in _BY_ROUND:
        return STAGED
    if hasattr(last, "warm_start") and is_whole(getattr(last, "n_estimators", None), 1):
        return WARM_START
    if _hears(last):
        return CALLBACK
    if _goes_over(last) and curve.epochs_of(last) is not None:
        return PARTIAL_FIT
    return ""


def _goes_over(last: Any) -> bool:
    # scikit-learn's refuse these two where they are asked to learn by parts.
    is_refused = getattr(last, "early_stopping", False) is True
    is_refused |= getattr(last, "class_weight", None) == "balanced"
    return hasattr(last, "partial_fit") and not is_refused


def _hears(last: Any) -> bool:
    # Those of scikit-learn 1.9.1 that are predictors hear of the steps of one solver.
    return (
        hasattr(last, "set_callbacks") and getattr(last, "solver", "lbfgs") == "lbfgs"
    )


def _library(last: Any) -> str:
    kinds = {kind.__name__: kind for kind in type(last).__mro__}
    model = kinds.get("LGBMModel") or kinds.get("XGBModel")
    return "" if model is None else model.__module__.partition(".")[0]


_BY_ROUND: dict[str, Callable[[int], dict[str, Any]]] = {
    "lightgbm": lambda k: {"num_iteration": k},
    "xgboost": lambda k: {"iteration_range": (0, k)},
}
"""How a prediction by the first rounds is asked for."""

_ROUNDS = ("best_iteration_", "n_estimators_", "n_iter_")


def n_rounds(fitted: Any) -> int:
    """Return how many rounds of a fitted booster predict."""
    if _library(fitted) == "xgboost":
        best = getattr(fitted, "best_iteration", None)  # where it stopped early
        total = int(fitted.get_booster().num_boosted_rounds())
        return total if best is None else int(best) + 1
    for name in _ROUNDS:
        found: Any = getattr(fitted, name, None)
        if is_whole(found, 1):
            return int(found)
    return len(fitted.estimators_)


def staged_answers(
    fitted: Any, X: Any, steps: list[int], methods: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Give what a booster answers by its first rounds, for each of some steps."""
    methods = tuple(name for name in methods if hasattr(fitted, name))
    by_round = _BY_ROUND.get(_library(fitted))
    if by_round is not None:
        for step in steps:
            asked = by_round(step)
            yield {n: np.asarray(getattr(fitted, n)(X, **asked)) for n in methods}
        return
    stages = {
        name: getattr(fitted, f"staged_{name}")(X)
        for name in methods
        if hasattr(fitted, f"staged_{name}")
    }
    wanted = set(steps)
    for step, said in enumerate(zip(*stages.values(), strict=False), start=1):
        if step in wanted:
            yield dict(zip(stages, (np.array(each) for each in said), strict=True))
