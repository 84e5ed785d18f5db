"""Folds in turn: candidates that a pruner may end before their last fold.

scikit-learn evaluates each candidate on all splits at once. Here it is asked for one
split at a time, of the candidates that still run, and a pruner is told of each score.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.contract.attempt import Reply
from hpbridge.contract.pruning import Watched
from hpbridge.contract.registry import registry
from hpbridge.errors import ExperimentError
from hpbridge.hosts.sklearn.candidates import SameSplits
from hpbridge.pruners.choosing import NAME, OPTIONS, make_pruner
from hpbridge.pruners.folds import against_folds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hpbridge.contract.pruning import Pruner
    from hpbridge.hosts.sklearn.candidates import Candidate, Fit, SearchedSpace
    from hpbridge.hosts.sklearn.sampled import SampledSpaces


_SCORES = ("test_scores", "train_scores")


class SplitsInTurn(SameSplits):
    """A splitter that has one pair of indices at a time, and in all those of another.

    Attributes:
        now: Which one.
        n_splits: How many there are.
    """

    now = 0
    n_splits = 0

    def get_n_splits(self, *data: Any, **metadata: Any) -> Any:
        """Return how many pairs there are at a time."""
        self.n_splits = super().get_n_splits(*data, **metadata)
        return 1

    def split(self, *data: Any, **metadata: Any) -> list[Any]:
        """Return the pair of (train, test) indices whose turn it is."""
        return [super().split(*data, **metadata)[self.now]]


@dataclass
class Turns:
    """The folds of a search in turn.

    Args:
        chosen: The pruner, as of `hpbridge.pruners.choosing.chosen_pruner`.

    Attributes:
        order: In which candidates go through the splits.
    """

    chosen: Mapping[str, Any]
    order: tuple[int, ...] = ()
    _splits: SplitsInTurn | None = None
    _pruners: dict[int, Pruner] = field(default_factory=dict)

    def taking(self, check_cv: Callable[..., Any]) -> Callable[..., SplitsInTurn]:
        """Return scikit-learn's `check_cv` with splits that come in turn."""

        def check(*args: Any, **kwargs: Any) -> SplitsInTurn:
            self._splits = SplitsInTurn(check_cv(*args, **kwargs))
            return self._splits

        return check

    @property
    def splits(self) -> SplitsInTurn:
        """The splits, once scikit-learn has looked at them."""
        if self._splits is None:
            msg = "the search has not begun"
            raise RuntimeError(msg)
        return self._splits

    def begin(self, searches: Sequence[SearchedSpace | SampledSpaces]) -> None:
        """Draw the order of folds, and make the pruner of each search.

        Raises:
            ExperimentError: If the pruner could end no candidate.
        """
        n_splits = self.splits.n_splits
        spec, options = registry().pruner(self.chosen[NAME]), self.chosen[OPTIONS]
        problems = against_folds(spec, options, n_splits, f"cv={self.splits.splitter}")
        if problems:
            name = "BridgeSearchCV"
            raise ExperimentError.invalid(name, problems)
        first = searches[0].spaces[0].conversation
        drawn = np.random.default_rng(first.seed).permutation(n_splits)
        self.order = tuple(int(k) for k in drawn)
        for each in searches:
            guest = each.spaces[0].conversation
            study = f"{guest.name}-{guest.seed}"
            watched = Watched(
                study, maximizes=True, seed=guest.seed, n_trials=each.n_candidates
            )
            self._pruners[id(each)] = make_pruner(self.chosen, watched)

    def evaluate(
        self,
        search: SearchedSpace | SampledSpaces,
        batch: list[Candidate],
        fit: Callable[[list[Candidate]], list[list[Fit]]],
        metric: Callable[[], str],
    ) -> None:
        """Fit the candidates of a batch on one split after the other.

        Args:
            search: That they are of.
            batch: Get their fits, their reports, and whether they were ended.
            fit: Fits some on the splits whose turn it is.
            metric: Returns the name of the metric that is optimized.
        """
        pruner, running = self._pruners[id(search)], list(batch)
        done: dict[int, dict[int, Fit]] = {each.row: {} for each in batch}
        for step, split in enumerate(self.order, 1):
            self.splits.now = split
            for candidate, (found,) in zip(running, fit(running), strict=True):
                done[candidate.row][split] = found
                score = score_of(found, metric())
                if math.isnan(score):
                    continue  # it has failed, which its other folds do not change
                candidate.reports.append((step, score))
                reply = pruner.report(candidate.row, step, score)
                candidate.is_pruned = reply is Reply.STOP and step < len(self.order)
            running = [each for each in running if not each.is_pruned]
            if not running:
                break
        for candidate in batch:
            candidate.fits = _whole(done[candidate.row], len(self.order))
            outcome = candidate.outcome(metric())
            value = -outcome.values[0] if outcome.values else None
            pruner.end(candidate.row, outcome.state, value)


@contextlib.contextmanager
def quiet_of_pruned(done: Sequence[Candidate]) -> Iterator[None]:
    """Let scikit-learn not warn of means that are NaN where candidates were ended."""
    is_pruned = any(candidate.is_pruned for candidate in done)
    fits = [f for c in done if not c.is_pruned for f in c.fits]
    if not is_pruned or not all(np.isfinite(_numbers(fits)).tolist()):
        yield
        return
    with warnings.catch_warnings():
        message = "One or more of the (test|train) scores are non-finite"
        warnings.filterwarnings("ignore", message, UserWarning)
        yield


def _numbers(fits: Sequence[Fit]) -> list[float]:
    """Return all scores of some fits."""
    found: list[float] = []
    for fit in fits:
        for name in _SCORES:
            scores = fit.get(name, {})
            found += scores.values() if isinstance(scores, dict) else [scores]
    return found


def score_of(fit: Fit, metric: str) -> float:
    """Return the score of one fit by the metric that is optimized."""
    scores = fit["test_scores"]
    return float(scores[metric] if isinstance(scores, dict) else scores)


def _whole(done: Mapping[int, Fit], n_splits: int) -> list[Fit]:
    """Return a fit for each split: one that was not made has no score, and no time."""
    like = next((each for each in done.values() if each["fit_error"] is None), None)
    if like is None or len(done) == n_splits:
        return [done[split] for split in range(n_splits)]
    blank: dict[str, Any] = {"fit_time": 0.0, "score_time": 0.0}
    for name in _SCORES:
        if name in like:
            scores = like[name]
            is_named = isinstance(scores, dict)
            blank[name] = dict.fromkeys(scores, math.nan) if is_named else math.nan
    return [done.get(split, {**like, **blank}) for split in range(n_splits)]
