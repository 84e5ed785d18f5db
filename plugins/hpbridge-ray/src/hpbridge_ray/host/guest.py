"""A guest as a searcher of Ray Tune: between its words and Ray's."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune.result import DEFAULT_METRIC, TRAINING_ITERATION
from ray.tune.search import Searcher

from hpbridge.plugin import (
    Conversation,
    ExperimentError,
    NoProposal,
    Outcome,
    Space,
    SpaceError,
    State,
    arguments,
    outcome_of,
    quiet,
)
from hpbridge_ray.native.param_space import ParamSpace, flatten
from hpbridge_ray.native.read import from_native, read_param_space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.plugin import GuestRecipe, Label

MODES = {"min": 1, "max": -1}
NAME = "BridgeSearcher"

Names = str | list[str] | None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_mode(value: object) -> bool:
    return isinstance(value, str) and value in MODES


def _is_list_of(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and bool(value) and all(map(fits, value))


METRIC = arguments.Kind(
    "a name, a list of names or None",
    lambda value: (
        value is None or isinstance(value, str) or _is_list_of(value, _is_text)
    ),
)
MODE = arguments.Kind(
    "'min' or 'max', a list of these or None",
    lambda value: value is None or _is_mode(value) or _is_list_of(value, _is_mode),
)


def check_goal(metric: Names, mode: Names) -> None:
    """Refuse a metric and a mode that Ray would only assert.

    Raises:
        ExperimentError: With all that is wrong with them.
    """
    metrics, modes = _listed(metric), _listed(mode)
    problems = arguments.wrong(
        {"metric": metric, "mode": mode}, {"metric": METRIC, "mode": MODE}
    )
    if metric is not None and mode is not None and len(metrics) != len(modes):
        problems.append(f"it has {len(metrics)} metrics and {len(modes)} modes")
    if problems:
        raise ExperimentError.invalid(NAME, problems)


def _listed(names: Names) -> list[Any]:
    return names if isinstance(names, list) else [names]


class GuestSearch(Searcher):  # type: ignore[misc]
    """Any optimizer of another library; see `BridgeSearcher` for the arguments.

    Until a Tuner has given the space there is no conversation, and what is said is
    kept.
    """

    def __init__(
        self,
        recipe: GuestRecipe,
        metric: Names,
        mode: Names,
        space: Space | Mapping[str, Any] | None,
        points: Sequence[Mapping[str, Any]],
    ) -> None:
        super().__init__(metric=metric, mode=mode)
        self._recipe = recipe
        self._points = points
        self._waiting: list[tuple[Any, ...]] = []
        self._saved: dict[str, Any] | None = None
        self._talk: tuple[Conversation, ParamSpace] | None = None
        self._has_own_space = space is not None
        if space is not None:
            self._begin(_read_space(space))

    @property
    def notes(self) -> list[str]:
        return [] if self._talk is None else list(self._talk[0].notes)

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **_: Any
    ) -> bool:
        metric, mode = metric or self.metric, mode or self.mode
        if metric is None and mode is not None:
            metric = DEFAULT_METRIC  # what a function reports that returns one
        check_goal(metric, mode)
        super().__init__(metric, mode)
        if self._has_own_space:
            return from_native(config) is None
        read = read_param_space(config)
        if self._talk is None:
            self._begin(read)
        elif read.space != self._talk[0].space:
            problem = "it is another one than in the run before; take a new searcher"
            what = "The param_space"
            raise SpaceError.foreign(what, [problem])
        return True

    def _begin(self, read: ParamSpace) -> None:
        """Begin the conversation with what was said before there was a space."""
        points = _plain(read, self._points)
        conversation = Conversation(self._recipe, read.space, points=points)
        self._talk = conversation, read
        if self._saved is not None:
            conversation.restore(self._saved)
            self._saved = None
        waiting, self._waiting = self._waiting, []
        for point in waiting:
            self.add_evaluated_point(*point)

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        conversation, read = self._ready()
        params = conversation.propose(trial_id)
        if isinstance(params, NoProposal):
            is_done = params is NoProposal.DONE
            return str(Searcher.FINISHED) if is_done else None
        values = conversation.values(params)
        if not self._has_own_space:  # then the constants are the Tuner's
            values = {name: values[name] for name in params}
        return read.config(values)

    def _ready(self) -> tuple[Conversation, ParamSpace]:
        problems = []
        if self.metric is None or self.mode is None:
            problems.append("it has no metric and mode: give them to it")
        if self._talk is not None and not problems:
            return self._talk
        if self._talk is None:
            problems.append("it has no space: give the Tuner a param_space")
        raise ExperimentError.invalid(NAME, problems)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        if self._talk is not None:
            for step, value in self._reports(result, self._values(result)):
                self._talk[0].report(trial_id, step, value)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if self._talk is None:
            return
        conversation, _ = self._talk
        if not result and not error:  # a scheduler ended it while it was paused
            conversation.ended(trial_id, Outcome(State.PRUNED))
            return
        result = result or {}
        values = None if error else self._values(result)
        outcome = outcome_of(values)
        reports = self._reports(result, values)
        if trial_id not in conversation.open:  # it failed before, and ran again
            outcome = dataclasses.replace(outcome, reports=reports)
        for step, value in reports:
            conversation.report(trial_id, step, value)
        conversation.ended(trial_id, outcome)

    def _values(self, result: Mapping[str, Any]) -> tuple[float, ...] | None:
        """Return the values of a result, to be minimized; None where one is missing."""
        metrics = _listed(self.metric)
        flat = result if metrics[0] in result else flatten(dict(result))
        try:
            return tuple(
                MODES[mode] * float(flat[name])
                for mode, name in zip(_listed(self.mode), metrics, strict=True)
            )
        except (KeyError, TypeError, ValueError):
            return None

    @staticmethod
    def _reports(
        result: Mapping[str, Any], values: tuple[float, ...] | None
    ) -> tuple[tuple[int, float], ...]:
        """Return the report that a result is: of a single metric that is a number."""
        step = result.get(TRAINING_ITERATION)
        if step is None or values is None or len(values) != 1:
            return ()
        return () if math.isnan(values[0]) else ((step, values[0]),)

    def add_evaluated_point(
        self,
        parameters: dict[str, Any],
        value: float,
        error: bool = False,
        pruned: bool = False,
        intermediate_values: list[float] | None = None,
    ) -> None:
        if self._talk is None or self.mode is None:
            point = (parameters, value, error, pruned, intermediate_values)
            self._waiting.append(point)
            return
        conversation, read = self._talk
        sign = MODES[_listed(self.mode)[0]]
        reports = enumerate(intermediate_values or (), 1)
        is_given = value is not None and not error
        is_pruned = pruned and not error
        outcome = outcome_of(
            [sign * value] if is_given and not math.isnan(value) else None,
            reports=[(step, sign * float(each)) for step, each in reports],
            is_pruned=is_pruned,
        )
        params = read.params(parameters)
        with quiet():  # what it would warn of is raised
            refusal = conversation.seen(params, outcome)
        if refusal is not None:
            raise refusal

    def save(self, checkpoint_path: str) -> None:
        state = None if self._talk is None else self._talk[0].state()
        Path(checkpoint_path).write_text(json.dumps(state), encoding="utf-8")

    def restore(self, checkpoint_path: str) -> None:
        state = json.loads(Path(checkpoint_path).read_text(encoding="utf-8"))
        if self._talk is None:
            self._saved = state  # until the Tuner gives the space
        elif state is not None:
            self._talk[0].restore(state)


def _read_space(space: Space | Mapping[str, Any]) -> ParamSpace:
    if isinstance(space, Space):
        return ParamSpace(space, {name: (name,) for name in space})
    return read_param_space(space)


def _plain(
    read: ParamSpace, points: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Label]]:
    """Return points of the user's in plain values; all that is wrong at once."""
    found: list[Mapping[str, Label]] = []
    problems: list[str] = []
    for point in points:
        try:
            found.append(read.params(point))
        except SpaceError as error:
            problems += [f"{dict(point)!r:.80}: {each}" for each in error.problems]
    if problems:
        what = "points_to_evaluate"
        raise SpaceError.foreign(what, problems)
    return found
