"""Who goes on from a rung, in whatever order trials end."""

from __future__ import annotations

import math
import random

import pytest

from hpbridge.contract.backend import Outcome
from hpbridge.contract.rungs import Rung, Schedule
from hpbridge.contract.stage import Stage
from hpbridge.learning.brackets import Brackets, rank_of
from hpbridge.trial import State

SCHEDULE = Schedule(
    ((Rung(9, 1), Rung(3, 3), Rung(1, 9)), (Rung(5, 3), Rung(1, 9)), (Rung(3, 9),))
)


def complete(value, *constraints):
    return Outcome(State.COMPLETE, (value,), constraints)


FAILED = Outcome(State.FAILED)


class Study:
    """Asks and tells brackets alone."""

    def __init__(self, schedule=SCHEDULE):
        self.brackets, self.stages = Brackets(schedule), []

    def ask(self):
        place = self.brackets.promoted()
        if place is not None:
            stage = self.brackets.stage_after(place)
        else:
            stage = self.brackets.first_stage()
        number = len(self.stages)
        self.stages.append(stage)
        self.brackets.add(number, {"x": number}, stage)
        return number, stage

    def run(self, count, value=float):
        for _ in range(count):
            number, _ = self.ask()
            self.brackets.end(number, complete(value(number)))


def test_the_best_go_on_in_order() -> None:
    study = Study()
    study.run(13, value=lambda n: [5, 3, 8, 1, 9, 7, 2, 6, 4, 30, 20, 10, 0][n])
    assert study.stages[9:13] == [
        Stage(3, 0, 1, 3),
        Stage(3, 0, 1, 6),
        Stage(3, 0, 1, 1),
        Stage(9, 0, 2, 11),  # the best of the rung, whatever it was before
    ]
    study.run(6)
    assert study.stages[13] == Stage(3, 1, 0)
    assert [s.rung for s in study.stages[13:]] == [0] * 5 + [1]


def test_the_next_bracket_begins_while_trials_run() -> None:
    study = Study()
    for _ in range(10):
        study.ask()
    assert study.stages[9] == Stage(3, 1, 0)
    for number in range(8):
        study.brackets.end(number, complete(float(number)))
    assert study.brackets.promoted() is None  # one is not back
    study.brackets.end(8, complete(-1.0))
    assert study.brackets.promoted().number == 8
    study.brackets.end(8, complete(5.0))  # once more changes nothing
    assert study.brackets.promoted().number == 8


@pytest.mark.parametrize("seed", range(20))
def test_rungs_are_the_same_in_whatever_order_trials_end(seed) -> None:
    rng, study, running = random.Random(seed), Study(), []
    values = [rng.random() for _ in range(200)]
    for _ in range(60):
        while len(running) < 4:
            running.append(study.ask()[0])
        number = running.pop(rng.randrange(4))
        study.brackets.end(number, complete(values[number]))
    for bracket in range(4):
        rungs = SCHEDULE.bracket(bracket)
        for rung, expected in enumerate(rungs):
            here = [
                n
                for n, s in enumerate(study.stages)
                if (s.bracket, s.rung) == (bracket, rung)
            ]
            assert len(here) <= expected.size
            parents = sorted(study.stages[n].parent for n in here if rung)
            before = [
                n
                for n, s in enumerate(study.stages)
                if (s.bracket, s.rung) == (bracket, rung - 1)
            ]
            if len(here) == expected.size and rung:
                best = sorted(before, key=lambda n: values[n])[: expected.size]
                assert parents == sorted(best)


def test_a_failed_trial_never_goes_on() -> None:
    study = Study()
    for number in range(9):
        study.ask()
        study.brackets.end(number, complete(0.5) if number in {4, 7} else FAILED)
    assert [study.ask()[1].parent for _ in range(2)] == [4, 7]
    assert study.ask()[1] == Stage(3, 1, 0)
    study.brackets.end(9, FAILED)
    study.brackets.end(10, complete(1.0))
    assert study.ask()[1] == Stage(9, 0, 2, 10)


def test_a_bracket_of_failures_ends() -> None:
    study = Study()
    for number in range(9):
        study.ask()
        study.brackets.end(number, FAILED)
    assert study.ask()[1] == Stage(3, 1, 0)


def test_a_pruned_trial_cannot_go_on_and_an_infeasible_one_goes_last() -> None:
    assert rank_of(Outcome(State.PRUNED, (1.0,))) is None
    ranks = [
        rank_of(complete(2.0)),
        rank_of(complete(math.inf, -1.0)),
        rank_of(complete(0.0, 0.5)),
        rank_of(complete(0.0, 0.5, 0.25)),
    ]
    assert ranks == sorted(ranks)


def test_when_no_configuration_comes_the_share_of_those_there_goes_on() -> None:
    study = Study()
    study.run(5)
    study.brackets.close()
    assert study.brackets.promoted().number == 0  # a third of five
    study.run(1)
    assert study.brackets.promoted().number == 5
    study.run(1)
    assert study.brackets.promoted() is None
    assert not study.brackets.is_open


def test_a_trial_outside_of_brackets_is_not_counted() -> None:
    brackets = Brackets(SCHEDULE)
    brackets.add(0, {}, Stage(9))
    brackets.end(0, complete(1.0))
    assert brackets.first_stage() == Stage(1, 0, 0)
    assert not brackets.is_open
