"""Plugins that are wrong in one way each: they prove that the kit's checks can fail.

Each wraps `hpbridge-random`, which keeps every rule, and breaks one. `RIGHT` and
`CLIMBER` break none; the climber learns, which random search does not.
"""

# ruff: noqa: EM101, EM102 - each is as short as the mistake that it shows
from __future__ import annotations

import dataclasses
import functools
import itertools
import logging
import math
import random
import sys
from typing import Any

from hpbridge.contract.backend import (
    BackendSpec,
    NoOptions,
    Optimizer,
    Problem,
    Suggestion,
)
from hpbridge.contract.capabilities import (
    LEFT_OUT,
    NOT_LEARNT,
    Capabilities,
    Capability,
    Feature,
)
from hpbridge.encoding.encode import encode
from hpbridge.errors import ForeignHistoryError, UnsupportedFeatureError
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.trial import State
from hpbridge_random import SPEC as RIGHT

ALGORITHM = RIGHT.algorithms["random"]


class Wrapped(Optimizer):
    """Random search, to be spoilt by overriding a method."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.space = problem, problem.space
        self.inner = RIGHT.create(problem, ALGORITHM, NoOptions(), seed)
        self.rng = random.Random(seed)

    def ask(self):
        suggestion = self.inner.ask()
        params = self.change(dict(suggestion.params))
        return Suggestion(suggestion.id, params)

    def change(self, params):
        return {name: self.value(self.space[name], v) for name, v in params.items()}

    def value(self, parameter, value):
        return value

    def tell(self, suggestion, outcome):
        self.inner.tell(suggestion, outcome)

    def observe(self, params, outcome):
        self.inner.observe(params, outcome)


def spec_of(optimizer: type[Wrapped], **changed: Any) -> BackendSpec:
    """Return the spec of a wrong optimizer, its algorithm changed where given."""
    algorithm = dataclasses.replace(ALGORITHM, **changed)
    return dataclasses.replace(
        RIGHT,
        algorithms={"random": algorithm},
        create=lambda problem, _algorithm, _options, seed: optimizer(problem, seed),
        explain=runs(optimizer),
    )


RUN = """
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.space.space import Space
from hpbridge.trial import State
from tests import wrong_plugins

optimizer = wrong_plugins.{name}(Problem(Space.from_json({space})), {seed})
trials = []
for _ in range(n_trials):
    suggestion = optimizer.ask()
    params = dict(suggestion.params)
    value = objective(params)
    optimizer.tell(suggestion, Outcome(State.COMPLETE, (value,)))
    trials.append((params, value))
