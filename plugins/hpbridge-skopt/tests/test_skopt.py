from __future__ import annotations

import math
import random
import subprocess
import sys
import warnings
from collections import Counter

import numpy as np
import pytest
from skopt.space import Real

from hpbridge import Categorical, Constant, Float, Int, Normal, Space
from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.options import document_options, read_options
from hpbridge.errors import OptionError, UnsupportedFeatureError
from hpbridge.testing.parity import PARITY_SPACES, bowl
from hpbridge.trial import State
from hpbridge_skopt import SPEC

MODELS = [name for name, algorithm in SPEC.algorithms.items() if algorithm.learns]
DESIGNS = ["random", "sobol", "halton", "hammersly", "lhs", "grid"]
MIXED = PARITY_SPACES["mixed"]
FAILED = Outcome(State.FAILED)


def create(algorithm, space=MIXED, seed=1, n_initial=4, **options):
    cls = SPEC.algorithms[algorithm].options
    if SPEC.algorithms[algorithm].learns:
        options = {"n_initial_points": n_initial, "n_points": 200} | options
    read = read_options(f"skopt:{algorithm}", cls, options)
    return SPEC.create(Problem(Space.of(space)), SPEC.algorithms[algorithm], read, seed)


def complete(value):
    return Outcome(State.COMPLETE, (value,))


def run(optimizer, n_trials):
    for _ in range(n_trials):
        suggestion = optimizer.ask()
        optimizer.tell(suggestion, complete(bowl(suggestion.params)))


def explain(algorithm, space, seed=1, **options):
    cls = SPEC.algorithms[algorithm].options
    problem = Problem(Space.of(space))
    return SPEC.explain(
        problem, SPEC.algorithms[algorithm], read_options("", cls, options), seed
    )


