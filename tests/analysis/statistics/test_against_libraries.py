"""The same numbers as autorank, scikit-posthocs and statsmodels.

On 1,000 random matrices with ties and failed cells. The libraries know no failed cell:
they get the same rule, that one is worse than all values and ties with other ones.
Their functions are called on every matrix; their reports, which take most of the time,
on every twentieth.
"""

from __future__ import annotations

import contextlib
import gc
import io

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hpbridge.analysis.statistics.effects import (
    akinshin_gamma,
    cliffs_delta,
    cohens_d,
    magnitude,
)
from hpbridge.analysis.statistics.omnibus import (
    critical_difference,
    friedman,
    iman_davenport,
    nemenyi,
)
from hpbridge.analysis.statistics.pairwise import holm, signed_rank, wilcoxon_holm
from hpbridge.analysis.statistics.ranks import failed_last, mean_ranks, ranks

MATRICES = 1000

REPORTS = 20
"""Every so many matrices, a library's whole report is read."""

TOLERANCE = 1e-12

WORST = 1e20
"""Beyond all that is drawn, and so far that differences to any of it are the same."""


def autorank_():
    # It brings baycomp, whose package `tests` would stand before ours: .ci/run has it
    # alone, as scikit-posthocs.
    return pytest.importorskip("autorank", reason="autorank is not installed")


def posthocs():
    reason = "scikit-posthocs is not installed"
    return pytest.importorskip("scikit_posthocs", reason=reason)


def size(rng, number):
    return rng.integers(3, 20), rng.integers(3, 7)


def size_for_wilcoxon(rng, number):
    """Return a size whose exact p, where values tie, takes scipy milliseconds.

    It goes through all signs: of 12 problems a second. Every hundredth has so many.
    """
    if number % 100 == 0:
        return rng.integers(8, 13), 3
    if number % 4 == 0:
        return rng.integers(5, 8), 3
    return rng.integers(14, 25), rng.integers(3, 5)


def matrices(seed, size=size):
    """Yield scores of problems and optimizers: half with ties, two thirds failed."""
    rng = np.random.default_rng(seed)
    number = 0
    while number < MATRICES:
        shape = size(rng, number)
        scores = rng.normal(rng.normal(0, 0.5, shape[1]), 1, shape)
        if number % 8 >= 4:
            scores = np.round(scores)
        if number % 3:
            scores[rng.random(shape) < 0.1] = np.nan
        # Of two that are the same everywhere, scipy divides by nothing.
        columns = worst(scores).T
        if len(np.unique(columns, axis=0)) == len(columns):
            number += 1
            yield scores


def worst(scores):
    return np.nan_to_num(failed_last(scores), posinf=WORST)


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def report_of(function, scores):
    """Return what autorank finds of scores, and not what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return function(
            pd.DataFrame(scores), 0.05, False, False, "ascending", "cliff_delta", None
        )


def test_ranks_friedman_and_cliffs_delta_are_those_of_autorank():
    util = autorank_()._util
    for number, scores in enumerate(matrices(0)):
        frame = pd.DataFrame(worst(scores))
        same(mean_ranks(scores), frame.rank(axis="columns").mean().to_numpy())
        same(friedman(scores).p, stats.friedmanchisquare(*frame.to_numpy().T).pvalue)
        best = int(np.argmin(mean_ranks(scores)))
        for other in range(scores.shape[1]):
            theirs = util._cliffs_delta(*worst(scores)[:, [best, other]].T)
            same(-cliffs_delta(scores[:, best], scores[:, other]).value, theirs)
            assert magnitude(theirs) == util._effect_level(theirs, "cliff_delta")
        if number % REPORTS == 0:
            found = report_of(util.rank_multiple_nonparametric, frame)
            table = found.rankdf.sort_index()
            same(mean_ranks(scores), table["meanrank"].to_numpy(float))
            same(friedman(scores).p, found.pvalue)
            quantile = critical_difference(scores.shape[1], len(scores))
            assert quantile == pytest.approx(found.cd, rel=1e-4)


def test_iman_and_davenports_f_is_that_of_the_analysis_of_variance_of_ranks():
    anova = pytest.importorskip("statsmodels.stats.anova")
    for number, scores in enumerate(matrices(5)):
        found, ours = ranks(scores), iman_davenport(scores)
        n, k = found.shape
        means = found.mean(axis=0)
        between = n * ((means - (k + 1) / 2) ** 2).sum()
        within = ((found - means) ** 2).sum()
        if within == 0:
            assert ours.statistic == np.inf
            continue
        statistic = between / (k - 1) / (within / ((k - 1) * (n - 1)))
        same(ours.statistic, statistic)
        same(ours.p, stats.f.sf(statistic, k - 1, (k - 1) * (n - 1)))
        if number % (5 * REPORTS) == 0:
            at = {"problem": np.repeat(range(n), k), "optimizer": np.tile(range(k), n)}
            frame = pd.DataFrame({"rank": found.ravel(), **at})
            model = anova.AnovaRM(frame, "rank", "problem", within=["optimizer"])
            theirs = model.fit().anova_table.iloc[0]
            # Theirs solves for means by least squares, and loses digits.
            assert ours.statistic == pytest.approx(theirs["F Value"], rel=1e-9)
            assert ours.p == pytest.approx(theirs["Pr > F"], rel=1e-9)


def test_effects_of_size_are_those_of_autorank():
    util = autorank_()._util
    for scores in matrices(1):
        first, second = scores[:, 0], scores[:, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            theirs = util._akinshin_gamma(*worst(scores).T[[1, 0]])
        ours = akinshin_gamma(first, second)
        if np.isfinite(ours):
            same(ours, theirs)
        else:
            # No spread, or so many failed that theirs is a ratio of stand-ins.
            assert not np.isfinite(theirs) or np.isnan(scores[:, :2]).any()
        # A failure has no size: of the problems that both have.
        first, second = scores[~np.isnan(first + second), :2].T
        if len(first) > 2 and np.ptp(first) + np.ptp(second) > 0:
            same(cohens_d(first, second).value, util._cohen_d(second, first))


def test_the_test_of_two_is_autoranks():
    util = autorank_()._util
    for number, scores in enumerate(matrices(2, size_for_wilcoxon)):
        pair = worst(scores)[:, :2]
        larger = int(np.argmax(np.median(pair, axis=0)))
        ours = signed_rank(*scores.T[[larger, 1 - larger]], alternative="greater")
        theirs = stats.wilcoxon(*pair.T[[larger, 1 - larger]], alternative="greater")
        same(ours, (theirs.statistic, theirs.pvalue))
        if number % REPORTS == 0:
            same(ours[1], report_of(util.rank_two, pair).pvalue)


def test_nemenyi_is_that_of_scikit_posthocs():
    library = posthocs()
    for scores in matrices(3):
        same(nemenyi(scores), library.posthoc_nemenyi_friedman(worst(scores)))


@pytest.fixture
def little_garbage():
    # statsmodels collects garbage at each call: not what all the other tests left.
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_garbage")
def test_wilcoxon_with_holm_is_that_of_scikit_posthocs_and_statsmodels():
    library = posthocs()
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for scores in matrices(4, size_for_wilcoxon):
        found = wilcoxon_holm(scores)
        columns = worst(scores).T.tolist()
        theirs = library.posthoc_wilcoxon(columns, p_adjust="holm").to_numpy()
        upper = np.triu_indices(len(columns), 1)
        same(found.adjusted[upper], theirs[upper])
        raw = found.p[upper]
        same(holm(raw), multitest.multipletests(raw, method="holm")[1])
