"""The quick way of TPE proposes what `tpe.suggest` does, or is given up."""

from __future__ import annotations

import math

import pytest
from hyperopt import tpe as library

import hpbridge as hpb
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.testing.parity import PARITY_SPACES, bowl
from hpbridge.trial import State
from hpbridge_hyperopt import SPEC
from hpbridge_hyperopt.backend.tpe import QuickTpe

FLOATS = PARITY_SPACES["float"]


def tpe(space, **given):
    options = read_options("tpe", SPEC.algorithms["tpe"].options, given)
    return SPEC.create(Problem(space), SPEC.algorithms["tpe"], options, 5)


def run(optimizer, n_trials=45):
    """Ask and tell, now and then what failed, is NaN, or waits for the next."""
    found = []
    waiting = []
    for number in range(n_trials):
        suggestion = optimizer.ask()
        found.append(suggestion.params)
        value = math.nan if number % 11 == 7 else bowl(suggestion.params)
        state = State.FAILED if number % 5 == 3 else State.COMPLETE
        outcome = Outcome(State.PRUNED) if number == 12 else Outcome(state, (value,))
        waiting.append((suggestion, outcome))
        while waiting and number % 7 != 2:
            optimizer.tell(*waiting.pop())
    return found


def theirs_and_ours(space, **options):
    theirs, ours = tpe(space, **options), tpe(space, **options)
    theirs._trust.lost_because = "it is asked for"
    return run(theirs), run(ours), ours


@pytest.fixture
def proposed(monkeypatch):
    """The ids of the trials that were ours to propose."""
    made = []
    plain = QuickTpe._propose

    def noted(self, tid, *args):
        made.append(tid)
        return plain(self, tid, *args)

    monkeypatch.setattr(QuickTpe, "_propose", noted)
    return made


@pytest.mark.parametrize("name", PARITY_SPACES)
@pytest.mark.parametrize(
    "options", [{}, {"n_startup_jobs": 0, "gamma": 0.5, "prior_weight": 0.5}]
)
def test_every_proposal_is_the_same_and_ours(name, options, proposed):
    theirs, ours, optimizer = theirs_and_ours(PARITY_SPACES[name], **options)
    assert ours == theirs
    assert optimizer.notes == ()
    assert len(proposed) > 20
    assert proposed[-1] == 44


def test_foreign_history_counts():
    def observed(optimizer):
        for k in range(25):
            params = dict.fromkeys(FLOATS, 0.1 * k)
            optimizer.observe(params, Outcome(State.COMPLETE, (bowl(params),)))
        return run(optimizer, 10)

    plain = tpe(FLOATS)
    plain._trust.lost_because = "it is asked for"
    assert observed(tpe(FLOATS)) == observed(plain)


def gone(*_args):
    msg = "module 'hyperopt.tpe' has no attribute 'build_posterior_wrapper'"
    raise AttributeError(msg)


PLAIN_PROPOSE = QuickTpe._propose


def another_bit(self, tid, *args):
    return moved(PLAIN_PROPOSE(self, tid, *args))


def moved(docs):
    """Return documents with each value another one, by a bit."""
    for values in docs[0]["misc"]["vals"].values():
        values[:] = [math.nextafter(value, math.inf) for value in values]
    return docs


@pytest.mark.parametrize("change", [another_bit, gone], ids=["a bit", "an error"])
def test_a_difference_is_noticed_before_it_is_proposed(change, monkeypatch):
    monkeypatch.setattr(QuickTpe, "_propose", change)
    theirs, ours, optimizer = theirs_and_ours(FLOATS)
    assert ours == theirs
    (note,) = optimizer.notes
    assert note.startswith("the quick way of hyperopt:tpe was given up")


def test_an_error_between_two_looks_is_not_the_users(monkeypatch):
    asked = []

    def late(self, tid, *args):
        asked.append(tid)
        return (gone if len(asked) == 7 else PLAIN_PROPOSE)(self, tid, *args)

    monkeypatch.setattr(QuickTpe, "_propose", late)
    theirs, ours, optimizer = theirs_and_ours(FLOATS)
    assert ours == theirs
    assert "fails at its proposal 7" in optimizer.notes[0]
    assert len(asked) == 7


def test_a_change_that_shows_late_is_noticed_within_64_proposals(monkeypatch):
    def late(self, tid, *args):
        return (another_bit if tid >= 66 else PLAIN_PROPOSE)(self, tid, *args)

    monkeypatch.setattr(QuickTpe, "_propose", late)
    optimizer = tpe(FLOATS, n_startup_jobs=1)
    for number in range(1, 130):
        suggestion = optimizer.ask()
        outcome = Outcome(State.COMPLETE, (bowl(suggestion.params),))
        optimizer.tell(suggestion, outcome)
        assert bool(optimizer.notes) == (number == 129)
    assert "at its proposal 128, and may since proposal 65" in optimizer.notes[0]


def test_a_study_says_that_the_quick_way_was_given_up(monkeypatch):
    monkeypatch.setattr(QuickTpe, "_propose", gone)
    study = hpb.run(
        hpb.Experiment(name="bowl", objective=bowl, space=FLOATS),
        "hyperopt:tpe",
        n_trials=7,
        seed=0,
        options={"n_startup_jobs": 5},
        store=":memory:",
    )
    (note,) = (note for note in study.notes if "quick way" in note)
    assert "no attribute 'build_posterior_wrapper'" in note


@pytest.mark.parametrize("change", [another_bit, gone], ids=["a bit", "an error"])
def test_the_doctor_is_told_that_the_quick_way_is_given_up(change, monkeypatch):
    monkeypatch.setattr(QuickTpe, "_propose", change)
    (problem,) = SPEC.upstream()
    assert problem.startswith("the quick way of hyperopt:tpe was given up")


def test_the_program_is_built_once(monkeypatch):
    optimizer = tpe(FLOATS)
    for _ in range(24):
        suggestion = optimizer.ask()
        outcome = Outcome(State.COMPLETE, (bowl(suggestion.params),))
        optimizer.tell(suggestion, outcome)
    monkeypatch.setattr(library, "build_posterior_wrapper", gone)
    assert optimizer.ask().params  # the fifth after the random ones: none to look at


def test_random_trials_build_no_program(monkeypatch):
    built = []
    plain = library.build_posterior_wrapper

    def noted(*args):
        built.append(args)
        return plain(*args)

    monkeypatch.setattr(library, "build_posterior_wrapper", noted)
    optimizer = tpe(FLOATS)
    for _ in range(20):
        optimizer.ask()
    assert len(built) == 1  # of the first one, which the library proposes too


def test_another_random_trial_is_noticed_at_the_first(monkeypatch):
    plain = QuickTpe._draw

    def another(*args):
        return moved(plain(*args))

    monkeypatch.setattr(QuickTpe, "_draw", staticmethod(another))
    theirs, ours, optimizer = theirs_and_ours(FLOATS)
    assert ours == theirs
    assert "it differs at its proposal 1" in optimizer.notes[0]