def test_neither_the_plugin_nor_explain_imports_the_library():
    code = (
        "import sys\n"
        "from hpbridge.contract.backend import Problem\n"
        "from hpbridge_skopt import SPEC\n"
        "from hpbridge.testing.parity import PARITY_SPACES\n"
        "for a in SPEC.algorithms.values():\n"
        "    SPEC.explain(Problem(PARITY_SPACES['mixed']), a, a.options(), 0)\n"
        "print([m for m in ('skopt', 'sklearn', 'numpy') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (found.stdout.strip(), found.stderr) == ("[]", "")


class TestTranslation:
    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    def test_every_int_has_the_same_weight(self, algorithm):
        optimizer = create(algorithm, {"n": Int(1, 5), "k": Int(0, 60, step=20)})
        drawn = [optimizer.ask().params for _ in range(1500)]
        for name, n_values in [("n", 5), ("k", 4)]:
            counts = Counter(params[name] for params in drawn)
            # Binomial; five standard deviations. Half-weight ends miss by seven.
            share = 1 / n_values
            slack = 5 * math.sqrt(1500 * share * (1 - share))
            assert len(counts) == n_values
            assert all(abs(n - 1500 * share) < slack for n in counts.values())

    @pytest.mark.parametrize("algorithm", MODELS)
    def test_a_design_gives_every_int_the_same_weight(self, algorithm):
        # Latin hypercube: one point in each of 50 equal parts, 10 parts a value.
        options = {"initial_point_generator": "lhs", "n_initial": 50}
        optimizer = create(algorithm, {"n": Int(1, 5), "x": Float(0, 1)}, **options)
        counts = Counter(optimizer.ask().params["n"] for _ in range(50))
        assert counts == dict.fromkeys(range(1, 6), 10)

    @pytest.mark.parametrize(
        ("low", "high"), [(1e-5, 0.1), (100, 1e6), (3, 7), (1e-8, 1e-7), (0.5, 2)]
    )
    def test_log_dimensions_of_base_10_have_right_bounds_under_trees(self, low, high):
        dimension = Real(low, high, prior="log-uniform")
        assert dimension.transformed_bounds == tuple(dimension.transform([low, high]))

    @pytest.mark.parametrize("algorithm", MODELS)
    @pytest.mark.parametrize("best", ["low", "high"])
    @pytest.mark.parametrize(
        "parameter", [Float(100, 1e6, log=True), Int(1, 1000, log=True)]
    )
    def test_models_reach_both_ends_of_log_parameters(self, algorithm, best, parameter):
        goal = math.log(getattr(parameter, best))
        optimizer = create(algorithm, {"p": parameter}, n_initial=12)
        distances = []
        for _ in range(16):
            suggestion = optimizer.ask()
            distances.append(abs(math.log(suggestion.params["p"]) - goal))
            optimizer.tell(suggestion, complete(distances[-1]))
        # Under trees, skopt's own Integer(1, 1000, "log-uniform") stays above 10.
        assert min(distances[12:]) < math.log(10)

    def test_labels_that_are_texts_stay_and_others_become_positions(self):
        space = {
            "t": Categorical(["a", "b"]),
            "m": Categorical([None, 2, True]),
            "w": Categorical([1, 2, 3], weights=[2, 1, 1]),
            "z": Categorical(["a\0", "b"]),
        }
        text = explain("gp", space)
        assert "Categorical(['a', 'b'], name='t')" in text
        assert "Categorical([0, 1, 2], name='m')" in text
        assert "Categorical([0, 1, 2], prior=[0.5, 0.25, 0.25], name='w')" in text
        assert "Categorical([0, 1], name='z')" in text
        optimizer = create("gp", space)
        for _ in range(8):
            suggestion = optimizer.ask()
            assert not Space(space).violations(suggestion.params)
            optimizer.tell(suggestion, complete(bowl(suggestion.params)))

    def test_explain_prints_options_that_are_not_the_default_only(self):
        text = explain("gp", {"x": Float(0, 1)}, seed=-1, xi=0.5, kappa=math.inf)
        call = text[text.index("gp_minimize(\n") :]
        assert call == (
            "gp_minimize(\n    run,\n    dimensions,\n    n_calls=n_trials,\n"
            "    xi=0.5,\n    kappa='inf',\n    n_initial_points=min(10, n_trials),\n"
            "    random_state=4294967295,\n)\n"
        )

    def test_explain_names_every_encoding(self):
        text = explain("et", {**MIXED, "on": Float(0, 1, when={"c": "a"})})
        for how in ["log-round", "index", "quantile", "flatten"]:
            assert f"({how})\n" in text

    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    def test_a_space_with_nothing_to_search_runs(self, algorithm):
        space = {"n": Int(3, 3), "k": Constant("v")}
        optimizer = create(algorithm, space)
        run(optimizer, 2)
        assert optimizer.ask().params == {"n": 3}
        names = {"objective": bowl, "n_trials": 2}
        exec(explain(algorithm, space), names)
        assert [params for params, _ in names["trials"]] == [{"n": 3}] * 2


class TestRefusals:
    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"n_objectives": 2}, "several metrics"),
            ({"n_constraints": 1}, "constraints on metrics"),
        ],
    )
    def test_what_the_library_cannot(self, algorithm, change, reason):
        problem = Problem(MIXED, **change)
        options = SPEC.algorithms[algorithm].options()
        with pytest.raises(UnsupportedFeatureError, match=reason):
            SPEC.create(problem, SPEC.algorithms[algorithm], options, 0)

    @pytest.mark.parametrize(
        "parameter", [Float(0, 1e39), Float(-1e300, 1e300), Int(0, 2**60)]
    )
    def test_ranges_beyond_its_arithmetic(self, parameter):
        with pytest.raises(UnsupportedFeatureError, match="'p' reaches beyond"):
            create("et", {"p": parameter})

    @pytest.mark.parametrize("kind", [Float, Int])
    def test_of_a_prior_it_searches_the_quantile(self, kind):
        endless = kind(-math.inf, math.inf, prior=Normal(0, 5))
        optimizer = create("et", {"p": endless})
        assert endless.contains(optimizer.ask().params["p"])

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"n_initial_points": 0}, "'n_initial_points' must be at least 1, got 0"),
            ({"n_points": 0}, "'n_points' must be at least 1, got 0"),
            ({"n_restarts_optimizer": 0}, "'n_restarts_optimizer' must be at least 1"),
            ({"n_jobs": 0}, "'n_jobs' must not be 0"),
            ({"xi": math.nan}, "'xi' must be finite, got nan"),
            ({"kappa": math.nan}, "'kappa' must be a number or 'inf', got nan"),
            ({"noise": -1.0}, "'noise' must be at least 0 and finite, got -1.0"),
            ({"acq_optimizer": "lbfgs", "acq_func": "MES"}, "'MES' has none"),
            ({"acq_func": "EIps"}, "'acq_func' must be 'gp_hedge' or 'EI'"),
            ({"initial_point_generator": "sobol"}, "1 <= DIM_NUM <= 40"),
        ],
    )
    def test_options(self, options, reason):
        space = {f"x{k}": Float(0, 1) for k in range(45)}
        with pytest.raises(OptionError, match=reason):
            create("gp", space, **({"n_initial_points": 10} | options))

    def test_a_grid_of_too_many_dimensions(self):
        space = {f"x{k}": Float(0, 1) for k in range(45)}
        with pytest.raises(UnsupportedFeatureError, match="would make 3e\\+21 points"):
            create("gp", space, initial_point_generator="grid", n_initial_points=10)

    def test_gradients_of_choices(self):
        space = {"c": Categorical(["a", "b"]), "n": Int(1, 1)}
        with pytest.raises(UnsupportedFeatureError, match="that is not a choice"):
            create("gp", space, acq_optimizer="lbfgs")


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_every_option_is_documented(algorithm):
    docs = document_options(SPEC.algorithms[algorithm].options)
    assert [doc.name for doc in docs if not doc.text] == []


