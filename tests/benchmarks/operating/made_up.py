"""HPB203, HPB206, HPB208, HPB209 and HPB210: scores of folds that are drawn.

A fold's rows are drawn once, and all models are scored on them; so the scores of one
fold have a part in common, and a part of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.operating.models import is_better
from benchmarks.operating.scenario import Scenario
from benchmarks.operating.searches import (
    evaluated_by,
    folds_of,
    in_all_settings,
    made_up,
    metrics_of,
    reference,
    scored,
    search,
    spoke,
)

import hpbridge as hpb
from hpbridge.analysis.evaluated import Evaluated

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.study import Study

K = 5
SHARED, OWN = 0.03, 0.01
"""Deviations of a fold's score: what all models have in common, and what each has."""

SIZES = [[400, 100]] * K
SPACE = {f"x{k}": hpb.Float(0, 1) for k in range(3)}


def tuning(gain: float, optimizer: str, seed: int) -> Study:
    """Return a search whose optimum is better than the defaults by a gain."""
    rng = np.random.default_rng(seed)
    center, folds = rng.uniform(0.2, 0.8, 3), rng.normal(0.8, SHARED, K)

    def objective(trial: Any) -> dict[str, float]:
        places = np.array([trial[name] for name in SPACE])
        loss = 0.1 * float(((places - center) ** 2).sum()) if gain else 0.0
        return scored(trial, test_accuracy=folds + gain - loss + rng.normal(0, OWN, K))

    study = search(objective, SPACE, optimizer, seed, {"accuracy": "maximize"})
    defaults = reference(test_accuracy=folds + rng.normal(0, OWN, K))
    return evaluated_by(study, SIZES, {"defaults": defaults})


def is_no_better_than_defaults(study: Study) -> bool:
    """Apply what skore calls better to the defaults; it has no such check itself."""
    evaluated = Evaluated(study)
    assert evaluated.best is not None
    assert evaluated.defaults is not None
    best, own = (m.metrics["accuracy"] for m in (evaluated.best, evaluated.defaults))
    return not is_better(best, own, 0.01, 0.05)


