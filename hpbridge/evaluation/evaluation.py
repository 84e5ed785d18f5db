"""An evaluation: an experiment whose objective evaluates a model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.catalogue import unknown_codes
from hpbridge.analysis.checks.run import (
    RECORDED,
    SILENCE,
    check_silence,
    said_at_the_end,
)
from hpbridge.analysis.evaluated import EVALUATION, Evaluated
from hpbridge.errors import ExperimentError
from hpbridge.evaluation.again import Again
from hpbridge.evaluation.checks.run import checked
from hpbridge.evaluation.curve import notes_of, read_curve
from hpbridge.evaluation.fidelity import (
    problems_of_rows,
    read_fidelity,
    short_of_most,
)
from hpbridge.evaluation.folds import Folds
from hpbridge.evaluation.goal import goal_of
from hpbridge.evaluation.incumbent import problems_of_incumbent
from hpbridge.evaluation.kept import KeepingError, Kept
from hpbridge.evaluation.labels import label_problems
from hpbridge.evaluation.metrics import is_of_classifier
from hpbridge.evaluation.models import name_of, read_models, seeded
from hpbridge.evaluation.objective import FoldObjective
from hpbridge.evaluation.pooling import need_pooling
from hpbridge.evaluation.procedure import KFold, read_procedure
from hpbridge.evaluation.reading import read_rows, read_seed, target_of
from hpbridge.evaluation.references import evaluate_references
from hpbridge.evaluation.routed import routing_problems
from hpbridge.evaluation.rows import UnhashableError, count_of
from hpbridge.evaluation.splits import fingerprint_of, make_split, wrong_without_data
from hpbridge.evaluation.steps import steps_of
from hpbridge.evaluation.target import counts_of, read_target
from hpbridge.evaluation.verbs import Verbs
from hpbridge.evaluation.warned import told

if TYPE_CHECKING:
    from hpbridge.evaluation.models import Models
    from hpbridge.evaluation.report import EvaluationReport
    from hpbridge.evaluation.rows import Rows
    from hpbridge.evaluation.splits import Split
    from hpbridge.evaluation.target import Target
    from hpbridge.experiment import Experiment
    from hpbridge.space.budget import Budget
    from hpbridge.space.space import Space
    from hpbridge.study import Study


class Evaluation(Verbs):
    """The evaluation of a model: what `hpbridge.run` tunes, and what it bought.

    Args:
        estimator: An estimator of scikit-learn's kind, a pipeline say; or alternatives,
            ``{name: (estimator, space)}``, of which each trial chooses one.
        X: Features: an array, a frame of pandas or polars, a sparse matrix.
        y: The target: classes, labels or numbers, one for each row.
        space: Parameters by the estimator's own names, as in ``svc__C``.
        procedure: What a trial is scored on: `KFold`, `HoldOut`, `LeaveOneOut`,
            `TimeOrder`, a splitter of scikit-learn's, or pairs of row numbers among
            those outside of the test.
        test: What no trial sees: a share of the rows in (0, 1), an explicit ``(X, y)``
            or ``(X, y, params)`` with what goes with its rows, as in
            ``{"sample_weight": w}``; or None. A share is stratified by class, of whole
            groups, or the last rows, as the procedure is.
        metrics: Names of scikit-learn's scorers, or scorers; the first is optimized,
            unless `optimize` says otherwise.
            By default macro F1, accuracy and balanced accuracy for classes, and R2,
            mean absolute and root mean squared error for numbers.
        sample_weight: A weight for each row: in `params`, by this name.
        groups: Of the rows; those of a group stay together.
        params: What goes with the rows, as of `sklearn.model_selection.cross_validate`:
            to ``fit``; where scikit-learn's metadata routing is enabled, to the
            estimators and scorers that request it.
        incumbent: A fitted model that is in use: the report compares with it.
        seed: Of the test, the folds, and of every `random_state` that is None.
        name: Of the experiment; by default the estimator's.
        constraints: As of `hpbridge.Experiment`, on any of the metrics, as in
            ``{"recall": ">= 0.95"}``, or on ``mean_fit_time``.
        optimize: A metric; several, ``["f1_macro", "recall_macro"]``, of which
            `Study.best_trials` is the Pareto front; or a weight for each of some,
            ``{"f1_macro": 0.7, "roc_auc": 0.3}``, whose weighted sum is the metric
            ``weighted_score``. The first one counts where one is needed.
        silence: Codes of checks that are not to be made, ``["HPB201"]``.
        shares: Of the trials, by alternative, 1 together, as in ``{"svm": 0.3,
            "forest": 0.7}``, or beside each, as ``(estimator, space, share)``. Each
            alternative then has an optimizer of its own, which searches as it would
            for that estimator alone with the study's seed. By default one optimizer
            chooses between the alternatives, too.
        curve: True, or a `Curve`: models that learn in steps are scored while they do,
            by the first metric. A trial has ``curve_steps``, ``curve_test_`` and
            ``curve_train_`` and the metric's name as attributes, a list a fold. Where
            there is one fold, as with ``HoldOut()``, it reports these steps, and else
            its folds. A note says how the curve is taken.
        budget: How far trials go: ``Budget(100, 1000, name="n_samples")`` of the rows
            that a fold is fitted on, or of a parameter of the estimator that is not
            searched, as in ``Budget(10, 200, name="n_estimators")``. The references,
            and trials that nobody chooses a budget for, have the most.

    Attributes:
        scorers: By name; the first counts.
        folds: What trials are evaluated on.
        target: What is known of the target.
        procedure: What made the folds.
        fidelity: What trials do with their budgets; None for no budget.
        is_sealed: Whether there is a test.

    Raises:
        SpaceError: If the space is wrong.
        ExperimentError: With everything else that is wrong, before the first fit.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from hpbridge import Evaluation, Int, run
        >>> X, y = load_iris(return_X_y=True)
        >>> evaluation = Evaluation(
        ...     DecisionTreeClassifier(), X, y, space={"max_depth": Int(1, 5)}
        ... )
        >>> study = run(evaluation, "random", n_trials=3, seed=0, store=":memory:")
        >>> study.best_trial.metrics["f1_macro"] > 0.9
        True
    """

    goes_whole = True  # its file loads the test, too
    goes_on = False  # each fold is a fit

    noted: Mapping[str, Any] = {}
    """What a study of it notes beside `EVALUATION`."""

    def __init__(  # noqa: PLR0913 - all but three have a default
        self,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        space: Space | Mapping[str, object] | None = None,
        procedure: object = KFold(),
        test: object = 0.2,
        metrics: object = None,
        sample_weight: Any = None,
        groups: Any = None,
        params: Mapping[str, Any] | None = None,
        incumbent: Any = None,
        seed: int = 0,
        name: str = "",
        constraints: Mapping[str, str] | None = None,
        shares: Mapping[str, float] | None = None,
        silence: Sequence[str] = (),
        curve: object = None,
        optimize: object = None,
        budget: Budget | None = None,
    ) -> None:
        problems: list[str] = unknown_codes(silence)
        notes: list[str] = []
        self.seed = read_seed(seed, problems)
        self.procedure, self.incumbent = read_procedure(procedure), incumbent
        models = read_models(estimator, space or {}, problems, shares)
        self.fidelity, models = read_fidelity(
            budget, models, self.seed, self.procedure, problems
        )
        named = {"sample_weight": sample_weight, "groups": groups}
        rows = read_rows(X, y, params, named, problems, notes)
        title = name if isinstance(name, str) and name else name_of(estimator)
        target = _read_target(models, y, problems)
        if models is None or rows is None or target is None:
            # What does not depend on these is told with them.
            problems += wrong_without_data(self.procedure, test, metrics)
            raise ExperimentError.of_evaluation(title, problems)
        models, said = seeded(models, self.seed)
        self.curve, how = read_curve(curve, models.estimators, problems)
        self.models, self.target = models, target
        estimators = list(models.estimators.values())
        self.goal = goal_of(
            (metrics, optimize, constraints), estimators, target, problems
        )
        self.scorers = self.goal.scorers
        for each in estimators:
            problems += [
                *label_problems(each, target),
                *routing_problems(each, self.scorers, rows.params),
            ]
        split = make_split(rows, target, self.procedure, test, self.seed, problems)
        if split is not None and not problems:
            self._take(rows, split, problems)
        if problems:
            raise ExperimentError.of_evaluation(title, problems)
        points = models.points_of_defaults()
        # Of the first: what improvement is measured by.
        self.has_own_defaults = next(iter(models.estimators)) not in points
        super().__init__(
            objective=FoldObjective(models, self.folds, self.fidelity),
            space=models.space,
            name=title,
            direction=self.goal.direction,
            baseline=list(points.values()),
            constraints=constraints,
            budget=budget,
        )
        self.parts, self.silence = models.parts, tuple(silence)
        self.notes = (*self.notes, *notes, *said, *notes_of(how, self.folds))

    def _take(self, rows: Rows, split: Split, problems: list[str]) -> None:
        try:
            self.fingerprint = fingerprint_of(rows, split)
            self.seal(split)
        except (KeepingError, UnhashableError) as error:
            problems.append(str(error))
            return
        problems += problems_of_rows(self.fidelity, split, self.target)
        if self.incumbent is not None:
            problems += problems_of_incumbent(self, self.incumbent)

    def seal(self, split: Split) -> None:
        """Take what trials see, and keep the test where no trial sees it."""
        seen = split.seen
        pooled = need_pooling(self.scorers, self.target, split.folds)
        self.folds = Folds(
            Kept(seen), split.folds, split.order, self.scorers, pooled, self.curve
        )
        self.sizes = split.folds.sizes
        if self.fidelity is not None:
            self.sizes = self.fidelity.sizes(self.sizes)
        parts = {"seen_counts": seen, "test_counts": split.test}
        self.counts = {
            n: counts_of(each.y, self.target)
            for n, each in parts.items()
            if each is not None
        }
        self.test_rows = None if split.test is None else Kept(split.test)
        self.n_rows, self.n_test = (
            len(seen),
            0 if split.test is None else len(split.test),
        )

    @property
    def is_sealed(self) -> bool:
        """Whether there is a test, which no trial sees."""
        return self.test_rows is not None

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """What a study of it records of the procedure.

        The references are evaluated, and the data checked: what is wrong is a note.
        """
        noted = {**self.record, **evaluate_references(self)}
        noted[RECORDED], said = checked(self, noted["references"])
        self.notes = (*self.notes, *said)
        return {EVALUATION: noted, **self.noted}

    def unlike(self, attributes: Mapping[str, Any]) -> list[str]:
        """Say why a study with these attributes is of another evaluation."""
        known = attributes.get(EVALUATION)
        if not isinstance(known, Mapping):
            return ["the study is of no evaluation"]
        own = self.record
        words = {
            "fingerprint": "data and folds",
            "procedure": "procedure",
            "seed": "seed",
            "n_test": "rows of the test",
            "metrics": "metrics",
            "shares": "shares",
            "curve": "curve",
            "budget": "budget",
            "steps": "estimators",
            "weights": "weights",
        }
        shown = {"steps": "estimator"}  # as they are written
        return [
            f"its {what} are not those of the study: "
            f"{own.get(shown.get(name, name))!r}, "
            f"and there {known.get(shown.get(name, name))!r}"
            for name, what in words.items()
            if known.get(name) != own.get(name)
        ]

    def report(
        self, study: Study, incumbent: Any = None, *, silence: Iterable[str] = ()
    ) -> EvaluationReport:
        """Return the report of a study of this evaluation, and open its test.

        The test is opened once for each best trial: default, dummy and best are fitted
        on all other rows and scored on it. The opening is recorded in the study, and
        is read from there the next time.

        Args:
            study: That has ended.
            incumbent: A fitted model that is in use, to compare with; by default the
                evaluation's own.
            silence: Codes of checks that are not made.

        Raises:
            ExperimentError: If the study is of another evaluation, or runs still; if
                the incumbent cannot predict these rows. The test stays sealed then.
        """
        from hpbridge.evaluation.report import report_of

        return report_of(self, study, incumbent, silence)

    def remarks(self, read: Callable[[], Study | None]) -> list[str]:
        """Return what warned and what the checks say of a study, a sentence each."""
        from hpbridge.evaluation.linear import with_linear

        study = read()
        if study is None:
            return []
        study = with_linear(self, study)
        said = said_at_the_end(Evaluated(study), self.silence)
        return [*told(study.trials), *short_of_most(self.budget, study), *said]

    def silencing(self, codes: Iterable[str]) -> Evaluation:
        """Return the same without these checks, too.

        Raises:
            ArgumentError: If a code is none, with the nearest one.
        """
        wanted = tuple(codes)
        check_silence(wanted)
        other = copy.copy(self)
        other.silence = (*self.silence, *wanted)
        return other

    @property
    def record(self) -> dict[str, Any]:
        """The procedure as plain data."""
        shares = {part.name: part.share for part in self.models.parts}
        return {
            **({"shares": shares} if shares else {}),
            **self.goal.record,
            **({SILENCE: list(self.silence)} if self.silence else {}),
            "estimator": {n: repr(e) for n, e in self.models.estimators.items()},
            "steps": steps_of(self.models.estimators),
            "procedure": self.procedure.text,
            "n_folds": len(self.folds.folds),
            "order": list(self.folds.order),
            "sizes": self.sizes,
            "seed": self.seed,
            "metrics": list(self.scorers),
            "pooled": list(self.folds.pooled),
            "curve": None if self.curve is None else asdict(self.curve),
            **({} if self.budget is None else {"budget": self.budget.to_json()}),
            "target": self.target.kind,
            "counts": [[label, n] for label, n in self.target.counts.items()],
            **self.counts,
            "n_seen": self.n_rows,
            "n_test": self.n_test,
            "fingerprint": self.fingerprint,
        }

    def again(self, seeds: Sequence[int], n_points: int) -> Experiment:
        """Return what runs points again, on other splits of the rows that are seen."""
        return Again(self, seeds, n_points)

    def by_value(self) -> Evaluation:
        """Return the same for a process that may be on another machine."""
        other = copy.copy(self)
        other.test_rows, other.folds = None, self.folds.whole()
        other.objective = self.objective.whole()  # type: ignore[attr-defined]
        return other

    def __copy__(self) -> Evaluation:
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __getstate__(self) -> dict[str, Any]:
        # Where trials run, there is no row of the test: none of its target, and none
        # that a model in use may have been fitted on.
        target = replace(self.target, y=None)
        without = {"test_rows": None, "incumbent": None, "target": target}
        return {**vars(self), **without}


def _read_target(models: Models | None, y: Any, problems: list[str]) -> Target | None:
    """Return what is predicted, as far as there are values and somebody to do it."""
    if models is None or not count_of(y):
        return None
    kinds = {is_of_classifier(each) for each in models.estimators.values()}
    if len(kinds) > 1:
        problems.append("some alternatives are classifiers and some are not")
        return None
    return read_target(target_of(y), is_of_classes=kinds.pop(), problems=problems)
