"""The report of an evaluation: it opens the sealed test, and has the models."""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn

from hpbridge import __version__
from hpbridge.analysis.evaluated import (
    AT_THRESHOLD,
    BEST,
    EVALUATION,
    INCUMBENT,
    OPENINGS,
)
from hpbridge.errors import ExperimentError, HpbridgeError
from hpbridge.evaluation.incumbent import check_incumbent
from hpbridge.evaluation.opening import contenders_of, fitted, fresh, open_test
from hpbridge.evaluation.rows import part
from hpbridge.evaluation.saved import check_model_target, save
from hpbridge.evaluation.threshold import THRESHOLD, threshold_of
from hpbridge.report.search import Report, as_stored
from hpbridge.store.record import Status

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.incumbent import InUse
    from hpbridge.evaluation.opening import Contenders
    from hpbridge.evaluation.threshold import Threshold
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

_ROWS_TRIED = 200
"""To which a model that was saved answers."""


class EvaluationReport(Report):
    """The report of a study of an evaluation, whose test is open.

    Args:
        evaluation: Of which the study is.
        study: With the opening of the test, where there is one.
        silence: Codes of checks that are not made.
        in_use: The model in use, if one was brought.
        contenders: The models that were fitted for it.
        notes: What went otherwise than asked for.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        study: Study,
        silence: Iterable[str] = (),
        *,
        in_use: InUse | None = None,
        contenders: Contenders | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(study, silence, None if in_use is None else in_use.identity)
        self._in_use = in_use
        self.evaluation, self.notes = evaluation, tuple(notes)
        self._contenders = contenders
        best = study.best_by_main_metric()
        self.threshold = None if best is None else threshold_of(study, best.number)

    @cached_property
    def best_estimator(self) -> Any:
        """The best trial's model, fitted on all rows but those of the test.

        With its threshold, where one was chosen: a `FixedThresholdClassifier`.

        Raises:
            NoBestTrialError: If no trial is complete and feasible.
        """
        if self._contenders is not None:
            models = self._contenders.models
            return models.get(AT_THRESHOLD, models[BEST])
        best = self.study.best_by_main_metric() or self.study.best_trial
        model = fitted(self.evaluation, fresh(self.evaluation, best))
        return model if self.threshold is None else self.threshold.applied(model)

    def save_model(
        self, path: str | os.PathLike[str], *, overwrite: bool = False
    ) -> Path:
        """Save the best estimator, with what it is of.

        Args:
            path: Of the file. A name in ``.skops`` is written by skops, or by joblib
                to the same name in ``.joblib`` where skops cannot hold the model, and
                a note of the report says so; one in ``.joblib`` by joblib.
            overwrite: Whether it replaces a file that is there.

        Returns:
            The file. `hpbridge.evaluation.saved.model_metadata` reads what is noted.

        Raises:
            HpbridgeError: If it cannot be saved there; known before the fit, as far as
                it can be.
        """
        target = check_model_target(path, overwrite=overwrite)
        model = self.best_estimator
        known = metadata_of(self)
        rows = self.evaluation.folds.kept.rows()
        some = part(rows.X, np.arange(min(len(rows), _ROWS_TRIED)))
        place, why_not = save(model, target, known, some, overwrite=overwrite)
        if why_not:
            note = f"the model was saved as {place.name}, by joblib, since {why_not}"
            self.notes = (*self.notes, note)
        return place

    def to_skore(self, *, compare: bool = False) -> Any:
        """Return the best estimator on the test as skore reports it.

        Args:
            compare: Return a `skore.ComparisonReport` of defaults and best, and of the
                others that were compared, in place of a `skore.EstimatorReport`.

        Raises:
            ExperimentError: If the evaluation has no test.
            LibraryNotInstalledError: If skore is not installed.
        """
        from hpbridge.evaluation.skore_reports import (
            comparison_report,
            estimator_report,
        )

        if self.evaluation.test_rows is None:
            problem = "skore reports of a test, and there is none"
            raise ExperimentError.invalid(self.evaluation.name, [problem])
        rows = self.evaluation.test_rows.rows()
        if not compare:
            return estimator_report(self.best_estimator, rows)
        return comparison_report(self.contenders.models, rows)

    @property
    def contenders(self) -> Contenders:
        """The models that are compared, each fitted on all rows but those of the test.

        Raises:
            NoBestTrialError: If no trial is complete and feasible.
        """
        if self._contenders is None:
            best = self.study.best_by_main_metric() or self.study.best_trial
            model = None if self._in_use is None else self._in_use.model
            self._contenders = contenders_of(
                self.evaluation, best, model, self.threshold
            )
        return self._contenders


def metadata_of(report: EvaluationReport) -> dict[str, Any]:
    """Return what is noted with a saved model."""
    study, evaluation = report.study, report.evaluation
    best = study.best_by_main_metric() or study.best_trial
    return {
        "hpbridge": __version__,
        "saved_at": time.time(),
        "study": study.name,
        "experiment": study.experiment,
        "optimizer": study.optimizer,
        "seed": study.seed,
        "seed_of_evaluation": evaluation.seed,
        "trial": best.number,
        "params": dict(best.params),
        "metrics": dict(best.metrics),
        "threshold": None if report.threshold is None else report.threshold.value,
        "test": dict(_tested(report).get("metrics", {})),
        "sentence": report.sentence,
        "fingerprint": evaluation.fingerprint,
        "n_rows": evaluation.n_rows,
        "versions": {
            **study.versions,
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
    }


def _tested(report: EvaluationReport) -> Mapping[str, Any]:
    """Return what the model that is saved came to on the test; nothing if sealed."""
    name = BEST if report.threshold is None else AT_THRESHOLD
    return report.evaluated.tested.get(name, {})


def report_of(
    evaluation: Evaluation,
    study: Study,
    incumbent: Any = None,
    silence: Iterable[str] = (),
    command: str | None = None,
) -> EvaluationReport:
    """Return the report of a study; see `hpbridge.Evaluation.report`.

    Args:
        evaluation: Of which the study is.
        study: That has ended.
        incumbent: As there.
        silence: As there.
        command: What opens the test; this process's own by default.
    """
    study = as_stored(study, "Evaluation.report")
    _check(evaluation, study)
    if incumbent is None:
        incumbent = evaluation.incumbent
    best = study.best_by_main_metric()
    in_use = None if incumbent is None else check_incumbent(evaluation, incumbent)
    threshold = None if best is None else threshold_of(study, best.number)
    is_sealed = evaluation.is_sealed
    if best is None or not is_sealed or _is_known(study, best, in_use, threshold):
        return EvaluationReport(evaluation, study, silence, in_use=in_use)
    contenders = contenders_of(evaluation, best, incumbent, threshold)
    opening = open_test(evaluation, contenders, best)
    opening["command"] = command or opening["command"]
    if in_use is not None:
        opening[INCUMBENT] = in_use.identity
    if threshold is not None:
        opening[THRESHOLD] = threshold.value
    study, notes = _noted(study, opening)
    return EvaluationReport(
        evaluation, study, silence, in_use=in_use, contenders=contenders, notes=notes
    )


def _check(evaluation: Evaluation, study: Study) -> None:
    """Refuse a study of another evaluation, or one that is not over."""
    problems = list(evaluation.unlike(study.attributes))
    if not problems:
        if not evaluation.space.is_recorded_as(study.space):
            problems.append(f"its space is not the one that {study.name!r} searched")
        if list(study.metrics.items()) != list(evaluation.metrics.items()):
            problems.append(f"its metrics {evaluation.metrics!r} are not the study's")
        noted: Mapping[str, Any] = study.attributes.get(EVALUATION, {})
        if noted.get("n_test") and not evaluation.is_sealed:
            problems.append("it is a copy without the sealed test")
        if study.status is Status.RUNNING:
            problems.append(f"the study {study.name!r} runs still: its best may change")
    if problems:
        raise ExperimentError.invalid(evaluation.name, problems)


def _is_known(
    study: Study,
    best: FinishedTrial,
    in_use: InUse | None,
    threshold: Threshold | None,
) -> bool:
    """Say whether the test was opened already for what is to be compared."""
    openings = study.attributes.get(OPENINGS, ())
    of_best = [each for each in openings if each.get("trial") == best.number]
    if threshold is not None:
        of_best = [each for each in of_best if each.get(THRESHOLD) == threshold.value]
    if in_use is None:
        return bool(of_best)
    return any(each.get(INCUMBENT) == in_use.identity for each in of_best)


def _noted(study: Study, opening: Mapping[str, Any]) -> tuple[Study, list[str]]:
    """Write an opening down; return the study with it, and why it could not be."""
    from hpbridge.store.appending import append

    known = [*study.attributes.get(OPENINGS, ()), opening]
    attributes: Mapping[str, Any] = {**study.attributes, OPENINGS: known}
    notes = []
    if study.home is None:
        notes.append(
            "that the test was opened is not recorded: the study is of no store"
        )
    else:
        try:
            attributes = append(study.home, study.id, OPENINGS, opening)
        except HpbridgeError as error:
            notes.append(
                f"that the test was opened could not be recorded: {error.headline}"
            )
    return replace(study, attributes=attributes), notes
