"""One pruner under test: made for studies, and told of trials."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.contract.attempt import Reply
from hpbridge.contract.options import read_options
from hpbridge.contract.pruning import Pruner, Watched
from hpbridge.contract.registry import is_met
from hpbridge.errors import OptionError
from hpbridge.testing.checks import CheckFailed
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.contract.pruning import PrunerSpec

N_STEPS = 27


@dataclass(frozen=True)
class Told:
    """A trial as a pruner hears of it: what it would report, and what it comes to."""

    number: int
    reports: tuple[tuple[int, float], ...]
    state: State

    @property
    def value(self) -> float | None:
        """The final value, where it is complete."""
        return self.reports[-1][1] if self.state is State.COMPLETE else None


def trials(seed: int, count: int = 40, *, odd: bool = False) -> list[Told]:
    """Return trials with curves that fall, some of which die.

    Args:
        seed: Of the curves.
        count: How many.
        odd: Whether reports are also no numbers, late, twice, or few.
    """
    rng = random.Random(seed)
    return [_trial(rng, number, odd=odd) for number in range(count)]


def _trial(rng: random.Random, number: int, *, odd: bool) -> Told:
    level, noise = rng.uniform(0, 2), rng.choice([0.0, 0.3])
    reports = [
        (step, level + 1 / step + rng.gauss(0, noise)) for step in range(1, N_STEPS + 1)
    ]
    dies = number and rng.random() < 0.1
    if odd:
        reports = [report for each in reports for report in _odd(rng, *each)]
    reports = reports[: rng.randint(1, len(reports))] if dies else reports
    return Told(number, tuple(reports), State.FAILED if dies else State.COMPLETE)


def _odd(rng: random.Random, step: int, value: float) -> list[tuple[int, float]]:
    """Return a report, or what an odd objective says in its place."""
    numbers = [math.nan, math.inf, -math.inf, round(value), value]
    reports = {
        "it": [(step, value)],
        "odd": [(step, rng.choice(numbers))],
        "none": [(step, value)] if step == N_STEPS else [],
        "twice": [(step, value), (step, value + 1)],
        "late": [(step, value), (rng.randint(0, step), value - 1)],
    }
    return reports[rng.choice(["it", "it", "it", *reports])]


class PrunerCase:
    """A pruner, and options with which it is made.

    Args:
        spec: The pruner, as its plugin registers it.
        options: Of those that have no default, and others.
    """

    name = ""
    """Pruners have no algorithms."""

    def __init__(self, spec: PrunerSpec, options: Mapping[str, object] = {}) -> None:
        self.spec, self.options = spec, dict(options)

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"pruner {self.spec.name!r}"

    @property
    def why_none(self) -> str:
        """Why it cannot be tried; empty where it can."""
        missing = [each for each in self.spec.requires if not is_met(each)]
        if missing:
            return "not installed: " + ", ".join(missing)
        if self.options:
            return ""
        try:
            self.read()
        except OptionError as error:  # it has no sense without any
            return f"the kit must be told options: {'; '.join(error.problems)}"
        return ""

    def read(self) -> Any:
        """Return its options."""
        return read_options(self.spec.name, self.spec.options, self.options)

    def make(self, study: str = "own", *, maximizes: bool = False) -> Pruner:
        """Return a pruner for a study.

        Raises:
            CheckFailed: If it is none.
        """
        watched = Watched(study, maximizes=maximizes, seed=3, n_trials=40)
        made = self.spec.make(self.read(), watched)
        if not isinstance(made, Pruner):
            msg = f"expected make to return a Pruner; saw {made!r}"
            raise CheckFailed(msg)
        return made


Answers = list[tuple[int, int, str]]
"""Of each report: the trial, how many reports it had, and the answer's name."""


def watch(pruner: Pruner, told: Iterable[Told]) -> Answers:
    """Tell trials to a pruner, one after another; return what it answered.

    A trial that is to stop reports no more, and one that is paused goes on at once.
    """
    answers: Answers = []
    for trial in told:
        is_over = False
        for place, (step, value) in enumerate(trial.reports):
            answer = pruner.report(trial.number, step, value)
            answers.append((trial.number, place, name_of(answer)))
            is_over = answer is Reply.STOP
            if is_over:
                break
        state = State.PRUNED if is_over else trial.state
        pruner.end(trial.number, state, None if is_over else trial.value)
    return answers


def name_of(answer: object) -> str:
    """Return an answer's name.

    Raises:
        CheckFailed: If it is none.
    """
    if not isinstance(answer, Reply):
        msg = f"expected a Reply as answer; saw {answer!r}"
        raise CheckFailed(msg)
    return answer.name


def recorded(pruner: Pruner, told: Iterable[Told], answers: Answers) -> None:
    """Let a pruner know trials from the record of what another one answered."""
    last = {number: (place, answer) for number, place, answer in answers}
    for trial in told:
        place, answer = last.get(trial.number, (-1, ""))
        is_over = answer == Reply.STOP.name
        state = State.PRUNED if is_over else trial.state
        value = None if is_over else trial.value
        pruner.know(trial.number, trial.reports[: place + 1], state, value)
