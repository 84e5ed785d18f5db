"""A metric that hardly falls when a class is never answered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.tree import DecisionTreeClassifier

from hpbridge.analysis.checks.finding import Finding, cannot

if TYPE_CHECKING:
    from hpbridge.evaluation.checks.data import Data

CODE, TITLE = "HPB101", "a metric that an imbalanced target makes meaningless"

MOST_OF_PERFECT = 0.8
"""What always answering one class may reach of a perfect model's value."""

RAREST = 0.1
"""The share below which a class may go unnoticed, or half its even share."""

_ROWS = 5000
_BY_ROW = ("accuracy", "_micro", "_weighted")


def check(data: Data) -> Finding:
    """Say whether the metric that is optimized sees every class."""
    if not data.target.is_single:
        return cannot(
            CODE, TITLE, f"it is for classes, and there is {data.target.text}"
        )
    name, scorer = next(iter(data.scorers.items()))
    counts = np.bincount(data.y, minlength=len(data.target.counts))
    share = counts / counts.sum()
    perfect, guess = _extremes(data, scorer)
    noted = data.references.get("dummy", {}).get("metrics", {}).get(name)
    guess = guess if noted is None else noted
    if not (math.isfinite(perfect) and math.isfinite(guess)):
        return cannot(CODE, TITLE, f"{name} is NaN for a guess")
    most = _label(data, int(share.argmax()))
    if perfect > 0 and guess >= MOST_OF_PERFECT * perfect:
        sentence = (
            f"Always answering {most} reaches {name} {guess:.4g}, of {perfect:.4g} "
            f"for a perfect model: {share.max():.1%} of the rows are of that class."
        )
        return Finding(CODE, TITLE, True, sentence, guess, _hint(data))
    least = int(np.where(counts > 0, share, np.inf).argmin())
    k = int(np.count_nonzero(counts))
    if _counts_rows(name, scorer) and k > 2 and share[least] <= min(RAREST, 0.5 / k):  # noqa: PLR2004
        reached = 1 - float(share[least])
        sentence = (
            f"Never answering {_label(data, least)} costs {share[least]:.2%} of {name} "
            f"at most: it is the class of {counts[least]} of {counts.sum()} rows."
        )
        return Finding(CODE, TITLE, True, sentence, reached, _hint(data))
    sentence = f"Always answering {most} reaches {name} {guess:.4g} of {perfect:.4g}."
    return Finding(CODE, TITLE, False, sentence, guess)


def _extremes(data: Data, scorer: Any) -> tuple[float, float]:
    """Return a metric of a model that knows the truth, and of one that guesses."""
    y = np.asarray(data.target.some_rows(_ROWS))
    rows = np.arange(len(y)).reshape(-1, 1)
    models = DecisionTreeClassifier(random_state=0), DummyClassifier(strategy="prior")
    found = [float(scorer(model.fit(rows, y), rows, y)) for model in models]
    return found[0], found[1]


def _counts_rows(name: str, scorer: Any) -> bool:
    """Say whether a metric counts rows alike, and classes so by their size."""
    function = getattr(getattr(scorer, "_score_func", None), "__name__", "")
    average = getattr(scorer, "_kwargs", {}).get("average")
    if average is not None:
        return average in {"micro", "weighted"} and "roc_auc" not in function
    names = (name, function)
    return any(
        n.startswith(("accuracy", "top_k")) or n.endswith(_BY_ROW[1:]) for n in names
    ) and not any("roc_auc" in n for n in names)


def _label(data: Data, code: int) -> str:
    return repr(list(data.target.counts)[code])


def _hint(data: Data) -> str:
    better = "f1_macro, balanced_accuracy or matthews_corrcoef"
    if len(data.target.counts) == 2:  # noqa: PLR2004
        better += ", or average_precision of the rare class"
    return f"optimize a metric that counts classes alike: {better}"
