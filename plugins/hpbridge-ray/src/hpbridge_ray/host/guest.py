"""A guest as a searcher of Ray Tune: between its words and Ray's."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune.result import DEFAULT_METRIC, TRAINING_ITERATION
from ray.tune.search import Searcher

from hpbridge.plugin import (
    ExhaustedError,
    ExperimentError,
    Outcome,
    Space,
    SpaceError,
    State,
)
from hpbridge_ray.format.folder import flatten
from hpbridge_ray.host.conversation import Guesting, Recipe
from hpbridge_ray.native.param_space import ParamSpace
from hpbridge_ray.native.read import from_native, read_param_space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.plugin import Label

MODES = {"min": 1, "max": -1}
NAME = "BridgeSearcher"

Names = str | list[str] | None


class GuestSearch(Searcher):  # type: ignore[misc]
    """Any optimizer of another library; see `BridgeSearcher` for the arguments."""

    def __init__(
        self,
        recipe: Recipe,
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
        self._read: ParamSpace | None = None
        self._guesting: Guesting | None = None
        self._has_own_space = space is not None
        if space is not None:
            self._use(_read_space(space))

    @property
    def notes(self) -> list[str]:
        return [] if self._guesting is None else list(self._guesting.notes)

    @property
    def _metrics(self) -> list[str]:
        return self.metric if isinstance(self.metric, list) else [str(self.metric)]

    @property
    def _signs(self) -> list[int]:
        modes = self.mode if isinstance(self.mode, list) else [str(self.mode)]
        return [MODES[mode] for mode in modes]

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **_: Any
    ) -> bool:
        metric, mode = metric or self.metric, mode or self.mode
        if metric is None and mode is not None:
            metric = DEFAULT_METRIC  # what a function reports that returns one
        super().__init__(metric, mode)
        if self._has_own_space:
            return from_native(config) is None
        read = read_param_space(config)
        if self._guesting is None or self._read is None:
            self._use(read)
        elif read.space != self._read.space:
            problem = "it is another one than in the run before; take a new searcher"
            what = "The param_space"
            raise SpaceError.foreign(what, [problem])
        return True

    def _use(self, read: ParamSpace) -> None:
        """Make the guest, and tell it what was said before there was one."""
        self._read = read
        points = _plain(read, self._points)
        self._guesting = Guesting(self._recipe, read.space, points)
        if self._saved is not None:
            self._guesting.restore(self._saved)
            self._saved = None
        waiting, self._waiting = self._waiting, []
        for point in waiting:
            self.add_evaluated_point(*point)

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        guesting, read = self._ready()
        try:
            params = guesting.suggest(trial_id)
        except ExhaustedError:
            return str(Searcher.FINISHED)
        if params is None:
            return None
        values = read.space.to_objects(params)
        if not self._has_own_space:  # then the constants are the Tuner's
            values = {name: values[name] for name in params}
        return read.config(values)

    def _ready(self) -> tuple[Guesting, ParamSpace]:
        problems = []
        if self.metric is None or self.mode is None:
            problems.append("it has no metric and mode: give them to it")
        if self._guesting is not None and self._read is not None and not problems:
            return self._guesting, self._read
        if self._guesting is None:
            problems.append("it has no space: give the Tuner a param_space")
        raise ExperimentError.invalid(NAME, problems)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        values = self._values(result)
        if self._guesting is not None and values is not None and len(values) == 1:
            self._guesting.report(trial_id, result[TRAINING_ITERATION], values[0])

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if self._guesting is None:
            return
        if not result and not error:  # a scheduler ended it while it was paused
            self._guesting.end(trial_id, State.PRUNED, (), last=None)
            return
        values = None if error else self._values(result or {})
        is_number = values is not None and not any(map(math.isnan, values))
        state = State.COMPLETE if is_number else State.FAILED
        step = (result or {}).get(TRAINING_ITERATION)
        self._guesting.end(trial_id, state, values or (), last=step)

    def _values(self, result: Mapping[str, Any]) -> tuple[float, ...] | None:
        """Return the values of a result, to be minimized; None where one is missing."""
        flat = result if self._metrics[0] in result else flatten(dict(result))
        try:
            return tuple(
                sign * float(flat[name])
                for sign, name in zip(self._signs, self._metrics, strict=True)
            )
        except (KeyError, TypeError, ValueError):
            return None

    def add_evaluated_point(
        self,
        parameters: dict[str, Any],
        value: float,
        error: bool = False,
        pruned: bool = False,
        intermediate_values: list[float] | None = None,
    ) -> None:
        if self._guesting is None or self._read is None or self.mode is None:
            point = (parameters, value, error, pruned, intermediate_values)
            self._waiting.append(point)
            return
        sign = self._signs[0]
        reports = enumerate(intermediate_values or (), 1)
        is_number = value is not None and not math.isnan(value) and not error
        state = State.COMPLETE if is_number else State.FAILED
        outcome = Outcome(
            State.PRUNED if pruned and not error else state,
            (sign * float(value),) if is_number else (),
            reports=tuple((step, sign * float(each)) for step, each in reports),
        )
        self._guesting.observe(self._read.params(parameters), outcome)

    def save(self, checkpoint_path: str) -> None:
        state = None if self._guesting is None else self._guesting.state()
        Path(checkpoint_path).write_text(json.dumps(state), encoding="utf-8")

    def restore(self, checkpoint_path: str) -> None:
        state = json.loads(Path(checkpoint_path).read_text(encoding="utf-8"))
        if self._guesting is None:
            self._saved = state  # until the Tuner gives the space
        elif state is not None:
            self._guesting.restore(state)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of: instead of the guest, its history."""
        saved = self._saved if self._guesting is None else self._guesting.state()
        return self.__dict__ | {"_guesting": None, "_saved": saved}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._read is not None:
            self._use(self._read)


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
