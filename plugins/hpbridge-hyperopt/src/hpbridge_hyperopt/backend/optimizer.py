"""Hyperopt's suggest functions as optimizers, without the loop of `fmin`."""

from __future__ import annotations

import datetime as dt
import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.plugin import (
    GlobalRandom,
    OnePoint,
    Optimizer,
    Outcome,
    PastTrial,
    Problem,
    State,
    Suggestion,
    Trust,
    encode,
    quiet,
)
from hpbridge_hyperopt._upstream import DOMAIN, HISTORY, History, hyperopt
from hpbridge_hyperopt.backend.past import kept_result, known_ids
from hpbridge_hyperopt.backend.space import from_drawn, lay_out
from hpbridge_hyperopt.backend.tpe import QuickTpe
from hpbridge_hyperopt.native.distributions import Draw
from hpbridge_hyperopt.native.write import make, to_document, to_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.plugin import Algorithm, Encoded, Label

FUNCTIONS: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "tpe": hyperopt.tpe.suggest,
    "random": hyperopt.rand.suggest,
    "anneal": hyperopt.anneal.suggest,
    "mix": hyperopt.mix.suggest,
    "atpe": hyperopt.atpe.suggest,
}
"""The library's own by our names."""
# Logging two lines a trial is no part of the algorithm.
_SUGGEST = FUNCTIONS | {"tpe": partial(hyperopt.tpe.suggest, verbose=False)}

_DONE = hyperopt.JOB_STATE_DONE
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Optimizer:
    """Return an optimizer of one of Hyperopt's algorithms.

    Raises:
        UnsupportedFeatureError: With every reason why it cannot run the problem.
    """
    name = algorithm.name
    encoded = encode(problem, algorithm, options, f"hyperopt:{name}")
    if not encoded.native:
        return OnePoint(encoded)
    HISTORY.check()
    if name == "tpe":
        return _Tpe(encoded, options, seed)
    kind = _Atpe if name == "atpe" else HyperoptOptimizer
    return kind(encoded, suggest_of(name, options), seed)


def suggest_of(algorithm: str, options: Any) -> Callable[..., list[dict[str, Any]]]:
    """Return Hyperopt's own suggest function with these options."""
    values = dict(vars(options))
    if "p_suggest" in values:
        pairs = values["p_suggest"]
        values["p_suggest"] = [(share, _SUGGEST[name]) for share, name in pairs]
    return partial(_SUGGEST[algorithm], **values)


