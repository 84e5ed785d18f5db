"""Random search in the words of `RandomizedSearchCV` has all its candidates."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.model_selection import RandomizedSearchCV

import hpbridge as hpb
from hpbridge.errors import SpaceError
from hpbridge.hosts.sklearn.sampled import DRAWN
from hpbridge.sklearn import BridgeSearchCV

X = np.zeros((6, 1))


class Model(BaseEstimator):
    """Scores by the place of nothing: only what it is given counts here."""

    def __init__(self, a=0, b=0, c=0):
        self.a, self.b, self.c = a, b, c

    def fit(self, X, y=None):  # noqa: N803
        return self

    def score(self, X, y=None):  # noqa: N803
        return 0.5


class Layers:
    """Draws what no distribution of scipy does."""

    def rvs(self, random_state=None):
        return (int(random_state.randint(8)),) * int(random_state.randint(1, 3))


class Waits:
    """Draws, and knows its quantiles."""

    def __init__(self, is_whole=False):
        self.is_whole = is_whole

    def rvs(self, random_state=None):
        value = random_state.exponential()
        return int(value) if self.is_whole else value

    def ppf(self, quantile):
        return stats.expon.ppf(quantile)


SPACES = {
    "lists": {"a": [1, 2, 3], "b": ["x", "y"]},
    "fewer than n_iter": {"a": [1, 2], "b": [None]},
    "repeats": {"a": ["a", "a", "b"], "b": [1, 1.0, True]},
    "mixed choices": {"a": [None, {0: 1}, [1, 2]], "b": [None, np.array([1.5])]},
    "unbounded": {"a": stats.norm(), "b": stats.lognorm(1), "c": stats.expon(scale=2)},
    "discrete": {"a": stats.poisson(3), "b": stats.geom(0.2), "c": [1, 2]},
    "bounded": {"a": stats.uniform(0, 3), "b": stats.beta(2, 3), "c": range(3)},
    "logarithmic": {"a": stats.loguniform(1e-3, 1), "b": stats.randint(1, 5)},
    "objects": {"a": Layers(), "b": Waits(), "c": (3, 4, 5)},
    "of several values": {"a": stats.dirichlet([1, 2, 3])},
    "not frozen": {"a": stats.norm, "b": stats.uniform},
    "a histogram": {"a": stats.rv_histogram(np.histogram([1, 2, 2, 3]))},
    "several": [{"a": [1, 2], "b": stats.norm()}, {"c": [1, 2, 3]}],
    "several of lists": [{"a": [1, 2], "b": [3]}, {"c": [1, 2, 3]}],
}
STATES = {
    "a number": lambda: 3,
    "a generator": lambda: np.random.RandomState(5),
    "none": lambda: None,
}


def found(make, space, state, **settings):
    np.random.seed(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search = make(Model(), space, n_iter=6, cv=2, random_state=state, **settings)
        search.fit(X)
    return search, [str(each.message) for each in caught], np.random.rand()


def texts(search):
    return [
        {name: (type(value), repr(value)) for name, value in params.items()}
        for params in search.cv_results_["params"]
    ]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", SPACES)
def test_the_candidates_are_those_of_scikit_learn(name, state) -> None:
    before = np.random.get_state()
    try:
        theirs, said, drawn = found(RandomizedSearchCV, SPACES[name], STATES[state]())
        ours = found(BridgeSearchCV, SPACES[name], STATES[state](), backend="random")
    finally:
        np.random.set_state(before)
    search, *rest = ours
    assert texts(search) == texts(theirs)
    assert rest == [said, drawn]  # the same warnings, and the same draws, not one more
    results, wanted = search.cv_results_, theirs.cv_results_
    assert list(results) == list(wanted)
    assert [getattr(c, "dtype", None) for c in results.values()] == [
        getattr(c, "dtype", None) for c in wanted.values()
    ]


@pytest.mark.parametrize("name", SPACES)
def test_the_record_has_every_candidate_in_its_space(name) -> None:
    search, _, _ = found(BridgeSearchCV, SPACES[name], 3, backend="random")
    studies = search.studies_
    assert sum(len(study.trials) for study in studies) == len(
        search.cv_results_["params"]
    )
    for study in studies:
        assert (study.backend, study.algorithm, study.seed) == ("random", "random", 3)
        assert study.notes[0] == DRAWN
        for trial in study.trials:
            assert study.space.canonical(trial.params) == trial.params
    again = pickle.loads(pickle.dumps(search)).studies_
    assert [s.space for s in again] == [s.space for s in studies]
    assert [t.params for s in again for t in s.trials] == [
        t.params for s in studies for t in s.trials
    ]


def test_candidates_are_in_the_order_of_the_results() -> None:
    class Scored(Model):
        def score(self, X, y=None):  # noqa: N803
            return self.a + 10 * self.c

    space = [{"a": [1, 2, 3]}, {"c": [1, 2, 3]}]
    search = BridgeSearchCV(
        Scored(), space, backend="random", n_iter=6, cv=2, random_state=0, batch_size=4
    ).fit(X)
    left, right = search.studies_
    assert [t.metrics["score"] for t in left.trials] == [
        t.params["a"] for t in left.trials
    ]
    assert [t.metrics["score"] for t in right.trials] == [
        10 * t.params["c"] for t in right.trials
    ]
    assert left.stop_reason is None
    assert search.best_score_ == 30


def test_a_range_that_no_parameter_has_is_that_of_the_draws() -> None:
    space = {"a": Layers(), "b": Waits(), "c": stats.randint(2, 9)}
    search, _, _ = found(BridgeSearchCV, space, 0, backend="random")
    drawn = search.cv_results_["params"]
    study = search.study_
    values = [params["b"] for params in drawn]
    assert study.space["b"] == hpb.Float(min(values), max(values))
    assert study.space["c"] == hpb.Int(2, 8)
    assert {t.params["a"] for t in study.trials} == {str(p["a"]) for p in drawn}
    assert study.notes == (
        DRAWN,
        "'a' is an object of Layers; its range here is that of its draws",
        "'b' is an object of Waits; its range here is that of its draws",
    )


def test_spaces_with_numbers_are_drawn_one_after_the_other() -> None:
    space = [({"a": stats.norm()}, 2), ({"a": stats.norm()}, 3), {"c": [1, 2, 3]}]
    search = BridgeSearchCV(
        Model(), space, backend="random", n_iter=1, cv=2, random_state=0
    ).fit(X)
    drawn = search.cv_results_["params"]
    assert [*map(list, drawn)] == [["a"]] * 5 + [["c"]]
    assert len({params["a"] for params in drawn[:5]}) == 5
    assert [len(study.trials) for study in search.studies_] == [2, 3, 1]


def test_what_only_draws_is_refused_by_name_to_those_that_learn() -> None:
    for space, backend in [
        ({"a": Layers(), "b": [1, 2]}, "optuna:tpe"),
        ({"a": Layers(), "b": hpb.Float(0, 1)}, "random"),
    ]:
        search = BridgeSearchCV(Model(), space, backend=backend, cv=2)
        refused = "'a' is an object of Layers, which only draws .*`ppf`.*random"
        with pytest.raises(SpaceError, match=refused):
            search.fit(X)


@pytest.mark.parametrize("backend", ["optuna:tpe", "skopt:gp", "hyperopt:tpe"])
@pytest.mark.parametrize("name", [n for n in SPACES if n != "of several values"])
def test_what_it_takes_every_optimizer_takes(name, backend) -> None:
    space = SPACES[name]
    if name == "objects":
        space = {"b": Waits(), "c": (3, 4, 5)}
    search = BridgeSearchCV(
        Model(), space, backend=backend, n_iter=3, cv=2, random_state=0
    ).fit(X)
    drawn = search.cv_results_["params"]
    spaces = space if isinstance(space, list) else [space]
    assert len(drawn) == 3 * len(spaces)
    for params, given in zip(drawn[::3], spaces, strict=True):
        for parameter, value in params.items():
            domain = given[parameter]
            is_choice = not hasattr(domain, "rvs")
            assert not is_choice or any(value is c or value == c for c in domain)
            assert is_choice or isinstance(value, (int, float))


@pytest.mark.parametrize(
    "distribution",
    [stats.rv_histogram(([1, 2, 1], [0, 1, 2, 3])), stats.poisson_binom([0.1, 0.6])],
    ids=["a histogram", "of a list"],
)
def test_one_that_has_no_numbers_for_a_name_is_searched_by_quantiles(
    distribution,
) -> None:
    search, _, _ = found(BridgeSearchCV, {"a": distribution}, 0, backend="optuna:tpe")
    for params, trial in zip(
        search.cv_results_["params"], search.study_.trials, strict=True
    ):
        assert params["a"] == distribution.ppf(trial.params["a"])


@pytest.mark.parametrize("is_whole", [False, True])
def test_what_knows_its_quantiles_is_searched_by_any_optimizer(is_whole) -> None:
    space = {"a": Waits(is_whole), "b": [1, 2]}
    search, _, _ = found(BridgeSearchCV, space, 0, backend="optuna:tpe")
    for params, trial in zip(
        search.cv_results_["params"], search.study_.trials, strict=True
    ):
        quantile = trial.params["a"]
        wanted = stats.expon.ppf(quantile)
        assert params["a"] == (int(wanted) if is_whole else wanted)
        assert type(params["a"]) is (int if is_whole else float)


def test_a_name_that_the_estimator_lacks_is_said_before_any_fit() -> None:
    space = {"a": [1, 2], "d": stats.norm()}
    with pytest.raises(SpaceError, match="'d': Invalid parameter 'd'"):
        BridgeSearchCV(Model(), space, backend="random", cv=2).fit(X)
