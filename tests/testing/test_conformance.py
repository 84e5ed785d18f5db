from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from hpbridge.contract.capabilities import (
    YES,
    Capabilities,
    Capability,
    Feature,
    Support,
    emulated,
    no,
)
from hpbridge.testing import BackendConformance, check_backend, marginal_checks
from hpbridge.testing.case import Case, cases_of, within
from hpbridge.testing.checks import CHECKS, CheckFailed, NotApplicable, run_check
from hpbridge.testing.marginal_checks import binomial_tails
from tests import wrong_plugins as wrong
from tests.wrong_plugins import RIGHT, declaring, spec_of

ROOT = Path(__file__).parents[2]


@dataclass
class Changeable:
    """Options that are not frozen."""

    depth: int = 1
    """How deep."""


@dataclass(frozen=True)
class Undocumented:
    depth: int = 1


RIGHT_ONES = {
    "random": RIGHT,
    "climber": spec_of(wrong.Climber, **wrong.LEARNS),
}

UNSAID = Capabilities(
    {f: c for f, c in wrong.ALGORITHM.capabilities.items() if f.name != "PENDING"}
)
MISSPELT = Capability(Support.EMULATED, encoding="logarithm")
ROUNDED = emulated("round")
SILENT = "trials = [objective, n_trials]"
PRIORS = (Feature.FLOAT_PRIOR, Feature.INT_PRIOR, Feature.QUANTIZED)
LOG_REFUSED = declaring({Feature.FLOAT_LOG: no("it is linear")})
METRICS_REFUSED = declaring({Feature.MULTI_OBJECTIVE: no("it takes one metric")})
HISTORY_REFUSED = declaring({Feature.FOREIGN_HISTORY: no("it is closed")})
UNEXPLAINED = declaring({Feature.CONSTRAINTS: Capability(Support.UNSUPPORTED)})

