"""The pruner kit passes right pruners, and each wrong one fails what it breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from hpbridge.contract.registry import registry
from hpbridge.testing import PrunerConformance, check_pruner
from hpbridge.testing.pruner_checks import PRUNERS
from tests import wrong_pruners as wrong

OPTIONS = {
    "percentile": {"percentile": 25.0},
    "threshold": {"upper": 1.5},
    "patient": {"patience": 3, "wrapped": "median"},
}

WATCHING = {"same", "studies", "known", "begin_again", "odd_reports", "ends", "decides"}
WATCHING |= {"pickles", "quiet"}

WRONG = {
    wrong.SaysNothing: {"record"},
    wrong.NamesNoVersion: {"record"},
    wrong.KeepsADate: {"options"},
    wrong.KeepsATuple: {"options"},
    wrong.Thaws: {"options"},
    wrong.MakesAFunction: WATCHING | {"quick"},
    wrong.TossesACoin: WATCHING - {"odd_reports", "ends", "decides"},
    wrong.SharesItsSums: {"same", "studies", "begin_again"},
    wrong.CountsReports: {"known", "begin_again"},
    wrong.ForgetsTheRecord: {"known"},
    wrong.RemembersTheDead: {"begin_again"},
    wrong.IsAfraidOfNaN: {"same", "known", "odd_reports", "quiet"},
    wrong.SaysTrue: WATCHING,
    wrong.WantsReports: {"ends"},
    wrong.EndsNobody: {"decides"},
    wrong.EndsAll: {"decides"},
    wrong.HoldsALock: {"pickles"},
    wrong.LosesItself: {"pickles"},
    wrong.Talks: {"quiet"},
    wrong.DrawsFromTheProcess: {"quiet"},
    wrong.ReadsItAll: {"quick"},
}


def failures(spec, **given):
    results = check_pruner(spec, **given)
    return {result.check: result.message for result in results if not result.passed}


def test_a_right_pruner_keeps_every_rule():
    assert failures(wrong.spec(wrong.Mean)) == {}


@pytest.mark.parametrize("name", registry().pruners)
def test_ours_keep_every_rule(name):
    spec = registry().pruner(name)
    results = check_pruner(spec, options=OPTIONS.get(name, {}))
    assert [r.message for r in results if not r.passed] == []
    assert not any(result.skipped_reason for result in results)


@pytest.mark.parametrize("pruner", WRONG, ids=lambda pruner: pruner.__name__)
def test_a_wrong_pruner_fails_what_it_breaks(pruner):
    found = failures(wrong.spec(pruner))
    assert found.keys() == WRONG[pruner]
    for check, message in found.items():
        assert f"pruner 'mean', {check}: expected " in message
        assert PRUNERS.checks[check].sentence in message


def test_the_pruner_of_the_tutorial_keeps_every_rule():
    text = (Path(__file__).parents[2] / "plugins" / "README.md").read_text()
    (block,) = [b for b in text.split("```python\n") if "class BeyondTheWorst" in b]
    names: dict[str, object] = {}
    exec(compile(block.partition("```")[0], "README.md", "exec"), names)
    assert failures(names["PRUNER"]) == {}


def test_every_check_can_fail():
    assert set().union(*WRONG.values()) == set(PRUNERS.checks)


def test_what_cannot_be_tried_is_skipped_with_the_reason():
    spec = wrong.spec(wrong.Mean, requires=("a-library-that-nobody-has>=1",))
    reasons = {result.skipped_reason for result in check_pruner(spec)}
    assert reasons == {"not installed: a-library-that-nobody-has>=1"}
    for name in OPTIONS:
        (reason,) = {r.skipped_reason for r in check_pruner(registry().pruner(name))}
        assert reason.startswith("the kit must be told options: ")
        assert "must be given" in reason


def test_an_expected_failure_of_no_check_is_refused():
    with pytest.raises(ValueError, match="names no check: \\['knwon'\\]"):

        class TestMisspelt(PrunerConformance):
            spec = wrong.spec(wrong.Mean)
            expected_failures: ClassVar = {"knwon": "a typo"}


class TestMean(PrunerConformance):
    spec = replace(wrong.spec(wrong.Mean), name="mean:half")
    options: ClassVar = {"share": 0.5}
