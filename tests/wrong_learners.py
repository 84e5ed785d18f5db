"""Plugins around a library that learns: one right, the rest wrong in one way each.

The library is `tests/toy_library.py`; each mistake is one that an author may well make.
"""

# ruff: noqa: EM101, EM102 - each is as short as the mistake that it shows
from __future__ import annotations

import dataclasses
import os
import random
import sqlite3
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, ClassVar

from hpbridge.contract.backend import (
    BackendSpec,
    ExhaustedError,
    Optimizer,
    Suggestion,
)
from hpbridge.contract.capabilities import AS_WORST, YES, Capability, Feature, Support
from hpbridge.encoding.encode import encode
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.trial import State
from hpbridge_random import SPEC as RANDOM
from tests.toy_library import Elites

ALGORITHM = RANDOM.algorithms["random"]
LEARNS = Capability(Support.EMULATED, "ranked by the sum")
LAST = Capability(Support.EMULATED, "ranks last")
CAPABILITIES = ALGORITHM.capabilities.but(
    {
        Feature.MULTI_OBJECTIVE: LEARNS,
        Feature.CONSTRAINTS: LAST,
        Feature.FAILED_TRIALS: LAST,
        Feature.PRUNED_TRIALS: AS_WORST,
        Feature.FOREIGN_HISTORY: YES,
    }
)


@dataclasses.dataclass(frozen=True)
class Options:
    start: int = 10
    """Trials at random before it learns; at least 1."""

    def __post_init__(self):
        if self.start < 1:
            raise ValueError(f"'start' must be at least 1, got {self.start}")


def draw(space):
    return space.sample


