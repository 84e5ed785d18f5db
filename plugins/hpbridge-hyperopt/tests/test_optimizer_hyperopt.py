from __future__ import annotations

import logging
import math
import random
import subprocess
import sys

import numpy as np
import pytest

from hpbridge import Categorical, Float, Int, Space
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.options import document_options, read_options
from hpbridge.encoding.encoded import WHOLE_SPACE_ENCODINGS, Encoded
from hpbridge.errors import OptionError, UnsupportedFeatureError
from hpbridge.testing.parity import PARITY_SPACES, bowl
from hpbridge.trial import State
from hpbridge_hyperopt import CAPABILITIES, SPEC
from hpbridge_hyperopt.backend.space import from_drawn, lay_out

FLOATS = PARITY_SPACES["float"]


def create(algorithm, space, seed=0, **given):
    options = read_options(algorithm, SPEC.algorithms[algorithm].options, given)
    return SPEC.create(Problem(space), SPEC.algorithms[algorithm], options, seed)


def explain(algorithm, space):
    options = SPEC.algorithms[algorithm].options()
    return SPEC.explain(Problem(space), SPEC.algorithms[algorithm], options, 0)


def complete(params):
    return Outcome(State.COMPLETE, (bowl(params),))


def layout(parameters):
    return lay_out(Encoded(Space(parameters), CAPABILITIES))


MODEL = Categorical(["svm", "tree", "knn"])


def test_a_condition_on_a_choice_becomes_a_branch_of_it():
    found = layout({"model": MODEL, "depth": Int(1, 9, when={"model": "tree"})})
    assert found.roots == ["model"]
    assert found.branches == {"model": [[], ["depth"], []]}
    assert found.flattened == []


def test_several_values_of_the_parent_share_one_node():
    tol = Float(0, 1, when={"model": ["svm", "knn"]})
    found = layout({"model": MODEL, "tol": tol})
    assert found.branches == {"model": [["tol"], [], ["tol"]]}
    assert found.is_shared("tol")
    source = explain("tpe", Space({"model": MODEL, "tol": tol}))
    assert source.count("hp.uniform('tol', 0.0, 1.0)") == 1


def test_a_grandparent_that_the_parent_implies_is_no_second_parent():
    space = {
        "model": MODEL,
        "kernel": Categorical(["rbf", "poly"], when={"model": "svm"}),
        "degree": Int(2, 5, when={"kernel": "poly", "model": ["svm", "knn"]}),
    }
    found = layout(space)
    assert found.branches == {"model": [["kernel"], [], []], "kernel": [[], ["degree"]]}
    assert found.flattened == []


def test_a_parent_that_is_not_searched_hands_its_condition_on():
    space = {
        "model": MODEL,
        "only": Categorical(["one"], when={"model": "svm"}),
        "tol": Float(0, 1, when={"only": "one"}),
    }
    assert layout(space).branches == {"model": [["tol"], [], []]}


@pytest.mark.parametrize(
    ("parents", "when"),
    [
        ({"n": Int(1, 3)}, {"n": 2}),
        ({"s": Categorical(["a", "b"], ordered=True)}, {"s": "b"}),
        ({"m": MODEL, "c": Categorical(["a", "b"])}, {"m": "svm", "c": "a"}),
    ],
)
def test_a_condition_on_no_single_choice_is_flattened_and_said(parents, when):
    space = {**parents, "tol": Float(0, 1, when=when)}
    assert layout(space).flattened == ["tol"]
    assert layout(space).branches == {}
    source = explain("tpe", Space(space))
    assert f"# tol: {WHOLE_SPACE_ENCODINGS['flatten']} (flatten)" in source


def test_an_int_is_a_rounded_quniform_of_full_ends():
    source = explain("tpe", Space({"n": Int(1, 4), "k": Int(1, 60, step=7)}))
    assert "hp.quniform('n', 0.5, 4.5, 1)" in source
    assert "hp.quniform('k', -0.5, 8.5, 1)" in source


@pytest.mark.parametrize("low", [1, 2])
def test_a_draw_of_the_very_end_stays_in_the_range(low):
    parameter = Int(low, low + 3)
    # Half to even: one end of an odd range, the other of an even one, rounds outwards.
    ends = [np.round(low - 0.5), np.round(low + 3.5)]
    values = [from_drawn(parameter, end) for end in ends]
    assert values == [low, low + 3]
    assert [type(value) for value in values] == [int, int]


def test_a_space_of_one_point_is_proposed_again_and_again():
    space = Space({"a": 1, "b": Int(2, 2)})
    optimizer = create("tpe", space)
    for number in range(2):
        suggestion = optimizer.ask()
        assert (suggestion.id, dict(suggestion.params)) == (number, {"b": 2})
        optimizer.tell(suggestion, Outcome(State.COMPLETE, (1.0,)))
    optimizer.observe({"b": 2}, Outcome(State.COMPLETE, (1.0,)))
    names = {"objective": lambda p: p["b"], "n_trials": 2}
    exec(explain("tpe", space), names)
    assert names["trials"] == [({"b": 2}, 2), ({"b": 2}, 2)]


def test_foreign_trials_and_asked_ones_never_share_an_id():
    optimizer = create("tpe", FLOATS)
    pending = [optimizer.ask() for _ in range(3)]
    for _ in range(3):
        optimizer.observe({"x": 1.0, "y": 1.0}, Outcome(State.COMPLETE, (0.5,)))
    pending += [optimizer.ask() for _ in range(3)]
    assert [suggestion.id for suggestion in pending] == [0, 1, 2, 6, 7, 8]
    tids = [doc["tid"] for doc in optimizer._trials.trials]
    assert sorted(tids) == list(range(9))


