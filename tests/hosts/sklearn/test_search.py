"""A search behaves as `RandomizedSearchCV` does: most tests run on both."""

from __future__ import annotations

import pickle
import warnings
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse, stats
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_classification
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer, recall_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from hpbridge.sklearn import BridgeSearchCV

X, y = make_classification(60, n_features=4, random_state=0)
SPACE = {"C": stats.loguniform(1e-2, 1e2), "kernel": ["rbf", "linear"]}


def randomized(estimator, space, **settings):
    settings.setdefault("random_state", 0)
    return RandomizedSearchCV(estimator, space, **settings)


def bridged(estimator, space, **settings):
    settings.setdefault("random_state", 0)
    return BridgeSearchCV(estimator, space, backend="optuna:tpe", **settings)


@pytest.fixture(params=[randomized, bridged], ids=["scikit-learn", "hpbridge"])
def make(request):
    """Both searches: what a test asserts is true of scikit-learn's own."""
    return request.param


class Failing(ClassifierMixin, BaseEstimator):
    """Fails, or scores what it is told to, by its parameter."""

    def __init__(self, parameter=0):
        self.parameter = parameter

    def fit(self, X, y=None):  # noqa: N803
        if self.parameter == "fail":
            msg = "it fails"
            raise ValueError(msg)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):  # noqa: N803
        return np.zeros(len(X))

    def score(self, X=None, y=None):  # noqa: N803
        return self.parameter


def shape_of(results):
    return {
        name: (type(column), getattr(column, "dtype", None), np.shape(column))
        for name, column in results.items()
    }


@pytest.mark.parametrize("scoring", [None, ["accuracy", "recall"]])
@pytest.mark.parametrize("train", [True, False])
def test_the_results_have_the_shape_of_scikit_learns(scoring, train) -> None:
    # One list, one distribution, one that is an int: their columns differ in type.
    space = {**SPACE, "degree": stats.randint(1, 4)}
    settings = {
        "n_iter": 4,
        "scoring": scoring,
        "refit": scoring[0] if scoring else True,
        "return_train_score": train,
        "cv": 3,
    }
    theirs = randomized(SVC(), space, **settings).fit(X, y)
    ours = bridged(SVC(), space, **settings).fit(X, y)
    wanted = shape_of(theirs.cv_results_)
    assert shape_of(ours.cv_results_) == wanted
    assert len(wanted) > 10
    assert {k for k in vars(ours) if k.endswith("_")} == {
        *(k for k in vars(theirs) if k.endswith("_")),
        "studies_",
    }
    for params, c in zip(
        ours.cv_results_["params"], ours.cv_results_["param_C"], strict=True
    ):
        assert params["C"] == c
        assert set(params) == set(space)


def test_inactive_parameters_are_masked() -> None:
    import hpbridge as hpb

    space = hpb.Space(
        {
            "kernel": hpb.Categorical(["rbf", "linear"]),
            "gamma": hpb.Float(0.1, 1.0, when={"kernel": "rbf"}),
        }
    )
    search = bridged(SVC(), space, n_iter=6, cv=2).fit(X, y)
    results = search.cv_results_
    is_linear = np.array([p["kernel"] == "linear" for p in results["params"]])
    assert is_linear.any()
    assert not is_linear.all()
    assert np.array_equal(results["param_gamma"].mask, is_linear)
    assert all(
        ("gamma" in p) != lin
        for p, lin in zip(results["params"], is_linear, strict=True)
    )


def test_the_best_is_refitted_and_used(make) -> None:
    search = make(SVC(), SPACE, n_iter=4, cv=3).fit(X, y)
    results = search.cv_results_
    best = search.best_index_
    assert results["rank_test_score"][best] == 1
    assert search.best_score_ == results["mean_test_score"].max()
    assert search.best_params_ == results["params"][best]
    alone = SVC(**search.best_params_).fit(X, y)
    assert np.array_equal(search.predict(X), alone.predict(X))
    assert np.array_equal(search.decision_function(X), alone.decision_function(X))
    assert search.score(X, y) == alone.score(X, y)
    assert list(search.classes_) == [0, 1]
    assert search.n_features_in_ == 4
    assert search.refit_time_ > 0


