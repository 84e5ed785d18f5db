"""A learner whose optimizer answers what trials ask for while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.learning.growing import Asked, OpenLearner, Run
from hpbridge.learning.learner import in_library
from hpbridge.space.kinds import with_when

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.backend import Outcome, PastTrial, Suggestion
    from hpbridge.contract.defining import DefiningOptimizer
    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label
    from hpbridge.space.space import Space


class DefiningLearner(OpenLearner):
    """The optimizer is never made anew: it asks for no space, and gets none.

    Args:
        name: Backend and algorithm.
        optimizer: Fresh.
        recorded: As of `OpenLearner`.
    """

    defines = True

    def __init__(
        self, name: str, optimizer: DefiningOptimizer, recorded: Space | None = None
    ) -> None:
        super().__init__(name, optimizer, recorded)
        self._answers = optimizer

    def ask(
        self,
        number: int,
        recorded: Mapping[str, Label] | None = None,  # noqa: ARG002 - of a point
    ) -> Suggestion:
        """Begin a trial, of which nothing is proposed yet."""
        suggestion = self._ask(number)
        self._hear()
        return suggestion

    def propose(
        self,
        number: int,
        suggestion: Suggestion | None,
        name: str,
        parameter: Searched,
    ) -> Label:
        """Return the value of a parameter that a running trial asks for.

        Raises:
            OptimizerError: If the library fails, or refuses the parameter.
        """
        assert suggestion is not None
        with in_library(self.name, f"to propose {name!r} of trial {number}"):
            value = self._answers.suggest(suggestion, name, parameter)
        self._hear()
        return value

    def settle(
        self,
        number: int,
        suggestion: Suggestion | None,
        name: str,
        parameter: Searched,
        value: Label,
    ) -> None:
        """Tell the optimizer of a value that was given to a running trial.

        Raises:
            OptimizerError: If the library fails, or refuses the parameter.
        """
        assert suggestion is not None
        with in_library(self.name, f"to take {name!r} of trial {number}"):
            self._answers.settle(suggestion, name, parameter, value)

    def reserve(self, count: int) -> None:
        """Expect that of so many asks from now on some values will be given."""
        self._answers.reserve(count)

    def learn(
        self,
        suggestion: Suggestion | None,
        params: Mapping[str, Label],
        outcome: Outcome,
        *,
        number: int = 0,
        asked: Asked | None = None,
    ) -> bool:
        """Learn of a trial and what it asked for; say whether the space grew."""
        run = self._remember(params, outcome, asked)
        if suggestion is None:
            self._answers.define({name: p for name, (p, _) in run.asked.items()})
        super().learn(suggestion, run.point, outcome, number=number)
        space = self._space_after(run)
        has_grown = space is not self.space
        self.space = space
        return has_grown

    def restore(self, trials: Sequence[PastTrial], native: Mapping[str, Any]) -> bool:
        """Go on with a study of the same library; as `Optimizer.restore`."""
        searched = self._recorded.searched
        self._answers.define({name: with_when(p, ()) for name, p in searched.items()})
        if not super().restore(trials, native):
            return False
        defined = self._recorded.defined
        self._told += [Run(defined(t.params), t.outcome) for t in trials]
        self.space = self._recorded
        return True
