"""Nested cross-validation: a search inside each outer fold, scored on the rest.

The outer folds are parts of the rows that trials see: the sealed test stays sealed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from hpbridge.analysis.evaluated import DEFAULTS, DUMMY
from hpbridge.analysis.nested import INNER, NESTED, TUNED, Nested
from hpbridge.contract.registry import registry
from hpbridge.contract.resolving import ASKED
from hpbridge.engine.arguments import SETTINGS
from hpbridge.engine.resume import resume as go_on
from hpbridge.engine.run import run
from hpbridge.errors import ExperimentError, nearest
from hpbridge.errors.arguments import wrong
from hpbridge.errors.foreign import describe_error
from hpbridge.evaluation.objective import attributes_of, metrics_of, require_numbers
from hpbridge.evaluation.opening import fresh
from hpbridge.evaluation.procedure import KFold, Splits, TimeOrder, read_procedure
from hpbridge.evaluation.references import dummy_for, reference
from hpbridge.evaluation.splits import make_split
from hpbridge.evaluation.target import read_target
from hpbridge.evaluation.within import problems_of_study, split_of, within
from hpbridge.learning.choice import choose
from hpbridge.pruners.choosing import NAME, OPTIONS, chosen_pruner
from hpbridge.space.plain_data import plain_data
from hpbridge.store.appending import append

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.folds import Folds, FoldScores
    from hpbridge.evaluation.procedure import Fold, Procedure
    from hpbridge.study import Study

_TAKEN = (
    "options",
    "store",
    "driver",
    "workers",
    "timeout",
    "timeout_trial",
    "trials_per_worker",
    "memory_trial",
    "threads_per_worker",
    "target",
    "retries",
    "on_error",
    "callbacks",
    "pruner",
    "store_patience",
)
"""What of `hpbridge.run` an inner search may be given."""


def nested(  # noqa: PLR0913 - as of the method
    evaluation: Evaluation,
    backend: str,
    *,
    n_trials: int,
    outer: object,
    seed: int,
    resume: bool,
    study: Study | None,
    settings: Mapping[str, Any],
) -> Nested:
    """Return a nested cross-validation; see `hpbridge.Evaluation.nested`."""
    given = {**settings, "n_trials": n_trials}
    procedure, folds = outer_folds(evaluation, outer, seed, given, study)
    noted = {
        "n_folds": len(folds),
        "procedure": procedure.text,
        "seed": seed,
        "of": evaluation.fingerprint,
    }
    scored_on = evaluation.folds.over(folds, range(len(folds)))
    scored_on.pooled = ()
    found: list[tuple[Study, FoldScores]] = []
    for k, (fitted, _) in enumerate(folds):
        inner = within(evaluation, fitted, f"{evaluation.name}-outer{k}")
        inner.noted = {INNER: {"fold": k, **noted}}
        own_seed = (seed + k) % 2**32
        past = _past(inner, backend, own_seed, given) if resume else None
        if past is None:
            searched = run(inner, backend, seed=own_seed, **given)
        else:
            fixed = {"options", "pruner"}  # as they were
            now = {name: v for name, v in given.items() if name not in fixed}
            searched = go_on(past, inner, **now)
        found.append((searched, _outer_scores(evaluation, scored_on, searched, k)))
    record = _record(evaluation, found, scored_on, noted, n_trials)
    _write(record, [searched for searched, _ in found], study)
    return Nested(record)


def outer_folds(
    evaluation: Evaluation,
    outer: object,
    seed: int,
    settings: Mapping[str, Any],
    study: Study | None = None,
) -> tuple[Procedure, list[Fold]]:
    """Return the outer procedure and its folds; refuse what cannot be nested.

    Args:
        evaluation: Of the searches.
        outer: As of `hpbridge.Evaluation.nested`.
        seed: Of the folds.
        settings: Of the searches.
        study: That it is for.

    Raises:
        ExperimentError: With everything that is wrong, before the first fit.
    """
    procedure = _outer(evaluation, outer)
    _check(evaluation, procedure, study, settings, seed)
    folds = _folds(evaluation, procedure, seed)
    _check_inner(evaluation, folds)
    return procedure, folds


def _outer(evaluation: Evaluation, outer: object) -> Procedure:
    """Return the outer procedure: of a number, parts as the inner ones are made."""
    procedure = read_procedure(outer)
    if isinstance(procedure, KFold) and isinstance(evaluation.procedure, TimeOrder):
        return TimeOrder(procedure.n_splits, evaluation.procedure.gap)
    return procedure


def _check(
    evaluation: Evaluation,
    procedure: Procedure,
    study: Study | None,
    settings: Mapping[str, Any],
    seed: int,
) -> None:
    """Refuse what cannot be nested.

    Raises:
        ExperimentError: With everything that is wrong.
    """
    problems = wrong({**settings, "seed": seed}, SETTINGS)
    known = {*_TAKEN, "n_trials"}
    problems += [
        f"nested has no argument {name!r}; {nearest(name, sorted(known))}"
        for name in settings
        if name not in known
    ]
    problems += [f"outer: {each}" for each in procedure.problems()]
    if settings.get("pruner") is not None and not problems:
        chosen = chosen_pruner(settings["pruner"])
        spec = registry().pruner(chosen[NAME])
        problems += evaluation.against_pruner(spec, chosen[OPTIONS])
    own = evaluation.procedure
    if isinstance(own, Splits) and not hasattr(own.splitter, "split"):
        problems.append(
            "the evaluation's folds are given by row numbers, and the rows of an outer "
            "fold have other numbers: give it a splitter, or hpbridge.KFold"
        )
    if len(evaluation.metrics) > 1:
        names = ", ".join(map(repr, evaluation.metrics))
        problems.append(
            f"it optimizes several metrics, {names}: a search has no one winner to "
            "score on an outer fold"
        )
    if study is not None:
        problems += problems_of_study(evaluation, study)
    if problems:
        raise ExperimentError.invalid(evaluation.name, problems)


def _folds(evaluation: Evaluation, procedure: Procedure, seed: int) -> list[Fold]:
    """Return the outer folds of the rows that trials see.

    Raises:
        ExperimentError: If there are none, or they cannot be scored on.
    """
    problems: list[str] = []
    rows = evaluation.folds.kept.rows()
    of_classes = evaluation.target.is_of_classes
    target = read_target(rows.y, is_of_classes=of_classes, problems=problems)
    split = None
    if target is not None:
        split = make_split(rows, target, procedure, None, seed, problems)
    folds = [] if split is None else list(split.folds)
    small = [k for k, (_, scored) in enumerate(folds) if len(scored) < 2]  # noqa: PLR2004
    if small:
        problems.append(
            f"{len(small)} of the {len(folds)} outer folds are scored on one row alone:"
            " take fewer outer folds"
        )
    if target is not None and target.is_single and not small:
        problems += _empty_classes(rows.y, folds)
    if problems:
        problems = [each if "outer" in each else f"outer: {each}" for each in problems]
        raise ExperimentError.invalid(evaluation.name, problems)
    return folds


def _empty_classes(y: Any, folds: list[Fold]) -> list[str]:
    """Return a sentence for each outer fold in which a class has no row."""
    labels = np.asarray(y)
    every = set(labels.tolist())
    found = []
    for k, parts in enumerate(folds):
        for what, numbers in zip(("searched", "scored"), parts, strict=True):
            lacking = sorted(every - set(labels[numbers].tolist()), key=repr)
            if lacking:
                names = ", ".join(map(repr, lacking))
                found.append(f"outer fold {k} is {what} on no row of class {names}")
    return found


def _check_inner(evaluation: Evaluation, folds: list[Fold]) -> None:
    """Refuse outer folds whose rows cannot be split once more.

    Raises:
        ExperimentError: With what is wrong in each.
    """
    problems: list[str] = []
    for k, (fitted, _) in enumerate(folds):
        try:
            split_of(evaluation, fitted)
        except ExperimentError as error:
            problems += [f"inside outer fold {k}: {each}" for each in error.problems]
    if problems:
        raise ExperimentError.invalid(evaluation.name, problems)


def _past(
    inner: Evaluation, backend: str, seed: int, settings: Mapping[str, Any]
) -> int | None:
    """Return the id of the last study that is this inner search, if there is one."""
    from hpbridge.store import open_store

    n_trials, workers = settings.get("n_trials"), settings.get("workers")
    choice = choose(
        backend, inner, settings.get("options"), n_trials=n_trials, workers=workers
    )
    options = json.loads(json.dumps(asdict(choice.options)))
    known = open_store(settings.get("store")).studies(experiment=inner.name, seed=seed)
    given = settings.get("pruner")
    pruner = None if given is None else chosen_pruner(given)
    fit = [
        each.id
        for each in known
        if each.attributes.get(INNER) == inner.noted[INNER]
        and (
            (each.optimizer == choice.name and dict(each.options) == options)
            or choice.label == each.attributes.get(ASKED)
        )
        and each.settings.budget.pruner == pruner
        and not inner.unlike(each.attributes)
    ]
    return fit[-1] if fit else None


def _outer_scores(
    evaluation: Evaluation, scored_on: Folds, study: Study, k: int
) -> FoldScores:
    """Score the winner of a search on its outer fold.

    Raises:
        NoBestTrialError: If the search has no winner.
        ExperimentError: If the winner fails on the outer fold.
    """
    winner = fresh(evaluation, study.best_trial)
    one = scored_on.over([scored_on.folds[k]], [0])
    try:
        (scores,) = one.scores(winner)
        scores = replace(scores, number=k)
        require_numbers(scores)
    except Exception as error:  # an estimator or a scorer may raise anything
        problem = (
            f"the winner of outer fold {k}, trial {study.best_trial.number} of "
            f"{study.name!r}, fails on its rows: {describe_error(error)}"
        )
        raise ExperimentError.invalid(evaluation.name, [problem]) from error
    return scores


def _record(
    evaluation: Evaluation,
    found: list[tuple[Study, FoldScores]],
    scored_on: Folds,
    noted: Mapping[str, Any],
    n_trials: int,
) -> dict[str, Any]:
    """Return what is kept of it; see `hpbridge.analysis.nested.NESTED`."""
    studies = [study for study, _ in found]
    done = [scores for _, scores in found]
    bests = [study.best_trial for study in studies]
    first = next(iter(evaluation.models.estimators.values()))
    dummy = dummy_for(
        is_of_classes=evaluation.target.is_of_classes, seed=evaluation.seed
    )
    record = {
        "procedure": noted["procedure"],
        "inner": evaluation.procedure.text,
        "optimizer": studies[0].optimizer,
        "n_trials": n_trials,
        "seed": noted["seed"],
        "metric": evaluation.main_metric,
        "metrics": list(evaluation.scorers),
        "fingerprint": noted["of"],
        "n_rows": evaluation.n_rows,
        "sizes": [[len(a), len(b)] for a, b in scored_on.folds],
        "studies": [study.name for study in studies],
        "trials": [best.number for best in bests],
        "params": [dict(best.params) for best in bests],
        "inner_scores": {
            name: [best.metrics[name] for best in bests] for name in evaluation.scorers
        },
        "models": {
            TUNED: {
                "metrics": metrics_of(done),
                "attributes": attributes_of(done, len(done)),
            },
            DEFAULTS: reference(scored_on, clone(first)),
            DUMMY: reference(scored_on, dummy),
        },
    }
    record["sentence"] = Nested(record).sentence
    found_data: dict[str, Any] = plain_data(record).value
    return found_data


def _write(
    record: Mapping[str, Any], searched: list[Study], study: Study | None
) -> None:
    """Note it in the last inner study, and in the one that it was made for."""
    for each in (searched[-1], study):
        if each is not None and each.home is not None:
            append(each.home, each.id, NESTED, record)