def test_without_refit_there_is_no_best_estimator(make) -> None:
    search = make(SVC(), SPACE, n_iter=3, cv=2, refit=False).fit(X, y)
    assert not hasattr(search, "best_estimator_")
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    with pytest.raises(AttributeError, match=r"no attribute .predict"):
        search.predict(X)


def test_a_callable_refit_chooses(make) -> None:
    def last(results):
        assert "mean_test_score" in results
        return len(results["params"]) - 1

    search = make(SVC(), SPACE, n_iter=3, cv=2, refit=last).fit(X, y)
    assert search.best_index_ == 2
    assert not hasattr(search, "best_score_")
    assert search.cv_results_["params"][2]["C"] == search.best_estimator_.C


@pytest.mark.parametrize(
    ("index", "error"), [("0", TypeError), (-1, IndexError), (3, IndexError)]
)
def test_a_callable_refit_that_chooses_nothing_is_an_error(make, index, error) -> None:
    search = make(SVC(), SPACE, n_iter=3, cv=2, refit=lambda _results: index)
    with pytest.raises(error, match="best_index_"):
        search.fit(X, y)


def test_several_metrics_need_a_refit_that_names_one(make) -> None:
    search = make(SVC(), SPACE, n_iter=3, cv=2, scoring=["accuracy", "recall"])
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        search.fit(X, y)


def test_of_several_metrics_the_one_of_refit_counts(make) -> None:
    scoring = {"acc": make_scorer(accuracy_score), "rec": "recall"}
    search = make(SVC(), SPACE, n_iter=4, cv=2, scoring=scoring, refit="rec")
    search.fit(X, y)
    results = search.cv_results_
    assert search.multimetric_
    assert set(search.scorer_) == {"acc", "rec"}
    assert search.best_index_ == np.argmin(results["rank_test_rec"])
    assert search.best_score_ == results["mean_test_rec"][search.best_index_]
    assert search.score(X, y) == recall_score(y, search.predict(X))


def test_the_optimizer_learns_the_metric_of_refit() -> None:
    scoring = ["accuracy", "neg_log_loss"]
    settings = {"n_iter": 12, "cv": 2}
    model, space = LogisticRegression(), {"C": stats.loguniform(1e-4, 1e4)}
    both = [
        bridged(model, space, scoring=scoring, refit=metric, **settings).fit(X, y)
        for metric in scoring
    ]
    alone = [
        bridged(model, space, scoring=metric, **settings).fit(X, y)
        for metric in scoring
    ]
    for one, other in zip(both, alone, strict=True):
        assert one.cv_results_["params"] == other.cv_results_["params"]
    assert both[0].cv_results_["params"] != both[1].cv_results_["params"]
    # With a callable refit or none, the first.
    free = bridged(model, space, scoring=scoring, refit=False, **settings).fit(X, y)
    assert free.cv_results_["params"] == both[0].cv_results_["params"]
    assert list(both[1].study_.metrics) == ["neg_log_loss"]
    assert set(both[1].study_.trials[0].metrics) >= {"neg_log_loss", "accuracy"}


def test_a_callable_may_return_several_metrics(make) -> None:
    def scoring(estimator, X, y):  # noqa: N803
        return {"acc": estimator.score(X, y), "half": estimator.score(X, y) / 2}

    search = make(SVC(), SPACE, n_iter=3, cv=2, scoring=scoring, refit="half")
    search.fit(X, y)
    assert search.best_score_ == search.cv_results_["mean_test_acc"].max() / 2
    wrong = make(SVC(), SPACE, n_iter=3, cv=2, scoring=scoring)
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        wrong.fit(X, y)


FAILING = {"parameter": [0.25, "fail", 0.5, 0.75]}


def fitted_with_failures(make, **settings):
    search = make(Failing(), FAILING, n_iter=12, cv=3, refit=False, **settings)
    if make is randomized:
        search.n_iter = 4  # scikit-learn warns where a list is exhausted
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, y)
    return search, caught


