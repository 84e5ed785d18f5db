"""The quick way of TPE proposes what Optuna's own does, or is given up."""

from __future__ import annotations

import copy
import math

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial

import hpbridge as hpb
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.space.parameters import Float
from hpbridge.space.space import Space
from hpbridge.testing.parity import PARITY_SPACES, bowl
from hpbridge.trial import State
from hpbridge_optuna import SPEC
from hpbridge_optuna.backend import tpe as quick_tpe
from hpbridge_optuna.backend.storage import LeanTrial, lean

FLOATS = PARITY_SPACES["float"]


def tpe(space, n_constraints=0, **given):
    options = read_options("optuna:tpe", SPEC.algorithms["tpe"].options, given)
    return SPEC.create(
        Problem(space, 1, n_constraints), SPEC.algorithms["tpe"], options, 5
    )


def sampler_of(optimizer):
    return optimizer._study.sampler


def asked(optimizer, n_trials, outcome_of):
    found = []
    for number in range(n_trials):
        suggestion = optimizer.ask()
        found.append(suggestion.params)
        optimizer.tell(suggestion, outcome_of(number, suggestion.params))
    return found


def complete(_number, params):
    return Outcome(State.COMPLETE, (bowl(params),))


def failed_now_and_then(number, params):
    return Outcome(State.FAILED) if number % 5 == 3 else complete(number, params)


def pruned_late(number, params):
    return Outcome(State.PRUNED) if number == 30 else complete(number, params)


def with_equal_and_infinite_values(number, _params):
    return Outcome(State.COMPLETE, (math.inf if number % 3 else float(number % 4),))


def theirs_and_ours(space, outcome_of, n_trials=45, n_constraints=0, **options):
    theirs = tpe(space, n_constraints, **options)
    sampler_of(theirs).trust.lost_because = "not to be tried"
    ours = tpe(space, n_constraints, **options)
    same = asked(theirs, n_trials, outcome_of), asked(ours, n_trials, outcome_of)
    return *same, sampler_of(ours)


@pytest.fixture
def proposed(monkeypatch):
    """Whether each proposal was ours to make, in order."""
    made = []
    plain = quick_tpe.QuickTPESampler._propose

    def noted(self, *args):
        found = plain(self, *args)
        made.append(found is not None)
        return found

    monkeypatch.setattr(quick_tpe.QuickTPESampler, "_propose", noted)
    return made


@pytest.mark.parametrize("options", [{}, {"multivariate": False}, {"group": True}])
@pytest.mark.parametrize("name", PARITY_SPACES)
def test_every_proposal_is_the_same_and_ours(name, options, proposed):
    space = PARITY_SPACES[name]
    theirs, ours, sampler = theirs_and_ours(space, failed_now_and_then, **options)
    assert ours == theirs
    assert sampler.trust.lost_because == ""
    assert proposed
    assert all(proposed)


@pytest.mark.parametrize("options", [{}, {"group": True}])
def test_a_long_history_under_conditions_is_the_same(options, proposed):
    space = PARITY_SPACES["conditional"]
    theirs, ours, sampler = theirs_and_ours(space, complete, n_trials=150, **options)
    assert ours == theirs
    assert sampler.trust.lost_because == ""
    assert all(proposed)


@pytest.mark.parametrize("n_dimensions", [1, 8, 17])
def test_sums_over_many_parameters_round_the_same(n_dimensions, proposed):
    space = Space({f"x{k:02}": Float(-1, k + 1) for k in range(n_dimensions)})
    theirs, ours, sampler = theirs_and_ours(space, complete)
    assert ours == theirs
    assert sampler.trust.lost_because == ""
    assert all(proposed)


def test_equal_and_infinite_values_are_split_the_same(proposed):
    theirs, ours, sampler = theirs_and_ours(FLOATS, with_equal_and_infinite_values)
    assert ours == theirs
    assert sampler.trust.lost_because == ""
    assert all(proposed)


def test_after_a_pruned_trial_optuna_proposes(proposed):
    theirs, ours, _ = theirs_and_ours(FLOATS, pruned_late)
    assert ours == theirs
    assert proposed[0]
    assert not proposed[-1]


def test_under_constraints_optuna_proposes(proposed):
    def constrained(_number, params):
        value = bowl(params)
        return Outcome(State.COMPLETE, (value,), (1.0 - value,))

    theirs, ours, _ = theirs_and_ours(FLOATS, constrained, n_constraints=1)
    assert ours == theirs
    assert not any(proposed)


def test_beside_running_trials_optuna_proposes_and_ours_goes_on_after(proposed):
    def run(optimizer):
        found = asked(optimizer, 20, complete)
        waiting = [optimizer.ask() for _ in range(3)]
        found += [each.params for each in waiting]
        for each in reversed(waiting):
            optimizer.tell(each, complete(0, each.params))
        return found + asked(optimizer, 10, complete)

    plain = tpe(FLOATS)
    sampler_of(plain).trust.lost_because = "not to be tried"
    assert run(tpe(FLOATS)) == run(plain)
    assert False in proposed
    assert proposed[-1]


