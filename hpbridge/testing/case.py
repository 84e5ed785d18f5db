"""One algorithm under test: makes its optimizers, runs them, remembers the runs."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.options import read_options
from hpbridge.contract.registry import is_met
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.space import Space
from hpbridge.testing.checks import NotApplicable, require
from hpbridge.testing.fresh_python import FreshPython
from hpbridge.testing.parity import bowl
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.backend import BackendSpec, Optimizer, Suggestion
    from hpbridge.space.kinds import Searched

T = TypeVar("T")
Objective = Callable[[Mapping[str, Any]], float]

MAIN: dict[str, Searched] = {
    "lr": Float(1e-5, 1e-1, log=True),
    "drop": Float(0, 1, step=0.3),
    "n": Int(-2, 6),
    "kind": Categorical([None, True, "x"]),
    "momentum": Float(0, 0.99, when={"kind": ["x", None]}),
}
"""A space of many kinds, as far as the algorithm supports them."""

PLAIN: dict[str, Searched] = {"x": Float(-5, 5), "lr": Float(1e-5, 1e-1, log=True)}
"""A space on which also a slow model is quick, for the checks that need many trials."""

N_FIRST = 5
"""How many suggestions at once `Algorithm.starts_random` speaks of."""

SLOW_SECONDS = 1.0
"""A main run that took longer than this is one of a slow algorithm."""

N_MAIN = 6
"""Trials of the main run; with `Algorithm.quick` they reach the model."""


@dataclass(frozen=True)
class Step:
    """A suggestion, a copy of it as it was when it was handed out, what it was told."""

    suggestion: Suggestion
    params: dict[str, Any]
    outcome: Outcome | None = None


def complete(value: float) -> Outcome:
    """Return the outcome of a trial that ended well."""
    return Outcome(State.COMPLETE, (value,))


@dataclass(frozen=True)
class _Raised:
    error: Exception


class Case:
    """One algorithm of a backend, and what is known of its behaviour so far.

    Args:
        spec: The backend.
        name: The algorithm; for a check of the whole backend, its default.
        fresh: Another Python for its runs; one of its own by default.
    """

    def __init__(
        self, spec: BackendSpec, name: str, fresh: FreshPython | None = None
    ) -> None:
        self.spec = spec
        self.fresh = fresh or FreshPython(spec)
        self.name = name
        self.algorithm = spec.algorithms[name]
        self.capabilities = self.algorithm.capabilities
        self.optimizer = f"{spec.name}:{name}"
        self._known: dict[str, object] = {}

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return self.optimizer

    @property
    def missing(self) -> list[str]:
        """Requirements that are not installed."""
        needed = (*self.spec.requires, *self.algorithm.requires)
        return [requirement for requirement in needed if not is_met(requirement)]

    def can(self, feature: Feature) -> bool:
        """Say whether the algorithm declares that it has the feature."""
        return self.capabilities.can(feature)

    def need(self, feature: Feature) -> None:
        """Go on only if the feature is declared.

        Raises:
            NotApplicable: If it is not.
        """
        if not self.can(feature):
            reason = self.capabilities.why_not(feature)
            msg = f"{feature.value}: {reason}"
            raise NotApplicable(msg)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what `make` returns, or raise what it raised, computed once."""
        if key not in self._known:
            try:
                self._known[key] = make()
            except Exception as error:  # noqa: BLE001 - raised again below
                self._known[key] = _Raised(error)
        known = self._known[key]
        if isinstance(known, _Raised):
            raise known.error
        return cast("T", known)

    def usable(self, parameters: Mapping[str, Searched], n_min: int = 1) -> Space:
        """Return a space of those parameters that the algorithm declares it can search.

        Raises:
            NotApplicable: If fewer than `n_min` are left.
        """
        kept: dict[str, object] = {}
        for name, parameter in parameters.items():
            is_placed = all(parent in kept for parent in parameter.parents)
            if parameter.when and not self.can(Feature.CONDITIONAL):
                continue
            if is_placed and self.can(parameter.feature):
                kept[name] = parameter
        if len(kept) < n_min:
            kinds = sorted({p.feature.value for p in parameters.values()})
            msg = f"it does not search enough of: {', '.join(kinds)}"
            raise NotApplicable(msg)
        return Space(kept)

    @property
    def main(self) -> Space:
        """The space of many kinds."""
        return self.once("main", self._main)

    def _main(self) -> Space:
        try:
            return self.usable(MAIN, 2)
        except NotApplicable:  # an algorithm for floats alone
            return self.usable({**MAIN, **PLAIN, "y": Float(0, 1)})

    @property
    def plain(self) -> Space:
        """The space of two floats; of what else there is, if it searches none."""
        try:
            return self.once("plain", lambda: self.usable(PLAIN, 2))
        except NotApplicable:
            return self.main

    def create(
        self,
        space: Space,
        seed: int = 1,
        *,
        n_objectives: int = 1,
        n_constraints: int = 0,
    ) -> Optimizer:
        """Make an optimizer past the core's own check, as the contract says."""
        options = read_options(
            self.optimizer, self.algorithm.options, self.algorithm.quick
        )
        problem = Problem(space, n_objectives, n_constraints)
        return self.spec.create(problem, self.algorithm, options, seed)

    def run(self, space: Space, n_trials: int, *, seed: int = 1) -> list[Step]:
        """Ask and tell one after the other, all trials complete."""
        return play(self.create(space, seed), n_trials)

    @property
    def main_run(self) -> list[Step]:
        """The run of the main space."""
        started = time.monotonic()
        run = self.once("run", lambda: self.run(self.main, N_MAIN))
        self.once("seconds", lambda: time.monotonic() - started)
        return run

    @property
    def is_slow(self) -> bool:
        """Whether the main run took so long that other runs had better be short."""
        _ = self.main_run
        return self.once("seconds", lambda: 0.0) > SLOW_SECONDS

    @property
    def pending_run(self) -> list[Step]:
        """The run of the plain space in which trials are pending, told in order.

        Raises:
            NotApplicable: If the algorithm does not propose several at once.
        """
        self.need(Feature.PENDING)
        return self.once("pending", lambda: play_pending(self.create(self.plain)))

    def draws(self, space: Space, wanted: int, seconds: float) -> list[dict[str, Any]]:
        """Return points proposed before anything was told, over many seeds.

        Args:
            space: What is searched.
            wanted: How many; fewer if the time is over.
            seconds: How long to go on asking.
        """
        until = time.monotonic() + seconds
        at_once = N_FIRST if self.can(Feature.PENDING) else 1
        if not self.algorithm.learns:
            at_once = wanted  # one optimizer's points are as good as many optimizers'
        points: list[dict[str, Any]] = []
        seed = 0
        while len(points) < wanted and time.monotonic() < until:
            optimizer = self.create(space, seed)
            points += [step.params for step in self._first(optimizer, at_once)]
            seed += 1
        return points

    def _first(self, optimizer: Optimizer, n_points: int) -> list[Step]:
        if not self.algorithm.learns:
            return play(optimizer, n_points)
        return [ask(optimizer) for _ in range(n_points)]

    @property
    def runs(self) -> list[tuple[Space, list[Step]]]:
        """The main run, and the pending one if it can be had, each with its space."""
        found = [(self.main, self.main_run)]
        # That a pending trial fails is the business of a check of its own.
        with contextlib.suppress(Exception):  # a plugin may raise anything
            found.append((self.plain, self.pending_run))
        return found

    @property
    def points(self) -> list[tuple[Space, dict[str, Any]]]:
        """What it proposed in the runs, and first draws, each with its space."""
        found = [(space, step.params) for space, run in self.runs for step in run]
        first = self.once("first", lambda: self.draws(self.main, 40, seconds=0.5))
        return found + [(self.main, point) for point in first]


