"""Curves of learners: exact where they are said to be, and said where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from evaluated_data import LABELS, NUMBERS, THREE, TWO, evaluated, is_as_expected
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score, r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.errors import ExperimentError
from hpbridge.evaluation.curve import Curve

RATE = {"learning_rate": hpb.Float(0.05, 0.5, log=True)}
DEPTH = {"max_depth": hpb.Int(1, 4)}
REGULAR = {"C": hpb.Float(0.1, 10, log=True)}
ALPHA = {"alpha": hpb.Float(1e-4, 1e-1, log=True)}


def boosters():
    found = {
        "gradient boosting": (GradientBoostingClassifier(n_estimators=6), THREE, RATE),
        "adaboost": (AdaBoostClassifier(n_estimators=6), THREE, RATE),
        "histograms": (HistGradientBoostingRegressor(max_iter=6), NUMBERS, RATE),
    }
    for name, kind, settings in (
        ("lightgbm", "LGBMClassifier", {"verbose": -1}),
        ("xgboost", "XGBClassifier", {}),
    ):
        library = pytest.importorskip(name)
        model = getattr(library, kind)(n_estimators=6, n_jobs=1, **settings)
        found[name] = (model, THREE, RATE)
    return found


EXACT = {
    "forest": (RandomForestClassifier(n_estimators=6), THREE, DEPTH),
    "extra trees": (ExtraTreesClassifier(n_estimators=6), THREE, DEPTH),
    "bagging": (
        BaggingRegressor(n_estimators=6),
        NUMBERS,
        {"max_samples": hpb.Float(0.3, 1)},
    ),
    **boosters(),
}


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT)
def test_a_curve_leaves_the_numbers_as_they_are_and_ends_in_them(case):
    model, data, space = case
    evaluation, study = evaluated(model, *data, space, curve=Curve(steps=3))
    assert is_as_expected(evaluation, study)
    name = next(iter(evaluation.scorers))
    for trial in study.trials:
        noted = trial.attributes
        total = noted["curve_steps"][0][-1]
        assert noted["curve_steps"] == [[round(total * k / 3) for k in (1, 2, 3)]] * 2
        for part in ("test", "train"):
            ends = [values[-1] for values in noted[f"curve_{part}_{name}"]]
            assert ends == pytest.approx(noted[f"split_{part}_{name}"])
        assert [step for step, _ in trial.reports] == [1, 2]  # the folds


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT)
def test_a_step_is_what_a_smaller_model_comes_to(case):
    model, data, space = case
    smaller = "max_iter" if "max_iter" in model.get_params() else "n_estimators"
    evaluation, study = evaluated(model, *data, space, curve=Curve(steps=3))
    name = next(iter(evaluation.scorers))
    trial, rows = study.trials[-1], evaluation.folds.kept.rows()
    fitted, scored = evaluation.folds.folds[0]
    fresh = evaluation.models.fresh(trial.values).set_params(**{smaller: 2})
    fresh.fit(rows.X[fitted], rows.y[fitted])
    by_hand = evaluation.scorers[name](fresh, rows.X[scored], rows.y[scored])
    first = trial.attributes[f"curve_test_{name}"][0][0]
    assert trial.attributes["curve_steps"][0][0] == 2
    assert first == pytest.approx(by_hand, abs=1e-6)


def test_a_pipeline_transforms_rows_as_its_last_step_needs_them():
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=4))
    space = {"randomforestclassifier__max_depth": hpb.Int(1, 4)}
    evaluation, study = evaluated(pipeline, *THREE, space, curve=True)
    assert is_as_expected(evaluation, study)
    noted = study.trials[-1].attributes
    assert noted["curve_steps"] == [[1, 2, 3, 4]] * 2
    ends = [values[-1] for values in noted["curve_test_f1_macro"]]
    assert ends == pytest.approx(noted["split_test_f1_macro"])


def test_a_fit_callback_looks_on():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=40))
    space = {"logisticregression__C": REGULAR["C"]}
    evaluation, study = evaluated(pipeline, *THREE, space, curve=Curve(steps=20))
    assert is_as_expected(evaluation, study)
    assert any("by a FitCallback" in note for note in study.notes)
    noted = study.trials[-1].attributes
    for steps, scores, end in zip(
        noted["curve_steps"],
        noted["curve_test_f1_macro"],
        noted["split_test_f1_macro"],
        strict=True,
    ):
        assert steps[:2] == [1, 2]
        assert steps == sorted(set(steps))
        assert scores[-1] == pytest.approx(end)


def test_a_solver_that_calls_nobody_back_has_no_curve():
    model = LogisticRegression(solver="liblinear")
    with pytest.raises(ExperimentError, match="there is no curve of Logistic"):
        hpb.Evaluation(model, *TWO, space=REGULAR, curve=True)


def test_epochs_of_partial_fit_are_said_to_differ_from_a_fit():
    model = SGDClassifier(max_iter=12)
    evaluation, study = evaluated(model, *THREE, ALPHA, curve=Curve(steps=4))
    note = "learns by epochs of partial_fit, so that it has a curve; what its fit"
    assert any(note in each for each in study.notes)
    noted = study.trials[-1].attributes
    assert noted["curve_steps"] == [[3, 6, 9, 12]] * 2
    ends = [values[-1] for values in noted["curve_test_f1_macro"]]
    assert ends == noted["split_test_f1_macro"]
    rows, (fitted, scored) = evaluation.folds.kept.rows(), evaluation.folds.folds[0]
    by_hand = evaluation.models.fresh(study.trials[-1].values)
    for _ in range(12):
        by_hand.partial_fit(rows.X[fitted], rows.y[fitted], classes=[0, 1, 2])
    said = by_hand.predict(rows.X[scored])
    assert f1_score(rows.y[scored], said, average="macro") == pytest.approx(ends[0])


def test_the_model_that_is_used_has_learnt_in_the_same_way():
    evaluation, study = evaluated(SGDClassifier(max_iter=9), *THREE, ALPHA, curve=True)
    from hpbridge.evaluation.opening import contenders_of

    best = contenders_of(evaluation, study.best_trial).models["best"]
    rows = evaluation.folds.kept.rows()
    by_hand = evaluation.models.fresh(study.best_trial.values)
    for _ in range(9):
        by_hand.partial_fit(rows.X, rows.y, classes=[0, 1, 2])
    assert np.array_equal(best.coef_, by_hand.coef_)
    assert type(best) is SGDClassifier


def test_networks_and_several_labels_learn_by_epochs():
    model = MLPClassifier((4,), max_iter=5)
    _, study = evaluated(model, *LABELS, ALPHA, curve=True, metrics="f1_micro")
    assert study.trials[-1].attributes["curve_steps"] == [[1, 2, 3, 4, 5]] * 2


def test_who_has_no_number_of_epochs_is_given_one():
    space = {"var_smoothing": hpb.Float(1e-9, 1e-3, log=True)}
    with pytest.raises(ExperimentError, match=r"Curve\(epochs=N\)"):
        hpb.Evaluation(GaussianNB(), *TWO, space=space, curve=True)
    _, study = evaluated(GaussianNB(), *TWO, space, curve=Curve(epochs=2))
    assert study.trials[-1].attributes["curve_steps"] == [[1, 2]] * 2


def test_the_steps_of_one_fold_are_what_a_trial_reports():
    model = RandomForestClassifier(n_estimators=5)
    _, study = evaluated(model, *THREE, DEPTH, curve=True, procedure=hpb.HoldOut())
    for trial in study.trials:
        scores = trial.attributes["curve_test_f1_macro"][0]
        assert list(trial.reports) == [*enumerate(scores, start=1)]


def test_of_alternatives_some_have_no_curve():
    models = {
        "svm": (SVC(), REGULAR),
        "forest": (RandomForestClassifier(n_estimators=4), DEPTH),
    }
    _, study = evaluated(models, *THREE, {}, curve=True, procedure=hpb.HoldOut())
    assert any("SVC does not learn in steps" in note for note in study.notes)
    for trial in study.trials:
        is_forest = trial.params["model"] == "forest"
        assert ("curve_steps" in trial.attributes) is is_forest
        assert len(trial.reports) == (4 if is_forest else 1)
    assert {t.params["model"] for t in study.trials} == {"svm", "forest"}


def test_weights_go_to_every_step():
    X, y = TWO
    weights = np.where(y == 1, 9.0, 1.0)
    model = RandomForestClassifier(n_estimators=4, max_depth=2)
    evaluation, study = evaluated(model, X, y, DEPTH, sample_weight=weights, curve=True)
    own = dict(evaluation.folds.kept.rows().params)
    assert is_as_expected(evaluation, study, params=own)


def test_a_dummy_and_words_for_classes():
    X, y = THREE
    words = np.array(["a", "b", "c"])[y]
    evaluation, study = evaluated(
        make_pipeline(GradientBoostingClassifier(n_estimators=4)),
        X,
        words,
        {"gradientboostingclassifier__learning_rate": RATE["learning_rate"]},
        curve=True,
        metrics=["roc_auc_ovr", "accuracy"],
    )
    noted = study.trials[-1].attributes
    ends = [values[-1] for values in noted["curve_test_roc_auc_ovr"]]
    assert ends == pytest.approx(noted["split_test_roc_auc_ovr"])
    dummy = evaluation.attributes["evaluation"]["references"]["dummy"]
    assert "curve_steps" not in dummy["attributes"]


def test_a_fit_is_not_longer_for_being_scored():
    model = RandomForestClassifier(n_estimators=3)
    _, study = evaluated(model, *THREE, DEPTH, curve=True)
    trial = study.trials[-1]
    assert min(trial.attributes["split_fit_time"]) > 0
    assert sum(trial.attributes["split_fit_time"]) < trial.run_seconds


@pytest.mark.parametrize(
    ("curve", "problem"),
    [
        (3, "curve must be True or hpbridge.Curve"),
        (Curve(steps=0), "steps of a curve must be a whole number >= 1, got 0"),
        (Curve(epochs=1.5), "epochs of a curve must be a whole number >= 1, got 1.5"),
    ],
)
def test_a_wrong_curve_is_refused(curve, problem):
    with pytest.raises(ExperimentError) as caught:
        hpb.Evaluation(RandomForestClassifier(), *TWO, space=DEPTH, curve=curve)
    assert [p for p in caught.value.problems if problem in p]


def test_the_steps_of_a_curve_end_with_the_last():
    assert Curve(3).steps_of(10) == [3, 7, 10]
    assert Curve(20).steps_of(3) == [1, 2, 3]


def test_one_fold_of_a_regression_ends_in_its_number():
    model = HistGradientBoostingRegressor(max_iter=5)
    evaluation, study = evaluated(
        model, *NUMBERS, RATE, curve=True, procedure=hpb.HoldOut(), metrics="r2"
    )
    rows, (fitted, scored) = evaluation.folds.kept.rows(), evaluation.folds.folds[0]
    trial = study.trials[-1]
    by_hand = evaluation.models.fresh(trial.values).fit(rows.X[fitted], rows.y[fitted])
    said = by_hand.predict(rows.X[scored])
    assert trial.reports[-1] == (5, pytest.approx(r2_score(rows.y[scored], said)))


@pytest.mark.parametrize(
    ("model", "space", "n_fits"),
    [
        (RandomForestClassifier(n_estimators=8), DEPTH, 2),
        (SGDClassifier(max_iter=8), ALPHA, 2),
        (LogisticRegression(max_iter=8), REGULAR, 2),
        (GradientBoostingClassifier(n_estimators=8), RATE, 2),
    ],
    ids=["warm start", "partial fit", "callback", "staged"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_trial_of_one_fold_may_end_at_a_step(model, space, n_fits):
    evaluation = hpb.Evaluation(
        model, *THREE, space=space, curve=Curve(steps=8), procedure=hpb.HoldOut()
    )
    heard = []

    def listen(step, value):
        heard.append(step)
        return len(heard) == n_fits

    values = evaluation.models.defaults()
    trial = hpb.Trial(values, number=0, seed=0, listen=listen)
    with pytest.raises(hpb.TrialPruned):
        evaluation.objective(trial)
    assert heard == [1, 2]


def test_folds_of_one_row_have_no_curve_of_a_metric_of_many():
    X, y = TWO
    evaluation, study = evaluated(
        RandomForestClassifier(n_estimators=2),
        X[:16],
        y[:16],
        DEPTH,
        curve=True,
        procedure=hpb.LeaveOneOut(),
        test=None,
        metrics="f1_macro",
    )
    assert "curve_steps" not in study.trials[-1].attributes
    note = "there is no curve: f1_macro has no value in a fold of one row"
    assert note in evaluation.notes


@pytest.mark.parametrize(
    "settings", [{"early_stopping": True}, {"class_weight": "balanced"}]
)
def test_what_partial_fit_refuses_is_refused_before_the_first_fit(settings):
    model = SGDClassifier(max_iter=5, **settings)
    with pytest.raises(ExperimentError, match="there is no curve of SGDClassifier"):
        hpb.Evaluation(model, *TWO, space=ALPHA, curve=True)


def test_boosters_that_stopped_early_have_the_rounds_that_predict():
    xgboost = pytest.importorskip("xgboost")
    X, y = TWO
    params = {"eval_set": [(X, y[::-1])], "verbose": False}
    model = xgboost.XGBClassifier(n_estimators=30, n_jobs=1, early_stopping_rounds=2)
    _, study = evaluated(model, X, y, RATE, params=params, curve=Curve(steps=2))
    noted = study.trials[-1].attributes
    assert noted["curve_steps"][0][-1] < 30
    ends = [values[-1] for values in noted["curve_test_f1_macro"]]
    assert ends == pytest.approx(noted["split_test_f1_macro"])


def test_a_study_with_another_curve_is_another():
    plain, curved = (
        hpb.Evaluation(SGDClassifier(max_iter=5), *TWO, space=ALPHA, curve=curve)
        for curve in (None, True)
    )
    (reason,) = curved.unlike({"evaluation": plain.record})
    assert reason.startswith("its curve")
