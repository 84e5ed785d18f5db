"""Hyperband's brackets, which Optuna's samplers are shown their study by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from hpbridge_optuna.native.write import pruner_call

if TYPE_CHECKING:
    from hpbridge.plugin import Pruning

HYPERBAND = "hyperband"


class Brackets:
    """The pruner of a study whose samplers are shown a bracket of its trials.

    Args:
        pruning: Of Hyperband.

    Attributes:
        pruner: Optuna's own, for the study; it decides nothing here.
        study: The name by which it deals out the trials.

    Source:
        Optuna 5.0.0, `optuna.pruners._filter_study`: under Hyperband a sampler is
        handed a study that shows the trials of one bracket, by `Study.get_trials`. Its
        own samplers see all of them all the same, by `Study._get_trials`.
    """

    def __init__(self, pruning: Pruning) -> None:
        call = pruner_call(HYPERBAND, pruning.options)
        assert call is not None
        self.pruner: optuna.pruners.BasePruner = call.make(vars(optuna.pruners))
        self.study = pruning.study
        self._is_given = pruning.options["max_resource"] is not None
        self._are_known = False

    def ended(self, study: optuna.Study, number: int) -> None:
        """Deal them out, before a trial that has reported is told.

        Hyperband does so once it is asked of a trial and knows how many there are: by
        its options, or by the steps of the first complete trials.
        """
        if self._are_known:
            return
        trials = study.get_trials(deepcopy=False)
        self.pruner.prune(study, trials[number])
        self._are_known = self._is_given or any(
            trial.state is TrialState.COMPLETE and trial.intermediate_values
            for trial in trials
        )
