"""What the library does with the models of a result, and says where there are none."""

from __future__ import annotations

import pickle
import re
import warnings

import matplotlib as mpl
import pytest
import skopt
import skopt.plots
from skopt.space import Categorical, Integer, Real

from hpbridge.errors import HpbridgeError
from hpbridge_skopt import BridgeOptimizer, minimize

mpl.use("Agg")
DIMENSIONS = [Real(-2, 2), Integer(1, 5), Categorical(["a", "b"])]


@pytest.fixture(autouse=True)
def _quiet_library():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    mpl.pyplot.close("all")


def cost(point):
    return point[0] ** 2 + point[1] + (point[2] == "a")


TAKERS = {
    "expected_minimum": lambda r: skopt.expected_minimum(r[0], random_state=0),
    "expected_minimum_random_sampling": (
        lambda r: skopt.utils.expected_minimum_random_sampling(r[1], random_state=0)
    ),
    "plot_objective": lambda r: skopt.plots.plot_objective(r[1], n_points=3),
    "plot_gaussian_process": lambda r: skopt.plots.plot_gaussian_process(r[0]),
}


def results(optimizer, n_calls=6):
    one = minimize(
        lambda p: p[0] ** 2, [(-2.0, 2.0)], optimizer, n_calls=n_calls, random_state=0
    )
    return one, minimize(cost, DIMENSIONS, optimizer, n_calls=n_calls, random_state=0)


@pytest.mark.parametrize("name", TAKERS)
def test_who_needs_a_model_says_so_and_the_line_of_the_hint_mends_it(name):
    found = results("optuna:tpe")
    with pytest.raises(HpbridgeError, match="'optuna:tpe' has no surrogate model") as e:
        TAKERS[name](found)
    assert isinstance(e.value, IndexError)
    assert name.removesuffix("_random_sampling") in str(e.value)
    line = re.search(r"result\.models = .*", e.value.hint)[0]
    for result in found:
        exec(line, {"skopt": skopt, "result": result})
    TAKERS[name](found)


def test_the_library_s_own_say_when_they_fit_one():
    for optimizer, reason in (
        ("skopt:et", "the first is fitted to 10 values"),
        ("skopt:random", "it learns from no trial"),
    ):
        with pytest.raises(HpbridgeError, match=reason):
            TAKERS["plot_objective"](results(optimizer))
    TAKERS["plot_objective"](results("skopt:et", 11))


def test_what_needs_none_works_and_a_pickle_has_a_plain_list():
    result = results("hyperopt:tpe")[1]
    skopt.plots.plot_convergence(result)
    skopt.plots.plot_evaluations(result)
    skopt.plots.plot_regret(result)
    assert result.models == []
    assert result.models[:1] == []
    again = pickle.loads(pickle.dumps(result))
    assert type(again.models) is list
    optimizer = BridgeOptimizer(DIMENSIONS, "random", random_state=0)
    assert optimizer.get_result().models == []
