"""Searches that are simulated: by real runs, with scores of folds where they matter."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import hpbridge as hpb
from hpbridge.analysis.checks.catalogue import CHECKS
from hpbridge.analysis.evaluated import EVALUATION, OPENINGS, Evaluated
from hpbridge.trial import FinishedTrial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.study import Study

OPTIMIZERS = {"random": "random", "TPE": "optuna:tpe"}
N_TRIALS = (20, 50)

_CHECKS = {each.code: each.make for each in CHECKS}


def spoke(code: str) -> Callable[[Study], bool | None]:
    """Return what asks a check of the search whether it speaks of a study."""
    return lambda study: _CHECKS[code](Evaluated(study)).spoke


def search(
    objective: Callable[[Any], Any],
    space: Mapping[str, Any],
    optimizer: str,
    seed: int,
    direction: Any = "minimize",
    n_trials: int = max(N_TRIALS),
) -> Study:
    """Return a search, by default of as many trials as the longest setting has."""
    experiment = hpb.Experiment(objective=objective, space=space, direction=direction)
    return hpb.run(
        experiment, optimizer, n_trials=n_trials, seed=seed, store=":memory:"
    )


def first(study: Study, n_trials: int) -> Study:
    """Return a study after its first trials: no optimizer here knows how many come."""
    return replace(study, trials=study.trials[:n_trials])


def in_all_settings(
    make: Callable[[str, int], Study],
) -> Callable[[int], dict[str, Study]]:
    """Return the cases of a scenario whose search matters.

    Args:
        make: ``make(optimizer, seed)``.
    """

    def cases(seed: int) -> dict[str, Study]:
        whole = {name: make(each, seed) for name, each in OPTIMIZERS.items()}
        return {
            f"{n} trials, {name}": first(study, n)
            for n in N_TRIALS
            for name, study in whole.items()
        }

    return cases


def folds_of(**scores: Sequence[float]) -> dict[str, Any]:
    """Return scores of folds as the attributes of a trial: ``test_accuracy=[...]``."""
    return {f"split_{name}": [float(v) for v in each] for name, each in scores.items()}


def metrics_of(**scores: Sequence[float]) -> dict[str, float]:
    """Return their means as the metrics of a trial."""
    return {
        name.removeprefix("test_") if name.startswith("test_") else f"mean_{name}": (
            float(np.mean(each))
        )
        for name, each in scores.items()
    }


def scored(trial: Any, **scores: Sequence[float]) -> dict[str, float]:
    """Note scores of folds in a trial that runs, and return what it returns."""
    for name, values in folds_of(**scores).items():
        trial.set_attribute(name, values)
    return metrics_of(**scores)


def reference(**scores: Sequence[float]) -> dict[str, Any]:
    """Return scores of folds as a reference of an evaluation."""
    return {"metrics": metrics_of(**scores), "attributes": folds_of(**scores)}


def evaluated_by(
    study: Study,
    sizes: Sequence[Sequence[int]],
    references: Mapping[str, Any] | None = None,
    opening: Mapping[str, Any] | None = None,
    **about: Any,
) -> Study:
    """Return a study with the record of an evaluation."""
    noted = {"sizes": sizes, "references": references or {}, **about}
    openings = {} if opening is None else {OPENINGS: [opening]}
    return replace(study, attributes={EVALUATION: noted, **openings})


@cache
def _blank(space: tuple[str, ...], metric: str) -> Study:
    ranges = {name: hpb.Float(0, 1) for name in space}
    experiment = hpb.Experiment(
        objective=lambda _: {metric: 0.0},
        space=ranges,
        direction={metric: "maximize"},
    )
    return hpb.run(experiment, "random", n_trials=1, seed=0, store=":memory:")


def made_up(
    trials: Sequence[Mapping[str, Any]],
    metric: str = "accuracy",
    space: tuple[str, ...] = ("x",),
) -> Study:
    """Return a study of trials that are given: params, metrics, attributes of each."""
    blank = _blank(space, metric)
    one: FinishedTrial = blank.trials[0]
    made = [replace(one, number=k, **fields) for k, fields in enumerate(trials)]
    return replace(blank, trials=tuple(made))