class TestOutcomes:
    @pytest.mark.parametrize("algorithm", MODELS)
    def test_only_finite_values_are_told(self, algorithm):
        optimizer = create(algorithm)
        values = [1.0, math.inf, 5.0, -math.inf, 1e308, 2.0, math.inf, -1e308, 3.0]
        for value in values:
            optimizer.tell(optimizer.ask(), complete(value))
            optimizer.tell(optimizer.ask(), FAILED)
        optimizer.ask()
        told = optimizer._library.yi
        assert len(told) == 18
        assert (min(told), max(told)) == (-1e150, 1e150)

    def test_what_failed_is_told_with_the_worst_value_so_far(self):
        optimizer = create("et", n_initial=3)
        outcomes = [complete(-math.inf), FAILED, *map(complete, [1.0, 4.0, 2.0])]
        outcomes += [complete(math.inf), Outcome(State.PRUNED, (0.5,))]
        outcomes += [complete(9.0), Outcome(State.FAILED, (math.nan,))]
        for outcome in outcomes:
            optimizer.tell(optimizer.ask(), outcome)
        optimizer.ask()
        # The first two wait until three finite values end the initial phase.
        # A pruned trial counts with its last report.
        assert optimizer._library.yi == [1.0, 4.0, 2.0, 1.0, 4.0, 4.0, 0.5, 9.0, 9.0]

    @pytest.mark.parametrize("design", DESIGNS)
    def test_an_objective_that_always_fails_stalls_nothing(self, design):
        optimizer = create("et", n_initial=6, initial_point_generator=design)
        seen = set()
        for _ in range(20):
            suggestion = optimizer.ask()
            seen.add(str(suggestion.params))
            optimizer.tell(suggestion, FAILED)
        assert len(seen) == 20
        run(optimizer, 7)
        assert len(optimizer._library.models) == 1

    @pytest.mark.parametrize("algorithm", MODELS)
    def test_equal_values_are_no_trouble(self, algorithm):
        optimizer = create(algorithm)
        for _ in range(8):
            optimizer.tell(optimizer.ask(), complete(7.0))

    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    def test_a_used_up_space_repeats_in_silence(self, algorithm):
        space = Space({"n": Int(0, 1), "c": Categorical(["a", "b"])})
        run(create(algorithm, space), 9)

    def test_memory_holds_one_model(self):
        optimizer = create("et")
        run(optimizer, 9)
        assert len(optimizer._library.models) == 1


