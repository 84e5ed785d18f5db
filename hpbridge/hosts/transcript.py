"""What was said between a guest and its host, as JSON data, and to live it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.wire import outcome_from_json, outcome_to_json
from hpbridge.learning.replay import ask_again
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpbridge.contract.backend import Outcome, Suggestion
    from hpbridge.errors import ForeignHistoryError
    from hpbridge.learning.learner import Learner
    from hpbridge.space.parameters import Label

Key = str | int
"""A host's name of a trial, or the transcript's own of one that has none."""
Point = Mapping[str, "Label"]


@dataclass
class OpenTrial:
    """A trial that has not ended.

    Attributes:
        suggestion: None for a point that the guest did not propose, or that it
            proposed in a process that is gone.
        is_named: Whether the host knows it by a name.
    """

    params: Point
    suggestion: Suggestion | None
    is_named: bool = True
    reports: dict[int, float] = field(default_factory=dict)


class Transcript:
    """A fresh guest, and everything that it is asked and told.

    Args:
        learner: The guest.

    Attributes:
        open: Trials that have not ended, in the order of asking.
        failed: Points of trials that failed and may be run again.
        events: What happened, each a list of its kind (``ask``, ``point``, ``tell``,
            ``observe``), the trial's key or point, and what was said of it.
    """

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.open: dict[Key, OpenTrial] = {}
        self.failed: dict[Key, Point] = {}
        self.events: list[list[Any]] = []
        self._n_asked = 0

    def ask(self, key: Key | None) -> dict[str, Label]:
        """Ask the guest for a point.

        Raises:
            ExhaustedError: If there is nothing left to propose.
        """
        suggestion = self.learner.ask(self._n_asked)
        self._n_asked += 1
        return self._begin("ask", key, dict(suggestion.params), suggestion)

    def begin(self, key: Key | None, point: Point) -> dict[str, Label]:
        """Take a point that somebody else chose as an open trial."""
        return self._begin("point", key, dict(point), None)

    def _begin(
        self,
        kind: str,
        key: Key | None,
        params: dict[str, Label],
        suggestion: Suggestion | None,
    ) -> dict[str, Label]:
        trial = OpenTrial(params, suggestion, key is not None)
        key = f"#{len(self.events)}" if key is None else key
        self.events.append([kind, key, dict(params)])
        self.open[key] = trial
        return dict(params)

    def again(self, key: Key) -> OpenTrial | None:
        """Return an open trial; one that failed and ran again is open once more."""
        if key not in self.open and key in self.failed:
            self.open[key] = OpenTrial(self.failed.pop(key), None)
        return self.open.get(key)

    def tell(self, key: Key, outcome: Outcome) -> None:
        """Tell the guest what became of an open trial."""
        self.events.append(["tell", key, outcome_to_json(outcome)])
        trial = self.open.pop(key)
        if trial.suggestion is None:
            self.learner.observe(trial.params, outcome)
        else:
            self.learner.learn(trial.suggestion, trial.params, outcome)
        if outcome.state is State.FAILED and trial.is_named:
            self.failed[key] = trial.params

    def observe(self, point: Point, outcome: Outcome) -> ForeignHistoryError | None:
        """Tell the guest of a trial that ran elsewhere; return why it refuses to."""
        self.events.append(["observe", dict(point), outcome_to_json(outcome)])
        return self.learner.observe(point, outcome)

    def told(self) -> Iterator[tuple[Point, Outcome]]:
        """Yield every trial of which the guest was told, in that order."""
        asked: dict[Key, Point] = {}
        for kind, what, data in self.events:
            if kind in {"ask", "point"}:
                asked[what] = data
            else:
                yield (
                    what if kind == "observe" else asked[what],
                    outcome_from_json(data),
                )

    def relive(
        self, events: Sequence[Sequence[Any]], *, is_foreign: bool = False
    ) -> bool:
        """Repeat what happened elsewhere; say whether it came out the same.

        Args:
            events: Of the other transcript.
            is_foreign: The guest observes every trial, and is asked for none.
        """
        for kind, what, data in events:
            if kind == "ask" and not is_foreign:
                number = self._n_asked
                suggestion, difference = ask_again(self.learner, number, data)
                if difference is not None:
                    return False
                self._n_asked += 1
                self._reopen(kind, what, data, suggestion)
            elif kind in {"ask", "point"}:
                self._reopen(kind, what, data, None)
            elif kind == "observe":
                self.observe(what, outcome_from_json(data))
            elif self.again(what) is not None:
                self.tell(what, outcome_from_json(data))
        return True

    def _reopen(
        self, kind: str, key: Key, params: Point, suggestion: Suggestion | None
    ) -> None:
        self._begin(kind, key, dict(params), suggestion)
        self.open[key].is_named = not str(key).startswith("#")


def whole(outcome: Outcome, trial: OpenTrial | None) -> Outcome:
    """Return an outcome with the reports that the host gave while the trial ran."""
    reports, values = outcome.reports, outcome.values
    if trial is not None and not reports:
        reports = tuple(trial.reports.items())
    if outcome.state is State.PRUNED and not values and reports:
        values = (reports[-1][1],)
    return replace(outcome, values=values, reports=reports)
