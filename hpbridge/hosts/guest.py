"""An optimizer inside somebody else's loop: what every host drives.

A host (Optuna's `Study.optimize`, `fmin`, `Tuner.fit` and so on) has its own trials and
its own history. Its adapter translates them; this module finds the optimizer, checks
it against the host's space, and keeps the rules that a run of ours keeps: proposals lie
in the space, forbidden ones never come out, bad outcomes are outcomes.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Problem
from hpbridge.experiment import Experiment
from hpbridge.learning.choice import Choice, choose
from hpbridge.learning.learner import Learner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import Optimizer, Outcome, Suggestion
    from hpbridge.contract.capabilities import Feature
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space


class Guest:
    """An optimizer that a host asks and tells.

    Its methods may be called from any thread.

    Args:
        optimizer: ``backend`` or ``backend:algorithm``.
        space: What the host searches, in our words.
        n_objectives: How many values the host's trials have, all to be minimized.
        n_constraints: How many constraint values they have; <= 0 is feasible.
        seed: Of the optimizer; None draws one.
        options: Of the algorithm, by the library's own names.

    Attributes:
        name: Backend and algorithm, as in ``skopt:gp``.

    Raises:
        HpbridgeError: If it is not installed, has no such options, or cannot search
            the space; with every reason, and the optimizers that can.
    """

    def __init__(
        self,
        optimizer: str,
        space: Space,
        *,
        n_objectives: int = 1,
        n_constraints: int = 0,
        seed: int | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.space = space
        self.seed = secrets.randbits(32) if seed is None else seed
        self._choice = _choose(optimizer, space, n_objectives, n_constraints, options)
        self.name = self._choice.name
        self._problem = Problem(space, n_objectives, n_constraints)
        self._lock = threading.RLock()
        self._n_asked = 0
        self._learner = Learner(self.name, self._make(), space)

    def _make(self) -> Optimizer:
        return self._choice.create(self._problem, self.seed)

    @property
    def notes(self) -> list[str]:
        """What the optimizer could not learn from, and what it says of itself."""
        return self._learner.notes

    @property
    def choice(self) -> Choice:
        """The optimizer, found and checked."""
        return self._choice

    def can(self, feature: Feature) -> bool:
        """Say whether the algorithm has a feature, native or emulated."""
        return self._choice.algorithm.capabilities.can(feature)

    def ask(self) -> Suggestion:
        """Return the next proposal: in the space, and not forbidden.

        Raises:
            ExhaustedError: If there is nothing left to propose.
            HpbridgeError: As of `hpbridge.learning.learner.Learner.ask`.
        """
        with self._lock:
            found = self._learner.ask(self._n_asked)
            self._n_asked += 1
            return found

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Tell what became of a proposal of this guest."""
        with self._lock:
            self._learner.learn(suggestion, suggestion.params, outcome)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> bool:
        """Tell of a trial that it did not propose; say whether it could learn from it.

        What it refuses is noted once in `notes`.
        """
        with self._lock:
            return self._learner.observe(params, outcome) is None

    def values(self, params: Mapping[str, Label]) -> dict[str, Any]:
        """Return what an objective sees of a point: choice objects and constants."""
        return self.space.to_objects(params)


def _choose(
    optimizer: str,
    space: Space,
    n_objectives: int,
    n_constraints: int,
    options: Mapping[str, object] | None,
) -> Choice:
    """Check the optimizer against the host's problem as a run would."""
    metrics = [f"value{k}" for k in range(n_objectives)]
    experiment = Experiment(
        objective=_host_runs_it,
        space=space,
        name="host",
        direction=dict.fromkeys(metrics, "minimize"),
        constraints={f"constraint{k}": "<= 0" for k in range(n_constraints)},
    )
    return choose(optimizer, experiment, options)


def _host_runs_it(_trial: object) -> float:
    msg = "the host runs the objective"
    raise RuntimeError(msg)
