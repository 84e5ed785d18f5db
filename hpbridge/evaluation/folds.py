"""Folds: fit on one part of the rows, score on another, by scikit-learn's own code.

All folds of an estimator are one call of `sklearn.model_selection.cross_validate`, so
that routing, containers and numbers are as there, and what a call costs is paid once.
What is heard of each fold while the call runs comes from its splitter and its scorer.
"""

from __future__ import annotations

import contextlib
import copy
import numbers
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sklearn
from sklearn.metrics import check_scoring
from sklearn.model_selection import cross_validate
from sklearn.utils.metadata_routing import MetadataRequest

from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.hearing import Hearing
from hpbridge.evaluation.pooling import Pool
from hpbridge.evaluation.stepwise import Stepwise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hpbridge.evaluation.curve import Curve
    from hpbridge.evaluation.kept import Kept
    from hpbridge.evaluation.metrics import Scorer
    from hpbridge.evaluation.procedure import Fold
    from hpbridge.evaluation.rows import Rows


@dataclass(frozen=True)
class FoldScores:
    """What one fold came to.

    Attributes:
        number: Of the fold.
        test: Metrics on the rows that were scored on.
        train: All metrics on the rows that were fitted on.
        fit_seconds: From the choice of the rows to the end of the fit.
        score_seconds: Of the metrics on the rows that were scored on.
        pooled: Of the last fold: the metrics of the answers of all folds together,
            which have no value fold by fold.
        curve: Of the first metric while the model learnt: ``steps``, and the scores
            at each on ``test`` and ``train`` rows; empty if there is none.
    """

    number: int
    test: Mapping[str, float]
    train: Mapping[str, float]
    fit_seconds: float
    score_seconds: float
    pooled: Mapping[str, float] = field(default_factory=dict)
    curve: Mapping[str, list[Any]] = field(default_factory=dict)


class NoScoreError(ValueError):
    """A scorer failed in a fold, or gave no number."""


class Folds:
    """Rows and folds: all that a trial needs but the estimator.

    Args:
        kept: The rows that trials may see.
        folds: Of these rows.
        order: In which a trial goes through them.
        scorers: By name; the first counts.
        pooled: Those that are computed from the answers of all folds together.
        curve: How curves of learners are taken; None for none.
    """

    def __init__(
        self,
        kept: Kept,
        folds: Sequence[Fold],
        order: Sequence[int],
        scorers: Mapping[str, Scorer],
        pooled: Sequence[str] = (),
        curve: Curve | None = None,
    ) -> None:
        self.kept, self.folds, self.order = kept, folds, tuple(order)
        self.scorers, self.pooled = dict(scorers), tuple(pooled)
        self.curve = curve
        # Of whoever made the evaluation: other processes have settings of their own.
        self.config = sklearn.get_config()

    def whole(self) -> Folds:
        """Return the same for a process that may be on another machine."""
        other = copy.copy(self)
        other.kept = self.kept.whole()
        return other

    def over(self, folds: Sequence[Fold], order: Sequence[int]) -> Folds:
        """Return the same rows and metrics with other folds."""
        other = copy.copy(self)
        other.folds, other.order = folds, tuple(order)
        return other

    def scores(
        self,
        estimator: Any,
        after: Callable[[FoldScores], None] | None = None,
        params: Mapping[str, Any] | None = None,
        at_step: Callable[[int, float], None] | None = None,
    ) -> list[FoldScores]:
        """Fit and score an estimator on each fold, in order.

        Args:
            estimator: To clone, for each fold.
            after: Called after each; what it raises ends the others.
            params: What goes with the rows, where it is not what goes with all.
            at_step: Called at each step of a curve, with the score on rows that are
                not fitted on; what it raises ends all.

        Raises:
            NoScoreError: If a scorer fails.
            Exception: Whatever the estimator raises.
        """
        with sklearn.config_context(**self.config):
            return self._scores(estimator, after, params, at_step)

    def _scores(
        self,
        estimator: Any,
        after: Callable[[FoldScores], None] | None,
        params: Mapping[str, Any] | None,
        at_step: Callable[[int, float], None] | None,
    ) -> list[FoldScores]:
        rows = self.kept.rows()
        given = rows.params if params is None else params
        hearing = self._hearing(rows, at_step)
        walk = _Walk(self, rows, after, hearing)
        if self.curve is not None:
            heard = None if hearing is None else hearing.heard
            estimator = Stepwise(estimator, self.curve, heard)
        own = {k: v for k, v in given.items() if v is not None}
        if not self.config["enable_metadata_routing"]:
            own.pop("groups", None)  # of the splitter alone
        cross_validate(
            estimator,
            rows.X,
            rows.y,
            cv=walk,
            scoring=_Scoring(walk),
            n_jobs=1,  # each fold is heard of before the next begins
            params=own or None,
            return_train_score=True,
            error_score="raise",
        )
        return walk.done

    def _hearing(
        self, rows: Rows, at_step: Callable[[int, float], None] | None
    ) -> Hearing | None:
        main = next(iter(self.scorers))
        if self.curve is None or main in self.pooled:
            return None
        return Hearing(self.curve, self.scorers[main], rows, at_step)