def test_fits_that_fail_are_scored_and_said_once(make) -> None:
    search, caught = fitted_with_failures(make)
    results = search.cv_results_
    failed = np.array([p["parameter"] == "fail" for p in results["params"]])
    assert 0 < failed.sum() < len(failed)
    assert np.isnan(results["mean_test_score"][failed]).all()
    assert not np.isnan(results["mean_test_score"][~failed]).any()
    ranks = results["rank_test_score"]
    assert ranks[failed].min() > ranks[~failed].max()
    kinds = [w.category for w in caught if w.category is not RuntimeWarning]
    assert kinds == [FitFailedWarning, UserWarning]
    n_failed, n_fits = 3 * failed.sum(), 3 * len(failed)
    assert f"{n_failed} fits failed out of a total of {n_fits}" in str(
        next(w.message for w in caught if w.category is FitFailedWarning)
    )


def test_a_failed_fit_may_have_a_score(make) -> None:
    search, _ = fitted_with_failures(make, error_score=-1.0)
    results = search.cv_results_
    failed = [p["parameter"] == "fail" for p in results["params"]]
    assert set(results["mean_test_score"][failed]) == {-1.0}


def test_a_failed_fit_may_end_the_search(make) -> None:
    search = make(Failing(), {"parameter": ["fail"]}, n_iter=1, error_score="raise")
    with pytest.raises(ValueError, match="it fails"):
        search.fit(X, y)


def test_a_search_in_which_everything_failed_is_an_error(make) -> None:
    space = {"parameter": ["fail"], "extra": [1, 2]}

    class Both(Failing):
        def __init__(self, parameter=0, extra=0):
            super().__init__(parameter)
            self.extra = extra

    with pytest.raises(ValueError, match=r"(?s)All the 4 fits failed.*it fails"):
        make(Both(), space, n_iter=2, cv=2).fit(X, y)


@pytest.mark.parametrize("first", ["fail", 0.5])
def test_failures_of_a_callable_scorer_get_all_its_metrics(make, first) -> None:
    def scoring(estimator, _x, _y):
        return {"a": estimator.parameter, "b": 1 - estimator.parameter}

    space = {"parameter": [0.5, "fail"]}
    for seed in range(10):
        search = make(
            Failing(),
            space,
            n_iter=2,
            cv=2,
            scoring=scoring,
            refit="a",
            random_state=seed,
            error_score=0.125,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitFailedWarning)
            try:
                search.fit(X, y)
            except ValueError:  # both candidates were the one that fails
                continue
        tried = [p["parameter"] for p in search.cv_results_["params"]]
        if tried[0] == first and len(set(tried)) == 2:
            break
    where = tried.index("fail")
    assert search.cv_results_["mean_test_a"][where] == 0.125
    assert search.cv_results_["mean_test_b"][where] == 0.125
    assert search.cv_results_["mean_test_b"][1 - where] == 0.5


def test_unsupervised(make) -> None:
    data, labels = make_blobs(40, random_state=0)
    space = {"n_clusters": stats.randint(2, 5)}
    model = KMeans(random_state=0, n_init=1)
    search = make(model, space, n_iter=3, cv=2, scoring="adjusted_rand_score")
    assert search.fit(data, labels).best_score_ > 0.5
    free = make(KernelDensity(), {"bandwidth": [0.1, 1.0]}, n_iter=2, cv=2).fit(data)
    assert free.best_params_["bandwidth"] in {0.1, 1.0}
    assert free.score_samples(data).shape == (40,)


def test_groups_are_for_the_splitter(make) -> None:
    search = make(SVC(), SPACE, n_iter=2, cv=GroupKFold(2))
    groups = np.arange(60) % 3
    search.fit(X, y, groups=groups)
    assert search.n_splits_ == 2
    with pytest.raises(ValueError, match="groups"):
        search.fit(X, y)


