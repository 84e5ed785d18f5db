"""A guest inside Tune's loop: which trial has which proposal, and what became of it.

Everything that happened is kept, as JSON data, so that the guest can be brought to the
same place again in another process: replayed, and where it does not propose the same
again, told of the history.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    ExhaustedError,
    Feature,
    ForeignHistoryError,
    Guest,
    Outcome,
    SpaceError,
    State,
    dump_number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.plugin import Label, Space, Suggestion


@dataclass
class _Open:
    """A trial that has not ended.

    Attributes:
        suggestion: None for a point of the user's, or one of a process that is gone.
    """

    params: Mapping[str, Label]
    suggestion: Suggestion | None
    reports: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What a guest is made of; the space comes later."""

    optimizer: str
    n_objectives: int
    seed: int | None
    options: Mapping[str, object]


class Guesting:
    """A guest by the ids of a host's trials.

    Args:
        recipe: What makes the guest.
        space: What it searches.
        points: Points to run first, plain values.

    Raises:
        HpbridgeError: As `hpbridge.hosts.guest.Guest`.
    """

    def __init__(
        self, recipe: Recipe, space: Space, points: Sequence[Mapping[str, Label]] = ()
    ) -> None:
        self._recipe = recipe
        self._space = space
        self._points = list(points)
        self._open: dict[str, _Open] = {}
        self._failed: dict[str, Mapping[str, Label]] = {}
        self._events: list[list[Any]] = []
        self._guest = self._make(recipe.seed)

    def _make(self, seed: int | None) -> Guest:
        recipe = self._recipe
        return Guest(
            recipe.optimizer,
            self._space,
            n_objectives=recipe.n_objectives,
            seed=seed,
            options=recipe.options,
        )

    @property
    def notes(self) -> list[str]:
        """What the guest could not learn from."""
        return self._guest.notes

    def suggest(self, key: str) -> Mapping[str, Label] | None:
        """Return a point for a trial; None when it must wait for one that runs.

        Raises:
            ExhaustedError: If there is nothing left to propose.
        """
        if self._points:
            point = self._points.pop(0)
            self._events.append(["point", key, dict(point)])
            self._open[key] = _Open(point, None)
            return point
        if self._open and not self._guest.can(Feature.PENDING):
            return None
        try:
            suggestion = self._guest.ask()
        except ExhaustedError:
            if self._open:
                return None  # what runs may still fail and be wanted again
            raise
        self._events.append(["ask", key, dict(suggestion.params)])
        self._open[key] = _Open(suggestion.params, suggestion)
        return suggestion.params

    def report(self, key: str, step: int, value: float) -> None:
        """Note an intermediate value, to be minimized."""
        if key in self._open and not math.isnan(value):
            self._open[key].reports[step] = value

    def end(
        self, key: str, state: State, values: tuple[float, ...], *, last: int | None
    ) -> None:
        """Tell what became of a trial.

        One that failed, and that the host ran again, is told a second time; one that
        is not known is another process's, and nothing is told. `values` are a report
        too, of the step `last`.
        """
        if key in self._failed:
            self._open[key] = _Open(self._failed.pop(key), None)
        if key not in self._open:
            return
        if last is not None and len(values) == 1:
            self.report(key, last, values[0])
        trial = self._open.pop(key)
        reports = tuple(trial.reports.items())
        if state is State.PRUNED and not values and reports:
            values = (reports[-1][1],)
        outcome = Outcome(state, values, reports=reports)
        self._events.append(["tell", key, _dump(outcome)])
        self._tell(trial, outcome)
        if state is State.FAILED:
            self._failed[key] = trial.params

    def _tell(self, trial: _Open, outcome: Outcome) -> None:
        if trial.suggestion is None:
            self._guest.observe(trial.params, outcome)
        else:
            self._guest.tell(trial.suggestion, outcome)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Tell of a trial that ran elsewhere.

        Raises:
            ForeignHistoryError: If the guest cannot learn from it.
        """
        if not self._guest.observe(params, outcome):
            name, note = self._guest.name, self.notes[-1]
            raise ForeignHistoryError.refused(name, note.rpartition(": ")[2])
        self._events.append(["observe", dict(params), _dump(outcome)])

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs: JSON data."""
        return {
            "optimizer": self._guest.name,
            "space": self._space.to_json(),
            "seed": self._guest.seed,
            "points": [dict(point) for point in self._points],
            "events": list(self._events),
            "reports": {
                key: [[step, dump_number(value)] for step, value in t.reports.items()]
                for key, t in self._open.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bring the guest to where another one was.

        Raises:
            SpaceError: If that one searched another space, or was another optimizer.
        """
        self._check(state)
        events = state["events"]
        is_exact = self._guest.can(Feature.REPLAY) and self._relive(events, state)
        if not is_exact:
            self._relive(events, state, is_foreign=True)
            note = "it observed the history of its trials, it did not relive it"
            self._guest.notes.append(note)
        self._points = [dict(point) for point in state["points"]]
        for key, reports in state["reports"].items():
            for step, value in reports:
                self.report(key, step, float(value))

    def _check(self, state: Mapping[str, Any]) -> None:
        problems = []
        if state["optimizer"] != self._guest.name:
            was, now = state["optimizer"], self._guest.name
            problems.append(f"the saved searcher is {was!r}, this one is {now!r}")
        if state["space"] != self._space.to_json():
            problems.append("the saved searcher has searched another space")
        if problems:
            what = "What the searcher goes on with"
            raise SpaceError.foreign(what, problems)

    def _relive(
        self,
        events: Sequence[Sequence[Any]],
        state: Mapping[str, Any],
        *,
        is_foreign: bool = False,
    ) -> bool:
        """Repeat what happened in a fresh guest; say whether it came out the same."""
        self._guest = self._make(state["seed"])
        self._open, self._failed, self._events = {}, {}, []
        for kind, *args in events:
            if kind == "ask":
                key, params = args
                suggestion = None if is_foreign else self._ask_again(params)
                if suggestion is None and not is_foreign:
                    return False
                self._open[key] = _Open(params, suggestion)
            elif kind == "point":
                self._open[args[0]] = _Open(args[1], None)
            elif kind == "observe":
                self._guest.observe(args[0], _load(args[1]))
            else:
                self._tell_again(args[0], _load(args[1]))
            self._events.append([kind, *args])
        return True

    def _ask_again(self, params: Mapping[str, Label]) -> Suggestion | None:
        try:
            suggestion = self._guest.ask()
        except ExhaustedError:
            return None
        return suggestion if dict(suggestion.params) == params else None

    def _tell_again(self, key: str, outcome: Outcome) -> None:
        if key in self._failed:
            self._open[key] = _Open(self._failed.pop(key), None)
        trial = self._open.pop(key)
        self._tell(trial, outcome)
        if outcome.state is State.FAILED:
            self._failed[key] = trial.params


def _dump(outcome: Outcome) -> dict[str, Any]:
    return {
        "state": outcome.state.value,
        "values": [dump_number(value) for value in outcome.values],
        "reports": [[step, dump_number(value)] for step, value in outcome.reports],
    }


def _load(data: Mapping[str, Any]) -> Outcome:
    return Outcome(
        State(data["state"]),
        tuple(float(value) for value in data["values"]),
        reports=tuple((step, float(value)) for step, value in data["reports"]),
    )
