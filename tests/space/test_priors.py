from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats as st

from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import (
    LogNormal,
    Normal,
    ScipyPrior,
    as_prior,
    law_problems,
    prior_of,
    prior_to_json,
)

FROZEN = {
    "beta": (st.beta(2, 5), {"a": 2, "b": 5}),
    "by name": (st.beta(b=5, a=np.int64(2)), {"a": 2, "b": 5}),
    "with loc": (
        st.beta(2, 5, 1, np.float32(3)),
        {"a": 2, "b": 5, "loc": 1, "scale": 3.0},
    ),
    "defaults": (st.cauchy(loc=0, scale=1), {}),
    "without shapes": (st.cauchy, {}),
    "discrete": (st.randint(2, 6), {"low": 2, "high": 6}),
}


@pytest.mark.parametrize(("frozen", "arguments"), FROZEN.values(), ids=FROZEN)
def test_a_distribution_of_scipy_becomes_data(frozen, arguments):
    prior = as_prior(frozen)
    name = getattr(frozen, "dist", frozen).name
    assert prior == ScipyPrior(name, arguments)
    assert prior_of(json.loads(json.dumps(prior_to_json(prior)))) == prior
    assert eval(repr(prior)) == prior
    assert law_problems(prior) == []


@pytest.mark.parametrize("prior", [Normal(0, 1), LogNormal(1, 2), None, "beta"])
def test_what_is_no_distribution_of_scipy_is_left_as_it_is(prior):
    assert as_prior(prior) is prior


class Own(st.rv_continuous):
    pass


WRONG = {
    "prior must be Normal, LogNormal or a frozen": "normal",
    "scipy.stats.beta without its shapes: give it (a, b)": st.beta,
    "makes by a name": st.rv_histogram(np.histogram([1, 2, 3])),
    "got ScipyPrior('cauchy', {'loc': [1, 2]})": as_prior(st.cauchy([1, 2])),
    "arguments that scipy.stats.beta does not take": as_prior(st.beta(-1, 2)),
    "unexpected keyword": ScipyPrior("beta", {"q": 1}),
    "it has none of the name 'os'": ScipyPrior("os"),
    "it has none of the name 'chi2_contingency'": ScipyPrior("chi2_contingency"),
    "must be finite numbers": ScipyPrior("norm", {"loc": float("nan")}),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_a_prior_is_said(text):
    (problem,) = law_problems(WRONG[text])
    assert text in problem


def test_a_class_of_a_users_own_is_not_taken_for_scipys_of_its_name():
    own = Own(name="norm")()
    (problem,) = Float(0, 1, prior=own).problems()
    assert "prior" in problem


def test_a_normal_of_scipy_needs_no_scipy():
    assert as_prior(st.norm) == Normal(0, 1)
    assert as_prior(st.norm(3, scale=np.float64(2))) == Normal(3, 2)


def test_priors_that_say_the_same_are_equal():
    assert Float(0, 1, prior=st.beta(2, 5)) == Float(0, 1, prior=st.beta(a=2, b=5))
    assert Int(0, 9, prior=st.poisson(3)) == Int(0, 9, prior=st.poisson(3.0))


def test_scipy_is_not_imported_for_a_prior_that_has_none_of_it():
    code = (
        "import sys, random, hpbridge as hpb;"
        "hpb.Space({'x': hpb.Float(0, 1, prior=hpb.Normal(0, 1))})"
        ".sample(random.Random(0));"
        "assert 'scipy' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