class _Walk:
    """The splitter of one estimator's way through the folds, which notes each.

    Attributes:
        done: The folds that are over.
    """

    def __init__(
        self,
        folds: Folds,
        rows: Rows,
        after: Callable[[FoldScores], None] | None,
        hearing: Hearing | None,
    ) -> None:
        self.hearing, self.model = hearing, None
        self.folds, self.done = folds, list[FoldScores]()
        self.pool = Pool({n: folds.scorers[n] for n in folds.pooled}, rows.y)
        self.scored: list[Mapping[str, float]] = []
        self.number = -1
        self._after = after
        self._seconds: list[float] = []
        self._began = 0.0

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002
        """Return the number of folds."""
        return len(self.folds.order)

    def get_metadata_routing(self) -> MetadataRequest:
        """Ask for the groups, by which the folds were made."""
        request = MetadataRequest(owner="folds")
        request.split.add_request(param="groups", alias=True)
        return request

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Fold]:  # noqa: ARG002
        """Go through the folds; each is over when the next one is asked for."""
        for number in self.folds.order:
            self.number, self.scored, self._seconds = number, [], []
            fold = self.folds.folds[self.number]
            if self.hearing is not None:
                self.hearing.begin(fold)
            self._began = time.perf_counter()
            yield fold
            self._end()

    def tick(self) -> None:
        """Note the end of a fit, or of the scoring after it."""
        now = time.perf_counter()
        heard = 0.0 if self._seconds or self.hearing is None else self.hearing.seconds
        self._seconds.append(now - self._began - heard)
        self._began = now

    def _end(self) -> None:
        test, train = self.scored
        is_last = len(self.done) + 1 == len(self.folds.order)
        pooled = self.pool.scores() if is_last else {}
        fit, score = self._seconds
        curve: Mapping[str, list[Any]] = {}
        if self.hearing is not None:
            self.hearing.fitted(self.model)
            curve = self.hearing.taken()
        scores = FoldScores(self.number, test, train, fit, score, pooled, curve)
        self.done.append(scores)
        if self._after is not None:
            self._after(scores)


class _Scoring:
    """The scorer of a walk: called for the rows scored on, then for those fitted on."""

    def __init__(self, walk: _Walk) -> None:
        self._walk = walk
        self._all = check_scoring(scoring=walk.folds.scorers)
        by_fold = {n: s for n, s in walk.folds.scorers.items() if n not in walk.pool}
        self._by_fold = self._all
        if walk.folds.pooled:
            self._by_fold = check_scoring(scoring=by_fold) if by_fold else None

    def get_metadata_routing(self) -> Any:
        """Ask for what the metrics ask for."""
        return self._all.get_metadata_routing()

    def __call__(self, estimator: Any, X: Any, y: Any, **params: Any) -> float:
        """Note every metric that has a value on these rows."""
        walk = self._walk
        if isinstance(estimator, Stepwise):
            estimator = estimator.model_
        walk.model = estimator
        is_train = bool(walk.scored)
        scorer = self._all if is_train else self._by_fold
        if not is_train:
            walk.tick()
            walk.pool.add(estimator, X, walk.folds.folds[walk.number][1], params)
        try:
            found = {} if scorer is None else scorer(estimator, X, y, **params)
        except Exception as error:  # a scorer of the user may raise anything
            raise self._failure(error, estimator, X, y, params) from error
        if not is_train:
            walk.tick()
        walk.scored.append(
            {name: _number(v, name, walk.number) for name, v in found.items()}
        )
        return 0.0  # they are noted already

    def _failure(
        self, error: Exception, estimator: Any, X: Any, y: Any, params: dict[str, Any]
    ) -> NoScoreError:
        """Say which metric failed: they are called again, one by one."""
        name = _failing(self._walk.folds.scorers, estimator, X, y, params)
        part = "fitted" if self._walk.scored else "scored"
        of = "a metric" if name is None else f"the metric {name!r}"
        msg = (
            f"{of} failed on the rows that fold {self._walk.number} is {part} on: "
            f"{describe_error(error)}"
        )
        return NoScoreError(msg)


def _failing(
    scorers: Mapping[str, Scorer], estimator: Any, X: Any, y: Any, params: Any
) -> str | None:
    for name, scorer in scorers.items():
        try:
            check_scoring(scoring={name: scorer})(estimator, X, y, **params)
        except Exception:  # noqa: BLE001 - a user's scorer may raise anything
            return name
    return None


def _number(value: Any, name: str, fold: int) -> float:
    """Return a score as a plain number, where scikit-learn takes it for one."""
    if hasattr(value, "item"):
        with contextlib.suppress(ValueError):
            value = value.item()
    if isinstance(value, numbers.Real):
        return float(value)
    msg = f"the metric {name!r} must be a number, and is {value!r:.100} in fold {fold}"
    raise NoScoreError(msg)
