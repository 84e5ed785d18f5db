"""The candidates of a search: proposed by an optimizer, and told to it when fitted."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Outcome
from hpbridge.contract.capabilities import Feature
from hpbridge.hosts.conversation import Conversation, NoProposal
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.formats.search_spaces import Searched
    from hpbridge.hosts.recipe import GuestRecipe
    from hpbridge.space.parameters import Label

Fit = dict[str, Any]
"""Of one candidate on one split, as scikit-learn's `_fit_and_score` returns it."""


class SameSplits:
    """A splitter that splits once: all candidates are evaluated on the same folds.

    scikit-learn splits anew for each batch, and a splitter without a `random_state`
    does so differently each time.
    """

    def __init__(self, splitter: Any) -> None:
        self.splitter = splitter
        self._splits: list[Any] | None = None

    def get_n_splits(self, *data: Any, **metadata: Any) -> Any:
        """Return how many pairs there are."""
        return self.splitter.get_n_splits(*data, **metadata)

    def split(self, *data: Any, **metadata: Any) -> list[Any]:
        """Return the pairs of (train, test) indices."""
        if self._splits is None:
            self._splits = list(self.splitter.split(*data, **metadata))
        return self._splits


@dataclass
class Candidate:
    """A proposal, and what became of it."""

    number: int
    """In its space."""
    params: Mapping[str, Label]
    values: dict[str, Any]
    """What the estimator gets."""
    tells_before: int
    asked_at: float = 0.0
    """Unix time, seconds."""
    ask_seconds: float = 0.0
    row: int = 0
    """In ``cv_results_``."""
    started_at: float = 0.0
    """Unix time, seconds."""
    fits: list[Fit] = field(default_factory=list)
    reports: list[tuple[int, float]] = field(default_factory=list)
    """Scores in the order of folds, where a pruner is told of them."""
    is_pruned: bool = False

    def outcome(self, metric: str) -> Outcome:
        """Return what the optimizer is told of it: scores to be minimized."""
        reports = tuple((step, -score) for step, score in self.reports)
        if self.is_pruned:
            return Outcome(State.PRUNED, (reports[-1][1],), reports=reports)
        return replace(outcome_of(self.fits, metric), reports=reports)


def begin(batch: list[Candidate], first: int) -> None:
    """Note that the candidates of a batch begin, and their rows from the first on."""
    started = time.time()
    for row, candidate in enumerate(batch, first):
        candidate.row, candidate.started_at = row, started


def take(batch: list[Candidate], fits: list[list[Fit]]) -> None:
    """Keep with each candidate of a batch its fits."""
    for candidate, own in zip(batch, fits, strict=True):
        candidate.fits = own


class SearchedSpace:
    """One space of a search, and the optimizer that searches it.

    Args:
        read: The space, as the search was given it.
        recipe: What makes the optimizer.
        batch_size: As of `BridgeSearchCV`.

    Attributes:
        spaces: Itself, as the one that is searched by this optimizer.
        n_candidates: How many there are at most.

    Raises:
        UnsupportedFeatureError: If the optimizer cannot propose a batch.
    """

    def __init__(
        self, read: Searched, recipe: GuestRecipe, batch_size: int | None
    ) -> None:
        self.read = read
        batch = f"batch_size={batch_size}"
        self.conversation = Conversation(recipe, read.space, cannot_wait=batch)
        self.candidates: list[Candidate] = []
        self.spaces = [self]
        self.n_candidates = read.n_iter
        self._n_told = 0
        if batch_size is None:
            batch_size = read.n_iter if self._is_one_batch() else 1
        elif batch_size > 1:
            self.conversation.check_several(batch)
        self._batch_size = batch_size

    def _is_one_batch(self) -> bool:
        algorithm = self.conversation.choice.algorithm
        # A grid does not learn either, but ends when it is told of its last point.
        is_random = algorithm.starts_random and not algorithm.learns
        return is_random and self.conversation.can(Feature.PENDING)

    @property
    def stop_reason(self) -> str | None:
        """Why it ended before it had all candidates; None where it did not."""
        end = self.conversation.exhausted
        return None if end is None else f"exhausted: {end}"

    def batches(self) -> Iterator[list[Candidate]]:
        """Yield the candidates to evaluate next, until there are enough or no more."""
        left = self.read.n_iter
        while left and (batch := self._ask(min(self._batch_size, left))):
            left -= len(batch)
            self.candidates += batch
            yield batch
            if self.stop_reason is not None:
                return

    def _ask(self, n_candidates: int) -> list[Candidate]:
        batch: list[Candidate] = []
        for number in range(len(self.candidates), len(self.candidates) + n_candidates):
            started, asked_at = time.perf_counter(), time.time()
            params = self.conversation.propose(number)
            if isinstance(params, NoProposal):
                self._warn_of_end(number)
                break
            seconds = time.perf_counter() - started
            values = self.read.to_params(params)
            batch.append(
                Candidate(number, params, values, self._n_told, asked_at, seconds)
            )
        return batch

    def _warn_of_end(self, n_tried: int) -> None:
        warnings.warn(
            f"{self.conversation.name} has nothing left to propose after {n_tried} of "
            f"n_iter={self.read.n_iter} candidates: {self.conversation.exhausted}.",
            UserWarning,
            stacklevel=2,
        )

    def tell(self, batch: list[Candidate], metric: str) -> None:
        """Tell the optimizer of a batch, in the order in which it proposed it."""
        for candidate in batch:
            self._n_told += 1
            self.conversation.ended(candidate.number, candidate.outcome(metric))


def outcome_of(fits: list[Fit], metric: str) -> Outcome:
    """Return what the optimizer is told of a candidate: its score, to be minimized."""
    import numpy as np

    scores = [fit["test_scores"] for fit in fits]
    values = [s[metric] if isinstance(s, dict) else s for s in scores]
    # As scikit-learn averages for ``mean_test_*``: equal to the last bit.
    score = float(np.average(np.array([values], dtype=np.float64), axis=1)[0])
    if score == score:  # noqa: PLR0124 - not NaN
        return Outcome(State.COMPLETE, (-score,))
    if any(fit["fit_error"] for fit in fits):
        return Outcome(State.FAILED)
    return Outcome(State.FAILED, (score,))
