from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.drivers.objective import evaluate, judge
from hpbridge.errors import ExperimentError, SpaceError

SPACE = {"x": hpb.Float(0, 1), "c": hpb.Categorical({"one": [1], "two": [2]}), "k": 7}


def experiment(objective, **more) -> hpb.Experiment:
    return hpb.Experiment(objective=objective, space=SPACE, **more)


def test_all_mistakes_of_an_experiment_are_told_at_once() -> None:
    with pytest.raises(ExperimentError) as caught:
        hpb.Experiment(
            objective=3,  # type: ignore[arg-type]
            space=SPACE,
            direction={"a": "maximise", 4: "minimize"},  # type: ignore[dict-item]
            constraints={"t": "< 3", "u": "<= x"},
            baseline=[{"x": 2, "c": "three"}, 5],  # type: ignore[list-item]
        )
    text = str(caught.value)
    for word in ("callable, got 3", "'maximise'", "did you mean 'maximize'", "name 4"):
        assert word in text
    for word in ("'< 3'", "'<= x'", "'x' is 2, outside", "'three'", "got 5"):
        assert word in text
    assert text.splitlines()[-1].startswith("Hint: ")


def test_a_space_of_constants_is_refused() -> None:
    with pytest.raises(ExperimentError, match="nothing to search"):
        hpb.Experiment(objective=len, space={"k": 7})


def test_a_wrong_space_is_a_space_error() -> None:
    with pytest.raises(SpaceError, match="reversed"):
        hpb.Experiment(objective=len, space={"x": hpb.Float(2, 1)})


def test_the_objective_sees_choice_objects_and_constants() -> None:
    seen = []
    evaluate(
        experiment(lambda t: seen.append(dict(**t)) or 0.0),
        {"x": 0.5, "c": "two"},
        0,
        1,
    )
    assert seen == [{"x": 0.5, "c": [2], "k": 7}]


def test_a_trial_is_read_only() -> None:
    def objective(trial):
        with pytest.raises(TypeError):
            trial["x"] = 1
        return trial["x"]

    result = evaluate(experiment(objective), {"x": 0.5, "c": "one"}, 0, 1)
    assert result.error is None
    assert result.metrics == {"value": 0.5}


@pytest.mark.parametrize(
    "returned",
    [
        1,
        1.0,
        np.float32(1),
        np.int64(1),
        np.array(1.0),
        np.array([1.0]),
        Decimal(1),
        Fraction(1),
    ],
    ids=repr,
)
def test_a_real_number_completes_a_trial(returned) -> None:
    result = judge(experiment(len), returned, ())
    assert (result.state, result.error) == ("complete", None)
    assert result.metrics == {"value": 1.0}
    assert type(result.metrics["value"]) is float


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_is_a_number(value: float) -> None:
    assert judge(experiment(len), value, ()).state == "complete"


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "returned None for metric 'value'"),
        ("1.5", "the str '1.5'"),
        (True, "the bool True"),
        (np.True_, "the bool True"),
        (1 + 0j, "the complex (1+0j)"),
        (np.array([1.0, 2.0]), "an array of shape (2,)"),
        (math.nan, "returned nan for metric 'value'"),
        ({"loss": 1.0}, "returned no metric 'value'"),
        (object, "the type"),
    ],
    ids=str,
)
def test_what_is_no_number_fails_a_trial(returned, told: str) -> None:
    result = judge(experiment(len), returned, ())
    assert result.state == "failed"
    assert told in str(result.error)


def test_nan_is_recorded() -> None:
    assert math.isnan(judge(experiment(len), math.nan, ()).metrics["value"])


def test_several_metrics_need_a_dict() -> None:
    two = experiment(len, direction={"a": "minimize", "b": "maximize"})
    assert "not a dict of the metrics 'a', 'b'" in str(judge(two, 1.0, ()).error)
    assert judge(two, {"b": 2, "a": 1, "more": 3}, ()).state == "complete"
    assert "returned no metric 'b'" in str(judge(two, {"a": 1}, ()).error)


def test_one_named_metric_takes_a_bare_number() -> None:
    named = experiment(len, direction={"loss": "minimize"})
    assert judge(named, 2, ()).metrics == {"loss": 2.0}


def test_a_constrained_metric_must_be_returned() -> None:
    bound = experiment(len, constraints={"seconds": "<= 1"})
    assert "returned no metric 'seconds'" in str(judge(bound, {"value": 1}, ()).error)


def test_an_exception_is_recorded_with_its_traceback() -> None:
    def objective(trial):
        trial.report(0.5, step=1)
        msg = "a message\nof two lines"
        raise ValueError(msg)

    result = evaluate(experiment(objective), {"x": 0.5, "c": "one"}, 0, 1)
    assert result.error == "ValueError: a message of two lines"
    assert "in objective" in str(result.traceback)
    assert "in evaluate" not in str(result.traceback)
    assert result.reports == ((1, 0.5),)


def test_a_pruned_trial_keeps_its_reports() -> None:
    def objective(trial):
        trial.report(0.5, step=1)
        assert trial.should_prune() is False
        raise hpb.TrialPruned

    result = evaluate(experiment(objective), {"x": 0.5, "c": "one"}, 0, 1)
    assert (result.state, result.reports) == ("pruned", ((1, 0.5),))


@pytest.mark.parametrize(
    ("value", "step", "problems"),
    [
        (0.5, 2.7, ["step must be a whole number, got 2.7"]),
        (0.5, "2", ["step must be a whole number, got the str '2'"]),
        ("0.5", 2, ["value must be a number, got the str '0.5'"]),
        (np.ma.masked, 2, ["value must be a number, got a masked value"]),
        (
            None,
            float("nan"),
            [
                "value must be a number, got None",
                "step must be a whole number, got nan",
            ],
        ),
    ],
)
def test_a_report_is_of_a_number_and_a_whole_step(value, step, problems) -> None:
    def objective(trial):
        trial.report(value, step)

    result = evaluate(experiment(objective), {"x": 0.5, "c": "one"}, 0, 1)
    assert (result.state, result.reports) == ("failed", ())
    assert all(problem in str(result.error) for problem in problems)


@pytest.mark.parametrize("step", [2.0, np.int64(2), np.float32(2), np.array([2])])
def test_a_step_of_any_librarys_whole_numbers_is_an_int(step) -> None:
    trial = hpb.Trial({}, number=0, seed=0)
    trial.report(np.float64(0.5), step)
    assert [(type(s), s, v) for s, v in trial.reports] == [(int, 2, 0.5)]


def test_ctrl_c_in_an_objective_is_the_users() -> None:
    def objective(_trial):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(experiment(objective), {"x": 0.5, "c": "one"}, 0, 1)


def test_trial_seeds_depend_on_study_and_number_only() -> None:
    from hpbridge.trial import trial_seed

    seeds = {trial_seed(s, n) for s in range(20) for n in range(20)}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert trial_seed(0, 0) == trial_seed(0, 0)