class TestPending:
    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    @pytest.mark.parametrize("n_told", [0, 6])
    def test_pending_points_differ(self, algorithm, n_told):
        space = PARITY_SPACES["float"]
        optimizer = create(algorithm, space)
        run(optimizer, n_told)
        pending = [optimizer.ask() for _ in range(4)]
        assert len({str(s.params) for s in pending}) == 4
        for suggestion in reversed(pending):
            optimizer.tell(suggestion, complete(bowl(suggestion.params)))
        assert not space.violations(optimizer.ask().params)

    def test_a_lie_is_never_kept(self):
        optimizer = create("et")
        run(optimizer, 6)
        first, *rest = [optimizer.ask() for _ in range(3)]
        optimizer.tell(rest[1], complete(50.0))
        optimizer.ask()
        assert optimizer._library.yi[-1] == 50.0
        assert len(optimizer._library.Xi) == 7
        optimizer.tell(first, complete(60.0))
        optimizer.ask()
        assert optimizer._library.yi[6:] == [50.0, 60.0]

    @pytest.mark.parametrize("design", DESIGNS[1:])
    def test_pending_points_walk_through_the_design(self, design):
        options = {"initial_point_generator": design, "n_initial": 5}
        serial = create("et", **options)
        expected = []
        for _ in range(5):
            suggestion = serial.ask()
            expected.append(suggestion.params)
            serial.tell(suggestion, complete(bowl(suggestion.params)))
        parallel = create("et", **options)
        pending = [parallel.ask() for _ in range(3)]
        parallel.tell(pending.pop(), FAILED)
        parallel.tell(pending.pop(0), complete(1.0))
        found = [*expected[:3], parallel.ask().params, parallel.ask().params]
        assert found == expected
        assert parallel.ask().params not in expected  # beyond the design: at random


class TestForeignHistory:
    @pytest.mark.parametrize("algorithm", MODELS)
    def test_history_counts_as_initial_points(self, algorithm):
        optimizer = create(algorithm, {"x": Float(0, 1), "g": Float(0, 9, step=3)})
        for x in [0.0, 0.2, 0.4, 1.0]:
            optimizer.observe({"x": x, "g": 9 * round(x)}, complete(x))
        optimizer.observe({"x": 0.9, "g": 9.0}, FAILED)
        optimizer.ask()
        assert optimizer._library.Xi == [
            [0.0, 0],
            [0.2, 0],
            [0.4, 0],
            [1.0, 3],
            [0.9, 3],
        ]
        assert optimizer._library.yi == [0.0, 0.2, 0.4, 1.0, 1.0]
        assert len(optimizer._library.models) == 1

    def test_history_takes_the_place_of_the_first_points_of_a_design(self):
        options = {"initial_point_generator": "lhs"}
        space = PARITY_SPACES["float"]
        alone, after = create("et", space, **options), create("et", space, **options)
        first = alone.ask()
        alone.tell(first, complete(1.0))
        after.observe({"x": 0.0, "y": 0.0}, complete(2.0))
        assert alone.ask().params == after.ask().params

    def test_every_kind_of_parameter_is_taken(self):
        space = Space({**MIXED, "m": Float(1, 2, when={"c": "a"})})
        points = [space.sample(random.Random(k)) for k in range(20)]
        optimizer = create("gp", space)
        for params in points:
            optimizer.observe(params, complete(bowl(params)))
        assert not space.violations(optimizer.ask().params)

    def test_points_at_the_bounds_are_taken(self):
        space = {"a": Float(1e-5, 0.1, log=True), "g": Float(0, 1, prior=Normal(0, 1))}
        optimizer = create("gp", {**space, "n": Int(1, 7, log=True)}, n_initial=2)
        optimizer.observe({"a": 1e-5, "g": 0.0, "n": 1}, complete(1.0))
        optimizer.observe({"a": 0.1, "g": 1.0, "n": 7}, complete(2.0))
        optimizer.ask()
        assert len(optimizer._library.Xi) == 2

    def test_random_search_ignores_it(self):
        alone, after = create("random"), create("random")
        after.observe(MIXED.sample(random.Random(0)), complete(1.0))
        assert alone.ask().params == after.ask().params


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_no_global_state_changes(algorithm):
    np.random.seed(3)
    state, filters = np.random.get_state()[1].copy(), list(warnings.filters)
    run(create(algorithm), 6)
    assert (np.random.get_state()[1] == state).all()
    assert warnings.filters == filters
