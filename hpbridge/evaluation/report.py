"""The report of an evaluation: it opens the sealed test, and has the models."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import BEST, EVALUATION, OPENINGS
from hpbridge.errors import ArgumentError, ExperimentError, HpbridgeError
from hpbridge.evaluation.incumbent import check_incumbent
from hpbridge.evaluation.opening import contenders_of, fitted, fresh, open_test
from hpbridge.report.search import Report
from hpbridge.store.record import Status
from hpbridge.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.opening import Contenders
    from hpbridge.trial import FinishedTrial


class EvaluationReport(Report):
    """The report of a study of an evaluation, whose test is open.

    Args:
        evaluation: Of which the study is.
        study: With the opening of the test, where there is one.
        silence: Codes of checks that are not made.
        incumbent: What tells the model in use from others, if one was brought.
        contenders: The models that were fitted for it.
        notes: What went otherwise than asked for.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        study: Study,
        silence: Iterable[str] = (),
        *,
        incumbent: str | None = None,
        contenders: Contenders | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(study, silence, incumbent)
        self.evaluation, self.notes = evaluation, tuple(notes)
        self._contenders = contenders

    @cached_property
    def best_estimator(self) -> Any:
        """The best trial's model, fitted on all rows but those of the test.

        Raises:
            NoBestTrialError: If no trial is complete and feasible.
        """
        best = self.study.best_by_main_metric() or self.study.best_trial
        if self._contenders is not None:
            return self._contenders.models[BEST]
        return fitted(self.evaluation, fresh(self.evaluation, best))


def report_of(
    evaluation: Evaluation,
    study: Study,
    incumbent: Any = None,
    silence: Iterable[str] = (),
) -> EvaluationReport:
    """Return the report of a study; see `hpbridge.Evaluation.report`."""
    study = _as_stored(study)
    _check(evaluation, study)
    if incumbent is None:
        incumbent = evaluation.incumbent
    best = study.best_by_main_metric()
    identity = None if incumbent is None else check_incumbent(evaluation, incumbent)
    if best is None or not evaluation.is_sealed or _is_known(study, best, identity):
        return EvaluationReport(evaluation, study, silence, incumbent=identity)
    contenders = contenders_of(evaluation, best, incumbent)
    opening = open_test(evaluation, contenders, best) | {"incumbent": identity}
    study, notes = _noted(study, opening)
    return EvaluationReport(
        evaluation,
        study,
        silence,
        incumbent=identity,
        contenders=contenders,
        notes=notes,
    )


def _as_stored(study: object) -> Study:
    """Return a study with what others noted of it since it was read."""
    if not isinstance(study, Study):
        problem = f"it must be a study of the evaluation, got {study!r:.100}"
        function = "Evaluation.report"
        raise ArgumentError.given(function, [problem])
    if study.home is None:
        return study
    try:
        record = study.home.study(study.id)
    except HpbridgeError:
        return study  # the store is away, or it is not there any more
    if (record.name, record.created_at) != (study.name, study.created_at):
        return study
    return replace(study, attributes=record.attributes)


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


def _is_known(study: Study, best: FinishedTrial, identity: str | None) -> bool:
    """Say whether the test was opened already for what is to be compared."""
    openings = study.attributes.get(OPENINGS, ())
    of_best = [each for each in openings if each.get("trial") == best.number]
    if identity is None:
        return bool(of_best)
    return any(each.get("incumbent") == identity for each in of_best)


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
