"""Mistakes that the author of a plugin may well make: the kit finds each, and says how.

They were thought out without a look at the checks; see `tests/wrong_learners.py`.
"""

from __future__ import annotations

import dataclasses

import pytest

from hpbridge.contract.capabilities import (
    LEARNS_REPORTS,
    LEFT_OUT,
    NOT_LEARNT,
    Feature,
    no,
)
from hpbridge.testing import check_backend
from hpbridge.testing.case import cases_of
from hpbridge.testing.checks import CHECKS, run_check
from tests import wrong_learners as wrong
from tests.testing.test_conformance import WRONG_ONES
from tests.wrong_learners import CAPABILITIES, SOURCES, spec_of

WORST = {
    "failures told as 0.0": (
        spec_of(wrong.TellsFailuresAsZero),
        "failures",
        "never as 0.0",
    ),
    "told of the last one": (
        spec_of(wrong.TellsOfTheLastOne),
        "whose_outcome",
        "by `suggestion.id`, not the last or the oldest one",
    ),
    "an order taken from hash()": (
        spec_of(wrong.DrawsInHashOrder),
        "processes",
        "never draw or learn in the order of a set or of `hash`",
    ),
    "printed source that dies": (
        spec_of(source=SOURCES["a name that is not there"]),
        "explained_trials",
        "NameError: name 'Elite' is not defined, in line",
    ),
    "failures never told": (
        spec_of(wrong.NeverTellsOfFailures),
        "told_failures",
        "tell the library that the trial failed",
    ),
    "a list that studies share": (
        spec_of(wrong.SharesTheLibrary),
        "independence",
        "state that studies share",
    ),
    "a generator that studies share": (
        spec_of(wrong.SharesTheGenerator),
        "independence",
        "no global of a module, no attribute or mutable default of a class",
    ),
}
"""Those that give users wrong results and no error, with the cure that is named."""

OTHERS = {
    "told of the oldest one": (spec_of(wrong.TellsOfTheOldestOne), "whose_outcome"),
    "failures are the best": (spec_of(wrong.FailuresAreTheBestSoFar), "failures"),
    "failures are -inf": (spec_of(wrong.FailuresAreMinusInfinity), "failures"),
    "repeats what failed": (spec_of(wrong.RepeatsWhatFailed), "only_failures"),
    "maximizes": (spec_of(wrong.Maximizes), "direction"),
    "forgets the sign": (spec_of(wrong.ForgetsTheSign), "direction"),
    "swaps names": (spec_of(wrong.SwapsNames), "direction"),
    "counts one metric": (spec_of(wrong.CountsTheFirstMetric), "every_metric"),
    "ignores constraints": (spec_of(wrong.IgnoresConstraints), "every_constraint"),
    "believes the last report": (spec_of(wrong.CannotBePruned), "pruned"),
    "declares no policy of pruned trials": (
        spec_of(
            capabilities=CAPABILITIES.but({Feature.PRUNED_TRIALS: wrong.LAST}),
        ),
        "pruned",
    ),
    "says it learns reports": (
        spec_of(
            capabilities=CAPABILITIES.but({Feature.PRUNED_TRIALS: LEARNS_REPORTS}),
        ),
        "pruned",
    ),
    "cannot be pruned": (spec_of(wrong.CannotBePruned), "bad_outcomes"),
    "observes one branch": (
        spec_of(wrong.CannotObserveOtherBranches),
        "foreign_history",
    ),
    "observes the last": (spec_of(wrong.ObservesOnlyTheLast), "foreign_history"),
    "observes no value": (spec_of(wrong.ObservesWithoutValue), "foreign_history"),
    "cuts the seed": (spec_of(wrong.CutsTheSeed), "seed"),
    "takes seed 0 for none": (spec_of(wrong.TakesZeroForNone), "seed"),
    "reseeds each ask": (spec_of(wrong.ReseedsEachAsk), "direction"),
    "seeds by process": (spec_of(wrong.SeedsByProcess), "processes"),
    "looks at the clock": (spec_of(wrong.LooksAtTheClock), "seed"),
    "draws globally": (spec_of(wrong.DrawsFromTheGlobalGenerator), "global_rngs"),
    "keeps to its thread": (spec_of(wrong.KeepsToItsThread), "threads"),
    "draws by thread": (spec_of(wrong.DrawsByThread), "threads"),
    "repeats what is pending": (spec_of(wrong.RepeatsPending), "pending"),
    "rounds to six digits": (spec_of(wrong.RoundsToSixDigits), "bounds"),
    "loses big ints": (spec_of(wrong.LosesBigInts), "big_ints"),
    "knows labels by text": (spec_of(wrong.KnowsLabelsByText), "categories"),
    "needs identifiers": (spec_of(wrong.NeedsIdentifiers), "any_name"),
    "splits names at dots": (spec_of(wrong.SplitsNames), "any_name"),
    "StopIteration at the end": (spec_of(wrong.EndsWithStopIteration), "exhaustion"),
    "None at the end": (spec_of(wrong.ReturnsNoneAtTheEnd), "exhaustion"),
    "ends too early": (spec_of(wrong.EndsTooEarly), "exhaustion"),
    "ends without reason": (spec_of(wrong.EndsWithoutReason), "exhaustion"),
    "warns": (spec_of(wrong.Warns), "output"),
    "exits": (spec_of(wrong.Exits), "bad_outcomes"),
    "leaves a thread": (spec_of(wrong.LeavesAThread), "global_settings"),
    "writes a file": (spec_of(wrong.WritesAFile), "global_settings"),
    "sets a limit": (spec_of(wrong.SetsRecursionLimit), "global_settings"),
    "changes sys.path": (spec_of(wrong.ChangesSysPath), "global_settings"),
    "ignores options": (
        spec_of(wrong.IgnoresOptions, source=wrong.ALONE),
        "explained_trials",
    ),
    "an option for nothing": (spec_of(options=wrong.IdleOptions), "options_matter"),
    "says late what is wrong": (
        spec_of(wrong.SaysLateWhatIsWrong, options=wrong.LateOptions),
        "option_values",
    ),
    "restores by chance": (spec_of(wrong.RestoresByChance), "restore"),
    "restores nothing": (spec_of(wrong.RestoresNothing), "restore"),
    "spoils itself": (spec_of(wrong.SpoilsItselfInRestore), "restore"),
    **{
        f"prints {what}": (spec_of(source=source), "explained_trials")
        for what, source in SOURCES.items()
    },
}