class HyperoptOptimizer(Optimizer):
    """One suggest function with the trials that it sees.

    Source:
        hyperopt 0.3.0, `FMinIter.run`: one id and one seed for each suggest call; the
        document is among the trials, without a loss, until it is evaluated.
    """

    def __init__(
        self, encoded: Encoded, suggest: Callable[..., list[dict[str, Any]]], seed: int
    ) -> None:
        self._encoded = encoded
        self._suggest = suggest
        self._domain = DOMAIN.get()(None, to_nodes(encoded, lay_out(encoded), make))
        self._trials = History()
        self._rng = np.random.default_rng(seed)
        self._asked: dict[int, dict[str, Any]] = {}

    def ask(self) -> Suggestion:
        """Propose a point: one id, one seed, one call."""
        (tid,) = self._trials.new_trial_ids(1)
        doc = self._propose(tid, self._rng.integers(2**31 - 1))
        self._asked[tid] = doc
        native = {
            name: from_drawn(self._encoded.native[name], drawn[0])
            for name, drawn in doc["misc"]["vals"].items()
            if drawn
        }
        return Suggestion(tid, self._encoded.decode(native))

    def _propose(self, tid: int, seed: np.int64) -> dict[str, Any]:
        # TPE takes the logarithm of likelihoods that underflow to 0.
        with np.errstate(all="ignore"):
            (doc,) = self._suggest([tid], self._domain, self._trials, seed)
        self._trials.add(doc)
        return doc

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Write the result where `fmin` would, or take the trial away as it would."""
        doc = self._asked.pop(suggestion.id)
        result = _to_result(outcome)
        if result is None:
            self._trials.drop(doc)
            return
        doc["state"] = _DONE
        doc["result"] = result

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Add a document as `fmin` would have made it, under an id of its own."""
        result = _to_result(outcome)
        if result is not None:
            (tid,) = self._trials.new_trial_ids(1)
            self._take(self._to_doc(tid, params, result), result)

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Hold the documents that `fmin` would go on with, under their own ids."""
        tids = known_ids(trials, native)
        if tids is None:
            return False
        self._trials.new_trial_ids(native.get("ids", len(trials)))
        for tid, past in zip(tids, trials, strict=True):
            result = kept_result(past, _to_result(past.outcome))
            if result is not None:
                doc = self._to_doc(tid, past.params, result, past.native.get("vals"))
                self._take(doc, result)
        return True

    def _take(
        self,
        doc: dict[str, Any],
        result: dict[str, Any],  # noqa: ARG002 - for those who override it
    ) -> None:
        self._trials.add(doc)

    def _to_doc(
        self,
        tid: int,
        params: Mapping[str, Label],
        result: dict[str, Any],
        vals: Mapping[str, float] | None = None,
    ) -> dict[str, Any]:
        drawn = {
            name: Draw(self._encoded.native[name]).drawn(value)
            for name, value in self._encoded.encode(params).items()
        }
        # To the bit, where our value has been clamped to its range, say.
        drawn |= {n: v for n, v in (vals or {}).items() if n in drawn}
        doc = to_document(self._trials, self._domain, tid, drawn, result)
        doc["state"] = _DONE
        return doc


def _to_result(outcome: Outcome) -> dict[str, Any] | None:
    """Return the result that `fmin` would store; None for a trial that it hides.

    Source:
        hyperopt 0.3.0. A loss of NaN is stored and skipped by the algorithms. A trial
        that raised becomes JOB_STATE_ERROR, which `Trials.refresh` hides. STATUS_FAIL
        without a loss counts as an infinite loss; with one, TPE would believe it.
    """
    if outcome.state is State.PRUNED:
        return {"status": hyperopt.STATUS_FAIL}
    if not outcome.values:
        return None
    return {"loss": float(outcome.values[0]), "status": hyperopt.STATUS_OK}


class _Tpe(HyperoptOptimizer):
    """TPE, in less time while it proposes what `tpe.suggest` does."""

    def __init__(self, encoded: Encoded, options: Any, seed: int) -> None:
        self._trust = Trust("hyperopt:tpe")
        super().__init__(encoded, QuickTpe(options, self._trust), seed)

    def ask(self) -> Suggestion:
        """Propose a point, and say it when the quick way is given up."""
        suggestion = super().ask()
        self.notes = self._trust.notes
        return suggestion


class _Atpe(HyperoptOptimizer):
    """ATPE: it draws from the global generators and needs a finite loss of each trial.

    Source:
        hyperopt 0.3.0, `atpe.ATPEOptimizer`: `random` and `numpy.random` throughout; a
        pending trial is a KeyError; NaN and infinity spread through its statistics.
    """

    def __init__(
        self, encoded: Encoded, suggest: Callable[..., list[dict[str, Any]]], seed: int
    ) -> None:
        super().__init__(encoded, suggest, seed)
        self._globals = GlobalRandom(seed % GlobalRandom.N_SEEDS)
        with GlobalRandom():
            import lightgbm  # noqa: F401 - its import draws from `random`

    def _propose(self, tid: int, seed: np.int64) -> dict[str, Any]:
        with self._globals, quiet("hyperopt.tpe"), np.errstate(all="ignore"):
            (doc,) = self._suggest([tid], self._domain, self._trials, seed)
        return doc

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Add the trial now that it has a loss, if that is finite."""
        doc = self._asked.pop(suggestion.id)
        self._add_finite(doc, _to_result(outcome))

    def _take(self, doc: dict[str, Any], result: dict[str, Any]) -> None:
        self._add_finite(doc, result)

    def _add_finite(self, doc: dict[str, Any], result: dict[str, Any] | None) -> None:
        if result is None or not math.isfinite(result.get("loss", math.nan)):
            return
        # It subtracts the times; the difference reaches no model.
        doc["book_time"] = doc["refresh_time"] = _NEVER
        doc["state"] = _DONE
        doc["result"] = result
        self._trials.add(doc)
