from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from hpbridge import Categorical, Float, Int, Space
from hpbridge.contract.backend import ExhaustedError, Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.errors import (
    ForeignHistoryError,
    OptionError,
    SpaceError,
    UnsupportedFeatureError,
)
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.testing.parity import bowl
from hpbridge.trial import State
from hpbridge_bayesopt import SPEC
from hpbridge_bayesopt.backend.repairs import (
    DistinctCategoricalParameter,
    categorical_class,
)

PLANE = Space({"x": Float(-5, 5), "y": Float(0, 3)})
GRID = Space({"n": Int(1, 3), "m": Int(0, 1)})
FAILED = Outcome(State.FAILED)


def complete(value, *constraints):
    return Outcome(State.COMPLETE, (value,), constraints)


def create(algorithm="ucb", space=PLANE, seed=0, *, problem=None, **options):
    read = read_options("", SPEC.algorithms[algorithm].options, options)
    return SPEC.create(
        problem or Problem(space), SPEC.algorithms[algorithm], read, seed
    )


def play(optimizer, n_trials, outcome_of=lambda params: complete(bowl(params))):
    asked = []
    for _ in range(n_trials):
        suggestion = optimizer.ask()
        asked.append(dict(suggestion.params))
        optimizer.tell(suggestion, outcome_of(suggestion.params))
    return asked


def targets(optimizer):
    return optimizer._library.space.target


def test_trials_that_are_known_shorten_the_start_up():
    algorithm = SPEC.algorithms["ucb"]
    options = algorithm.options(init_points=5)
    assert [algorithm.after(options, n).init_points for n in (0, 3, 9)] == [5, 2, 0]


class TestRefusals:
    def test_several_metrics(self):
        with pytest.raises(UnsupportedFeatureError, match=r"2 metrics .* one target"):
            create(problem=Problem(PLANE, n_objectives=2))

    @pytest.mark.parametrize("algorithm", ["ucb", "hedge"])
    def test_constraints_name_the_algorithms_that_can(self, algorithm):
        with pytest.raises(UnsupportedFeatureError, match="1 constraint needs"):
            create(algorithm, problem=Problem(PLANE, n_constraints=1))
        with pytest.raises(UnsupportedFeatureError) as caught:
            GuestRecipe(f"bayesopt:{algorithm}", n_constraints=1).choice(PLANE)
        assert "bayesopt:ei, bayesopt:poi" in str(caught.value)
        assert "bayesopt:ucb" not in caught.value.hint

    def test_domain_reduction_over_ints(self):
        with pytest.raises(UnsupportedFeatureError, match="'n' is searched as Int"):
            create(space=Space({"n": Int(1, 9)}), domain_reduction=True)

    def test_ints_that_a_double_cannot_hold(self):
        with pytest.raises(UnsupportedFeatureError, match="'n' reaches 90071992547"):
            create(space=Space({"n": Int(0, 2**53 + 1)}))

    @pytest.mark.parametrize(
        ("window", "match"),
        [
            (20.0, "'minimum_window' is 20.0, but 'x'"),
            (-1.0, "'minimum_window' is -1.0"),
            ({"x": 1.0}, r"must name \['x', 'y'\]"),
        ],
    )
    def test_a_minimum_window_that_does_not_fit(self, window, match):
        with pytest.raises(UnsupportedFeatureError, match=match):
            create(domain_reduction=True, minimum_window=window)

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("kappa", -1),
            ("kappa", math.inf),
            ("init_points", -1),
            ("alpha", 0),
            ("exploration_decay", 1.5),
            ("exploration_decay_delay", -1),
        ],
    )
    def test_option_values_that_cannot_be(self, option, value):
        with pytest.raises(OptionError, match=f"{option!r} must be"):
            create(**{option: value})


