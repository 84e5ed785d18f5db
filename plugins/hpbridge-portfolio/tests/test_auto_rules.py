"""The rules of `auto`: which optimizer for which space, budget and installation."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.errors import BackendError
from hpbridge.plugin import Occasion, Problem, Standing
from hpbridge_portfolio.auto.choosing import resolve
from hpbridge_portfolio.auto.evidence import evidence, sentence_of
from hpbridge_portfolio.auto.rules import LAST, MANY_TRIALS, OTHERWISE, RULES
from hpbridge_portfolio.auto.traits import USUAL_TRIALS, Traits

NUMBERS = {"x": hpb.Float(0, 1), "n": hpb.Int(1, 9), "l": hpb.Float(1e-3, 1, log=True)}
ORDERED = {**NUMBERS, "size": hpb.Categorical(["s", "m", "l"], ordered=True)}
CHOICES = {**NUMBERS, "kind": hpb.Categorical(["a", "b"])}
WHEN = {
    "kind": hpb.Categorical(["a", "b"], ordered=True),
    "x": hpb.Float(0, 1, when={"kind": "a"}),
}


def occasion(space=NUMBERS, *, n_trials=30, workers=1, can=None, **problem):
    """Return an occasion on which some optimizers can run; by default all."""
    is_growing = problem.pop("is_growing", False)

    def standing(name: str) -> Standing:
        if can is None or name in can:
            return Standing()
        library = name.partition(":")[0]
        return Standing("it is not installed", f"pip install {library}")

    return Occasion(
        problem=Problem(hpb.Space(space), **problem),
        is_growing=is_growing,
        n_trials=n_trials,
        workers=workers,
        standing=standing,
    )


def rule_of(given: Occasion) -> str:
    traits = Traits.of(given)
    return next(rule.name for rule in RULES if rule.applies(traits))


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (occasion(is_growing=True), "growing"),
        (occasion(n_objectives=2), "metrics"),
        (occasion(CHOICES, n_objectives=3, n_constraints=1), "metrics"),
        (occasion(n_constraints=1), "bounds"),
        (occasion(CHOICES, n_constraints=2), "bounds"),
        (occasion(CHOICES), "categories"),
        (occasion(CHOICES, n_trials=10_000), "categories"),
        (occasion(WHEN), "categories"),
        (occasion(ORDERED), "few trials"),
        (occasion(n_trials=MANY_TRIALS - 1), "few trials"),
        (occasion(n_trials=MANY_TRIALS), "many trials"),
        (occasion({"x": hpb.Float(0, 1)}, n_trials=MANY_TRIALS), "one number"),
        (occasion({"x": hpb.Categorical(["a", "b"])}), "categories"),
        (occasion(n_trials=None), "few trials"),
    ],
)
def test_a_rule_for_every_kind_of_problem(given, rule):
    assert rule_of(given) == rule
    chosen = resolve(given)
    candidates = next(each.candidates for each in RULES if each.name == rule)
    assert chosen.optimizer == candidates[0]
    assert chosen.reasons[0].startswith(f"auto chose {candidates[0]} for ")


def test_the_reason_tells_what_was_looked_at():
    said = resolve(occasion(CHOICES, n_trials=40, workers=8)).reasons[0]
    assert said.endswith(
        "for 4 parameters, 1 without an order; 40 trials; 8 at the same time"
    )
    said = resolve(occasion(n_objectives=2, n_constraints=1)).reasons[0]
    assert "3 parameters, all of numbers; 2 metrics; 1 metric with a bound" in said
    said = resolve(occasion(WHEN, n_trials=None)).reasons[0]
    assert "2 parameters, some under conditions" in said
    assert f"trials that is not known, taken as {USUAL_TRIALS}" in said
    assert "defined while trials run" in resolve(occasion(is_growing=True)).reasons[0]


def test_what_would_come_first_is_said_with_how_it_installs():
    given = occasion(can={"optuna:tpe"})
    rule = next(each for each in RULES if each.name == "few trials")
    assert rule.candidates[0] != "optuna:tpe"
    chosen = resolve(given)
    assert chosen.optimizer == "optuna:tpe"
    better = rule.candidates[0]
    command = f"`pip install {better.split(':')[0]}`"
    assert any(
        text.startswith(f"{better} would come before it: it is not") and command in text
        for text in chosen.reasons
    )


@pytest.mark.parametrize("name", OTHERWISE)
def test_otherwise_the_first_that_learns(name):
    chosen = resolve(occasion(CHOICES, can={name, *LAST}))
    assert chosen.optimizer == name


def test_at_last_what_does_not_learn_and_a_word_of_it():
    chosen = resolve(occasion(can={"random"}))
    assert chosen.optimizer == "random"
    assert "random learns nothing: nothing that does can run here" in chosen.reasons


def test_nothing_at_all_is_an_error_that_says_what_to_install():
    with pytest.raises(BackendError) as caught:
        resolve(occasion(can=()))
    text = str(caught.value)
    assert "auto found no optimizer for 3 parameters, all of numbers; 30 trials" in text
    assert "Hint: `pip install optuna`." in text


def test_the_same_occasion_has_the_same_answer():
    assert resolve(occasion(CHOICES)) == resolve(occasion(CHOICES))


def test_rules_follow_what_was_measured():
    ways = {
        "metrics": occasion(n_objectives=2),
        "bounds": occasion(n_constraints=1),
        "categories": occasion(CHOICES),
        "many trials": occasion(n_trials=MANY_TRIALS),
        "few trials": occasion(),
    }
    for name, part in evidence()["rules"].items():
        (rule,) = (each for each in RULES if each.name == name)
        ranks = part["ranks"]
        known = [each for each in rule.candidates if each in ranks]
        assert known == sorted(known, key=lambda each: ranks[each]["mean"]), name
        best = min(ranks.values(), key=lambda each: each["mean"])
        assert ranks[known[0]]["low"] <= best["mean"], name
        said = sentence_of(name, known[0])
        assert f"mean rank {ranks[known[0]]['mean']:.2f} of {len(ranks)}" in said
        assert any(said in text for text in resolve(ways[name]).reasons)
