"""The quick way of TPE proposes what `tpe.suggest` does, or is given up."""

from __future__ import annotations

import math

import pytest
from hyperopt import tpe as library

from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.testing.parity import PARITY_SPACES, bowl
from hpbridge.trial import State
from hpbridge_hyperopt import SPEC
from hpbridge_hyperopt.backend.tpe import LeanTpe

FLOATS = PARITY_SPACES["float"]


def tpe(space, **given):
    options = read_options("tpe", SPEC.algorithms["tpe"].options, given)
    return SPEC.create(Problem(space), "tpe", options, 5)


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
    theirs._suggest._is_trusted = False
    return run(theirs), run(ours), ours._suggest


@pytest.fixture
def proposed(monkeypatch):
    """The ids of the trials that were ours to propose."""
    made = []
    plain = LeanTpe._propose

    def noted(self, tid, *args):
        made.append(tid)
        return plain(self, tid, *args)

    monkeypatch.setattr(LeanTpe, "_propose", noted)
    return made


@pytest.mark.parametrize("name", PARITY_SPACES)
@pytest.mark.parametrize(
    "options", [{}, {"n_startup_jobs": 0, "gamma": 0.5, "prior_weight": 0.5}]
)
def test_every_proposal_is_the_same_and_ours(name, options, proposed):
    theirs, ours, suggest = theirs_and_ours(PARITY_SPACES[name], **options)
    assert ours == theirs
    assert suggest._is_trusted
    assert len(proposed) > 20
    assert proposed[-1] == 44


def test_foreign_history_counts():
    def observed(optimizer):
        for k in range(25):
            params = dict.fromkeys(FLOATS, 0.1 * k)
            optimizer.observe(params, Outcome(State.COMPLETE, (bowl(params),)))
        return run(optimizer, 10)

    plain = tpe(FLOATS)
    plain._suggest._is_trusted = False
    assert observed(tpe(FLOATS)) == observed(plain)


def gone(*_args):
    msg = "module 'hyperopt.tpe' has no attribute 'build_posterior_wrapper'"
    raise AttributeError(msg)


def changed_propose(self, tid, *args):
    doc = PLAIN_PROPOSE(self, tid, *args)
    for values in doc["misc"]["vals"].values():
        values[:] = [math.nextafter(value, math.inf) for value in values]
    return doc


PLAIN_PROPOSE = LeanTpe._propose


@pytest.mark.parametrize("change", [changed_propose, gone], ids=["a bit", "an error"])
def test_a_difference_is_noticed_before_it_is_proposed(change, monkeypatch):
    monkeypatch.setattr(LeanTpe, "_propose", change)
    theirs, ours, suggest = theirs_and_ours(FLOATS)
    assert ours == theirs
    assert not suggest._is_trusted


def test_the_program_is_built_once(monkeypatch):
    optimizer = tpe(FLOATS)
    for _ in range(24):
        suggestion = optimizer.ask()
        outcome = Outcome(State.COMPLETE, (bowl(suggestion.params),))
        optimizer.tell(suggestion, outcome)
    monkeypatch.setattr(library, "build_posterior_wrapper", gone)
    assert optimizer.ask().params  # the fifth after the random ones: none to look at