class TestSpace:
    def test_initial_points_are_uniform_and_reach_both_ends_of_an_int(self):
        space = Space({"n": Int(-1, 2), "k": Int(0, 9, step=3), "x": Float(0, 1)})
        optimizer = create(space=space, init_points=2000)
        points = [optimizer.ask().params for _ in range(2000)]
        # Null: each of four values a quarter, standard deviation 0.01.
        for name, values in {"n": (-1, 0, 1, 2), "k": (0, 3, 6, 9)}.items():
            for value in values:
                share = np.mean([point[name] == value for point in points])
                assert share == pytest.approx(0.25, abs=0.05)
        assert np.mean([p["x"] for p in points]) == pytest.approx(0.5, abs=0.03)

    @pytest.mark.parametrize("cls", [categorical_class(), DistinctCategoricalParameter])
    def test_the_model_tells_choices_apart(self, cls):
        choices = cls("c", ("a", "b", "c"))
        rows = np.array([[0.2, 0.9, 0.1], [0.0, 0.0, 1.0], [0.5, 0.4, 0.3]])
        seen = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
        assert choices.kernel_transform(rows).tolist() == seen
        assert choices.kernel_transform(rows[0]).tolist() == seen[:1]

    def test_two_numeric_choices_are_choices(self):
        space = Space({"c": Categorical([1, 10]), "x": Float(0, 1)})
        params = play(create(space=space, init_points=8), 10)
        assert {type(p["c"]) for p in params} == {int}
        assert {p["c"] for p in params} == {1, 10}

    def test_an_inactive_parameter_is_told_as_it_was_drawn(self):
        space = Space(
            {
                "c": Categorical(["a", "b"]),
                "x": Float(0, 1, when={"c": "a"}),
            }
        )
        optimizer = create(space=space, seed=1)
        asked = play(optimizer, 5)
        inactive = [k for k, params in enumerate(asked) if "x" not in params]
        assert inactive
        drawn = optimizer._library.space.params[inactive, 2]
        assert not np.any(drawn == 0.5)  # the default that stands for "not known"

    def test_nothing_to_search_is_one_point(self):
        optimizer = create(space=Space({"n": Int(3, 3)}))
        assert play(optimizer, 1) == [{"n": 3}]
        with pytest.raises(ExhaustedError):
            optimizer.ask()


class TestOutcomes:
    @pytest.mark.parametrize(
        "bad",
        [
            FAILED,
            Outcome(State.FAILED, (math.nan,)),
            Outcome(State.PRUNED),
            complete(math.inf),
            complete(1e308),
        ],
        ids=["failed", "nan", "pruned", "inf", "huge"],
    )
    def test_what_failed_counts_as_the_worst_so_far(self, bad):
        optimizer = create(init_points=3)
        outcomes = [complete(2.0), bad, complete(-1.0), bad]
        play(optimizer, 4, lambda _: outcomes.pop(0))
        assert targets(optimizer).tolist() == [-2.0, -2.0, 1.0, -2.0]
        assert len(play(optimizer, 2)) == 2

    @pytest.mark.parametrize("value", [-math.inf, -1e308])
    def test_minus_infinity_counts_as_the_best_so_far(self, value):
        optimizer = create(init_points=3)
        outcomes = [complete(2.0), complete(-1.0), complete(value)]
        play(optimizer, 3, lambda _: outcomes.pop(0))
        assert targets(optimizer).tolist() == [-2.0, 1.0, 1.0]

    def test_failures_before_any_value_wait_for_one(self):
        optimizer = create(init_points=2)
        params = play(optimizer, 4, lambda _: FAILED)
        assert len(targets(optimizer)) == 0
        params += play(optimizer, 1, lambda _: complete(7.0))
        assert targets(optimizer).tolist() == [-7.0] * 5
        params += play(optimizer, 2)
        assert len({tuple(p.items()) for p in params}) == 7

    def test_a_pruned_trial_counts_with_its_last_report(self):
        optimizer = create()
        play(optimizer, 1, lambda _: Outcome(State.PRUNED, (3.0,)))
        assert targets(optimizer).tolist() == [-3.0]

    def test_large_values_reach_the_model_as_they_are(self):
        optimizer = create(init_points=2)
        outcomes = [complete(1e90), complete(-1e90), complete(0.0)]
        play(optimizer, 3, lambda _: outcomes.pop(0))
        assert targets(optimizer).tolist() == [-1e90, 1e90, 0.0]
        assert len(play(optimizer, 1)) == 1

    def test_a_forbidden_point_is_never_asked_again(self):
        optimizer = create(space=GRID, init_points=1)
        params = []
        with pytest.raises(ExhaustedError, match=r"6 points|times in a row"):
            play(optimizer, 7, lambda p: params.append(tuple(p.items())) or FAILED)
        assert len(set(params)) == len(params)

    @pytest.mark.parametrize("algorithm", ["ei", "poi"])
    def test_a_failure_is_infeasible_to_a_constrained_model(self, algorithm):
        problem = Problem(PLANE, n_constraints=2)
        optimizer = create(algorithm, problem=problem, init_points=4)
        outcomes = [complete(1.0, -1.0, -3.0), FAILED, complete(0.0, 4.0, math.inf)]
        outcomes += [FAILED, complete(2.0, -1.0, -1.0)]
        play(optimizer, 5, lambda _: outcomes.pop(0))
        values = optimizer._library.space.constraint_values
        assert values[1].tolist() == [1.0, 1.0]
        assert values[2].tolist() == [4.0, 1e100]
        assert values[3].tolist() == [4.0, 1e100]
        assert np.isfinite(targets(optimizer)).all()


