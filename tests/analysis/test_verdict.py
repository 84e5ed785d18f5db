"""One sentence with its numbers: use the tuned model, keep the other, or no telling."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import hpbridge as hpb
from hpbridge.analysis.evaluated import Evaluated, region_of
from hpbridge.analysis.verdict import (
    KEEP,
    OPEN,
    UNKNOWN,
    USE,
    described,
    verdict,
    verdicts_of,
)

POOR = [0.60, 0.62, 0.58, 0.61, 0.59]
GOOD = [0.90, 0.91, 0.89, 0.92, 0.88]
SIZES = [[80, 20]] * 5


def study_of(folds, defaults, *, direction="maximize", metric="score", about=()):
    """Return a study of one trial with these scores of folds, and of its defaults."""

    def objective(trial):
        trial.set_attribute(f"split_test_{metric}", folds)
        return {metric: sum(folds) / len(folds)}

    made = hpb.Experiment(
        objective=objective, space={"x": hpb.Float(0, 1)}, direction={metric: direction}
    )
    study = hpb.run(made, "random", n_trials=1, seed=0, store=":memory:")
    reference = {
        "metrics": {metric: sum(defaults) / len(defaults)},
        "attributes": {f"split_test_{metric}": defaults},
    }
    noted = {"references": {"defaults": reference}, "sizes": SIZES, **dict(about)}
    return replace(study, attributes={"evaluation": noted})


def opened(study, best, other, against="defaults", **difference):
    """Return the study with an opening of its test."""
    found = {"mean": best - other, "low": 0.1, "high": 0.3, "p_better": 1.0}
    opening = {
        "trial": 0,
        "n_rows": 1234,
        "metric": study.main_metric,
        "models": {
            "best": {"metrics": {study.main_metric: best}},
            against: {"metrics": {study.main_metric: other}},
        },
        "differences": {against: {**found, **difference}},
    }
    known = study.attributes.get("openings", [])
    return replace(
        study, attributes={**study.attributes, "openings": [*known, opening]}
    )


@pytest.mark.parametrize(
    ("best", "other", "advice", "said"),
    [
        (GOOD, POOR, USE, "Use the tuned model"),
        (POOR, GOOD, KEEP, "Keep the defaults"),
        (GOOD, GOOD, OPEN, "practically the same"),
        ([0.5, 0.9, 0.6, 0.9, 0.7], POOR, OPEN, "not surely better"),
    ],
)
def test_over_the_folds(best, other, advice, said):
    found = verdict(Evaluated(study_of(best, other)))
    assert (found.advice, found.where) == (advice, "folds")
    assert said in found.sentence
    assert "a sealed test does not" in found.sentence


def test_of_a_metric_that_is_to_be_small_less_is_better():
    study = study_of(POOR, GOOD, direction="minimize", metric="loss")
    found = verdict(Evaluated(study))
    assert found.advice == USE
    assert found.gain == pytest.approx(0.3)
    assert "loss is better by 0.3" in found.sentence
    worse = study_of(GOOD, POOR, direction="minimize", metric="loss")
    assert verdict(Evaluated(worse)).advice == KEEP


def test_the_test_counts_more_than_the_folds():
    study = opened(study_of(GOOD, POOR), 0.8, 0.9, mean=-0.1, low=-0.2, high=-0.05)
    found = verdict(Evaluated(study))
    assert (found.advice, found.where, found.gain) == (KEEP, "test", -0.1)
    assert "0.8 against 0.9 of the defaults on 1,234 rows" in found.sentence
    assert "worse by 0.1" in found.sentence


def test_the_model_in_use_comes_first():
    study = opened(study_of(GOOD, POOR), 0.9, 0.7, "incumbent")
    found = verdicts_of(Evaluated(study))
    assert [each.against for each in found] == ["incumbent", "defaults"]
    assert "of the model in use" in found[0].sentence
    assert found[1].where == "folds"


def test_a_test_that_was_opened_again_is_said_to_be():
    study = opened(opened(study_of(GOOD, POOR), 0.9, 0.7), 0.9, 0.7)
    found = verdict(Evaluated(study))
    assert found.sentence.endswith(
        "The test was opened 2 times: its value is no longer that of unseen data."
    )


def test_a_test_that_tells_nothing_apart_is_said_to():
    study = opened(study_of(GOOD, POOR), 1.0, 1.0, low=0.0, high=0.0, alike=True)
    found = verdict(Evaluated(study))
    assert found.advice == OPEN
    assert math.isnan(found.low)
    assert "cannot tell the tuned model from the defaults" in found.sentence


def test_what_is_no_number_is_no_verdict():
    nan = math.nan
    study = opened(study_of(GOOD, POOR), nan, 0.7, mean=nan, low=nan, high=nan)
    found = verdict(Evaluated(study))
    assert found.advice == UNKNOWN
    assert "unknown against 0.7" in found.sentence


def test_one_fold_has_no_interval_and_says_so():
    study = study_of([0.9], [0.6], about={"sizes": [[80, 20]]}.items())
    found = verdict(Evaluated(study))
    assert found.advice == UNKNOWN
    assert found.gain == pytest.approx(0.3)
    assert "one fold says nothing of its own chance" in found.sentence


def test_metrics_of_all_folds_together_have_no_interval():
    study = study_of(GOOD, POOR, about={"pooled": ["score"]}.items())
    gain = Evaluated(study).gain_over(Evaluated(study).defaults)
    assert "computed from the answers of all folds at once" in described(gain)


def test_without_references_nobody_can_tell():
    study = replace(study_of(GOOD, POOR), attributes={})
    found = verdict(Evaluated(study))
    assert found.advice == UNKNOWN
    assert "nobody evaluated the defaults" in found.sentence


def test_the_same_is_up_to_a_hundredth_of_what_the_other_comes_to():
    assert region_of("f1_macro", 0.8) == 0.01
    assert region_of("neg_mean_absolute_error", -40.0) == pytest.approx(0.4)
    assert region_of("neg_log_loss", -0.2) == pytest.approx(0.002)
    assert region_of("loss", 0.5, sign=1) == pytest.approx(0.005)
