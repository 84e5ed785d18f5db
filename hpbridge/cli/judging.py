"""What ``--nested`` and ``--threshold`` do after a model was tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.cli.running import Ran
    from hpbridge.evaluation.evaluation import Evaluation

_TAKEN = (
    "store",
    "workers",
    "timeout",
    "timeout_trial",
    "trials_per_worker",
    "memory_trial",
    "threads_per_worker",
    "retries",
    "store_patience",
)
"""Options of the command that go on to the searches inside."""


def check_judging(
    evaluation: Evaluation, nested: int | None, threshold: str | None
) -> None:
    """Refuse what an evaluation cannot be asked, before the first trial.

    Raises:
        ExperimentError: With everything that is wrong of the first of the two.
    """
    if nested is not None:
        from hpbridge.evaluation.nested import outer_folds

        outer_folds(evaluation, nested, 0, {})
    if threshold is not None:
        from hpbridge.evaluation.threshold import read_aim

        read_aim(evaluation, threshold)


def judge(done: Ran, words: Mapping[str, Any]) -> None:
    """Choose a threshold for what was tuned, and nest the same search, as asked for.

    Both are noted in the study, whose report has them. What is nested goes on where it
    was interrupted with ``--resume``.
    """
    from hpbridge.cli.driver_arguments import read_driver
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.progress import Display
    from hpbridge.cli.resuming import given_of

    study, evaluation = done.study, done.experiment
    if study.best_by_main_metric() is None:
        return
    if words["threshold"] is not None:
        evaluation.threshold(study, words["threshold"])  # type: ignore[attr-defined]
    if words["nested"] is None:
        return
    with say_how_to_go_on(), Display(is_quiet=words["json"]) as display:
        evaluation.nested(  # type: ignore[attr-defined]
            study.optimizer,
            n_trials=study.settings.budget.n_trials,
            outer=words["nested"],
            seed=study.seed or 0,
            resume=words["resume"],
            study=study,
            options=dict(study.options),
            pruner=study.settings.budget.pruner,
            callbacks=[display.show],
            driver=read_driver(words),
            **given_of(**{name: words[name] for name in _TAKEN}),
        )