class TestPending:
    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    def test_pending_points_repel_and_leave_no_trace(self, algorithm):
        optimizer = create(algorithm, init_points=4)
        play(optimizer, 5)
        before = len(targets(optimizer))
        space = optimizer._library.space
        pending = [optimizer.ask() for _ in range(3)]
        assert optimizer._library.space is space
        assert len(targets(optimizer)) == len(space._cache) == before
        points = [tuple(s.params.values()) for s in pending]
        assert len(set(points)) == 3
        for suggestion in reversed(pending):
            optimizer.tell(suggestion, complete(bowl(suggestion.params)))
        assert len(play(optimizer, 1)) == 1

    def test_ints_may_be_pending(self):
        optimizer = create(space=Space({"n": Int(0, 30), "m": Int(0, 30)}))
        play(optimizer, 5)
        points = [tuple(optimizer.ask().params.values()) for _ in range(3)]
        assert len(set(points)) == 3

    def test_constrained_points_may_be_pending(self):
        problem = Problem(PLANE, n_constraints=2)
        optimizer = create("ei", problem=problem, init_points=3)
        play(optimizer, 3, lambda p: complete(bowl(p), p["x"], -1.0))
        points = [tuple(optimizer.ask().params.values()) for _ in range(2)]
        assert len(set(points)) == 2

    @pytest.mark.parametrize("algorithm", SPEC.algorithms)
    def test_points_may_be_pending_while_the_domain_shrinks(self, algorithm):
        optimizer = create(algorithm, init_points=3, domain_reduction=True, eta=0.5)
        waiting = []
        for _ in range(8):
            waiting.append(optimizer.ask())
            if len(waiting) > 2:
                suggestion = waiting.pop(0)
                optimizer.tell(suggestion, complete(bowl(suggestion.params)))
        assert np.all(np.diff(optimizer._library.space.bounds) < [[10], [3]])

    def test_asking_and_telling_the_same_proposes_the_same(self):
        def run():
            optimizer = create("hedge", exploration_decay=0.9, init_points=2)
            waiting, asked = [], []
            for _ in range(6):
                waiting.append(optimizer.ask())
                asked.append(dict(waiting[-1].params))
                if len(waiting) > 1:
                    suggestion = waiting.pop()
                    optimizer.tell(suggestion, complete(bowl(suggestion.params)))
            return asked

        assert run() == run()


class TestHistory:
    def test_a_known_point_is_observed_once_and_never_asked(self):
        optimizer = create(space=GRID)
        for n in (1, 2, 3, 3):
            optimizer.observe({"n": n, "m": 0}, complete(float(n)))
        assert targets(optimizer).tolist() == [-1.0, -2.0, -3.0]
        asked = []
        with pytest.raises(ExhaustedError):
            play(optimizer, 4, lambda p: asked.append(dict(p)) or complete(0.5))
        assert asked
        assert all(params["m"] == 1 for params in asked)

    def test_failures_are_observed_as_they_are_told(self):
        optimizer = create()
        optimizer.observe({"x": 1.0, "y": 1.0}, FAILED)
        optimizer.observe({"x": 2.0, "y": 1.0}, complete(4.0))
        assert targets(optimizer).tolist() == [-4.0, -4.0]

    def test_a_point_outside_the_space_is_refused(self):
        with pytest.raises(SpaceError, match="observed trial"):
            create().observe({"x": 9.0, "y": 1.0}, complete(0.0))

    def test_a_constrained_model_needs_the_constraint_values(self):
        optimizer = create("ei", problem=Problem(PLANE, n_constraints=1))
        with pytest.raises(ForeignHistoryError, match="0 constraint values, not 1"):
            optimizer.observe({"x": 1.0, "y": 1.0}, complete(0.0))
        optimizer.observe({"x": 1.0, "y": 1.0}, complete(0.0, -1.0))
        assert targets(optimizer).tolist() == [0.0]


@pytest.mark.parametrize("algorithm", SPEC.algorithms)
def test_nothing_global_changes(algorithm, capfd):
    space = Space({"n": Int(0, 5), "x": Float(0, 1)})
    before = (list(warnings.filters), np.random.get_state()[1].tolist())
    play(create(algorithm, space, init_points=3), 5)
    assert (list(warnings.filters), np.random.get_state()[1].tolist()) == before
    assert capfd.readouterr() == ("", "")