WRONG_ONES = {
    "lost log flag": (spec_of(wrong.LosesLogScale), {"log_scale"}),
    "lost log flag of ints": (spec_of(wrong.LosesLogScaleOfInts), {"log_scale"}),
    "excluded upper bound": (spec_of(wrong.ExcludesUpperBound), {"grid"}),
    "half-weight ends": (spec_of(wrong.HalvesTheEnds), {"grid", "big_ints"}),
    "quanta taken for steps": (spec_of(wrong.TakesQuantaForSteps), {"quantized"}),
    "half-weight ends of steps": (spec_of(wrong.RoundsStepsAtTheEnds), {"grid"}),
    "skewed floats": (spec_of(wrong.PicksLowFloats), {"uniform"}),
    "skewed choices": (spec_of(wrong.PrefersTheFirstChoice), {"categories"}),
    "ignored weights": (spec_of(wrong.IgnoresWeights), {"weights"}),
    "ignored priors": (spec_of(wrong.IgnoresPriors), {"priors"}),
    "ignored priors of ints": (spec_of(wrong.IgnoresPriorsOfInts), {"int_priors"}),
    "flattened conditions": (
        spec_of(wrong.ShowsInactiveParameters),
        {"active", "conditions"},
    ),
    "flattened shares": (spec_of(wrong.DrawsAmongLeaves), {"conditions"}),
    "flipped sign": (spec_of(wrong.ClimbsTheWrongWay, **wrong.LEARNS), {"direction"}),
    "does not learn": (
        spec_of(wrong.Wrapped, **wrong.LEARNS),
        {
            "direction",
            "foreign_history",
            "whose_outcome",
            "every_metric",
            "every_constraint",
        },
    ),
    "ignored seed": (spec_of(wrong.IgnoresSeed), {"seed"}),
    "seed from the clock": (
        spec_of(wrong.SeedsFromTheClock),
        {"seed", "replay", "restore", "explained_trials"},
    ),
    "floats for ints": (spec_of(wrong.ReturnsFloatsForInts), {"types", "big_ints"}),
    "leaked numpy float": (spec_of(wrong.LeaksNumpyFloats), {"types"}),
    "leaked numpy int": (spec_of(wrong.LeaksNumpyInts), {"types", "json"}),
    "an equal label": (spec_of(wrong.MistakesTrueForOne), {"types"}),
    "out by an ulp": (spec_of(wrong.MissesBoundByAnUlp), {"bounds"}),
    "repeated ids": (spec_of(wrong.RepeatsIds), {"ids"}),
    "mutated params": (spec_of(wrong.MutatesParams), {"nothing_is_mutated"}),
    "refused single value": (spec_of(wrong.RefusesSingleValues), {"single_values"}),
    "error at the end": (spec_of(wrong.EndsWithAnError), {"exhaustion", "big_ints"}),
    "only forbidden": (spec_of(wrong.ProposesOnlyForbidden), {"forbidden"}),
    "raises on NaN": (spec_of(wrong.RaisesOnNaN), {"bad_outcomes", "only_failures"}),
    "poisoned": (spec_of(wrong.IsPoisonedByInfinity), {"bad_outcomes"}),
    "serial": (spec_of(wrong.IsSerial), {"pending", "out_of_order", "replay"}),
    "wants order": (spec_of(wrong.WantsOrder), {"out_of_order", "replay"}),
    "one metric": (spec_of(wrong.TakesOneMetric), {"several_metrics"}),
    "over-claimed constraints": (spec_of(wrong.TakesNoConstraints), {"constraints"}),
    "over-claimed kind": (spec_of(wrong.CannotSearchOneFloat), {"declared_features"}),
    "over-claimed history": (
        spec_of(wrong.RefusesForeignHistory),
        {"foreign_history"},
    ),
    "forgotten history": (
        spec_of(wrong.ForgetsForeignHistory, **wrong.LEARNS),
        {"foreign_history"},
    ),
    "unexpected history": (
        spec_of(wrong.Wrapped, capabilities=HISTORY_REFUSED),
        {"foreign_history"},
    ),
    "not replayable": (spec_of(wrong.NeedsItsOwnObjects), {"replay"}),
    "reseeds the global RNG": (spec_of(wrong.ReseedsGlobalRng), {"global_rngs"}),
    "draws from global NumPy": (spec_of(wrong.DrawsFromGlobalNumpy), {"global_rngs"}),
    "sets a log level": (spec_of(wrong.SetsLogLevel), {"global_settings"}),
    "prints": (spec_of(wrong.Prints), {"output"}),
    "does not refuse a kind": (
        spec_of(wrong.Wrapped, capabilities=LOG_REFUSED),
        {"refusals"},
    ),
    "does not refuse metrics": (
        spec_of(wrong.Wrapped, capabilities=METRICS_REFUSED),
        {"refusals"},
    ),
    "fails at a size": (spec_of(wrong.OverflowsLate), {"sizes", "big_ints"}),
    "says nothing of a feature": (
        spec_of(wrong.Wrapped, capabilities=UNSAID),
        {"all_features_declared"},
    ),
    "unknown encoding": (
        dataclasses.replace(
            spec_of(
                wrong.Wrapped, capabilities=declaring({Feature.FLOAT_LOG: MISSPELT})
            ),
            explain=lambda *_: SILENT,
        ),
        {"notes", "explained_trials"},
    ),
    "unexplained refusal": (
        spec_of(wrong.TakesNoConstraints, capabilities=UNEXPLAINED),
        {"notes"},
    ),
    "options not frozen": (
        spec_of(wrong.Wrapped, options=Changeable),
        {"options", "options_matter"},
    ),
    "options without words": (
        spec_of(wrong.Wrapped, options=Undocumented),
        {"options", "options_matter"},
    ),
    "broken source": (
        dataclasses.replace(RIGHT, explain=lambda *_: "for trial in:"),
        {"explain", "explained_trials"},
    ),
    "source without trials": (
        dataclasses.replace(RIGHT, explain=lambda *_: "objective, n_trials"),
        {"explain", "explained_trials"},
    ),
    "silent emulation": (
        dataclasses.replace(
            spec_of(wrong.Wrapped, capabilities=declaring({Feature.INT: ROUNDED})),
            explain=lambda *_: SILENT,
        ),
        {"encodings", "explained_trials"},
    ),
    "answers nothing while a trial runs": (
        spec_of(wrong.Wrapped, capabilities=declaring({Feature.DEFINE_BY_RUN: YES})),
        {"define_by_run"},
    ),
    "upper-case name": (dataclasses.replace(RIGHT, name="Random2"), {"names"}),
    "requirement without bound": (
        dataclasses.replace(RIGHT, requires=("hypothesis",)),
        {"requirements"},
    ),
    "imports its library": (
        dataclasses.replace(RIGHT, requires=("pluggy>=1",)),
        {"import"},
    ),
}


def failed(spec):
    return {result.check for result in check_backend(spec) if not result.passed}


@pytest.mark.parametrize("name", RIGHT_ONES)
def test_a_right_plugin_passes_every_check(name):
    assert failed(RIGHT_ONES[name]) == set()


def first_and_further():
    """Return those that alone fail some check of those so far, and the others."""
    known, first, further = set(), [], []
    for name, (_, expected) in WRONG_ONES.items():
        (further if expected <= known else first).append(name)
        known |= expected
    return first, further


FIRST, FURTHER = first_and_further()


@pytest.mark.parametrize("name", FIRST)
def test_a_wrong_plugin_fails_the_check_for_its_mistake_and_no_other(name):
    spec, expected = WRONG_ONES[name]
    assert failed(spec) == expected


@pytest.mark.parametrize("name", FURTHER)
def test_another_wrong_plugin_fails_the_checks_for_its_mistake(name):
    spec, expected = WRONG_ONES[name]
    (case,) = cases_of(spec, spec.algorithms).values()
    results = [run_check(CHECKS[check], case) for check in expected]
    assert [result.check for result in results if result.passed] == []


