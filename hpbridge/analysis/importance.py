"""How much each parameter mattered: permutation importance, with noise as yardstick.

A forest learns the rank of a trial's value from its parameters; what the forest loses
on trials that it has not seen when one parameter is shuffled is that parameter's
importance. A column of random numbers is shuffled with them: a parameter that does not
stand above it in nearly all bootstrap samples hardly mattered.

Source:
    L. Breiman, Random Forests, Machine Learning 45 (2001) 5-32; scikit-learn's
    `permutation_importance` is the same, one column and one prediction at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from hpbridge.space.parameters import Parameter
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

FEWEST_TRIALS = 10
"""Trials with a value without which a forest has nothing to learn from."""

MOST_TRIALS = 600
"""Trials that are learned from at most, evenly chosen."""

CONFIDENCE = 0.95
"""In how many bootstrap samples a parameter that mattered stands above noise."""

_SAMPLES, _TREES, _REPEATS = 20, 25, 4
_NOT_ACTIVE = -1.0


@dataclass(frozen=True)
class Importance:
    """How much one parameter mattered.

    Attributes:
        name: Of the parameter.
        share: Of what all of them and noise lose together, in [0, 1].
        low: Lower end of the middle 90 % over bootstrap samples.
        high: Upper end.
        above_noise: In which share of the samples it stood above the random column.
    """

    name: str
    share: float
    low: float
    high: float
    above_noise: float

    @property
    def mattered(self) -> bool:
        """Whether it stood above noise in nearly all samples."""
        return self.above_noise >= CONFIDENCE


@dataclass(frozen=True)
class Importances:
    """How much each parameter mattered for a metric.

    Attributes:
        metric: Its name.
        parameters: The most important one first; empty where `why_none` says why.
        noise: What the random column comes to, as a share: the 95th percentile.
        n_trials: How many were learned from.
        why_none: Why there are none.
    """

    metric: str
    parameters: tuple[Importance, ...] = ()
    noise: float = math.nan
    n_trials: int = 0
    why_none: str | None = None


def importances(study: Study, metric: str | None = None, seed: int = 0) -> Importances:
    """Return how much each searched parameter mattered for a metric.

    Args:
        study: Any.
        metric: Its name; by default the first one.
        seed: Of the forests and samples.
    """
    metric = metric or study.main_metric
    trials = [t for t in study.trials if math.isfinite(t.metrics.get(metric, math.nan))]
    names = [n for n in study.space.searched if any(n in t.params for t in trials)]
    if not names:
        return Importances(metric, why_none="no parameter was searched")
    if len(trials) < FEWEST_TRIALS:
        why = f"{len(trials)} trials with a finite {metric} are too few; "
        return Importances(metric, why_none=f"{why}it takes {FEWEST_TRIALS}")
    if len({t.metrics[metric] for t in trials}) == 1:
        return Importances(metric, why_none=f"{metric} is the same in all trials")
    if find_spec("sklearn") is None:
        return Importances(metric, why_none="scikit-learn is not installed")
    if len(trials) > MOST_TRIALS:
        trials = [trials[k * len(trials) // MOST_TRIALS] for k in range(MOST_TRIALS)]
    return _measured(study, metric, names, trials, seed)


def _measured(
    study: Study,
    metric: str,
    names: list[str],
    trials: list[FinishedTrial],
    seed: int,
) -> Importances:
    import numpy as np
    from scipy.stats import rankdata

    columns = [_column(study.space[n], n, trials) for n in names]
    features = np.asarray(columns, dtype=float).T
    ranks = rankdata([t.metrics[metric] for t in trials]) / len(trials)
    rng = np.random.default_rng(seed)
    lost = np.asarray([_sample(features, ranks, rng) for _ in range(_SAMPLES)])
    lost = np.maximum(lost, 0)
    lost = lost[lost.sum(axis=1) > 0]
    if not len(lost):
        why = "no parameter explains any of the differences"
        return Importances(metric, n_trials=len(trials), why_none=why)
    shares = lost / lost.sum(axis=1, keepdims=True)
    own, noise = shares[:, :-1], shares[:, -1]
    low, high = np.quantile(own, [0.05, 0.95], axis=0)
    found = [
        Importance(
            name=name,
            share=float(own[:, k].mean()),
            low=float(low[k]),
            high=float(high[k]),
            above_noise=float(np.mean(own[:, k] > noise)),
        )
        for k, name in enumerate(names)
    ]
    return Importances(
        metric,
        tuple(sorted(found, key=lambda each: -each.share)),
        float(np.quantile(noise, 0.95)),
        len(trials),
    )


def _column(
    parameter: Parameter, name: str, trials: list[FinishedTrial]
) -> list[float]:
    """Return values on the scale of the search; below all others where not active."""
    active = [t for t in trials if name in t.params]
    places = {t.number: _place(parameter, t.params[name]) for t in active}
    low = min(places.values())
    width = max(places.values()) - low or 1.0
    known = {number: (place - low) / width for number, place in places.items()}
    return [known.get(t.number, _NOT_ACTIVE) for t in trials]


def _place(parameter: Parameter, value: Any) -> float:
    if isinstance(parameter, Categorical):
        return float(parameter.index(value))
    return math.log(value) if getattr(parameter, "log", False) else float(value)


def _sample(features: Any, ranks: Any, rng: Any) -> list[float]:
    """Return what a forest loses by each column, and by noise, on unseen trials."""
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    n_rows = len(features)
    whole = np.column_stack([features, rng.random(n_rows)])
    drawn = rng.integers(0, n_rows, n_rows)
    unseen = np.setdiff1d(np.arange(n_rows), drawn)
    forest = RandomForestRegressor(_TREES, random_state=int(rng.integers(2**31)))
    forest.fit(whole[drawn], ranks[drawn])
    rows, truth = whole[unseen], ranks[unseen]
    shuffled = [_shuffled(rows, k, rng) for k in range(whole.shape[1])]
    # One call for all of them: a forest's call costs more than its rows.
    said = forest.predict(np.concatenate([rows, *shuffled]))
    wrong = (said[: len(rows)] - truth) ** 2
    more = said[len(rows) :].reshape(whole.shape[1], _REPEATS, len(rows))
    lost = ((more - truth) ** 2).mean(axis=(1, 2)) - wrong.mean()
    return [float(value) for value in lost]


def _shuffled(rows: Any, column: int, rng: Any) -> Any:
    """Return repeats of the rows with one column shuffled where it is active."""
    import numpy as np

    repeated = np.tile(rows, (_REPEATS, 1))
    active = np.flatnonzero(rows[:, column] != _NOT_ACTIVE)
    for k in range(_REPEATS):
        place = k * len(rows) + active
        repeated[place, column] = rng.permutation(rows[active, column])
    return repeated
