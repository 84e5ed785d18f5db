"""A guest among the trials of an `fmin`: its documents in our words, and back."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Conversation,
    HistoryWarning,
    NoProposal,
    Outcome,
    Space,
    SpaceError,
    State,
    inert,
    outcome_of,
)
from hpbridge_hyperopt._upstream import DOCUMENTS, documents_of
from hpbridge_hyperopt.format.documents import DONE, RUNNING, DocumentError, Reader
from hpbridge_hyperopt.native.write import to_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyperopt.base import Domain, Trials

    from hpbridge.plugin import ForeignTrial, GuestRecipe
    from hpbridge_hyperopt.native.distributions import Draw

    Docs = list[dict[str, Any]]


class TrialsGuest:
    """A guest and the trials of the `fmin` that it is in.

    Args:
        recipe: What makes the guest.
        space: Of the first `fmin`.
        trials: What it is in.

    Raises:
        SpaceError: If the trials have labels that are not in the space.
        HpbridgeError: As of `hpbridge.hosts.conversation.Conversation`.

    Source:
        hyperopt 0.3.0, `Trials._dynamic_trials`: documents are added at its end, and
        change in place.
    """

    _domain: Domain = None

    def __init__(self, recipe: GuestRecipe, space: Space, trials: Trials) -> None:
        DOCUMENTS.check()
        _check_labels(trials, space)
        self._said = Conversation(
            recipe,
            space,
            cannot_wait="a trial that fmin asks for while others run (max_queue_len, "
            "or SparkTrials)",
        )
        self._trials = trials
        self._docs: Docs = documents_of(trials)
        self._waiting: Docs = []
        self._n_seen = 0

    def __getstate__(self) -> dict[str, Any]:
        # Of a call of `fmin`; the next one has its own.
        left_out = ("_domain", "_draws", "_reader")
        return {name: v for name, v in vars(self).items() if name not in left_out}

    def is_of(self, trials: Trials) -> bool:
        """Say whether these are the trials that it is in."""
        return documents_of(trials) is self._docs

    def is_in(self, domain: Domain) -> bool:
        """Say whether this is the call of `fmin` that it is in."""
        return domain is self._domain

    def enter(self, domain: Domain, space: Space, draws: Mapping[str, Draw]) -> None:
        """Go on in a call of `fmin`; each has a domain of its own.

        Raises:
            SpaceError: If its space is another one.
        """
        _check_same(self._said.space, space)
        self._domain = domain
        self._draws = draws
        self._reader = Reader(space, draws, {"loss": "minimize"})
        if not self._trials.asynchronous:
            self._give_up_on_dead()

    def _give_up_on_dead(self) -> None:
        """Tell of trials that ran when an earlier `fmin` was interrupted."""
        for doc in self._waiting:
            if doc["state"] == RUNNING:
                self._said.ended(doc["tid"], Outcome(State.FAILED))
        self._waiting = [doc for doc in self._waiting if doc["state"] != RUNNING]

    def learn(self) -> None:
        """Tell of every trial that finished since the last call, in their order."""
        self._waiting += self._docs[self._n_seen :]
        self._n_seen = len(self._docs)
        self._waiting = [doc for doc in self._waiting if not self._is_learned(doc)]

    def _is_learned(self, doc: dict[str, Any]) -> bool:
        tid, is_own = doc["tid"], doc["tid"] in self._said.open
        try:
            trial = self._reader.read(_told_part(doc), {})
        except DocumentError as error:
            if is_own:
                self._said.ended(tid, Outcome(State.FAILED))
            else:
                self._said.note(f"trial {tid} is not learned from: it {error}")
            return True
        if trial is not None:
            params = None if is_own else trial.params
            self._said.ended(tid, _outcome_of(trial), params)
        return trial is not None

    def propose(self, new_ids: Sequence[int]) -> Docs:
        """Return a document for each id, or fewer."""
        found: Docs = []
        for tid in new_ids:
            point = self._said.propose(tid)
            if isinstance(point, NoProposal):
                if not found:
                    end = f"fmin ends: {self._said.exhausted}"
                    warnings.warn(end, HistoryWarning, stacklevel=2)
                break
            drawn = {name: self._draws[name].drawn(v) for name, v in point.items()}
            new = self._domain.new_result()
            found.append(to_document(self._trials, self._domain, tid, drawn, new))
        return found


def _told_part(doc: dict[str, Any]) -> dict[str, Any]:
    """Return what a guest is told of a document, as plain data.

    Source:
        hyperopt 0.3.0, `spark._write_result_back`: the result comes after the state.
    """
    result, state = doc["result"], doc["state"]
    if state == DONE and result["status"] == "new":
        state = RUNNING  # as long as Spark has not written its result
    return {
        "tid": doc["tid"],
        "state": state,
        "result": {k: result[k] for k in ("status", "loss") if k in result},
        "misc": {"vals": inert.plain(doc["misc"]["vals"])},
    }


def _outcome_of(trial: ForeignTrial) -> Outcome:
    loss = trial.metrics.get("loss", math.nan)
    # Of a failed trial, a loss counts only where it is NaN.
    is_told = trial.state is State.COMPLETE or math.isnan(loss)
    return outcome_of([loss] if "loss" in trial.metrics and is_told else None)


def _check_same(before: Space, now: Space) -> None:
    problems = [f"{n!r} is not in the space any more" for n in before if n not in now]
    problems += [f"{n!r} is new" for n in now if n not in before]
    problems += [
        f"{n!r} was {before[n]!r} and is {now[n]!r}"
        for n in now
        if n in before and before[n] != now[n]
    ]
    _refuse_if_changed(problems)


def _check_labels(trials: Trials, space: Space) -> None:
    found = (doc["misc"]["vals"] for doc in documents_of(trials))
    labels = {label for vals in found for label, drawn in vals.items() if drawn}
    _refuse_if_changed(
        [f"{n!r} is not in the space" for n in sorted(labels - set(space))]
    )


def _refuse_if_changed(problems: list[str]) -> None:
    if problems:
        headline = "The trials that fmin was given are of another space than its own"
        hint = "give fmin the space of these trials, or new trials"
        raise SpaceError(headline, problems, hint)
