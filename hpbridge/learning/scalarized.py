"""An optimizer of one value, or without bounds, that gets more than it can take.

What the library's own optimizer is told of a trial depends on the others: the scale of
the metrics, the weights of the next proposal, the worst feasible value. Where that has
changed what earlier trials are told as, another optimizer is made, which observes them
all anew. Where no bound is broken and there is one metric, that never happens, and the
proposals are the library's own.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpbridge.contract.backend import Optimizer, Suggestion
from hpbridge.contract.capabilities import BY_THE_CORE, Feature
from hpbridge.errors import ForeignHistoryError
from hpbridge.learning.one_value import Translator, draw_weights
from hpbridge.trial import State, trial_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.contract.backend import Algorithm, Outcome, Problem
    from hpbridge.learning.one_value import Values
    from hpbridge.space.parameters import Label


@dataclass(frozen=True)
class Told:
    """A problem as an optimizer's own library takes it, and what the core does.

    Attributes:
        problem: For the library.
        whole: As the experiment has it.
    """

    problem: Problem
    whole: Problem

    @property
    def joins(self) -> bool:
        """Whether several metrics become one value."""
        return self.problem.n_objectives < self.whole.n_objectives

    @property
    def penalizes(self) -> bool:
        """Whether constraints become part of the value."""
        return self.problem.n_constraints < self.whole.n_constraints

    @property
    def is_whole(self) -> bool:
        """Whether the library takes all of it."""
        return not (self.joins or self.penalizes)

    def emulations(self) -> list[tuple[str, str, str]]:
        """Return (what, name of the emulation, what it does), as of `Encoded.notes`."""
        found = []
        if self.joins:
            text = BY_THE_CORE[Feature.MULTI_OBJECTIVE]
            found.append((", ".join(self.whole.metrics), "chebyshev", text))
        if self.penalizes:
            text = BY_THE_CORE[Feature.CONSTRAINTS]
            found.append((", ".join(self.whole.bounds), "feasible-first", text))
        return found

    def sentences(self, name: str, algorithm: Algorithm) -> list[str]:
        """Return what users should know of it, one sentence each."""
        found: list[str] = []
        if not algorithm.learns:
            return found
        if self.joins:
            metrics = _named(self.whole.metrics)
            found.append(
                f"{name} takes one value: {metrics} are told as one, "
                "by the augmented Chebyshev function (ParEGO, Knowles 2006), "
                "under weights drawn for each proposal"
            )
        if self.penalizes:
            bounds = _named(self.whole.bounds)
            found.append(
                f"{name} takes no constraints: a trial beyond those on {bounds} is "
                "told as worse than every feasible one, by how much it is beyond "
                "(Deb 2000)"
            )
        if found and not algorithm.capabilities.can(Feature.FOREIGN_HISTORY):
            found.append(
                f"{name} is told of each trial once, by the weights and the scale of "
                "that time, since it learns only from its own trials"
            )
        return found


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) if names else "what is measured"


def variants(problem: Problem) -> list[Told]:
    """Return the problems that may stand for one, what changes least first."""
    has_bounds, has_several = problem.n_constraints > 0, problem.n_objectives > 1
    free = replace(problem, n_constraints=0, bounds=())
    others = [free] * has_bounds
    others += [_with_one(problem)] * has_several
    others += [_with_one(free)] * (has_bounds and has_several)
    return [Told(each, problem) for each in (problem, *others)]


def _with_one(problem: Problem) -> Problem:
    return replace(problem, n_objectives=1, metrics=(), directions=())


@dataclass(frozen=True, slots=True)
class _OwnSuggestion(Suggestion):
    """What one of the library's optimizers proposed."""

    maker: Optimizer
    proposed: Suggestion


class Scalarized(Optimizer):
    """Tells one value, or no constraints, to the library's own optimizer.

    Args:
        make: ``make(seed, n_past) -> Optimizer``: a fresh one that is told of so many
            trials before it is asked.
        told: What the library takes.
        seed: Of the first one, and of the weights.
        learns: Whether it makes a difference what it is told.
        relearns: Whether another one may observe all trials anew.
        notes: What users should know.
    """

    def __init__(
        self,
        make: Callable[[int, int], Optimizer],
        told: Told,
        seed: int,
        *,
        learns: bool,
        relearns: bool,
        notes: Sequence[str] = (),
    ) -> None:
        self._make, self._seed = make, seed
        self._learns, self._relearns = learns, learns and relearns
        self._translator = Translator(told.joins, told.penalizes)
        self._n_metrics = told.whole.n_objectives
        self._own_notes = tuple(notes)
        self._inner = make(seed, 0)
        self._points: list[Mapping[str, Label]] = []
        self._outcomes: list[Outcome] = []
        self._said: list[Outcome] = []
        self._n_complete = self._n_asked = 0
        self._hear()

    def _hear(self) -> None:
        self.notes = [*self._own_notes, *self._inner.notes]

    @property
    def _weights(self) -> Values:
        return draw_weights(self._seed, self._n_complete, self._n_metrics)

    def ask(self) -> Suggestion:
        """Ask an optimizer that has been told of all trials by the rules of now."""
        self._learn_anew()
        proposed = self._inner.ask()
        self._n_asked += 1
        self._hear()
        return _OwnSuggestion(self._n_asked, proposed.params, self._inner, proposed)

    def _learn_anew(self) -> None:
        """Make another optimizer, where trials would be told as something else now."""
        if not self._relearns or not self._n_complete:
            return
        told = self._translator.translate(self._outcomes, self._weights)
        if told == self._said:
            return
        seed = trial_seed(self._seed, self._n_complete)
        self._inner, self._said = self._make(seed, self._n_complete), told
        for point, outcome in zip(self._points, told, strict=True):
            # Refused when it was told first, which was said then.
            with contextlib.suppress(ForeignHistoryError):
                self._inner.observe(point, outcome)

    def _take(self, params: Mapping[str, Label], outcome: Outcome) -> Outcome | None:
        """Take a trial into the history; return what is told of it now.

        None where another optimizer is made before the next proposal in any case.
        """
        if not self._learns:
            return self._translator.translate([outcome], self._weights)[0]
        weights = self._weights
        self._points.append(dict(params))
        self._outcomes.append(outcome)
        is_complete = outcome.state is State.COMPLETE
        self._n_complete += is_complete
        if self._relearns and self._translator.joins and is_complete:
            self._said = []
            return None
        told = self._translator.translate(self._outcomes, weights)[-1]
        self._said.append(told)
        return told

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Tell who proposed it; another one that was made since observes it."""
        assert isinstance(suggestion, _OwnSuggestion)
        told = self._take(suggestion.params, outcome)
        if told is None:
            return
        if suggestion.maker is self._inner:
            self._inner.tell(suggestion.proposed, told)
        else:
            self._inner.observe(suggestion.params, told)
        self._hear()

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Let the library learn from a trial that came from elsewhere."""
        told = self._take(params, outcome)
        if told is not None:
            self._inner.observe(params, told)
            self._hear()
