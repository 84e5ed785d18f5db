"""`BayesianOptimization` by ask and tell: what its `maximize` does, step by step."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import math
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from bayes_opt.exception import NoValidPointRegisteredError

from hpbridge.plugin import (
    ExhaustedError,
    ForeignHistoryError,
    Held,
    Optimizer,
    SpaceError,
    State,
    Suggestion,
    encode,
    quiet,
)
from hpbridge_bayesopt._upstream import GAUSSIAN_PROCESS, RANDOM_STATE
from hpbridge_bayesopt.backend.repairs import categorical_class
from hpbridge_bayesopt.backend.space import size_of
from hpbridge_bayesopt.backend.state import load_state
from hpbridge_bayesopt.native import write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bayes_opt import BayesianOptimization

    from hpbridge.plugin import Algorithm, Call, Label, Outcome, PastTrial, Problem
    from hpbridge_bayesopt.options import CommonOptions

MAX_REPEATS = 25
"""Known points proposed in a row after which an ask gives up. `maximize` spends an
iteration on each, and 25 is its own default for `n_iter`: a whole default run of the
library would not have called the objective once."""

LARGEST = 1e100
"""Beyond it a value counts as infinite. The Gaussian process squares targets, and
doubles end at 1e308."""


class BayesOptOptimizer(Optimizer):
    """Asks and tells as `BayesianOptimization.maximize` suggests and registers.

    All initial points are drawn at the first ask. A point that was asked or observed
    before is never asked again: the library would answer from its cache, and the
    iteration would be lost.

    Source:
        bayesian-optimization 3.4.0, `BayesianOptimization.maximize`, `_prime_queue`,
        `suggest`; `TargetSpace.probe`, `register`.
    """

    def __init__(
        self, problem: Problem, algorithm: Algorithm, options: CommonOptions, seed: int
    ) -> None:
        self._name = f"bayesopt:{algorithm.name}"
        self._n_constraints = problem.n_constraints
        self._encoded = encode(problem, algorithm, options, self._name)
        self._options = options
        choices = categorical_class().__name__
        described = write.optimizer(
            problem, self._encoded.native, algorithm.name, options, seed, choices
        )
        self._library, self._reduction = _made(described)
        self._library.set_gp_params(**write.gp_arguments(options))
        self._size = None if options.allow_duplicate_points else size_of(self._encoded)
        self._initial: deque[Any] | None = None
        self._n_asked = 0
        # Asked and not yet told: the library's array, and whether `suggest` made it.
        self._pending: dict[int, tuple[Any, bool]] = {}
        # By the library's array and the outcome; values as they are minimized.
        self._held: Held[tuple[Any, Outcome]] = Held()
        self._known: set[tuple[float, ...]] = set()

    def ask(self) -> Suggestion:
        x, is_model = self._next_point()
        number = self._n_asked
        self._n_asked += 1
        self._known.add(_key(x))
        self._pending[number] = (x, is_model)
        native = self._library.space.array_to_params(x)
        return Suggestion(number, self._encoded.decode(native))

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        x, is_model = self._pending.pop(suggestion.id)
        self._learn(x, outcome)
        if is_model:
            self._reduce_domain()

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        problems = self._encoded.space.violations(params)
        if problems:
            # The library would take an unknown choice for the first one, silently.
            what = "An observed trial"
            raise SpaceError.foreign(what, problems)
        missing = len(outcome.constraints) != self._n_constraints
        if missing and outcome.state is State.COMPLETE:
            reason = f"a trial has {len(outcome.constraints)} constraint values"
            reason += f", not {self._n_constraints}"
            raise ForeignHistoryError.refused(self._name, reason)
        x = self._library.space.params_to_array(self._encoded.encode(params))
        if self._is_new(x):
            self._known.add(_key(x))
            self._learn(x, outcome)

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Go on as `load_state` and then ``maximize(init_points=0)`` do.

        Source:
            bayesian-optimization 3.4.0, `BayesianOptimization._load_state_dict`.
        """
        if not load_state(self._library, self._reduction, native):
            return False
        self._initial = deque()
        for trial in trials:
            x = self._library.space.params_to_array(self._encoded.encode(trial.params))
            if self._is_new(x):
                self._known.add(_key(x))
                self._learn(x, trial.outcome)
        return True

    def _is_new(self, x: Any) -> bool:
        return self._options.allow_duplicate_points or _key(x) not in self._known

    def _next_point(self) -> tuple[Any, bool]:
        if self._initial is None:
            self._initial = self._draw_initial()
        while self._initial:
            x = self._initial.popleft()
            if self._is_new(x):
                return x, False
        for _ in range(MAX_REPEATS):
            if self._size is not None and len(self._known) >= self._size:
                msg = f"all {self._size} points of the space were proposed"
                raise ExhaustedError(msg)
            x, is_model = self._suggest()
            if self._is_new(x):
                return x, is_model
            if is_model:
                self._reduce_domain()  # as `maximize` does after a burned iteration
        msg = f"the library proposed known points {MAX_REPEATS} times in a row"
        raise ExhaustedError(msg)

    def _draw_initial(self) -> deque[Any]:
        n_points = self._options.init_points
        if self._library.space.empty:
            n_points = max(n_points, 1)
        space = self._library.space
        drawn = self._library.random_sample(n_points)
        return deque(space.params_to_array(native) for native in drawn)

    def _suggest(self) -> tuple[Any, bool]:
        library, is_model = self._library, True
        with quiet():  # the acquisition divides by a deviation, 0 at known points
            try:
                native = self._suggest_beside_pending()
            except NoValidPointRegisteredError:
                # Nothing feasible yet. The error's text tells to draw at random.
                native, is_model = library.random_sample(1)[0], False
        return library.space.params_to_array(native), is_model

    def _suggest_beside_pending(self) -> Any:
        """Suggest as if pending points had come out as the best one so far.

        The library's own `ConstantLiar` does this, for floats without constraints
        only. Nothing of it stays: `register` replaces the arrays of a space and does
        not write into them, so a shallow copy keeps the original as it was.
        """
        library, space = self._library, self._library.space
        if not self._pending or space.empty:
            return library.suggest()
        lied = copy.copy(space)
        best = library.max
        lie = space.target.max() if best is None else best["target"]
        constraint_lie = None
        if self._n_constraints:
            constraint_lie = space.constraint_values.mean(axis=0)
        for x, _ in self._pending.values():
            if x not in lied:
                lied.register(x, lie, constraint_lie)
        # What `suggest` itself does with its own space.
        x = library.acquisition_function.suggest(
            gp=GAUSSIAN_PROCESS.of(library),
            target_space=lied,
            fit_gp=True,
            random_state=RANDOM_STATE.of(library),
        )
        return space.array_to_params(x)

    def _reduce_domain(self) -> None:
        # Without a best point (all failed, none feasible) there is nothing to follow.
        if self._reduction is None or self._library.max is None:
            return
        with quiet():
            self._library.set_bounds(self._reduction.transform(self._library.space))

    def _learn(self, x: Any, outcome: Outcome) -> None:
        known = (-self._library.space.target).tolist()
        told = [((x, outcome), -_target(outcome))]
        finite, late = self._held.settle(told, known, n_missing=0 if known else 1)
        for (point, its_outcome), value in late + finite:
            self._register(point, its_outcome, -value)

    def _register(self, x: Any, outcome: Outcome, target: float) -> None:
        space = self._library.space
        silent: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if x in space:
            # Only with allow_duplicate_points, which prints a line for each.
            silent = contextlib.redirect_stdout(io.StringIO())
        # The domain may have shrunk away from a point since it was asked.
        with silent, quiet():
            space.register(x, target, self._constraint_values(outcome))

    def _constraint_values(self, outcome: Outcome) -> Any:
        """Return what the library is told; unknown values as the worst, infeasible."""
        n_constraints = self._n_constraints
        if not n_constraints:
            return None
        values = np.array(outcome.constraints, dtype=float)
        if len(values) != n_constraints or np.isnan(values).any():
            known = self._library.space.constraint_values.reshape(-1, n_constraints)
            worst = known.max(axis=0, initial=0.0)
            values = np.where(worst > 0, worst, 1.0)
        values = np.clip(values, -LARGEST, LARGEST)
        return float(values[0]) if n_constraints == 1 else values


def _made(described: Call) -> tuple[BayesianOptimization, Any]:
    """Return the library's optimizer, and what reduces its domain if anything does."""
    reduction = described.kwargs.get("bounds_transformer")
    if reduction is not None:
        reduction = write.make(reduction)
        more = {**described.kwargs, "bounds_transformer": reduction}
        described = dataclasses.replace(described, kwargs=more)
    with quiet():  # it calls ints and choices experimental, on every construction
        return write.make(described), reduction


def _key(x: Any) -> tuple[float, ...]:
    return tuple(x.tolist())


def _target(outcome: Outcome) -> float:
    """Return what the library maximizes; -inf for what failed, +-inf beyond `LARGEST`.

    A pruned trial counts with its last report.
    """
    if outcome.state is State.FAILED or not outcome.values:
        return -math.inf
    value = outcome.values[0]
    if math.isnan(value):
        return -math.inf
    if abs(value) > LARGEST:
        return -math.copysign(math.inf, value)
    return -value
