"""What a guest is made of, before its host has told the space."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from hpbridge.errors import UnsupportedFeatureError
from hpbridge.experiment import Direction, Experiment
from hpbridge.learning.choice import able, choose, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.learning.choice import Choice
    from hpbridge.learning.learner import Learner
    from hpbridge.space.space import Space


@dataclass(frozen=True)
class GuestRecipe:
    """What makes a guest.

    Attributes:
        optimizer: ``backend`` or ``backend:algorithm``.
        n_objectives: How many values the host's trials have, all to be minimized.
        n_constraints: How many constraint values they have; <= 0 is feasible.
        seed: Of the optimizer; None draws one.
        options: Of the algorithm, by the library's own names.
        directions: Which way each value goes in the host's own unit; as of `Problem`.
    """

    optimizer: str
    n_objectives: int = 1
    n_constraints: int = 0
    seed: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    directions: tuple[Direction, ...] = ()

    def __post_init__(self) -> None:
        if self.seed is not None:  # NumPy's ints are no JSON
            object.__setattr__(self, "seed", int(self.seed))

    def choice(self, space: Space) -> Choice:
        """Find the optimizer, and check it against the host's problem as a run would.

        Raises:
            HpbridgeError: If it is not installed, has no such options, or cannot search
                the space; with every reason, and the optimizers that can.
        """
        choice = choose(self.optimizer, self._experiment(space), self.options)
        if choice.algorithm.is_staged:
            reason = (
                "its trials go on from the checkpoints of others, which this host does "
                "not have; `hpbridge.run` has them"
            )
            others = self.able(space)
            raise UnsupportedFeatureError.refused(choice.name, [reason], others)
        return choice

    def settled(self, space: Space) -> tuple[Choice, GuestRecipe]:
        """Find the optimizer, and what makes a copy: of it, whatever was asked for.

        Raises:
            HpbridgeError: As of `choice`.
        """
        choice = self.choice(space)
        if not choice.asked:
            return choice, self
        options = asdict(choice.options)
        return choice, replace(self, optimizer=choice.name, options=options)

    def learner(self, choice: Choice, space: Space, seed: int) -> Learner:
        """Return a fresh optimizer, ready to learn."""
        return choice.learner(self._experiment(space), seed)

    def able(self, space: Space) -> list[str]:
        """Return the installed optimizers that could have been taken."""
        return able(problem_of(self._experiment(space)))

    def _experiment(self, space: Space) -> Experiment:
        metrics = [f"value{k}" for k in range(self.n_objectives)]
        ways: dict[str, Direction] = dict.fromkeys(metrics, "minimize")
        ways.update(zip(metrics, self.directions, strict=False))
        bounds = [f"constraint{k}" for k in range(self.n_constraints)]
        return Experiment(
            objective=_host_runs_it,
            space=space,
            name="host",
            direction=ways,
            constraints=dict.fromkeys(bounds, "<= 0"),
            scalarize=False,  # its values are the host's business
        )


def _host_runs_it(_trial: object) -> float:
    msg = "the host runs the objective"
    raise RuntimeError(msg)