def test_methods_are_there_when_the_estimator_has_them(make) -> None:
    tree = make(DecisionTreeClassifier(), {"max_depth": [1, 2]}, n_iter=2, cv=2)
    assert hasattr(tree, "predict_proba")
    assert not hasattr(tree, "decision_function")
    linear = make(LinearSVC(), {"C": [0.1, 1.0]}, n_iter=2, cv=2)
    assert not hasattr(linear, "predict_proba")
    assert hasattr(linear, "decision_function")
    with pytest.raises(NotFittedError):
        linear.predict(X)
    scaled = Pipeline([("scale", StandardScaler())])
    steps = make(
        scaled,
        {"scale__with_mean": [True, False]},
        n_iter=2,
        cv=2,
        scoring=lambda *_: 1.0,
    )
    round_trip = steps.fit(X).inverse_transform(steps.transform(X))
    assert np.allclose(round_trip, X)


class Weighed(LogisticRegression):
    """Notes how many weights it was given."""

    seen: ClassVar[list[int]] = []

    def fit(self, X, y, sample_weight=None):  # noqa: N803
        self.seen.append(-1 if sample_weight is None else len(sample_weight))
        return super().fit(X, y, sample_weight)


def test_weights_are_split_with_the_data(make) -> None:
    Weighed.seen.clear()
    search = make(Weighed(), {"C": [0.1, 1.0]}, n_iter=2, cv=2)
    search.fit(X, y, sample_weight=np.ones(60))
    assert Weighed.seen == [30, 30, 30, 30, 60]


def test_metadata_is_routed(make) -> None:
    Weighed.seen.clear()
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        model = Weighed().set_fit_request(sample_weight=True)
        splitter = GroupKFold(2)
        search = make(model, {"C": [0.1, 1.0]}, n_iter=2, scoring=scorer, cv=splitter)
        search.fit(X, y, sample_weight=np.ones(60), groups=np.arange(60) % 2)
        assert search.score(X, y, sample_weight=np.ones(60)) > 0.5
        assert Weighed.seen == [30, 30, 30, 30, 60]
        unasked = make(Weighed(), {"C": [0.1, 1.0]}, n_iter=2)
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
            unasked.fit(X, y, sample_weight=np.ones(60))


def test_a_search_can_be_inside_another(make) -> None:
    inner = make(SVC(), SPACE, n_iter=2, cv=2)
    scores = cross_val_score(inner, X, y, cv=2)
    assert scores.shape == (2,)
    assert (scores > 0.5).all()
    outer = make(inner, {"estimator__degree": [2, 3]}, n_iter=2, cv=2).fit(X, y)
    assert outer.best_params_["estimator__degree"] in {2, 3}


@pytest.mark.parametrize(
    "kind", [sparse.csr_matrix, sparse.csr_array, list, pd.DataFrame]
)
def test_any_data_that_the_estimator_takes(make, kind) -> None:
    data = X.tolist() if kind is list else kind(X)
    if kind is pd.DataFrame:
        data.columns = list("abcd")
    search = make(SVC(), SPACE, n_iter=2, cv=2).fit(data, list(y))
    plain = make(SVC(), SPACE, n_iter=2, cv=2).fit(X, y)
    assert search.best_score_ == plain.best_score_
    assert np.array_equal(search.predict(data), plain.predict(X))
    if kind is pd.DataFrame:
        assert list(search.feature_names_in_) == list("abcd")


def test_pandas_output(make) -> None:
    scaled = Pipeline([("scale", StandardScaler())])
    search = make(
        scaled,
        {"scale__with_mean": [True, False]},
        n_iter=2,
        cv=2,
        scoring=lambda *_: 1.0,
    )
    data = pd.DataFrame(X, columns=list("abcd"))
    search.estimator.set_output(transform="pandas")
    assert list(search.fit(data).transform(data)) == list("abcd")


def test_steps_and_estimators_can_be_searched(make) -> None:
    steps = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    space = {
        "scale": [StandardScaler(), "passthrough"],
        "model": [SVC(), LogisticRegression()],
        "model__C": stats.loguniform(1e-2, 1e2),
    }
    search = make(steps, space, n_iter=6, cv=2).fit(X, y)
    kinds = {type(p["model"]) for p in search.cv_results_["params"]}
    assert kinds == {SVC, LogisticRegression}
    # What was tried was a copy: the user's own estimators stay as they were.
    assert not hasattr(space["model"][0], "support_")
    assert space["model"][0].C == 1.0
    assert search.cv_results_["param_model"].dtype == object


