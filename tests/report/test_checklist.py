"""Each item of good practice, met and not met."""

from __future__ import annotations

from dataclasses import replace

import contest_results as made
import numpy as np
import pytest

from hpbridge.analysis.contest.results import FAILED
from hpbridge.analysis.contest.verdict import verdict_of
from hpbridge.report.checklist import NO, NONE, YES, checklist
from hpbridge.report.contest_numbers import Numbers


def answers(found, **changes):
    record, verdict = made.record(found, **changes), verdict_of(found)
    items = checklist(Numbers(found), record, verdict)
    return {item.question: item for item in items}


def changed(**changes):
    return replace(made.results(), **changes)


def facts(**changes):
    found = made.results()
    return replace(found, problems=tuple(replace(p, **changes) for p in found.problems))


def unpaired():
    found = made.without(made.results(), 0, 0)
    states = found.states.copy()
    states[0, 0, 1:] = 3
    return replace(found, states=states)


def shorter():
    found = made.results()
    told = found.n_told.copy()
    told[0, 0, 0] = 3
    return replace(found, n_told=told)


CASES = [
    ("Is the problem the unit, not the run?", made.results(1, 3)),
    ("Are the problems of several kinds and sizes?", facts(kinds=(), dimension=2)),
    ("Are there repeats with different seeds?", made.results(4, 3, 1)),
    ("Are seeds paired?", unpaired()),
    ("Are budgets equal?", shorter()),
    ("Is a random baseline there?", made.results(reference=None)),
    ("Are values normalised by known optima?", facts(optimum_of="best seen")),
    ("Are results shown at every budget?", made.results(4, 3, 5, 1)),
    ("Are runtimes to fixed targets shown?", made.results(optimum=None)),
    (
        "Are all runs there?",
        changed(states=np.full_like(made.results().states, FAILED)),
    ),
    ("Does every p have an effect and an interval?", made.results(1, 3, 1)),
    (
        "Is the optimizer's own time apart?",
        changed(optimizer_seconds=np.full_like(made.results().best, np.nan)),
    ),
    ("Are noisy problems judged without noise?", made.results()),
]


@pytest.mark.parametrize(("question", "found"), CASES, ids=[c[0] for c in CASES])
def test_an_item_that_the_record_does_not_meet_is_a_no(question, found):
    assert answers(found)[question].answer == NO


def test_a_whole_contest_meets_what_the_record_can_say():
    found = facts(kinds=("continuous",), noise=None)
    found = replace(
        found,
        problems=tuple(
            replace(p, kinds=(("continuous", "mixed")[k % 2],))
            for k, p in enumerate(found.problems)
        ),
    )
    by_answer = {}
    for question, item in answers(found).items():
        by_answer.setdefault(item.answer, []).append(question)
        assert item.because
        assert item.source
    assert by_answer[NO] == [
        "Were the optimizers not tuned on these problems?",
        "Was the question stated before?",
        "Are there enough problems or seeds for 80 % power?",
    ]
    assert by_answer[NONE] == [
        "Are noisy problems judged without noise?",
        "Are models judged on unseen data?",
    ]
    assert len(by_answer[YES]) == 19


def test_noise_and_models_are_judged_by_another_metric():
    found = facts(kinds=("noisy", "model"), scored_by="true_value")
    items = answers(found)
    assert items["Are noisy problems judged without noise?"].answer == YES
    assert items["Are models judged on unseen data?"].answer == YES
    items = answers(facts(kinds=("model",)))
    assert items["Are models judged on unseen data?"].answer == NO


def test_versions_and_machines_must_be_known_and_the_same():
    found = made.results()
    versions = "Are versions recorded?"
    item = answers(found, versions={"optuna": ("4.7.0", "5.0.0")})[versions]
    assert item.answer == NO
    assert item.because == "several versions took part of optuna"
    assert answers(found, versions={})[versions].answer == NO
    hardware = "Is the hardware recorded, and one?"
    assert answers(found, machines=())[hardware].answer == NO
    assert answers(found, machines=("a", "b"))[hardware].answer == NO
    assert answers(found)[hardware].because == "2 cores, Linux on x86_64"


def test_a_pair_alone_needs_no_correction():
    items = answers(made.results(5, 2))
    assert items["Are many tests corrected for?"].answer == NONE
    assert (
        answers(made.results(5, 1))[
            "Does every p have an effect and an interval?"
        ].answer
        == NONE
    )


def test_options_and_starts_are_told():
    found = made.results()
    options = dict.fromkeys(found.optimizers, "") | {"skopt:gp": "acq_func='EI'"}
    items = answers(found, options=options, shared=(3,))
    assert "skopt:gp" in items["Are the optimizers' options recorded?"].because
    assert "same 3 points" in items["Is it known how they began?"].because


def test_power_is_what_the_verdict_says_of_it():
    question = "Are there enough problems or seeds for 80 % power?"
    few = answers(made.results(4, 3))[question]
    assert few.answer == NO
    assert few.because.startswith("4 problems part no best one")
    assert answers(made.results(1, 1))[question].answer == NONE
    many = made.results(40, 3)
    best = many.best.copy()
    best[:, 2] /= 1000
    assert answers(replace(many, best=best))[question].answer == YES
