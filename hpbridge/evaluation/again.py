"""An evaluation that runs points again: each repeat with splits and seeds of its own.

Of the rows that trials see, as the search had them; the test stays where it is.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.analysis.confirmed import RESPLIT
from hpbridge.evaluation.models import reseeded
from hpbridge.evaluation.procedure import Splits
from hpbridge.evaluation.target import read_target
from hpbridge.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.objective import FoldObjective
    from hpbridge.evaluation.procedure import Fold, Procedure
    from hpbridge.trial import Trial


class AgainObjective:
    """Evaluates points again: what a trial runs, picked by its number.

    Args:
        repeats: The objective of each repeat.
        n_points: A repeat has.
    """

    def __init__(self, repeats: Sequence[FoldObjective], n_points: int) -> None:
        self.repeats, self.n_points = tuple(repeats), n_points

    def __call__(self, trial: Trial) -> dict[str, float]:
        """Evaluate a point on the splits of its repeat."""
        return self.repeats[trial.number // self.n_points](trial)

    def whole(self) -> AgainObjective:
        """Return the same for a process that may be on another machine."""
        return AgainObjective([each.whole() for each in self.repeats], self.n_points)


class Again(Experiment):
    """What runs points of an evaluation again; it has no row of the test.

    Args:
        evaluation: Whose rows, estimators and metrics.
        seeds: One a repeat: of its splits, and of every `random_state`.
        n_points: A repeat has: trial `n` is of repeat ``n // n_points``.
    """

    goes_whole = True

    def __init__(
        self, evaluation: Evaluation, seeds: Sequence[int], n_points: int
    ) -> None:
        folds = [_folds(evaluation, seed) for seed in seeds]
        objective: FoldObjective = evaluation.objective  # type: ignore[assignment]
        super().__init__(
            objective=AgainObjective(
                [
                    objective.over(
                        reseeded(evaluation.models, seed),
                        evaluation.folds.over(own, _order(len(own), seed)),
                    )
                    for own, seed in zip(folds, seeds, strict=True)
                ],
                n_points,
            ),
            space=evaluation.space,
            name=evaluation.name,
            direction=evaluation.metrics,
            constraints={b.metric: b.text for b in evaluation.bounds},
            budget=evaluation.budget,
        )
        self.reference = evaluation.reference
        known = list(evaluation.folds.folds)
        self._resplit = {
            "fingerprint": evaluation.fingerprint,
            "procedure": evaluation.procedure.text,
            "n_new": sum(not _are_same(own, known) for own in folds),
            "sizes": [[len(a), len(b)] for a, b in folds[0]],
        }

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What the study notes: see `hpbridge.analysis.confirmed.RESPLIT`."""
        return {RESPLIT: self._resplit}

    def unlike(self, attributes: Mapping[str, Any]) -> list[str]:
        """Say why a study that ran points again did so with other data."""
        noted = attributes.get(RESPLIT)
        if noted is None or noted == self._resplit:
            return []
        return ["its data or its splits are not those of the study"]

    def by_value(self) -> Experiment:
        """Return the same for a process that may be on another machine."""
        other = copy.copy(self)
        other.objective = self.objective.whole()  # type: ignore[attr-defined]
        return other


def _folds(evaluation: Evaluation, seed: int) -> list[Fold]:
    rows = evaluation.folds.kept.rows()
    target = read_target(
        rows.y, is_of_classes=evaluation.target.is_of_classes, problems=[]
    )
    procedure = _drawn_by(evaluation.procedure, seed)
    return [*procedure.folds(rows, target or evaluation.target, seed)]


def _drawn_by(procedure: Procedure, seed: int) -> Procedure:
    """Return a procedure that draws by a seed; as it is, where it draws nothing."""
    splitter: Any = getattr(procedure, "splitter", None)
    if not hasattr(splitter, "random_state") or not getattr(splitter, "shuffle", True):
        return procedure
    own = copy.copy(splitter)
    own.random_state = seed
    return Splits(own)


def _order(count: int, seed: int) -> list[int]:
    return [int(k) for k in np.random.default_rng(seed).permutation(count)]


def _are_same(folds: Sequence[Fold], others: Sequence[Fold]) -> bool:
    """Say whether folds are the same parts of the rows, in whatever order."""
    scored, known = (
        {frozenset(np.asarray(part).tolist()) for _, part in each}
        for each in (folds, others)
    )
    return scored == known