def cases_of(spec: BackendSpec, algorithms: Iterable[str]) -> dict[str, Case]:
    """Return a case for each algorithm; they share one fresh Python."""
    fresh = FreshPython(spec)
    return {name: Case(spec, name, fresh) for name in algorithms}


def ask(optimizer: Optimizer) -> Step:
    """Ask, and keep a copy of what was proposed."""
    suggestion = optimizer.ask()
    return Step(suggestion, copy.deepcopy(dict(suggestion.params)))


def answer(optimizer: Optimizer, step: Step, outcome: Outcome) -> Step:
    """Tell, and note what was told."""
    optimizer.tell(step.suggestion, outcome)
    return Step(step.suggestion, step.params, outcome)


def play(
    optimizer: Optimizer, n_trials: int, objective: Objective = bowl
) -> list[Step]:
    """Ask and tell one after the other; ends early when there is nothing left."""
    steps: list[Step] = []
    while len(steps) < n_trials:
        try:
            step = ask(optimizer)
        except ExhaustedError:
            break
        steps.append(answer(optimizer, step, complete(objective(step.params))))
    return steps


def play_pending(optimizer: Optimizer, *, is_reversed: bool = False) -> list[Step]:
    """Three trials, then three at once, told in order or in reverse, then one more."""
    steps = play(optimizer, 3)
    pending = [ask(optimizer) for _ in range(3)]
    told = reversed(pending) if is_reversed else pending
    done = [answer(optimizer, s, complete(bowl(s.params))) for s in told]
    steps += reversed(done) if is_reversed else done
    return steps + play(optimizer, 1)


def within(seconds: float, run: Callable[[], T]) -> T:
    """Return what `run` returns.

    Raises:
        CheckFailed: If it has not returned after so many seconds.
    """
    return in_thread(run, seconds)


def in_thread(run: Callable[[], T], seconds: float | None = None) -> T:
    """Return what `run` returns in a thread of its own.

    Args:
        run: What is run.
        seconds: How long at most; None for as long as it takes.

    Raises:
        CheckFailed: If it has not returned after so many seconds.
    """
    done: list[T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            done.append(run())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    # A thread that hangs cannot be ended; a daemon at least lets the process end.
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(seconds)
    require(
        not thread.is_alive(), f"an end within {seconds or 0:g} s", "none: it hangs"
    )
    if errors:
        raise errors[0]
    return done[0]


def different(left: list[Step], right: list[Step]) -> bool:
    """Say whether two runs proposed different points."""
    return [s.params for s in left] != [s.params for s in right]


def require_inside(space: Space, point: Mapping[str, Any]) -> None:
    """Require values of the right size, whatever type they have.

    Types, and which parameters are active, are the business of checks of their own.

    Raises:
        CheckFailed: If a value is not in the space.
    """
    for name, value in point.items():
        parameter = space.searched[name]
        require(parameter.holds(value), f"{name!r} in {parameter!r}", value)
