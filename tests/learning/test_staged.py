"""What an optimizer learns of trials at several budgets."""

from __future__ import annotations

import pytest

from hpbridge import Float
from hpbridge.contract.backend import (
    ExhaustedError,
    NotYetError,
    Optimizer,
    Outcome,
    Suggestion,
)
from hpbridge.contract.rungs import Rung, Schedule
from hpbridge.errors import ForeignHistoryError
from hpbridge.learning.learner import Learner
from hpbridge.learning.staged import Learning, StagedLearner, enough
from hpbridge.space.space import Space
from hpbridge.trial import State

SPACE = Space({"x": Float(0, 1000)})
SCHEDULE = Schedule(((Rung(9, 1), Rung(3, 3), Rung(1, 9)), (Rung(6, 3), Rung(2, 9))))


ONE_BUDGET = Learning()


class Counting(Optimizer):
    """Proposes 0, 1, 2 ..., up to a number, and keeps what it is told."""

    def __init__(self, seed, n_past, most=500, observes=True):
        self.seed, self.n_past, self.most, self.observes = seed, n_past, most, observes
        self.told, self.observed, self.n_asked = [], [], 0

    def ask(self):
        if self.n_asked == self.most:
            msg = "all were proposed"
            raise ExhaustedError(msg)
        self.n_asked += 1
        point = {"x": float(self.n_asked - 1)}
        return Suggestion(self.n_asked, point)

    def tell(self, suggestion, outcome):
        self.told.append((suggestion.params["x"], outcome.values, outcome.budget))

    def observe(self, params, outcome):
        if not self.observes:
            msg = "counting"
            raise ForeignHistoryError.refused(msg, "it cannot")
        self.observed.append((params["x"], outcome.values, outcome.budget))


class Studied:
    def __init__(self, learning=ONE_BUDGET, schedule=SCHEDULE, **more):
        self.made = []

        def make(seed, n_past):
            self.made.append(Counting(seed, n_past, **more))
            return Learner("a:counting", self.made[-1], SPACE, seed)

        self.learner = StagedLearner(make, schedule, learning, 7)
        self.n_asked = 0

    def ask(self):
        suggestion = self.learner.ask(self.n_asked)
        self.n_asked += 1
        return self.n_asked - 1, suggestion

    def end(self, number, suggestion, value, state=State.COMPLETE):
        values = (value,) if state is State.COMPLETE else ()
        outcome = Outcome(state, values, budget=suggestion.stage.budget)
        self.learner.learn(suggestion, suggestion.params, outcome, number=number)

    def run(self, count):
        for _ in range(count):
            number, suggestion = self.ask()
            self.end(number, suggestion, suggestion.params["x"])


def test_it_learns_from_one_budget_alone() -> None:
    study = Studied()
    study.run(9 + 4)  # too few of any but the smallest budget
    study.run(1)  # the first at 3 epochs that was not promoted there
    assert enough(1) == 4
    (first,) = study.made
    assert first.told == first.observed == []
    study.run(1)  # now four are known at 3
    assert len(study.made) == 2
    second = study.made[1]
    assert [(x, b) for x, _, b in second.observed] == [(0, 3), (1, 3), (2, 3), (9, 3)]
    assert second.n_past == 4
    assert second.seed != first.seed
    assert second.told == [(0.0, (0.0,), 3)]


def test_it_learns_from_the_only_budget() -> None:
    study = Studied(schedule=Schedule(((Rung(3, 9),),)))
    study.run(4)
    (first,) = study.made
    assert [b for _, _, b in first.told] == [9] * 4


def test_what_has_no_budget_went_all_the_way() -> None:
    study = Studied()
    past = [({"x": 500.0 + k}, Outcome(State.COMPLETE, (0.0,))) for k in range(4)]
    for params, outcome in past:
        study.learner.learn(None, params, outcome)
    study.run(9 + 3)
    first, *others = study.made
    assert first.told == first.observed == []
    assert all([x for x, _, _ in o.observed] == [500, 501, 502, 503] for o in others)
    assert others
    told = Studied(Learning(takes_budgets=True))
    for params, outcome in past:
        told.learner.learn(None, params, outcome)
    assert [b for _, _, b in told.made[0].observed] == [9] * 4


def test_what_it_is_not_to_learn_is_forgotten() -> None:
    study = Studied()
    study.run(9 + 4 + 6 + 2)
    before = study.made[-1]
    assert {b for _, _, b in [*before.told, *before.observed]} == {3}
    study.run(2)  # at 1 epoch again
    after = study.made[-1]
    assert after is not before
    assert after.told == []
    assert {b for _, _, b in after.observed} == {3}
    assert len(after.observed) == 3 + 6


def test_one_that_takes_budgets_is_told_of_all() -> None:
    study = Studied(Learning(takes_budgets=True))
    study.run(15)
    (only,) = study.made
    assert [b for _, _, b in only.told] == [1] * 9 + [3] * 2
    assert [b for _, _, b in only.observed] == [3] * 3 + [9]


def test_one_that_learns_from_its_own_alone_is_told_of_each_once() -> None:
    study = Studied(Learning(observes=False), observes=False)
    study.run(15)
    (only,) = study.made
    assert [b for _, _, b in only.told] == [1] * 9 + [3] * 2
    assert study.learner.refusals == []


def test_what_an_optimizer_learns_is_said() -> None:
    said = [
        Learning(learns=False).sentence("a:b", 2),
        Learning(observes=False).sentence("a:b", 2),
        Learning(takes_budgets=True).sentence("a:b", 2),
        Learning().sentence("a:b", 2),
    ]
    assert said == [
        "a:b learns from no trial, whatever its budget",
        (
            "a:b learns only from its own trials: it is told of each configuration "
            "once, at the first of its budgets"
        ),
        "a:b is told of every trial, with its budget",
        (
            "a:b learns from the trials of one budget: the largest that has at least 5 "
            "complete ones (as BOHB, Falkner et al. 2018), never the smallest of "
            "several"
        ),
    ]
    study = Studied()
    study.run(12)
    assert study.learner.notes == [Learning().sentence("a:counting", 1)]


def test_one_with_nothing_left_lets_those_there_go_on() -> None:
    study = Studied(most=5)
    study.run(7)  # five, of which one goes on, twice
    with pytest.raises(ExhaustedError, match="all were proposed"):
        study.ask()


def test_it_waits_for_running_trials_when_nothing_else_is_left() -> None:
    study = Studied(most=3)
    running = [study.ask() for _ in range(3)]
    with pytest.raises(NotYetError):
        study.ask()
    for number, suggestion in running[:2]:
        study.end(number, suggestion, 1.0)
    with pytest.raises(NotYetError):
        study.ask()
    study.end(*running[2], 0.5)
    _, suggestion = study.ask()
    assert (suggestion.params["x"], suggestion.stage.parent) == (2.0, 2)


def test_a_failed_trial_is_told_and_does_not_count() -> None:
    study = Studied(schedule=Schedule(((Rung(3, 3), Rung(1, 9)),)))
    for _ in range(2):
        number, suggestion = study.ask()
        study.end(number, suggestion, 0.0, State.FAILED)
    assert study.made[0].told == []  # not of the smallest budget
    only = Studied(schedule=Schedule(((Rung(9, 9),),)))
    number, suggestion = only.ask()
    only.end(number, suggestion, 0.0, State.FAILED)
    assert only.made[0].told == [(0.0, (), 9)]
    only.run(12)
    assert only.made == only.made[:1]
