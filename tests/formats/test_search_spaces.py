"""The spaces that a search takes, and how a wrong one is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import SpaceError
from hpbridge.formats.search_distributions import read_distribution
from hpbridge.formats.search_spaces import read_spaces
from hpbridge.sklearn import BridgeSearchCV

INF = math.inf
EXACT = {
    "uniform": (stats.uniform(2, 3), hpb.Float(2, 5)),
    "uniform, named": (stats.uniform(loc=-1.5, scale=4), hpb.Float(-1.5, 2.5)),
    "uniform, not frozen": (stats.uniform, hpb.Float(0, 1)),
    "loguniform": (stats.loguniform(1e-3, 10), hpb.Float(1e-3, 10, log=True)),
    "reciprocal": (stats.reciprocal(1, 10, scale=2), hpb.Float(2, 20, log=True)),
    "randint": (stats.randint(3, 7), hpb.Int(3, 6)),
    "randint, moved": (stats.randint(0, 2, loc=5), hpb.Int(5, 6)),
    "truncnorm": (
        stats.truncnorm(-1, 2, loc=3, scale=0.5),
        hpb.Float(2.5, 4.0, prior=hpb.Normal(3, 0.5)),
    ),
    "normal": (stats.norm(1, 2), hpb.Float(-INF, INF, prior=hpb.Normal(1, 2))),
    "normal, not frozen": (stats.norm, hpb.Float(-INF, INF, prior=hpb.Normal(0, 1))),
    "lognormal": (
        stats.lognorm(0.5, scale=2),
        hpb.Float(0, INF, prior=hpb.LogNormal(math.log(2), 0.5)),
    ),
    "lognormal, named": (
        stats.lognorm(s=0.5),
        hpb.Float(0, INF, prior=hpb.LogNormal(0, 0.5)),
    ),
    "exponential": (
        stats.expon(scale=3),
        hpb.Float(0, INF, prior=stats.expon(scale=3)),
    ),
    "beta": (stats.beta(1, 2), hpb.Float(0, 1, prior=stats.beta(1, 2))),
    "loguniform, moved": (
        stats.loguniform(1, 2, loc=3),
        hpb.Float(4, 5, prior=stats.loguniform(1, 2, loc=3)),
    ),
    "bernoulli": (stats.bernoulli(0.25), hpb.Int(0, 1, prior=stats.bernoulli(0.25))),
    "binomial": (stats.binom(9, 0.5), hpb.Int(0, 9, prior=stats.binom(9, 0.5))),
    "poisson": (stats.poisson(3), hpb.Int(0, INF, prior=stats.poisson(3))),
    "geometric": (stats.geom(0.2), hpb.Int(1, INF, prior=stats.geom(0.2))),
    "on both sides": (
        stats.dlaplace(0.8, loc=2),
        hpb.Int(-INF, INF, prior=stats.dlaplace(0.8, loc=2)),
    ),
    "discrete, moved": (
        stats.rv_discrete(values=([1, 3], [0.5, 0.5]))(loc=10),
        hpb.Categorical([11, 13], weights=[0.5, 0.5]),
    ),
    "discrete": (
        stats.rv_discrete(values=([1, 3, 9], [0.5, 0.25, 0.25])),
        hpb.Categorical([1, 3, 9], weights=[0.5, 0.25, 0.25]),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_distribution_is_drawn_as_scipy_draws_it(name) -> None:
    distribution, wanted = EXACT[name]
    found = read_distribution(distribution)
    assert found == wanted
    assert found.problems() == []
    draws = distribution.rvs(size=200, random_state=0)
    assert all(isinstance(found.canonical(d), (int, float)) for d in draws.tolist())


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (stats.poisson(3, loc=0.5), "scipy.stats.poisson(3, loc=0.5), whose values"),
        (stats.loguniform, "the distribution 'loguniform' without its shape"),
    ],
)
def test_a_distribution_that_is_no_parameter_is_refused_by_name(
    distribution, text
) -> None:
    with pytest.raises(SpaceError) as told:
        read_spaces({"C": distribution}, 5, SVC())
    assert f"- 'C' is {text}" in str(told.value)
    assert "Hint: a space is a dict of" in str(told.value)


@pytest.mark.parametrize(
    "choices",
    [
        [0.1, 1.0, 10.0],
        (0.1, 1.0, 10.0),
        np.array([0.1, 1.0, 10.0]),
        pd.Series([0.1, 1.0, 10.0]),
        np.logspace(-1, 1, 3).tolist(),
    ],
)
def test_a_sequence_is_choices(choices) -> None:
    (found,) = read_spaces({"C": choices, "degree": range(2, 4)}, 5, SVC())
    assert found.space["C"] == hpb.Categorical([0.1, 1.0, 10.0])
    assert found.space["degree"] == hpb.Categorical([2, 3])


def test_a_value_is_a_constant() -> None:
    (found,) = read_spaces(
        {"C": [1, 2], "kernel": "rbf", "degree": np.int64(3)}, 5, SVC()
    )
    assert found.to_params({"C": 2}) == {"C": 2, "kernel": "rbf", "degree": 3}
    assert type(found.to_params({"C": 2})["degree"]) is int


def test_choices_that_no_text_tells_apart_are_named_by_position() -> None:
    class Nameless:
        pass

    objects = [Nameless(), Nameless()]
    (found,) = read_spaces({"C": objects}, 5, SVC())
    assert found.space["C"].labels == ("choice 0", "choice 1")
    assert found.to_params({"C": "choice 1"})["C"] is objects[1]
    twins = [SVC(), SVC()]
    (found,) = read_spaces({"C": twins}, 5, SVC())
    assert found.space["C"].labels == ("choice 0", "choice 1")


def test_the_doc_example_of_bayes_search_is_read_as_there() -> None:
    skopt = pytest.importorskip("skopt", reason="scikit-optimize is not installed")
    space = {
        "C": (1e-6, 1e6, "log-uniform"),
        "gamma": skopt.space.Real(1e-6, 1e1, prior="log-uniform"),
        "degree": (1, 8),
        "kernel": ["linear", "poly"],
    }
    (found,) = read_spaces(space, 5, SVC())
    assert dict(found.space) == {
        "C": hpb.Float(1e-6, 1e6, log=True),
        "degree": hpb.Int(1, 8),
        "gamma": hpb.Float(1e-6, 1e1, log=True),
        "kernel": hpb.Categorical(["linear", "poly"]),
    }
    named = [
        skopt.space.Real(0.1, 1, name="C"),
        skopt.space.Integer(1, 3, name="degree"),
    ]
    (found,) = read_spaces(named, 5, SVC())
    assert found.to_params({"C": 0.5, "degree": 2}) == {"C": 0.5, "degree": 2}


def test_the_words_of_other_libraries_are_taken() -> None:
    optuna = pytest.importorskip("optuna", reason="Optuna is not installed")
    hp = pytest.importorskip("hyperopt", reason="Hyperopt is not installed").hp
    distribution = optuna.distributions.FloatDistribution(0.1, 10, log=True)
    (found,) = read_spaces({"C": distribution, "kernel": ["rbf"]}, 5, SVC())
    assert found.space["C"] == hpb.Float(0.1, 10, log=True)
    # A nested space of Hyperopt, whose labels are not the estimator's names.
    nested = hp.choice(
        "family",
        [
            {"kernel": "rbf", "gamma": hp.uniform("rbf_gamma", 0.1, 1.0)},
            {"kernel": "linear"},
        ],
    )
    search = BridgeSearchCV(SVC(), nested, n_iter=6, cv=2, random_state=0)
    x, y = np.arange(20.0)[:, None], np.arange(20) % 2
    tried = search.fit(x, y).cv_results_["params"]
    assert {p["kernel"] for p in tried} == {"rbf", "linear"}
    assert all(("gamma" in p) == (p["kernel"] == "rbf") for p in tried)
    gammas = [p["gamma"] for p in tried if "gamma" in p]
    assert gammas == [
        t.params["rbf_gamma"] for t in search.study_.trials if "rbf_gamma" in t.params
    ]


WRONG = {
    "no dict": (3, ["space is 3"]),
    "nothing": ({}, ["it has no parameters"]),
    "an empty list": ([], ["space is []"]),
    "a pair outside a list": (({"C": [1]}, 3), ["space is ({'C': [1]}, 3)"]),
    "no count": (
        [({"C": [1, 2]}, 0), ({"C": [1, 2]}, True)],
        ["({'C': [1, 2]}, 0) is no pair of", "({'C': [1, 2]}, True) is no pair of"],
    ),
    "constants": ({"C": 3}, ["the space has only constants: nothing to search"]),
    "two meanings": (
        {"C": (1, 10)},
        ["'C' is (1, 10), a range to scikit-optimize and two choices to scikit-learn"],
    ),
    "a set": ({"C": {1, 2}}, ["'C' is {1, 2}, which has no order; make it a list"]),
    "several": (
        {"C": object, "degree": stats.beta, "gamma": []},
        ["'C' is <class 'object'>, which neither hpbridge nor", "'degree' is the"],
    ),
    "a parameter": (
        {"C": hpb.Float(2, 1), "degree": []},
        ["'C'", "reversed", "'degree'"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_space_is_refused_with_every_problem(name) -> None:
    space, texts = WRONG[name]
    with pytest.raises(SpaceError) as told:
        read_spaces(space, 5, SVC())
    for text in texts:
        assert text in str(told.value)
    assert str(told.value).count("Hint:") == 1


class Unfit(Ridge):
    def fit(self, *_):
        raise AssertionError


def test_names_that_the_estimator_lacks_are_said_before_any_fit() -> None:
    space = {"alpha": hpb.Float(0, 1), "aplha": hpb.Float(0, 1), "solvr": ["svd"]}
    with pytest.raises(SpaceError) as told:
        BridgeSearchCV(Unfit(), space, cv=2).fit([[1.0], [2.0]], [1.0, 2.0])
    text = str(told.value)
    assert text.startswith("The search space does not fit the estimator Unfit:\n")
    assert "  - 'aplha': Invalid parameter 'aplha'" in text
    assert "  - 'solvr': Invalid parameter 'solvr'" in text
    assert "'alpha'" not in text.split("Valid parameters", maxsplit=1)[0]


def test_names_below_a_searched_step_depend_on_it() -> None:
    steps = make_pipeline(StandardScaler(), Ridge())
    models = {"ridge": Ridge(), "logistic": LogisticRegression()}
    space = hpb.Space(
        {
            "ridge": hpb.Categorical(models),
            "ridge__alpha": hpb.Float(0.1, 1, when={"ridge": "ridge"}),
            "ridge__C": hpb.Float(0.1, 1, when={"ridge": "logistic"}),
        }
    )
    (found,) = read_spaces(space, 5, steps)
    assert set(found.to_params({"ridge": "logistic", "ridge__C": 0.5})) == {
        *("ridge", "ridge__C")
    }
    wrong = hpb.Space(
        {
            "ridge": hpb.Categorical(models),
            "ridge__alpha": hpb.Float(0.1, 1),
        }
    )
    with pytest.raises(SpaceError, match="Invalid parameter 'alpha' for estimator Log"):
        read_spaces(wrong, 5, steps)