def flattered(is_chosen: bool, optimizer: str, seed: int) -> Study:
    """Return a search with an opened test; chosen on noise, or by a real difference."""
    rng = np.random.default_rng(seed)
    n_rows, n_test, true = 100, 400, 0.75
    own = np.sqrt(true * (1 - true) / (n_rows / K))

    def objective(trial: Any) -> dict[str, float]:
        if is_chosen:  # each configuration fits other noise of the same rows
            return scored(trial, test_accuracy=true + rng.normal(0, own, K))
        return scored(trial, test_accuracy=shared - 0.3 * (trial["x0"] - 0.5) ** 2)

    shared = true + rng.normal(0, own, K)
    study = search(objective, SPACE, optimizer, seed, {"accuracy": "maximize"})
    deviation = np.sqrt(true * (1 - true) / n_test)
    tested = rng.normal(true, deviation)
    interval = [tested - 1.96 * deviation, tested + 1.96 * deviation]
    defaults = shared + rng.normal(0, OWN, K) - 0.02
    gain = 0.0 if is_chosen else 0.02
    apart = 0.02
    on_test = gain + rng.normal(0, apart)
    opening = {
        "metric": "accuracy",
        "models": {"best": {"metrics": {"accuracy": tested}, "interval": interval}},
        "differences": {
            "defaults": {
                "mean": on_test,
                "low": on_test - 1.96 * apart,
                "high": on_test + 1.96 * apart,
            }
        },
    }
    return evaluated_by(
        study,
        [[n_rows - n_rows // K, n_rows // K]] * K,
        {"defaults": reference(test_accuracy=defaults)},
        {**opening, "trial": None},
    )


def opened(study: Study) -> bool | None:
    """Ask HPB206, with the test opened for the best of these trials."""
    best = study.best_by_main_metric()
    assert best is not None
    opening = {**study.attributes["openings"][0], "trial": best.number}
    noted = study.attributes["evaluation"]
    from dataclasses import replace

    attributes = {"evaluation": noted, "openings": [opening]}
    return spoke("HPB206")(replace(study, attributes=attributes))


def two_metrics(is_apart: bool, optimizer: str, seed: int) -> Study:
    """Return a search by accuracy with recall beside it: apart, or of one optimum."""
    rng = np.random.default_rng(seed)
    center = rng.uniform(0.3, 0.7)
    other = center + (0.3 if center < 0.5 else -0.3) if is_apart else center
    folds = {name: rng.normal(0.8, SHARED, K) for name in ("accuracy", "recall")}

    def objective(trial: Any) -> dict[str, float]:
        drawn = {
            name: folds[name] - (trial["x0"] - at) ** 2 + rng.normal(0, OWN, K)
            for name, at in (("accuracy", center), ("recall", other))
        }
        return scored(trial, **{f"test_{name}": v for name, v in drawn.items()})

    study = search(objective, SPACE, optimizer, seed, {"accuracy": "maximize"})
    return evaluated_by(study, SIZES)


def one_fold(by: float, k: int, n_rows: int) -> Callable[[int], dict[str, Study]]:
    """Return the cases of one model on k folds, of which one is worse."""

    def cases(seed: int) -> dict[str, Study]:
        rng = np.random.default_rng(seed)
        chance = np.full(k, rng.uniform(0.75, 0.95))
        chance[rng.integers(k)] -= by
        accuracy = rng.binomial(n_rows, chance) / n_rows
        trial = {
            "params": {"x": 0.5},
            "metrics": metrics_of(test_accuracy=accuracy),
            "attributes": folds_of(test_accuracy=accuracy),
        }
        sizes = [[n_rows * (k - 1), n_rows]] * k
        return {f"{k} folds of {n_rows} rows": evaluated_by(made_up([trial]), sizes)}

    return cases


def is_far_by_median(study: Study) -> bool:
    """Say what skore's SKD003 says: a modified z-score beyond 3.

    Source:
        skore 0.28.0, `skore/_checks/skd003_metrics_consistency.py`.
    """
    scores = np.array(study.trials[0].attributes["split_test_accuracy"])
    away = np.abs(scores - np.median(scores))
    middle = np.median(away)
    return bool(middle) and bool((0.6745 * away / middle > 3).any())


def two_classes(gain: float, factor: float) -> Callable[[int], dict[str, Study]]:
    """Return the cases of a linear class beside one that is better and slower."""

    def cases(seed: int) -> dict[str, Study]:
        rng = np.random.default_rng(seed)
        folds = rng.normal(0.8, SHARED, K)
        seconds = float(np.exp(rng.uniform(-1, 2)))
        trials = []
        for number in range(20):
            is_slow = number % 2 == 0
            accuracy = (
                folds
                + (gain if is_slow else 0)
                - 0.1 * rng.random()
                + rng.normal(0, OWN, K)
            )
            took = seconds * (factor if is_slow else 1.0) * rng.uniform(0.8, 1.2)
            times = {"mean_fit_time": took, "mean_score_time": 0.01}
            trials.append(
                {
                    "params": {"model": "slow" if is_slow else "linear"},
                    "metrics": {**metrics_of(test_accuracy=accuracy), **times},
                    "attributes": folds_of(test_accuracy=accuracy),
                }
            )
        # The best is of the slow class, whose cost is in question.
        best = max(range(0, 20, 2), key=lambda k: trials[k]["metrics"]["accuracy"])
        kept = [
            t
            for k, t in enumerate(trials)
            if k % 2 == 0
            or t["metrics"]["accuracy"] < trials[best]["metrics"]["accuracy"]
        ]
        return {"20 trials": evaluated_by(made_up(kept, space=("model",)), SIZES)}

    return cases


def is_slow_by_thresholds(study: Study) -> bool:
    """Say what skore's SKD010 says: twice as slow, by a second, and no better.

    Source:
        skore 0.28.0, `skore/_checks/skd010_slower_than_baseline.py`.
    """
    best = study.best_by_main_metric()
    rivals = [t for t in study.trials if t.params["model"] == "linear"]
    if best is None or best.params["model"] == "linear" or not rivals:
        return False
    rival = max(rivals, key=lambda t: t.metrics["accuracy"])
    own, other = (t.metrics["mean_fit_time"] for t in (best, rival))
    if own < 2 * other or own - other < 1:
        return False
    return not is_better(
        best.metrics["accuracy"], rival.metrics["accuracy"], 0.01, 0.05
    )


_GAIN = {
    "ours": spoke("HPB203"),
    "skores": {"threshold of SKD002": is_no_better_than_defaults},
}
_FOLD = {"ours": spoke("HPB209"), "skores": {"SKD003": is_far_by_median}}
_SLOW = {"ours": spoke("HPB210"), "skores": {"SKD010": is_slow_by_thresholds}}

SCENARIOS = (
    Scenario(
        "HPB203",
        "all points as good as the defaults",
        True,
        in_all_settings(lambda optimizer, seed: tuning(0.0, optimizer, seed)),
        **_GAIN,
    ),
    Scenario(
        "HPB203",
        "an optimum better by 0.04, folds that differ by 0.01",
        False,
        in_all_settings(lambda optimizer, seed: tuning(0.04, optimizer, seed)),
        **_GAIN,
    ),
    Scenario(
        "HPB206",
        "points that differ by chance, on 100 rows",
        True,
        in_all_settings(lambda optimizer, seed: flattered(True, optimizer, seed)),
        opened,
    ),
    Scenario(
        "HPB206",
        "points that differ indeed",
        False,
        in_all_settings(lambda optimizer, seed: flattered(False, optimizer, seed)),
        opened,
    ),
    Scenario(
        "HPB208",
        "recall has its optimum elsewhere",
        True,
        in_all_settings(lambda optimizer, seed: two_metrics(True, optimizer, seed)),
        spoke("HPB208"),
    ),
    Scenario(
        "HPB208",
        "recall has the same optimum",
        False,
        in_all_settings(lambda optimizer, seed: two_metrics(False, optimizer, seed)),
        spoke("HPB208"),
    ),
    *(
        Scenario("HPB209", text, by > 0, one_fold(by, k, 100), **_FOLD)
        for k in (5, 10)
        for by, text in ((0.25, "one fold worse by 0.25"), (0.0, "folds alike"))
    ),
    Scenario(
        "HPB210",
        "a model 5 times as slow, no better",
        True,
        two_classes(0.0, 5.0),
        **_SLOW,
    ),
    Scenario(
        "HPB210",
        "a model 5 times as slow, better by 0.04",
        False,
        two_classes(0.04, 5.0),
        **_SLOW,
    ),
    Scenario(
        "HPB210", "a model as fast, no better", False, two_classes(0.0, 1.0), **_SLOW
    ),
)
