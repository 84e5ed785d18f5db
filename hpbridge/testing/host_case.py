"""One host under test: runs experiments in it, and beside it."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.contract.registry import is_met, registry
from hpbridge.engine.run import run
from hpbridge.experiment import Experiment
from hpbridge.learning.choice import able, problem_of
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Float, Int
from hpbridge.space.space import Space
from hpbridge.testing.checks import CheckFailed, NotApplicable
from hpbridge.testing.spy import SPY, Spy, spied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.contract.capabilities import Feature
    from hpbridge.testing.hosted import Hosted, Trials

N_TRIALS = 5
SEED = 4

SPACES = (
    Space(
        {
            "x": Float(-5, 5),
            "lr": Float(1e-4, 1, log=True),
            "n": Int(1, 9),
            "c": Categorical(["a", "b", "d"]),
        }
    ),
    Space({"x": Float(-5, 5), "n": Int(1, 9), "c": Categorical(["a", "b", "d"])}),
    Space({"n": Int(1, 9), "c": Categorical(["a", "b", "d"])}),
    Space({"x": Float(-5, 5), "n": Int(1, 9)}),
    Space({"x": Float(-5, 5)}),
    Space({"n": Int(1, 9)}),
)
"""Those that come later are for hosts, or optimizers, that cannot have the first."""


def loss(params: Mapping[str, Any]) -> float:
    """Return a value that depends on every parameter of the spaces."""
    value = (params.get("x", 0.5) - 1) ** 2 + params.get("n", 0)
    value += math.log10(params.get("lr", 1)) ** 2
    return float(value + (params.get("c") == "b"))


class HostCase:
    """A host, and an optimizer inside it.

    Args:
        hosted: How an experiment runs in the host.
        name: ``backend:algorithm``; empty for a check of the host as a whole, which
            has a spy inside.
    """

    def __init__(self, hosted: Hosted, name: str = "") -> None:
        self.hosted, self.spec, self.name = hosted, hosted.spec, name

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"{self.name or 'any optimizer'} in host {self.spec.name!r}"

    @property
    def missing(self) -> list[str]:
        """Requirements that are not installed."""
        found = [each for each in self.spec.requires if not is_met(each)]
        if self.name:
            found += registry().missing(*registry().algorithm(self.name))
        return found

    def space(self) -> Space:
        """Return the first space that both can have.

        Raises:
            CheckFailed: If the host has none.
            NotApplicable: If the optimizer has none that the host has.
        """
        spaces = [s for s in SPACES if not self.hosted.reasons_against(s)]
        if not spaces:
            expected = "one of the kit's spaces to be one that the host can hold"
            reasons = "; ".join(self.hosted.reasons_against(SPACES[-1]))
            msg = f"expected {expected}; saw {reasons}"
            raise CheckFailed(msg)
        if not self.name:
            return spaces[0]
        for space in spaces:
            if self.name in able(problem_of(self.experiment(space))):
                return space
        msg = f"{self.name} can search no space that the host can hold"
        raise NotApplicable(msg)

    def experiment(
        self,
        space: Space | None = None,
        objective: Callable[[Any], Any] = loss,
        direction: Any = "minimize",
    ) -> Experiment:
        """Return an experiment over the space that both can have."""
        return Experiment(
            objective=objective,
            space=self.space() if space is None else space,
            name="hosted",
            direction=direction,
        )

    def inside(
        self,
        optimizer: str,
        experiment: Experiment,
        n_trials: int = N_TRIALS,
        *,
        seed: int = SEED,
        way: Callable[[str, Experiment, int, int], Trials] | None = None,
    ) -> Trials:
        """Run an experiment in the host, whose warnings are nobody's here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list((way or self.hosted.run)(optimizer, experiment, n_trials, seed))

    def alone(self, optimizer: str, experiment: Experiment) -> Trials:
        """Run an experiment by ourselves."""
        study = run(
            experiment,
            optimizer,
            n_trials=N_TRIALS,
            seed=SEED,
            store=":memory:",
            driver="local",
        )
        metric = study.main_metric
        return [(t.params, t.metrics.get(metric, math.nan)) for t in study.trials]

    def spy(
        self,
        experiment: Experiment,
        n_trials: int = N_TRIALS,
        lacks: Feature | None = None,
        most: int | None = None,
    ) -> tuple[Trials, Spy]:
        """Run an experiment in the host with a spy inside; return the spy too.

        Raises:
            CheckFailed: If the host asked none, or several.
        """
        with spied(lacks, most) as made:
            trials = self.inside(f"{SPY}:{SPY}", experiment, n_trials)
        used = [spy for spy in made if spy.asked]
        if len(used) != 1:
            msg = f"expected one optimizer to be asked; saw {len(used)}"
            raise CheckFailed(msg)
        return trials, used[0]


def optimizers_for(hosted: Hosted) -> list[str]:
    """Return what is tried in a host: all algorithms, or in a slow one the defaults.

    Not those whose trials are stages: a host has no checkpoints, and they are refused.
    """
    return [
        f"{spec.name}:{name}"
        for spec in registry().libraries.values()
        for name, algorithm in spec.algorithms.items()
        if (hosted.is_quick or name == spec.default) and not algorithm.is_staged
    ]