"""


def runs(optimizer: type[Wrapped]) -> Any:
    """Return an `explain` that prints the optimizer itself, with its mistake."""

    def explain(problem, algorithm, options, seed):
        comments = encode(problem, algorithm, options).comments()
        space, name = problem.space.to_json(), optimizer.__name__
        return "\n".join([*comments, RUN.format(name=name, space=space, seed=seed)])

    return explain


def declaring(changed: dict[Feature, Capability]) -> Capabilities:
    return ALGORITHM.capabilities.but(changed)


LEARNS: dict[str, Any] = {
    "learns": True,
    "capabilities": declaring(
        {Feature.FAILED_TRIALS: LEFT_OUT, Feature.PRUNED_TRIALS: NOT_LEARNT}
    ),
}
"""What `Climber` declares."""


class LosesLogScale(Wrapped):
    def value(self, parameter, value):
        if isinstance(parameter, Float) and parameter.log:
            return self.rng.uniform(parameter.low, parameter.high)
        return value


class OverflowsLate(Wrapped):
    def value(self, parameter, value):
        is_large = isinstance(parameter, Int) and 2**53 < parameter.high < math.inf
        if is_large:
            raise OverflowError("Python int too large to convert to C long")
        return value


class LosesLogScaleOfInts(Wrapped):
    def value(self, parameter, value):
        if isinstance(parameter, Int) and parameter.log:
            return self.rng.randint(parameter.low, parameter.high)
        return value


class ExcludesUpperBound(Wrapped):
    def value(self, parameter, value):
        is_grid = parameter.feature in {Feature.INT, Feature.INT_STEP}
        if is_grid and parameter.n_values > 1:
            return parameter.at(self.rng.randrange(parameter.n_values - 1))
        return value


class HalvesTheEnds(Wrapped):
    def value(self, parameter, value):
        if parameter.feature is Feature.INT:
            return round(self.rng.uniform(parameter.low, parameter.high))
        return value


class TakesQuantaForSteps(Wrapped):
    def value(self, parameter, value):
        if parameter.feature is Feature.QUANTIZED:
            return parameter.at(self.rng.randrange(parameter.n_values))
        return value


class RoundsStepsAtTheEnds(Wrapped):
    def value(self, parameter, value):
        if isinstance(parameter, Float) and parameter.step is not None:
            return parameter.at(parameter.index(self.rng.uniform(0, parameter.last)))
        return value


class PicksLowFloats(Wrapped):
    def value(self, parameter, value):
        if parameter.feature is Feature.FLOAT:
            share = self.rng.random() ** 2
            return parameter.low + share * (parameter.high - parameter.low)
        return value


class PrefersTheFirstChoice(Wrapped):
    def value(self, parameter, value):
        if isinstance(parameter, Categorical) and parameter.labels == ("a", "b", "d"):
            return self.rng.choice([parameter.labels[0], value])
        return value


class IgnoresWeights(Wrapped):
    def value(self, parameter, value):
        if isinstance(parameter, Categorical) and parameter.weights:
            return self.rng.choice(parameter.labels)
        return value


class IgnoresPriors(Wrapped):
    def value(self, parameter, value):
        if parameter.feature is Feature.FLOAT_PRIOR:
            return self.rng.uniform(*parameter.reach)
        return value


class IgnoresPriorsOfInts(Wrapped):
    def value(self, parameter, value):
        if parameter.feature is not Feature.INT_PRIOR:
            return value
        drawn = self.rng.uniform(*parameter.reach)
        return round(drawn) if isinstance(parameter, Int) else parameter.round(drawn)


class ShowsInactiveParameters(Wrapped):
    def change(self, params):
        return {n: params.get(n, p.draw(self.rng)) for n, p in self.space.items()}


class DrawsAmongLeaves(Wrapped):
    """Draws a leaf of the tree of conditions, not a choice at each of its forks."""

    def change(self, params):
        if "root" not in params:
            return params
        # Below "on" there are four leaves, "off" and "other" are one each.
        wanted = self.rng.choice(["on", "on", "on", "on", "off", "other"])
        while params["root"] != wanted:
            params = self.space.sample(self.rng)
        return params


class IgnoresSeed(Wrapped):
    def __init__(self, problem, seed):
        super().__init__(problem, 0)


class SeedsFromTheClock(Wrapped):
    def __init__(self, problem, seed):
        super().__init__(problem, random.SystemRandom().randrange(2**32))


class ReturnsFloatsForInts(Wrapped):
    def value(self, parameter, value):
        return float(value) if isinstance(parameter, Int) else value


class LeaksNumpyFloats(Wrapped):
    def value(self, parameter, value):
        import numpy as np

        return np.float64(value) if isinstance(parameter, Float) else value


class LeaksNumpyInts(Wrapped):
    def value(self, parameter, value):
        import numpy as np

        fits = isinstance(parameter, Int) and abs(value) < 2**63
        return np.int64(value) if fits else value


class MistakesTrueForOne(Wrapped):
    def value(self, parameter, value):
        return 1 if value is True else value


class MissesBoundByAnUlp(Wrapped):
    """The logarithm, uniform between those of the bounds, and back; not clamped."""

    def value(self, parameter, value):
        if isinstance(parameter, Float) and parameter.log:
            low, high = math.log(parameter.low), math.log(parameter.high)
            return math.exp(self.rng.uniform(low, high))
        return value


class LeavesTheGrid(Wrapped):
    def value(self, parameter, value):
        if isinstance(parameter, Float) and parameter.step and value:
            return math.nextafter(value, 0)
        return value


class RepeatsIds(Wrapped):
    def ask(self):
        return Suggestion(7, self.inner.ask().params)


class MutatesParams(Wrapped):
    def tell(self, suggestion, outcome):
        suggestion.params.update(dict.fromkeys(suggestion.params, 0))


class RefusesSingleValues(Wrapped):
    def __init__(self, problem, seed):
        if any(p.n_values == 1 for p in problem.space.values()):
            raise ValueError("low must be less than high")
        super().__init__(problem, seed)


class EndsWithAnError(Wrapped):
    def ask(self):
        suggestion = super().ask()
        if self.space.size is not None and suggestion.id == self.space.size:
            raise IndexError("pop from an empty grid")
        return suggestion


class ProposesOnlyForbidden(Wrapped):
    @functools.cached_property
    def free(self):
        return type(self.space)(dict(self.space))

    def change(self, params):
        if not self.space.is_restricted:
            return params
        points = itertools.chain(
            [params], (self.free.sample(self.rng) for _ in range(50))
        )
        return next(filter(self.space.forbids, points), params)


class RaisesOnNaN(Wrapped):
    def tell(self, suggestion, outcome):
        if any(math.isnan(value) for value in outcome.values):
            raise ValueError("Input contains NaN.")


class IsPoisonedByInfinity(Wrapped):
    total = 0.0

    def tell(self, suggestion, outcome):
        self.total += math.fsum(outcome.values)

    def value(self, parameter, value):
        return value + self.total * 0 if isinstance(parameter, Float) else value


class IsSerial(Wrapped):
    is_waiting = False

    def ask(self):
        if self.is_waiting:
            raise RuntimeError("tell me of the earlier one first")
        self.is_waiting = True
        return super().ask()

    def tell(self, suggestion, outcome):
        self.is_waiting = False


class WantsOrder(Wrapped):
    n_told = 0

    def tell(self, suggestion, outcome):
        if suggestion.id != self.n_told:
            raise RuntimeError(f"expected the result of {self.n_told}")
        self.n_told += 1


class TakesOneMetric(Wrapped):
    def tell(self, suggestion, outcome):
        if len(outcome.values) > 1:
            raise ValueError("the value is not a scalar")


class TakesNoConstraints(Wrapped):
    def __init__(self, problem, seed):
        if problem.n_constraints:
            raise UnsupportedFeatureError.refused("random:random", ["no"])
        super().__init__(problem, seed)


class CannotSearchOneFloat(Wrapped):
    def __init__(self, problem, seed):
        is_float = [isinstance(p, Float) for p in problem.space.values()]
        if is_float == [True]:
            raise ValueError("expected a 2-d array")
        super().__init__(problem, seed)


class NeedsItsOwnObjects(Wrapped):
    def __init__(self, problem, seed):
        super().__init__(problem, seed)
        self.handed_out = []

    def ask(self):
        self.handed_out.append(super().ask())
        return self.handed_out[-1]

    def tell(self, suggestion, outcome):
        if not any(suggestion is own for own in self.handed_out):
            self.inner.ask()  # the sequence goes on elsewhere


class RefusesForeignHistory(Wrapped):
    def observe(self, params, outcome):
        raise ForeignHistoryError.refused("random:random", "it is closed")


class ReseedsGlobalRng(Wrapped):
    def ask(self):
        random.seed(0)
        return super().ask()


class DrawsFromGlobalNumpy(Wrapped):
    def ask(self):
        import numpy as np

        np.random.rand()
        return super().ask()


class SetsLogLevel(Wrapped):
    def __init__(self, problem, seed):
        super().__init__(problem, seed)
        level = logging.getLogger("some.library").level
        logging.getLogger("some.library").setLevel(level + 1)


class Prints(Wrapped):
    def tell(self, suggestion, outcome):
        sys.stdout.write("| iter | target |\n")


class Climber(Wrapped):
    """Steps from the best point that it knows: the smallest optimizer that learns."""

    sign = 1.0

    def __init__(self, problem, seed):
        super().__init__(problem, seed)
        self.best, self.best_value = {}, math.inf

    def change(self, params):
        return {n: self.near(n) if n in self.best else v for n, v in params.items()}

    def near(self, name):
        parameter, value = self.space[name], self.best[name]
        if not isinstance(parameter, Float) or parameter.n_values is not None:
            return value
        width = (parameter.high - parameter.low) / 4
        near = value + self.rng.uniform(-width, width)
        return min(max(near, parameter.low), parameter.high)

    def ask(self):
        suggestion = self.inner.ask()
        params = self.change(dict(suggestion.params))
        active = self.space.active(params)
        full = {n: params.get(n, self.space[n].draw(self.rng)) for n in active}
        return Suggestion(suggestion.id, full)

    def tell(self, suggestion, outcome):
        self.learn(suggestion.params, outcome)

    def observe(self, params, outcome):
        self.learn(params, outcome)

    def learn(self, params, outcome):
        value = self.sign * math.fsum(outcome.values)
        is_bad = outcome.state is not State.COMPLETE or not outcome.is_feasible
        if is_bad or not math.isfinite(value):
            return
        if value < self.best_value:
            self.best, self.best_value = dict(params), value


class ClimbsTheWrongWay(Climber):
    sign = -1.0


class ForgetsForeignHistory(Climber):
    def observe(self, params, outcome):
        """What others found is thrown away."""