def test_foreign_history_is_followed(proposed):
    def run(optimizer):
        for k in range(15):
            params = dict.fromkeys(FLOATS, 0.1 * k)
            optimizer.observe(params, complete(k, params))
        return asked(optimizer, 10, complete)

    plain = tpe(FLOATS)
    sampler_of(plain).trust.lost_because = "not to be tried"
    assert run(tpe(FLOATS)) == run(plain)
    assert len(proposed) == 10
    assert all(proposed)


def test_where_a_parameter_once_had_another_range_optuna_proposes(proposed):
    def run(optimizer):
        wider = dict.fromkeys(FLOATS, FloatDistribution(-100, 100))
        params = dict.fromkeys(FLOATS, 0.5)
        trial = create_trial(value=0.5, params=params, distributions=wider)
        optimizer._study.add_trial(trial)
        return asked(optimizer, 25, complete)

    plain = tpe(FLOATS)
    sampler_of(plain).trust.lost_because = "not to be tried"
    assert run(tpe(FLOATS)) == run(plain)
    assert proposed
    assert not any(proposed)


def wrong_order(below, above, samples):
    return above.log_pdf(samples) - below.log_pdf(samples)


def one_draw_more(self, *args):
    found = PLAIN_PROPOSE(self, *args)
    self._rng.rng.uniform()
    return found


def renamed(*_args):
    msg = "no attribute '_mixture_distribution'"
    raise AttributeError(msg)


PLAIN_SCORES = quick_tpe._scores
PLAIN_PROPOSE = quick_tpe.QuickTPESampler._propose


@pytest.mark.parametrize(
    ("owner", "name", "change"),
    [
        (quick_tpe, "_scores", wrong_order),
        (quick_tpe, "_scores", renamed),
        (quick_tpe.QuickTPESampler, "_propose", one_draw_more),
    ],
    ids=["another value", "an error", "another draw"],
)
def test_a_difference_is_noticed_before_it_is_proposed(
    owner, name, change, monkeypatch
):
    monkeypatch.setattr(owner, name, change)
    theirs, ours, sampler = theirs_and_ours(FLOATS, complete)
    assert ours == theirs
    assert sampler.trust.lost_because


def test_a_change_that_shows_late_is_found_within_64_proposals(monkeypatch):
    n_scored = 0

    def wrong_from_65_on(below, above, samples):
        nonlocal n_scored
        n_scored += 1
        plain = PLAIN_SCORES(below, above, samples)
        return plain if n_scored < 65 else -plain

    monkeypatch.setattr(quick_tpe, "_scores", wrong_from_65_on)
    theirs, ours, sampler = theirs_and_ours(FLOATS, complete, n_trials=140)
    assert sampler.trust.lost_because == (
        "it differs at its proposal 128, and may since proposal 65"
    )
    n_random = read_options("optuna:tpe", SPEC.algorithms["tpe"].options, {})
    first_wrong = n_random.n_startup_trials + 64
    assert ours[:first_wrong] == theirs[:first_wrong]


def test_an_error_between_two_looks_falls_back_and_is_noted(monkeypatch):
    n_scored = 0

    def failing_at_the_seventh(below, above, samples):
        nonlocal n_scored
        n_scored += 1
        return renamed() if n_scored == 7 else PLAIN_SCORES(below, above, samples)

    monkeypatch.setattr(quick_tpe, "_scores", failing_at_the_seventh)
    plain = tpe(FLOATS)
    sampler_of(plain).trust.lost_because = "not to be tried"
    optimizer = tpe(FLOATS)
    assert asked(optimizer, 40, complete) == asked(plain, 40, complete)
    (note,) = optimizer.notes
    assert "the quick way of optuna:tpe was given up" in note
    assert "it fails at its proposal 7 with AttributeError" in note


def bowl_of_trial(trial):
    return bowl({name: trial[name] for name in FLOATS})


def test_the_study_says_that_the_quick_way_was_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(quick_tpe, "_scores", renamed)
    experiment = hpb.Experiment(objective=bowl_of_trial, space=FLOATS)
    settings = {"n_trials": 14, "seed": 0, "store": tmp_path / "store.db"}
    study = hpb.run(experiment, "optuna:tpe", **settings)
    (note,) = study.notes
    assert "the quick way of optuna:tpe was given up" in note
    assert hpb.load_study(study.name, settings["store"]).notes == study.notes


def test_a_copy_of_a_trial_shares_nothing_that_changes():
    trial = lean(
        create_trial(
            value=1.0,
            params={"x": 0.5},
            distributions={"x": FloatDistribution(0, 1)},
            user_attrs={"list": [1]},
            system_attrs={"text": "a"},
            intermediate_values={1: 0.5},
        )
    )
    copied = copy.deepcopy(trial)
    assert isinstance(copied, LeanTrial)
    assert copied == trial
    copied.params["x"] = 0.7
    copied.user_attrs["list"].append(2)
    copied.system_attrs["more"] = "b"
    copied.intermediate_values[2] = 0.1
    copied.value = 2.0
    assert trial.params == {"x": 0.5}
    assert trial.user_attrs == {"list": [1]}
    assert trial.system_attrs == {"text": "a"}
    assert trial.intermediate_values == {1: 0.5}
    assert trial.value == 1.0