class KeepsTheBest(wrong.Learner):
    """Knows complete trials alone, as a library may."""

    def failed(self, params, outcome):
        """It has no place for them."""


class TriesAll(wrong.Learner):
    """Every point of a finite space once, in an order that the seed does not change."""

    def make(self, options, seed):
        library = super().make(options, 0)
        self.tried = set()
        return library

    def propose(self):
        size = self.space.size
        while size is None or len(self.tried) < size:
            point = self.space.sample(self.library.rng)
            key = tuple(sorted(point.items(), key=repr))
            if key not in self.tried:
                self.tried.add(key)
                return point
        raise wrong.ExhaustedError("every point was tried")  # noqa: EM101


class OneAtATime(wrong.Learner):
    """Waits for each result."""

    is_waiting = False

    def ask(self):
        assert not self.is_waiting
        self.is_waiting = True
        return super().ask()

    def tell(self, suggestion, outcome):
        self.is_waiting = False
        super().tell(suggestion, outcome)


ODD = {
    "learner": spec_of(),
    "leaves failures out": spec_of(
        KeepsTheBest,
        capabilities=CAPABILITIES.but(
            {
                Feature.FAILED_TRIALS: LEFT_OUT,
                Feature.PRUNED_TRIALS: NOT_LEARNT,
                Feature.CONSTRAINTS: LEFT_OUT,
            }
        ),
    ),
    "no seed, no learning, an end": spec_of(
        TriesAll,
        learns=False,
        options=wrong.Options,
        capabilities=CAPABILITIES.but({Feature.SEEDING: no("it has one order")}),
    ),
    "one at a time": spec_of(
        OneAtATime,
        capabilities=CAPABILITIES.but(
            {Feature.PENDING: no("it waits"), Feature.OUT_OF_ORDER: no("it waits")}
        ),
    ),
}


def failed(spec, checks):
    """Return what failed of these checks, without the others."""
    (case,) = cases_of(spec, spec.algorithms).values()
    results = [run_check(CHECKS[name], case) for name in checks]
    return {result.check: result for result in results if not result.passed}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_mistakes_are_found_with_their_cure(name):
    spec, check, cure = WORST[name]
    assert cure in failed(spec, [check])[check].message


@pytest.mark.parametrize("name", OTHERS)
def test_mistakes_are_found(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one of them writes a file
    spec, check = OTHERS[name]
    assert set(failed(spec, [check])) == {check}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_but_right_passes(name):
    results = check_backend(ODD[name])
    assert {result.message for result in results if not result.passed} == set()


def fails_to_import(*_):
    import no_such_library  # noqa: F401


def test_one_cause_is_told_once():
    spec = dataclasses.replace(
        spec_of(), create=fails_to_import, explain=fails_to_import
    )
    failed = [result for result in check_backend(spec) if not result.passed]
    (first,) = [result for result in failed if not result.same_as]
    assert len(failed) > 20
    assert "ModuleNotFoundError: No module named 'no_such_library'" in first.message
    assert "test_mistakes.py, line" in first.message
    assert {result.same_as for result in failed} == {
        "",
        f"{first.check} of random:random",
    }


def test_every_check_is_failed_by_some_wrong_plugin():
    failed = set().union(*(checks for _, checks in WRONG_ONES.values()))
    known = {check for _, check, *_ in (*WORST.values(), *OTHERS.values())}
    assert failed | known == set(CHECKS)