def test_every_check_has_its_rule_in_words():
    assert [check.name for check in CHECKS.values() if not check.sentence] == []


def test_a_failure_says_who_what_was_expected_what_was_seen_and_the_rule():
    results = check_backend(spec_of(wrong.ReturnsFloatsForInts))
    (failure,) = [r for r in results if r.check == "types"]
    assert failure.algorithm == "random"
    assert failure.message == (
        "random:random, types: expected 'n' to be a Python int; saw 2.0 of type float. "
        "Rule: Every value is exactly a float, an int, or the user's own label. "
        "(contract rule 3, in the space, in plain Python)"
    )


def test_results_come_as_they_are_made():
    seen = []
    results = check_backend(RIGHT, algorithms=["random"], on_result=seen.append)
    assert seen == results
    assert {result.check for result in results} == set(CHECKS)
    assert all(result.seconds >= 0 for result in results)


def test_an_algorithm_that_is_not_installed_is_skipped_with_the_reason():
    results = check_backend(spec_of(wrong.Prints, requires=("no-such-thing>=1",)))
    reasons = {result.skipped_reason for result in results if result.algorithm}
    assert reasons == {"not installed: no-such-thing>=1"}
    assert all(result.passed for result in results)


def test_what_is_not_declared_is_skipped_with_the_reason():
    serial = declaring({Feature.PENDING: no("one at a time")})
    results = check_backend(spec_of(wrong.IsSerial, capabilities=serial))
    skipped = {result.check: result.skipped_reason for result in results}
    assert skipped["pending"] == ("several at once: the library cannot (one at a time)")


def test_where_scipy_is_missing_undeclared_priors_are_skipped(monkeypatch):
    for name in ("b", "p"):  # whose priors are of scipy
        monkeypatch.delitem(marginal_checks.SPACE, name)
    undeclared = declaring(dict.fromkeys(PRIORS, no("it knows none")))
    spec = spec_of(wrong.Wrapped, capabilities=undeclared)
    case = Case(spec, next(iter(spec.algorithms)))
    with pytest.raises(NotApplicable, match=r"this kind of Float$"):
        marginal_checks.check_priors(case)
    with pytest.raises(NotApplicable, match=r"this kind of Int, Quantized$"):
        marginal_checks.check_int_priors(case)


def test_a_hang_is_a_failure():
    end = threading.Event()
    with pytest.raises(CheckFailed, match=r"an end within 0\.05 s; saw none: it hangs"):
        within(0.05, end.wait)
    end.set()


def test_binomial_tails_are_exact():
    # Of 4 fair coins: 1, 4, 6, 4, 1 of 16 ways.
    below, above = binomial_tails(1, 4, 0.5)
    assert below == pytest.approx(5 / 16)
    assert above == pytest.approx(15 / 16)


PLUGIN_TESTS = """
from hpbridge.testing import BackendConformance
from tests import wrong_plugins as wrong

class TestRight(BackendConformance):
    spec = wrong.RIGHT

class TestExplained(BackendConformance):
    spec = wrong.spec_of(wrong.Prints)
    expected_failures = {"output": "the library prints a table"}

class TestExplainedForOneAlgorithm(BackendConformance):
    spec = wrong.spec_of(wrong.Prints)
    expected_failures = {("output", "random"): "the library prints a table"}

class TestWrong(BackendConformance):
    spec = wrong.spec_of(wrong.Prints)

class TestOutdated(BackendConformance):
    spec = wrong.RIGHT
    expected_failures = {"json": "mended long ago"}
"""


def test_the_class_fails_where_the_plugin_is_wrong_or_better_than_expected(
    tmp_path,
):
    file = tmp_path / "test_plugin.py"
    file.write_text(PLUGIN_TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rfEx", "--no-header", str(file)]
    command += ["-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-n0"]
    command += ["-k", "output or json or types"]  # all of them: see the tests above
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300
    )
    lines = [s for s in done.stdout.splitlines() if s.startswith(("FAILED", "XFAIL"))]
    found = [line.partition("::")[2].partition("]")[0] for line in lines]
    assert sorted(found) == [
        "TestExplained::test_conforms[output-random",
        "TestExplainedForOneAlgorithm::test_conforms[output-random",
        "TestOutdated::test_conforms[json-random",
        "TestWrong::test_conforms[output-random",
    ]
    assert "json passes, but is expected to fail: mended long ago" in done.stdout
    assert "2 failed" in done.stdout
    assert "2 xfailed" in done.stdout


def test_an_expected_failure_of_no_check_is_refused():
    with pytest.raises(ValueError, match="names no check: \\['jsno'\\]"):

        class TestMisspelt(BackendConformance):
            spec = RIGHT
            expected_failures: ClassVar = {"jsno": "a typo"}
