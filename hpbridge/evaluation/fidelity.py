"""What the budget of a trial means where a model is evaluated: rows, or a parameter.

Source:
    scikit-learn 1.9, `HalvingGridSearchCV` and `HalvingRandomSearchCV`, whose
    ``resource`` is this. A subsample is the one that those draw with the same seed: the
    first rows of one permutation, so that a larger one has the smaller. Other than
    there, the rows that are scored on are never fewer: values at two budgets are of the
    same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from sklearn.base import clone
from sklearn.utils import resample

from hpbridge.errors import nearest
from hpbridge.space.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.folds import Folds
    from hpbridge.evaluation.models import Models
    from hpbridge.evaluation.procedure import Fold, Procedure
    from hpbridge.evaluation.splits import Split
    from hpbridge.evaluation.target import Target
    from hpbridge.study import Study

N_SAMPLES = "n_samples"
"""The name of a budget of rows; any other name is a parameter's."""

_LEAST = 2
"""Rows that a model is to be fitted on, and of each class."""


@dataclass(frozen=True)
class Fidelity:
    """What a trial does with its budget.

    Args:
        budget: By whose name rows or a parameter are meant.
        seed: Of the subsamples.
        is_of_time: Whether a subsample is the latest rows.
    """

    budget: Budget
    seed: int
    is_of_time: bool = False

    @property
    def is_of_rows(self) -> bool:
        """Whether it is the number of rows that a fold is fitted on."""
        return self.budget.name == N_SAMPLES

    def params(self, given: float | None) -> dict[str, Any]:
        """Return the parameters that an estimator has at a budget; None for the most.

        Args:
            given: The budget of a trial.
        """
        return {} if self.is_of_rows else {self.budget.name: self._amount(given)}

    def applied(self, estimator: Any, given: float | None) -> Any:
        """Return an unfitted estimator, set to a budget; None for the most."""
        return estimator.set_params(**self.params(given))

    def whole(self, models: Models) -> Models:
        """Return models whose estimators are set to the most."""
        own = {
            name: self.applied(clone(each), None)
            for name, each in models.estimators.items()
        }
        return replace(models, estimators=own)

    def folds(self, folds: Folds, given: float | None = None) -> Folds:
        """Return folds that are fitted on as many rows as a budget; None for most."""
        if not self.is_of_rows:
            return folds
        return folds.over(self.subsampled(folds.folds, given), folds.order)

    def subsampled(
        self, folds: Sequence[Fold], given: float | None = None
    ) -> Subsampled:
        """Return the rows of folds at a budget; None for the most."""
        return Subsampled(folds, int(self._amount(given)), self.seed, self.is_of_time)

    def _amount(self, given: float | None) -> float:
        return self.budget.most if given is None else self.budget.number(given)

    def sizes(self, sizes: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return how many rows each fold is fitted on at the most, and scored on."""
        most = int(self.budget.most) if self.is_of_rows else None
        return [
            [fitted if most is None else min(fitted, most), scored]
            for fitted, scored in sizes
        ]

    def problems_of(self, split: Split, target: Target) -> list[str]:
        """Say which of its budgets the folds have no rows for.

        Args:
            split: With the folds that trials are evaluated on.
            target: What is predicted.
        """
        if not self.is_of_rows:
            return []
        folds = split.folds
        least, most = int(self.budget.least), int(self.budget.most)
        smallest = min(fitted for fitted, _ in folds.sizes)
        if most > smallest:
            problem = (
                f"the most of the budget is {most:,} rows, and the smallest training "
                f"fold has {smallest:,}"
            )
            return [problem]
        if least < _LEAST:
            return [f"the least of the budget must be 2 rows or more, got {least}"]
        if not (target.is_of_classes and target.is_single):
            return []
        return self._too_few(folds, np.asarray(split.seen.y))

    def _too_few(self, folds: Sequence[Fold], y: Any) -> list[str]:
        """Say which class has too few rows at the least budget, and what would do."""
        least = int(self.budget.least)
        wanted, lacking = least, ""
        for k, (fitted, _) in enumerate(folds):
            labels = y[_as_they_come(np.asarray(fitted), self.seed, self.is_of_time)]
            for label in np.unique(labels).tolist():
                # A class that has fewer in the whole fold is not the budget's doing.
                places = np.flatnonzero(labels == label)[:_LEAST]
                if places[-1] >= wanted:
                    wanted = int(places[-1]) + 1
                    n_here = int(np.sum(places < least))
                    lacking = f"{n_here} of class {label!r} in fold {k}"
        if not lacking:
            return []
        problem = (
            f"the least of the budget, {least:,} rows, has {lacking}: the smallest "
            f"with {_LEAST} of each class in every fold is {wanted:,}"
        )
        return [problem]


class Subsampled(Sequence["Fold"]):
    """Folds that are fitted on so many of their rows, and scored on all of theirs.

    Args:
        folds: Of all rows; one with fewer is as it was.
        n_rows: That each is fitted on.
        seed: By which rows are drawn.
        is_of_time: Whether they are the latest rows, as by ``max_train_size`` of
            scikit-learn's `TimeSeriesSplit`.
    """

    def __init__(
        self, folds: Sequence[Fold], n_rows: int, seed: int, is_of_time: bool = False
    ) -> None:
        self._folds, self._n_rows = folds, n_rows
        self._seed, self._is_of_time = seed, is_of_time

    @overload
    def __getitem__(self, index: int) -> Fold: ...
    @overload
    def __getitem__(self, index: slice) -> list[Fold]: ...
    def __getitem__(self, index: int | slice) -> Fold | list[Fold]:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        fitted, scored = self._folds[index]
        return self._drawn(np.asarray(fitted)), scored

    def _drawn(self, fitted: Any) -> Any:
        if self._n_rows >= len(fitted):
            return fitted
        drawn = _as_they_come(fitted, self._seed, self._is_of_time)[: self._n_rows]
        return drawn[::-1] if self._is_of_time else drawn

    def __len__(self) -> int:
        return len(self._folds)


def _as_they_come(fitted: Any, seed: int, is_of_time: bool) -> Any:
    """Return the rows of a fold in the order in which a growing budget has them."""
    if is_of_time:
        return fitted[::-1]
    return resample(fitted, replace=False, random_state=seed)


def problems_of_rows(
    fidelity: Fidelity | None, split: Split, target: Target
) -> list[str]:
    """Say which budgets folds have no rows for, if there are budgets."""
    return [] if fidelity is None else fidelity.problems_of(split, target)


def short_of_most(budget: Budget | None, study: Study) -> list[str]:
    """Say that the best trial is at less than the most, which the references have."""
    best = None if budget is None else study.best_by_main_metric()
    if budget is None or best is None or best.budget in {None, budget.most}:
        return []
    note = (
        f"no trial got to the most of the budget, {budget.most:g} {budget.name}: the "
        f"best is at {best.budget:g}, and the references over the folds at the most; "
        "more trials get there"
    )
    return [note]


def at_most(evaluation: Evaluation) -> Folds:
    """Return the folds of a trial of an evaluation that goes all the way."""
    fidelity, folds = evaluation.fidelity, evaluation.folds
    return folds if fidelity is None else fidelity.folds(folds)


def read_fidelity(
    given: object,
    models: Models | None,
    seed: int,
    procedure: Procedure,
    problems: list[str],
) -> tuple[Fidelity | None, Models | None]:
    """Return what trials do with their budgets, and the models at the most.

    Args:
        given: A `Budget`, or None for none.
        models: That are evaluated; None if they are not known.
        seed: Of the evaluation.
        procedure: By which rows are in the order of time, or not.
        problems: Gets a sentence for each thing that is wrong.
    """
    if given is None:
        return None, models
    if not isinstance(given, Budget):
        problems.append(
            'budget must be hpb.Budget(least, most, name="n_samples"), or the name of '
            f"a parameter, got {given!r:.100}"
        )
        return None, models
    found, before = Fidelity(given, seed, procedure.is_of_time), len(problems)
    if found.is_of_rows and not given.is_whole:
        problems.append(f"a budget of rows is of whole numbers, got {given!r}")
    elif not found.is_of_rows and models is not None:
        problems += _problems_of_parameter(given.name, models)
    if len(problems) > before or models is None:
        return None, models
    return found, found.whole(models)


def _problems_of_parameter(name: str, models: Models) -> list[str]:
    """Say which estimators have no such parameter, and where it is searched."""
    found = []
    for whose, estimator in models.estimators.items():
        before = f"{whose!r}: " if whose else ""
        known: Mapping[str, Any] = estimator.get_params(deep=True)
        if name not in known:
            kind, near = type(estimator).__name__, nearest(name, [*known, N_SAMPLES])
            found.append(
                f"{before}{kind} has no parameter {name!r} for the budget; {near}"
            )
        elif (f"{whose}__{name}" if whose else name) in models.space:
            found.append(
                f"{before}{name!r} is searched, and cannot be the budget as well"
            )
    return found