def test_all_candidates_are_evaluated_on_the_same_splits(make) -> None:
    # A splitter without a random state splits anew each time that it is asked.
    search = make(SVC(), {"cache_size": [100, 200, 300]}, n_iter=3, cv=ShuffleSplit(3))
    results = search.fit(X, y).cv_results_
    for fold in range(3):
        assert len(set(results[f"split{fold}_test_score"])) == 1


def test_a_splitter_that_yields_nothing_is_an_error(make) -> None:
    class Broken(KFold):
        def get_n_splits(self, *_, **__):
            return 4

    with pytest.raises(ValueError, match="Expected 4 splits, got 3"):
        make(SVC(), SPACE, n_iter=2, cv=Broken(3)).fit(X, y)
    with pytest.raises(ValueError, match="No fits were performed"):
        make(SVC(), SPACE, n_iter=2, cv=iter(())).fit(X, y)


def test_clone_and_parameters(make) -> None:
    search = make(SVC(), SPACE, n_iter=2, cv=2)
    copy = clone(search.fit(X, y))
    assert not hasattr(copy, "cv_results_")
    assert copy.get_params(deep=False).keys() == search.get_params(deep=False).keys()
    copy.set_params(estimator__C=7.0, n_iter=1)
    assert copy.estimator.C == 7.0
    assert search.estimator.C == 1.0
    assert len(copy.fit(X, y).cv_results_["params"]) == 1
    with pytest.raises(ValueError, match="Invalid parameter"):
        copy.set_params(nothing=1)


def test_pickle(make) -> None:
    search = make(SVC(), SPACE, n_iter=2, cv=2)
    again = pickle.loads(pickle.dumps(search)).fit(X, y)
    fitted = pickle.loads(pickle.dumps(again))
    assert np.array_equal(fitted.predict(X), again.predict(X))
    assert fitted.cv_results_["params"] == again.cv_results_["params"]


def test_several_outputs(make) -> None:
    targets = np.column_stack([X[:, 0], X[:, 1] + X[:, 2]])
    space = {"alpha": stats.loguniform(1e-3, 1.0)}
    search = make(Ridge(), space, n_iter=2, cv=2).fit(X, targets)
    assert search.predict(X).shape == (60, 2)


def test_parallel_fits_do_not_change_the_search(make) -> None:
    with joblib.parallel_config("threading"):
        one, two = (
            make(SVC(), SPACE, n_iter=3, cv=2, n_jobs=n_jobs).fit(X, y)
            for n_jobs in (1, 2)
        )
    assert one.cv_results_["params"] == two.cv_results_["params"]
    assert np.array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )


def test_a_wrong_setting_is_said_by_scikit_learn(make) -> None:
    for wrong in ({"n_iter": 0}, {"random_state": "no"}, {"error_score": "no"}):
        search = make(SVC(), SPACE).set_params(**wrong)
        with pytest.raises(ValueError, match=f"The {next(iter(wrong))!r} parameter"):
            search.fit(X, y)


def test_it_prints_as_much(make, capsys) -> None:
    settings = {"backend": "random"} if make is bridged else {}
    search = make(SVC(), SPACE, n_iter=2, cv=2, verbose=2).set_params(**settings)
    search.fit(X, y)
    printed = capsys.readouterr().out
    assert "Fitting 2 folds for each of 2 candidates, totalling 4 fits" in printed
    assert printed.count("[CV] END ") == 4


def test_callbacks_see_every_fit(make) -> None:
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")

    class Recorder:
        def __init__(self):
            self.tasks = []

        def setup(self, *_, **__):
            pass

        def teardown(self, *_, **__):
            pass

        def on_fit_task_begin(self, _estimator, context, **_):
            self.tasks.append(context.task_name)

        def on_fit_task_end(self, *_, **__):
            pass

    recorder = Recorder()
    search = make(SVC(), SPACE, n_iter=3, cv=2)
    search.set_callbacks(recorder).fit(X, y)
    assert recorder.tasks.count("candidate-split-evaluation") == 6
    assert recorder.tasks.count("search") == 1
    assert recorder.tasks.count("refit-with-best-params") == 1
