"""The host kit passes a right host, and each wrong one fails what it breaks."""

from __future__ import annotations

from typing import ClassVar

import pytest

from hpbridge.contract.registry import registry
from hpbridge.testing import HostConformance, check_host
from hpbridge.testing.host_checks import HOSTS
from hpbridge.testing.host_conformance import pairs
from tests import wrong_hosts as wrong

WRONG = {
    wrong.NamesNoOptimizer: {"record"},
    wrong.DrawsTheFirst: {"parity", "told", "direction", "bad_outcomes", "exhausted"},
    wrong.Rounds: {"parity", "told", "direction", "bad_outcomes", "exhausted"},
    wrong.DropsTheSeed: {"parity", "seed", "resumed"},
    wrong.FixesTheSeed: {"seed"},
    wrong.RefusesLate: {"refusals"},
    wrong.RefusesInItsOwnWords: {"refusals"},
    wrong.RefusesNothing: {"refusals"},
    wrong.ForgetsToTell: {"told", "direction", "one_at_a_time", "bad_outcomes"},
    wrong.TellsTwice: {"told", "direction", "bad_outcomes"},
    wrong.ObservesItsOwn: {"told", "one_at_a_time"},
    wrong.TellsWrongValues: {"told", "direction", "bad_outcomes"},
    wrong.IgnoresTheDirection: {"direction"},
    wrong.AsksAhead: {"one_at_a_time", "told", "bad_outcomes"},
    wrong.TakesFailuresForValues: {"bad_outcomes"},
    wrong.StopsAtAFailure: {"bad_outcomes"},
    wrong.RaisesAtTheEnd: {"exhausted"},
    wrong.GoesRoundAgain: {"exhausted"},
    wrong.ForgetsHalfway: {"resumed"},
}


def failures(hosted):
    # Of one that does not learn: quick, and enough to see what a host spoils.
    results = check_host(hosted, optimizers=["random:random"])
    return {result.check: result.message for result in results if not result.passed}


def test_a_right_host_keeps_every_rule():
    assert failures(wrong.hosted(wrong.Loop)) == {}


@pytest.mark.parametrize("loop", WRONG, ids=lambda loop: loop.__name__)
def test_a_wrong_host_fails_what_it_breaks(loop):
    found = failures(wrong.hosted(loop))
    assert found.keys() == WRONG[loop]
    for check, message in found.items():
        assert f"host 'loop', {check}: expected " in message
        assert HOSTS.checks[check].sentence in message


def test_every_check_can_fail():
    assert set().union(*WRONG.values()) == set(HOSTS.checks)


def test_a_spy_leaves_no_trace():
    before = dict(registry().backends)
    failures(wrong.hosted(wrong.Loop))
    assert dict(registry().backends) == before


def test_every_optimizer_is_tried_and_of_a_slow_host_the_defaults():
    quick = wrong.hosted(wrong.Loop)
    tried = [optimizer for check, optimizer in pairs(quick) if check == "parity"]
    assert {"optuna:tpe", "optuna:random", "skopt:gp"} <= {*tried}
    slow = [name for _, name in pairs(wrong.replace(quick, is_quick=False)) if name]
    defaults = [
        f"{s.name}:{s.default}"
        for s in registry().libraries.values()
        if not s.algorithms[s.default].is_staged
    ]
    assert slow == defaults


def test_what_is_not_installed_is_skipped_with_the_reason():
    spec = wrong.replace(wrong.SPEC, requires=("a-library-that-nobody-has>=1",))
    hosted = wrong.replace(wrong.hosted(wrong.Loop), spec=spec)
    # Of one that does not learn: quick, and enough to see what a host spoils.
    results = check_host(hosted, optimizers=[])
    reasons = {result.skipped_reason for result in results}
    assert reasons == {"not installed: a-library-that-nobody-has>=1"}


def test_an_expected_failure_of_no_check_is_refused():
    with pytest.raises(ValueError, match="names no check: \\['tolled'\\]"):

        class TestMisspelt(HostConformance):
            hosted = wrong.hosted(wrong.Loop)
            expected_failures: ClassVar = {"tolled": "a typo"}


@pytest.mark.parametrize("loop", wrong.OTHERS, ids=lambda loop: loop.__name__)
def test_a_mistake_of_a_hosts_author_is_found(loop):
    assert failures(wrong.hosted(loop))
