"""Optimizers that answer what a trial asks for while it runs."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from hpbridge.contract.backend import Optimizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import Suggestion
    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label


class DefiningOptimizer(Optimizer):
    """An optimizer of a space that is not known before the trials run.

    What `BackendSpec.create` returns for a problem whose space has no parameters, where
    the algorithm declares `Feature.DEFINE_BY_RUN` as native. A suggestion of `ask` is
    empty then; the trial asks for each parameter with `suggest`, once, in its own
    order, before the suggestion is told.

    Outcomes may have constraints, though the problem names none: as many as the trials
    have set so far.
    """

    @abstractmethod
    def suggest(self, suggestion: Suggestion, name: str, parameter: Searched) -> Label:
        """Return the value of a parameter, which has no condition.

        Args:
            suggestion: One that was asked and not told yet.
            name: Of the parameter, not asked for in this trial before.
            parameter: May have another range than in other trials.

        Raises:
            UnsupportedFeatureError: If the algorithm cannot search it.
            ValueError: If the library refuses it beside what it was in other trials,
                in the library's own words.
        """

    @abstractmethod
    def settle(
        self, suggestion: Suggestion, name: str, parameter: Searched, value: Label
    ) -> None:
        """Take the value of a parameter that was given; in the place of `suggest`."""

    @abstractmethod
    def reserve(self, count: int) -> None:
        """Expect that of so many asks from now on some values will be given."""

    @abstractmethod
    def define(self, parameters: Mapping[str, Searched]) -> None:
        """Take what the parameters are that `observe` or `restore` will speak of."""
