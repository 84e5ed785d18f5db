"""What is asked of an evaluation beside its trials; each verb has its own module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.analysis.nested import Nested
    from hpbridge.contract.pruning import PrunerSpec
    from hpbridge.evaluation.threshold import Threshold
    from hpbridge.study import Study


class Verbs(Experiment):
    """The verbs of an `hpbridge.Evaluation`."""

    def nested(
        self,
        backend: str = "optuna",
        *,
        n_trials: int = 20,
        outer: object = 5,
        seed: int = 0,
        resume: bool = False,
        study: Study | None = None,
        **settings: Any,
    ) -> Nested:
        """Search inside each outer fold, and score each winner on the rest of the rows.

        The outer folds are of the rows that trials see, by classes, groups and time as
        the procedure's; the sealed test stays sealed. Each search is a study of the
        store, of this evaluation on the rows of its outer fold.

        Args:
            backend: As of `hpbridge.run`.
            n_trials: Of each search.
            outer: How many outer folds, or a procedure as the evaluation takes it.
            seed: Of the outer folds; the search of fold `k` has ``seed + k``.
            resume: Go on with the last nested cross-validation of this kind.
            study: Of this evaluation; notes what came of it, for its report.
            settings: As of `hpbridge.run`: ``options``, ``store``, ``driver``,
                ``workers``, ``timeout_trial``, ``pruner``, and so on.

        Raises:
            HpbridgeError: Before the first fit, where it can be known before.
        """
        from hpbridge.evaluation.nested import nested

        evaluation: Any = self
        return nested(
            evaluation,
            backend,
            n_trials=n_trials,
            outer=outer,
            seed=seed,
            resume=resume,
            study=study,
            settings=settings,
        )

    def threshold(
        self, study: Study, metric: object = None, *, constraint: str | None = None
    ) -> Threshold:
        """Choose from which score on the best model predicts the positive class.

        On the answers that the rows of the folds get from models that were not fitted
        on them, never on the test. It is noted in the study: a report that opens the
        test has the best model with it and without.

        Args:
            study: Of this evaluation.
            metric: What is to be best: a name or a scorer of predictions; by default
                the evaluation's first one that is. Text as in ``"recall >= 0.95"`` is a
                constraint.
            constraint: That is to be kept.

        Raises:
            ExperimentError: If the target has not two classes, the metric does not
                depend on a threshold, or no threshold keeps the constraint.
        """
        from hpbridge.evaluation.threshold import choose_threshold

        evaluation: Any = self
        return choose_threshold(evaluation, study, metric, constraint)

    def against_pruner(self, spec: PrunerSpec, options: Mapping[str, Any]) -> list[str]:
        """Say why a pruner could end none of its trials."""
        from hpbridge.evaluation.pruned import against_pruner

        evaluation: Any = self
        return against_pruner(evaluation, spec, options)