def move(space):
    """Return a step in a space: numbers move a little, the rest at times."""

    def near(rng, parameter, old, new):
        if isinstance(parameter, Float) and parameter.step is None:
            width = (parameter.reach[1] - parameter.reach[0]) / 8
            moved = old + rng.uniform(-width, width)
        elif isinstance(parameter, Int) and parameter.step == 1:
            width = max((min(parameter.high, 10**6) - parameter.low) // 8, 1)
            moved = old + rng.randint(-width, width)
        else:
            is_kept = rng.random() < 0.7 and not parameter.when
            return old if is_kept else new
        return min(max(moved, parameter.low), parameter.high)

    def step(rng, parent):
        free = space.sample(rng)
        mixed = {
            name: near(rng, space[name], parent[name], new) if name in parent else new
            for name, new in free.items()
        }
        is_right = sorted(space.active(mixed)) == sorted(mixed)
        return mixed if is_right and not space.forbids(mixed) else free

    return step


class Learner(Optimizer):
    """The right one; the others override what they do wrong."""

    def __init__(self, problem, options, seed):
        self.problem, self.space = problem, problem.space
        self.library = self.make(options, seed)
        self.pending = {}

    def make(self, options, seed):
        return Elites(draw(self.space), move(self.space), seed, options.start)

    def ask(self):
        suggestion = Suggestion(len(self.pending), self.propose())
        self.pending[suggestion.id] = suggestion.params
        return suggestion

    def propose(self):
        return self.library.ask()

    def tell(self, suggestion, outcome):
        self.learn(self.pending[suggestion.id], outcome)

    def observe(self, params, outcome):
        self.learn(params, outcome)

    def learn(self, params, outcome):
        if outcome.state is not State.COMPLETE:
            self.failed(params, outcome)
        else:
            self.completed(params, outcome)

    def failed(self, params, outcome):
        self.library.tell(params, None)

    def completed(self, params, outcome):
        if outcome.is_feasible:
            self.library.tell(params, sum(outcome.values))
        else:
            self.library.tell(params, None)


RUNS = """
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.space.space import Space
from hpbridge.trial import State
from {module} import {cls}
from tests.wrong_learners import Options

options = Options({start})
optimizer = {cls}(Problem(Space.from_json({space})), options, {seed})
trials = []
for _ in range(n_trials):
    suggestion = optimizer.ask()
    params = dict(suggestion.params)
    value = objective(params)
    optimizer.tell(suggestion, Outcome(State.COMPLETE, (value,)))
    trials.append((params, value))
"""
"""It prints the very optimizer, so that only checks of its mistake find it."""

ALONE = """
from hpbridge.space.space import Space
from tests.toy_library import Elites
from tests.wrong_learners import draw, move

space = Space.from_json({space})
library = Elites(draw(space), move(space), {seed}, {start})
trials = []
for _ in range(n_trials):
    params = library.ask()
    value = objective(params)
    library.tell(params, value)
    trials.append((params, value))
"""


def explains(source, cls=Learner):
    def explain(problem, algorithm, options, seed):
        comments = encode(problem, algorithm, options).comments()
        space, start = problem.space.to_json(), options.start
        values = {"space": space, "seed": seed, "start": start}
        values |= {"cls": cls.__name__, "module": cls.__module__}
        return "\n".join([*comments, source.format(**values)])

    return explain


def spec_of(cls: type[Learner] = Learner, **changed: Any) -> BackendSpec:
    """Return the spec of a learner, its algorithm changed where given."""
    source = changed.pop("source", ALONE if cls is Learner else RUNS)
    given = {"options": Options, "learns": True, "quick": {"start": 3}} | changed
    given = {"capabilities": CAPABILITIES} | given
    algorithm = dataclasses.replace(ALGORITHM, **given)

    def create(problem, algorithm, options, seed):
        encode(problem, algorithm, options, "random:random")
        return cls(problem, options, seed)

    return dataclasses.replace(
        RANDOM,
        algorithms={"random": algorithm},
        create=create,
        explain=explains(source, cls),
    )


# The five of which a study suffers most.


class TellsFailuresAsZero(Learner):
    def failed(self, params, outcome):
        self.library.tell(params, 0.0)


class TellsOfTheLastOne(Learner):
    def tell(self, suggestion, outcome):
        self.learn(self.pending[len(self.pending) - 1], outcome)


class DrawsInHashOrder(Learner):
    def propose(self):
        params = self.library.ask()
        for name in set(params):
            parameter = self.space[name]
            if type(parameter) is Float and not parameter.log and not parameter.step:
                params[name] = parameter.draw(self.library.rng)
        return params


class NeverTellsOfFailures(Learner):
    def failed(self, params, outcome):
        """Nothing to learn from it."""


# Others: of outcomes.


class TellsOfTheOldestOne(Learner):
    def __init__(self, *args):
        super().__init__(*args)
        self.queue = []

    def ask(self):
        self.queue.append(super().ask())
        return self.queue[-1]

    def tell(self, suggestion, outcome):
        self.learn(self.queue.pop(0).params, outcome)


class FailuresAreTheBestSoFar(Learner):
    def failed(self, params, outcome):
        values = [value for value, _ in self.library.known]
        self.library.tell(params, min(values, default=0.0))


class FailuresAreMinusInfinity(Learner):
    def failed(self, params, outcome):
        self.library.tell(params, -float("inf"))


class RepeatsWhatFailed(Learner):
    again = None

    def propose(self):
        return self.again or super().propose()

    def tell(self, suggestion, outcome):
        is_failed = outcome.state is State.FAILED
        self.again = dict(suggestion.params) if is_failed else None
        super().tell(suggestion, outcome)


class Maximizes(Learner):
    def completed(self, params, outcome):
        self.library.tell(params, -sum(outcome.values))


class ForgetsTheSign(Learner):
    def completed(self, params, outcome):
        self.library.tell(params, abs(sum(outcome.values)))


class SwapsNames(Learner):
    """Hands values over by the order of names, and reads them by that of the space."""

    def completed(self, params, outcome):
        values = [params[name] for name in sorted(params, reverse=True)]
        swapped = dict(zip(params, values, strict=True))
        if not self.space.violations(swapped):
            params = swapped
        self.library.tell(params, sum(outcome.values))


class CountsTheFirstMetric(Learner):
    def completed(self, params, outcome):
        self.library.tell(params, outcome.values[0])


class IgnoresConstraints(Learner):
    def completed(self, params, outcome):
        self.library.tell(params, sum(outcome.values))


class CannotBePruned(Learner):
    def failed(self, params, outcome):
        value = outcome.values[0] if outcome.state is State.PRUNED else None
        self.library.tell(params, value)


class CannotObserveOtherBranches(Learner):
    def observe(self, params, outcome):
        full = {name: params[name] for name in self.space}
        self.learn(full, outcome)


class ObservesOnlyTheLast(Learner):
    def observe(self, params, outcome):
        self.library.known = []
        self.learn(params, outcome)


class ObservesWithoutValue(Learner):
    def observe(self, params, outcome):
        self.library.known.append((0.0, {}))


# Of seeds and state.


class SharesTheLibrary(Learner):
    known: ClassVar[list] = []

    def make(self, options, seed):
        library = super().make(options, seed)
        library.known = self.known
        return library


GENERATOR = random.Random(0)


class SharesTheGenerator(Learner):
    def make(self, options, seed):
        GENERATOR.seed(seed)
        library = super().make(options, seed)
        library.rng = GENERATOR
        return library


class CutsTheSeed(Learner):
    def make(self, options, seed):
        return super().make(options, seed & 0xFF)


class TakesZeroForNone(Learner):
    def make(self, options, seed):
        return super().make(options, seed or time.time_ns())


class ReseedsEachAsk(Learner):
    def __init__(self, problem, options, seed):
        super().__init__(problem, options, seed)
        self.seed = seed

    def propose(self):
        self.library.rng.seed(self.seed)
        return super().propose()


class SeedsByProcess(Learner):
    def make(self, options, seed):
        return super().make(options, seed + os.getpid())


class LooksAtTheClock(Learner):
    def propose(self):
        for _ in range(time.perf_counter_ns() % 997):
            self.library.rng.random()
        return super().propose()


class DrawsFromTheGlobalGenerator(Learner):
    def make(self, options, seed):
        library = super().make(options, seed)
        random.seed(seed)
        library.rng = random
        return library


class KeepsToItsThread(Learner):
    def make(self, options, seed):
        self.base = sqlite3.connect(":memory:")
        return super().make(options, seed)

    def propose(self):
        self.base.execute("select 1")
        return super().propose()


class DrawsByThread(Learner):
    def make(self, options, seed):
        self.local, self.seed = threading.local(), seed
        return super().make(options, seed)

    def propose(self):
        if not hasattr(self.local, "rng"):
            self.local.rng = random.Random(self.seed)
        self.library.rng = self.local.rng
        return super().propose()


# Of what is proposed.


class RepeatsPending(Learner):
    def ask(self):
        open_ = [s for s in self.pending if s not in self.told]
        if open_:
            again = self.pending[open_[-1]]
            self.pending[len(self.pending)] = again
            return Suggestion(len(self.pending) - 1, again)
        return super().ask()

    @property
    def told(self):
        return self.__dict__.setdefault("ids", set())

    def tell(self, suggestion, outcome):
        self.told.add(suggestion.id)
        super().tell(suggestion, outcome)


class RoundsToSixDigits(Learner):
    def propose(self):
        params = super().propose()
        kinds = {n: self.space[n] for n in params}
        return {
            n: round(v, 6) if type(kinds[n]) is Float and not kinds[n].step else v
            for n, v in params.items()
        }


class LosesBigInts(Learner):
    def propose(self):
        params = super().propose()
        return {n: int(float(v)) if type(v) is int else v for n, v in params.items()}


class KnowsLabelsByText(Learner):
    def propose(self):
        params = super().propose()
        for name, value in params.items():
            parameter = self.space[name]
            if isinstance(parameter, Categorical):
                by_text = {str(label): label for label in parameter.labels}
                params[name] = by_text[str(value)]
        return params


class KnowsLabelsByEquality(Learner):
    def propose(self):
        params = super().propose()
        for name, value in params.items():
            parameter = self.space[name]
            if isinstance(parameter, Categorical):
                labels = list(parameter.labels)
                params[name] = labels[labels.index(value)]
        return params


class NeedsIdentifiers(Learner):
    def make(self, options, seed):
        for name in self.space:
            if not name.isidentifier():
                raise TypeError(f"{name!r} is no name of an argument")
        return super().make(options, seed)


class SplitsNames(Learner):
    def propose(self):
        return {name.split(".")[0]: v for name, v in super().propose().items()}


class EndsWithStopIteration(Learner):
    def propose(self):
        size = self.space.size
        if size is not None and len(self.pending) >= size:
            raise StopIteration
        return super().propose()


class ReturnsNoneAtTheEnd(Learner):
    def ask(self):
        size = self.space.size
        if size is not None and len(self.pending) >= size:
            return None
        return super().ask()


class EndsTooEarly(Learner):
    def propose(self):
        size = self.space.size
        if size is not None and len(self.pending) >= size // 2:
            raise ExhaustedError("every point was tried")
        return super().propose()


class EndsWithoutReason(Learner):
    def propose(self):
        if len(self.pending) >= 5:
            raise ExhaustedError("enough")
        return super().propose()


# Of noise, and what stays behind.


class Warns(Learner):
    def propose(self):
        warnings.warn("the acquisition did not converge", stacklevel=2)
        return super().propose()


class Exits(Learner):
    def failed(self, params, outcome):
        sys.exit("a trial failed")


class LeavesAThread(Learner):
    def make(self, options, seed):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        return super().make(options, seed)


class WritesAFile(Learner):
    def completed(self, params, outcome):
        Path("trials.log").write_text(f"{params}", encoding="utf-8")
        super().completed(params, outcome)


class SetsRecursionLimit(Learner):
    def make(self, options, seed):
        sys.setrecursionlimit(sys.getrecursionlimit() + 100)
        return super().make(options, seed)


class ChangesSysPath(Learner):
    def make(self, options, seed):
        sys.path.insert(0, "/nowhere")
        return super().make(options, seed)


# Of options and of `explain`.


class IgnoresOptions(Learner):
    def make(self, options, seed):
        return super().make(Options(), seed)


@dataclasses.dataclass(frozen=True)
class LateOptions:
    start: int = 10
    """Trials at random before it learns."""


class SaysLateWhatIsWrong(Learner):
    def propose(self):
        if self.library.start < 1:
            raise ValueError("start must be at least 1")
        return super().propose()


@dataclasses.dataclass(frozen=True)
class IdleOptions(Options):
    width: float = 0.5
    """How far it moves."""


# Of going on with a study.


class RestoresByChance(Learner):
    def restore(self, trials, native):
        self.library.rng.seed(time.time_ns())
        for trial in trials:
            self.observe(trial.params, trial.outcome)
        return True


class RestoresNothing(Learner):
    def restore(self, trials, native):
        return True


class SpoilsItselfInRestore(Learner):
    def restore(self, trials, native):
        self.library.known = [(0.0, dict(trial.params)) for trial in trials]
        return False


SOURCES = {
    "a name that is not there": ALONE.replace("Elites(d", "Elite(d"),
    "a module that is not imported": ALONE.replace("import Space", "import space"),
    "another seed": ALONE.replace("{seed}", "0"),
    "another space": ALONE.replace("{space})", "{space}, log=False)"),
    "the defaults for the options": ALONE.replace(", {start})", ")"),
}
"""What `explain` may print instead of `ALONE`."""