def test_a_foreign_trial_has_no_value_where_it_is_inactive():
    space = Space({"n": Int(1, 3), "tol": Float(0, 1, when={"n": 2})})
    optimizer = create("tpe", space, n_startup_jobs=1)
    optimizer.observe({"n": 1}, Outcome(State.COMPLETE, (0.5,)))
    (doc,) = optimizer._trials.trials
    assert doc["misc"]["vals"] == {"n": [1.0], "tol": []}
    assert not space.violations(optimizer.ask().params)


def test_a_failed_foreign_trial_leaves_no_trace():
    taught, alone = create("anneal", FLOATS), create("anneal", FLOATS)
    taught.observe({"x": 1.0, "y": 1.0}, Outcome(State.FAILED))
    assert taught.ask() == alone.ask()


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_several_metrics_and_constraints_are_refused_together(algorithm):
    options = SPEC.algorithms[algorithm].options()
    problem = Problem(FLOATS, n_objectives=2, n_constraints=1)
    with pytest.raises(UnsupportedFeatureError) as caught:
        SPEC.create(problem, SPEC.algorithms[algorithm], options, 0)
    text = str(caught.value)
    assert f"'hyperopt:{algorithm}'" in text
    assert "2 metrics need several metrics: the library cannot" in text
    assert "1 constraint needs constraints on metrics: the library cannot" in text


@pytest.mark.parametrize(
    ("algorithm", "given"),
    [
        ("tpe", {"n_startup_jobs": -1}),
        ("tpe", {"n_EI_candidates": 0}),
        ("tpe", {"gamma": 0}),
        ("tpe", {"prior_weight": 0}),
        ("anneal", {"avg_best_idx": 0.5}),
        ("anneal", {"shrink_coef": -1}),
        ("mix", {"p_suggest": [[0.5, "tpe"]]}),
        ("mix", {"p_suggest": [[1.5, "tpe"], [-0.5, "random"]]}),
        ("mix", {"p_suggest": [[1.0, "atpe"]]}),
    ],
)
def test_an_option_out_of_its_range_is_refused(algorithm, given):
    with pytest.raises(OptionError, match=next(iter(given))):
        read_options(algorithm, SPEC.algorithms[algorithm].options, given)


def test_every_option_is_documented():
    for algorithm in SPEC.algorithms.values():
        assert all(option.text for option in document_options(algorithm.options))


@pytest.fixture(scope="module")
def mixed_atpe():
    """ATPE past its ten random trials, with trials of every kind in between."""
    space = Space(
        {
            "solver": Categorical(["adam", "sgd"], weights=[1, 3]),
            "lr": Float(1e-4, 1, log=True),
            "momentum": Float(0, 1, when={"solver": "sgd"}),
            "n": Int(1, 9),
        }
    )
    optimizer = create("atpe", space)
    optimizer.observe({"solver": "adam", "lr": 0.1, "n": 2}, complete({"lr": 0.1}))
    optimizer.observe({"solver": "adam", "lr": 0.2, "n": 2}, Outcome(State.FAILED))
    optimizer.ask()  # pending throughout
    bad = [
        Outcome(State.FAILED),
        Outcome(State.FAILED, (math.nan,)),
        Outcome(State.PRUNED, (0.5,)),
        Outcome(State.COMPLETE, (math.inf,)),
        Outcome(State.COMPLETE, (-math.inf,)),
    ]
    points = []
    for number in range(20):
        suggestion = optimizer.ask()
        points.append(suggestion.params)
        outcome = bad[number // 4] if number % 4 == 1 else complete(suggestion.params)
        optimizer.tell(suggestion, outcome)
    return space, optimizer, points


def test_atpe_goes_on_after_trials_of_every_kind(mixed_atpe):
    space, optimizer, points = mixed_atpe
    assert not any(space.violations(point) for point in points)
    losses = [doc["result"]["loss"] for doc in optimizer._trials.trials]
    assert len(losses) == 16
    assert all(map(math.isfinite, losses))


def test_atpe_leaves_the_global_generators_alone(mixed_atpe):
    _, optimizer, _ = mixed_atpe
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    was_disabled = logging.getLogger("hyperopt.tpe").disabled
    first = optimizer.ask()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert logging.getLogger("hyperopt.tpe").disabled == was_disabled
    assert optimizer.ask().params != first.params


def test_atpe_refuses_a_name_that_it_would_take_for_a_branch():
    with pytest.raises(UnsupportedFeatureError, match=r"'a\.0\.b' has a number"):
        create("atpe", Space({"a.0.b": Float(0, 1)}))


QUIET = """
import logging, random, sys
logging.basicConfig(level=logging.INFO)
before = random.getstate()
from hpbridge.testing.parity import PARITY_SPACES, run_bridge
from hpbridge_hyperopt import SPEC
assert "hyperopt" not in sys.modules
for name, algorithm in SPEC.algorithms.items():
    n_trials = 12 if algorithm.requires else 22
    run_bridge(SPEC, name, PARITY_SPACES["float"], n_trials, 0)
assert random.getstate() == before
for name in ("hyperopt", "hyperopt.utils", "hyperopt-spark", "hyperopt.tpe"):
    logger = logging.getLogger(name)
    assert (logger.level, logger.handlers, logger.disabled) == (0, [], False), name
"""


def test_nothing_is_printed_or_logged_and_no_logger_is_changed():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUIET],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
