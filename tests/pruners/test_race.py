"""Races: they decide as the tests of scipy do, and what they do not compare."""

from __future__ import annotations

import math
import random
import statistics
import warnings

import pytest
from scipy import stats

from hpbridge.contract.attempt import Reply
from hpbridge.pruners.race import RacePruner, WinLossPruner
from hpbridge.trial import State


def p_of_ttest(own, others, *, maximizes):
    side = "less" if maximizes else "greater"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of differences that are nearly equal
        return stats.ttest_rel(own, others, alternative=side).pvalue


def p_of_signs(own, others, *, maximizes):
    pairs = [(a, b) if maximizes else (b, a) for a, b in zip(own, others, strict=True)]
    n_lost, n_won = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    if n_lost >= 3 and not n_won:
        return 0.0
    if n_lost + n_won == 0:
        return 1.0
    return stats.binomtest(n_lost, n_lost + n_won, alternative="greater").pvalue


ORACLES = {RacePruner: p_of_ttest, WinLossPruner: p_of_signs}
WITHOUT_TIES = {"num_ties": 1_000}


def raced(kind, best, own, *, maximizes=False, **options):
    """Return the answers to a trial that runs after the best one."""
    pruner = kind(maximizes=maximizes, **options)
    for step, value in best:
        assert pruner.report(0, step, value) is Reply.GO_ON
    pruner.end(0, State.COMPLETE, statistics.fmean(v for _, v in best))
    return [pruner.report(1, step, value) for step, value in own]


@pytest.mark.parametrize(
    "count", [200, pytest.param(5_000, marks=pytest.mark.slow)], ids=str
)
@pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.__name__)
def test_it_decides_as_scipys_test(kind, count):
    rng, n_ended = random.Random(0), 0
    for _ in range(count):
        maximizes, digits = rng.random() < 0.5, rng.choice([1, 2, 12])
        n_all = rng.randint(4, 12)
        best = [round(rng.gauss(0, 1), digits) for _ in range(n_all)]
        shift, noise = rng.choice([-1, 0, 0.5, 1]), rng.choice([0.3, 1])
        own = [round(v + shift + rng.gauss(0, noise), digits) for v in best]
        if maximizes:
            best, own = [-v for v in best], [-v for v in own]
        alpha = rng.choice([0.01, 0.05, 0.2])
        steps = list(range(1, n_all))
        answers = raced(
            kind,
            list(enumerate(best, 1)),
            list(zip(steps, own, strict=False)),
            maximizes=maximizes,
            alpha=alpha,
            **WITHOUT_TIES,
        )
        for k, answer in enumerate(answers, 1):
            is_worse = k >= 3 and (
                ORACLES[kind](own[:k], best[:k], maximizes=maximizes) < alpha
            )
            assert (answer is Reply.STOP) == is_worse, (best, own, k)
            n_ended += is_worse
    assert n_ended > count


def test_p_is_scipys_to_twelve_digits():
    rng, ours = random.Random(1), RacePruner(maximizes=False)
    for _ in range(300):
        n = rng.randint(2, 30)
        own, others = ([rng.gauss(0, 1) for _ in range(n)] for _ in range(2))
        differences = [a - b for a, b in zip(own, others, strict=True)]
        expected = p_of_ttest(own, others, maximizes=False)
        assert ours.p_of(differences) == pytest.approx(expected, rel=1e-12, abs=1e-300)


BEST = list(enumerate([0.1, 0.2, 0.3, 0.2, 0.1, 0.2, 0.3, 0.2], 1))
KINDS = pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.__name__)


def worse(by, steps=range(1, 9)):
    return [(k, dict(BEST)[k] + by) for k in steps]


@KINDS
def test_a_burn_in_is_run_by_all(kind):
    answers = raced(kind, BEST, worse(0.5), burn_in=5)
    assert answers.index(Reply.STOP) == 4


@KINDS
def test_what_is_worse_by_the_same_everywhere_ends(kind):
    assert raced(kind, BEST, worse(0.5)).index(Reply.STOP) == 2


@KINDS
def test_an_equal_and_a_better_one_go_on(kind):
    assert Reply.STOP not in raced(kind, BEST, worse(0.0))
    assert Reply.STOP not in raced(kind, BEST, worse(-0.1))


@KINDS
def test_the_last_fold_is_never_the_end(kind):
    own = [*worse(0.0, range(1, 7)), (7, 9.0), (8, 9.0)]
    assert raced(kind, BEST, own, num_ties=5)[-1] is Reply.GO_ON


@KINDS
def test_a_tie_is_broken_by_the_mean(kind):
    noisy = [(k, v + 0.01 * (-1) ** k) for k, v in BEST]
    answers = raced(kind, BEST, noisy, num_ties=3)
    assert answers.index(Reply.STOP) == 5  # 3 and 3: equal to the best is no better
    ahead = [(1, -1.0), *noisy[1:]]
    assert Reply.STOP not in raced(kind, BEST, ahead, num_ties=3)


@KINDS
def test_only_folds_that_both_have_run_are_compared(kind):
    best = [pair for pair in BEST if pair[0] not in {2, 3}]
    answers = raced(kind, best, worse(0.5))
    assert answers.index(Reply.STOP) == 4
    apart = [(k + 100, v + 0.5) for k, v in BEST]
    assert Reply.STOP not in raced(kind, BEST, apart)


@KINDS
@pytest.mark.parametrize("is_own", [True, False])
def test_a_fold_that_is_no_number_is_left_out(kind, is_own):
    def spoilt(pairs):
        return [(k, math.nan if k == 2 else v) for k, v in pairs]

    best, own = BEST, worse(0.5)
    best, own = (best, spoilt(own)) if is_own else (spoilt(best), own)
    pruner = kind(maximizes=False)
    pruner.know(0, best, State.COMPLETE, 0.2)
    assert [pruner.report(1, *pair) for pair in own].index(Reply.STOP) == 3


def test_an_infinite_fold_counts_where_it_can_be_compared():
    own = [(k, math.inf) for k, _ in BEST]
    assert raced(WinLossPruner, BEST, own).index(Reply.STOP) == 2
    assert Reply.STOP not in raced(RacePruner, BEST, own)
    both = [(k, math.inf) for k, _ in BEST]
    assert Reply.STOP not in raced(WinLossPruner, both, own)


@KINDS
def test_nobody_ends_without_a_complete_trial(kind):
    pruner = kind(maximizes=False)
    pruner.know(0, BEST, State.PRUNED, None)
    pruner.know(1, BEST, State.FAILED, None)
    for k, value in worse(0.5):
        assert pruner.report(2, k, value) is Reply.GO_ON


@KINDS
@pytest.mark.parametrize("maximizes", [True, False])
def test_the_best_complete_trial_is_the_one_to_beat(kind, maximizes):
    sign = -1 if maximizes else 1
    pruner = kind(maximizes=maximizes)
    for number, by in enumerate([0.5, 0.0, 0.2]):
        own = [(k, sign * v) for k, v in worse(by)]
        mean = statistics.fmean(v for _, v in own)
        pruner.know(number, own, State.COMPLETE, mean)
    own = [(k, sign * v) for k, v in worse(0.1)]
    answers = [pruner.report(3, *pair) for pair in own]
    assert answers.index(Reply.STOP) == 2
