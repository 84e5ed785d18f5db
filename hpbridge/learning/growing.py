"""Spaces that an objective defines while it runs.

An experiment without a space has an objective that asks `Trial.suggest` for each
parameter. An optimizer of a library that works so itself answers while the trial runs
(`hpbridge.learning.defining`). For any other one, nothing is known of the space before
the first trial, whose values are drawn at random. What it asked for is the space from
then on; the optimizer is made for it and observes the trial. A trial that asks for
more, or for less, makes the space grow: another optimizer is made for the new space and
observes all trials. So does a wider range: the widest one seen is searched.

When a parameter is not asked for in every trial, it gets the condition under which it
was: the values of the one parameter before it that tells the trials apart. Choices that
never came up are taken as not having it, until they do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from hpbridge.contract.backend import Optimizer, Outcome, Suggestion
from hpbridge.errors import SpaceError
from hpbridge.learning.learner import Learner
from hpbridge.learning.ranges import Ranges, widened
from hpbridge.space.conditions import infer_conditions, likely
from hpbridge.space.kinds import Parameter, Searched, with_when
from hpbridge.space.space import Space
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.contract.around import Answering
    from hpbridge.space.conditions import Condition
    from hpbridge.space.kinds import When
    from hpbridge.space.plain import Label
    from hpbridge.trial import FinishedTrial


Asked: TypeAlias = "Mapping[str, tuple[Searched, Label]]"
"""Parameter and plain value by name, in the order of asking."""


def objects_of(asked: Asked) -> dict[str, Any]:
    """Return what the objective saw: the choices themselves, not their labels."""
    return {name: p.choice(value) for name, (p, value) in asked.items()}


class Asking:
    """Answers what one trial asks for.

    Args:
        space: What is known so far.
        params: What the optimizer proposes: a point of it, plain values.
        seed: Of the trial; draws what the optimizer does not propose.
        around: Where values were given, or the optimizer itself answers.

    Attributes:
        asked: Parameter and plain value by name, in the order of asking.
    """

    def __init__(
        self,
        space: Space,
        params: Mapping[str, Label],
        seed: int,
        around: Answering | None = None,
    ) -> None:
        self._space, self._params, self._seed = space, params, seed
        self._around = around
        self._rng: random.Random | None = None
        self.asked: dict[str, tuple[Searched, Label]] = {}

    def suggest(self, name: str, parameter: Parameter) -> Any:
        """Return a value for `Trial.suggest`: the choice itself, not its label."""
        if not isinstance(parameter, Searched):
            problem = f"{name!r} is {parameter!r}, which is not searched"
            raise SpaceError.invalid([problem])
        if name not in self.asked:
            self.asked[name] = parameter, self._value(name, parameter)
        known, value = self.asked[name]
        if known != parameter:
            raise _changed(name, known, parameter)
        return parameter.choice(value)

    def _value(self, name: str, parameter: Searched) -> Label:
        self._check(name, parameter)
        around = self._around
        if around is not None and name in around.given:
            value = _given(name, parameter, around.given[name])
            if around.is_asked:
                around.settle(name, parameter, value)
            return value
        if around is not None and around.is_asked:
            return around.propose(name, parameter)
        if around is not None and around.given:
            around.note(
                "what a point that was given leaves open is drawn at random, since the "
                "space is not known before"
            )
        if name in self._params:
            value = self._params[name]
            if parameter.contains(value):
                return value
            if around is not None:
                around.note(
                    f"the range of {name!r} differs from trial to trial: the widest "
                    "seen is searched, and what is proposed outside of a trial's own "
                    "range is drawn anew within it"
                )
        if self._rng is None:
            self._rng = random.Random(f"hpbridge:{self._seed}:define-by-run")
        return parameter.draw(self._rng)

    def _check(self, name: str, parameter: Searched) -> None:
        """Raise where a parameter is wrong, or none that it may be by now."""
        known = _bare(self._space, name)
        if known is not None:
            if known == parameter:
                return
            if widened(known, parameter) is None:
                raise _changed(name, known, parameter)
        Space({name: parameter})


def _bare(space: Space, name: str) -> Searched | None:
    """Return a parameter of a space without its condition; None if it has none."""
    found = space.get(name)
    if not isinstance(found, Searched):
        return None
    return with_when(found, ()) if found.when else found


def _changed(name: str, known: Searched, parameter: Searched) -> SpaceError:
    problem = f"{name!r} was {known!r} and is now {parameter!r}"
    return SpaceError.changed([problem])


def _given(name: str, parameter: Searched, value: object) -> Label:
    try:
        return parameter.canonical(value)
    except ValueError as error:
        what = "A point that was given"
        raise SpaceError.foreign(what, [f"{name!r} {error}"]) from error


@dataclass(frozen=True)
class Run:
    """What a trial asked for, in order, and what became of it."""

    asked: Mapping[str, tuple[Searched, Label]]
    outcome: Outcome

    @property
    def is_whole(self) -> bool:
        """Whether it ran to its end, so that it asked for all that it needs."""
        return self.outcome.state is State.COMPLETE

    @property
    def point(self) -> dict[str, Label]:
        """Plain values by name."""
        return {name: value for name, (_, value) in self.asked.items()}


def infer_space(trials: Sequence[Run]) -> Space:
    """Return the space that some trials asked for.

    Args:
        trials: In order. One that did not end well may have stopped before it asked
            for all, so that what it lacks tells nothing.

    Returns:
        Parameters in the order in which they first came up, each with the condition
        that tells the trials that asked for it from the others. One that no single
        earlier parameter tells apart is always active. A range is the widest seen.
    """
    found: dict[str, Searched] = {}
    for trial in trials:
        for name, (parameter, _) in trial.asked.items():
            before = found.get(name, parameter)
            found[name] = widened(before, parameter) or before
    points = [(trial.point, trial.is_whole) for trial in trials]
    conditions = infer_conditions(found, points, likely)
    placed = {
        name: with_when(parameter, _likeliest(conditions.get(name, ())))
        for name, parameter in found.items()
    }
    return Space(placed) if placed else Space.unknown()


def _likeliest(conditions: Sequence[Condition]) -> When:
    return conditions[0].when if conditions else ()


class OpenLearner(Learner):
    """A learner of a space that becomes known while its trials run.

    Args:
        name: Backend and algorithm.
        optimizer: Fresh.
        recorded: The space that the trials of a record had, if it goes on from one.
    """

    def __init__(
        self, name: str, optimizer: Optimizer, recorded: Space | None = None
    ) -> None:
        super().__init__(name, optimizer, Space.unknown())
        self._recorded = recorded or Space.unknown()
        self._ranges = Ranges()
        self._told: list[Run] = []

    def prepare(self, trials: Sequence[FinishedTrial]) -> None:
        """Look at a record before any of it is learned."""
        self._ranges.read(trials)

    def recall(self, trial: FinishedTrial) -> Asked:
        """Return what a recorded trial asked for: what it had, in its own ranges."""
        return self._ranges.of(trial, self._recorded.defined(trial.params))

    def ranges_of(self, asked: Asked) -> dict[str, Any]:
        """Return what the record of a trial keeps of its ranges, as `Ranges.note`."""
        return self._ranges.note(asked, self.space)

    def _remember(
        self, params: Mapping[str, Label], outcome: Outcome, asked: Asked | None
    ) -> Run:
        run = Run(self._recorded.defined(params) if asked is None else asked, outcome)
        self._told.append(run)
        return run

    def _space_after(self, run: Run) -> Space:
        """Return the space with the last trial: the same one, if nothing is new."""
        if self._fits(run):
            return self.space
        space = infer_space(self._told)
        return self.space if space == self.space else space

    def _fits(self, run: Run) -> bool:
        """Say whether a trial asked for what the space says, so that it is right."""
        for name, (parameter, _) in run.asked.items():
            known = _bare(self.space, name)
            if known is None:
                return False
            if known != parameter and widened(known, parameter) != known:
                return False
        is_active = self.space.active(run.point)
        if not run.is_whole:
            return set(run.asked) <= set(is_active)
        return set(run.asked) == set(is_active)


class GrowingLearner(OpenLearner):
    """Makes an optimizer for what is known, and another one when that grows.

    Args:
        name: Backend and algorithm.
        make: ``make(space, n_told) -> Optimizer`` for a space that is known; raises
            where the algorithm cannot search it.
        recorded: As of `OpenLearner`.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[Space, int], Optimizer],
        recorded: Space | None = None,
    ) -> None:
        super().__init__(name, _Nothing(), recorded)
        self._make = make
        self._own: Suggestion | None = None

    def ask(
        self, number: int, recorded: Mapping[str, Label] | None = None
    ) -> Suggestion:
        """Propose a point of what is known; nothing before anything is."""
        if not self.space.searched:
            self.note(
                "the objective defines its space while it runs: what is not known yet "
                f"is drawn at random, the first trial too; {self.name} searches the "
                "rest"
            )
        self._own = super().ask(number, recorded)
        return self._own

    def learn(
        self,
        suggestion: Suggestion | None,
        params: Mapping[str, Label],
        outcome: Outcome,
        *,
        number: int = 0,
        asked: Asked | None = None,
    ) -> bool:
        """Learn of a trial and what it asked for; say whether the space grew.

        Raises:
            HpbridgeError: If the algorithm cannot search the space as it is now.
        """
        run = self._remember(params, outcome, asked)
        # A proposal of the optimizer before the space grew is none of this one's.
        own = suggestion if suggestion is self._own else None
        self._own = None
        space = self._space_after(run)
        if space is not self.space:
            self._grow(space)
            return True
        if own is not None and dict(own.params) == run.point:
            super().learn(own, run.point, outcome, number=number)
        else:
            self._observe_run(run)
        return False

    def _grow(self, space: Space) -> None:
        self.space = space
        self._optimizer = _Nothing()
        if not space.searched:
            return
        self._optimizer = self._make(space, len(self._told))
        for run in self._told:
            self._observe_run(run)

    def _observe_run(self, run: Run) -> None:
        point = run.point
        missing = [name for name in self.space.active(point) if name not in point]
        if missing and not run.is_whole:
            return  # there is no point to learn of
        if missing:
            self.note(
                f"trials that do not ask for {', '.join(map(repr, missing))} are not "
                "learned from: what it depends on cannot be told"
            )
            return
        self.observe(point, run.outcome)


class _Nothing(Optimizer):
    """Searches a space of which nothing is known: proposes the empty point."""

    def ask(self) -> Suggestion:
        """Propose nothing."""
        return Suggestion(0, {})

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Learn nothing."""

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """Learn nothing."""
