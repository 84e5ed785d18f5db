"""A study of ours as Optuna shows one to an objective that runs in it.

The objective gets Optuna's own `Trial` of an Optuna study; the storage behind both is
our record. What the objective writes of its own trial goes on to our trial; what would
change another trial, or begin one, is refused.

Source:
    Optuna 5.0.0: `Study` and `Trial` reach everything through `BaseStorage`, and ask
    the study's sampler and pruner.
"""

from __future__ import annotations

import copy
import datetime as dt
import math
from typing import TYPE_CHECKING, Any, NoReturn

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpbridge.plugin import (
    ExperimentError,
    FinishedTrial,
    HpbridgeError,
    State,
    by_step,
    with_when,
)
from hpbridge_optuna._upstream import CONSTRAINTS
from hpbridge_optuna.native.read import of_distribution
from hpbridge_optuna.native.sampler_state import SYSTEM
from hpbridge_optuna.native.states import STATES
from hpbridge_optuna.native.write import to_distribution

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from optuna.distributions import BaseDistribution

    from hpbridge.plugin import Around, Searched, Trial

STUDY_ID = 0
_OF_CONSTRAINT = f"{CONSTRAINTS}:"


class RecordStudy(optuna.Study):
    """Optuna's study over a `RecordStorage`."""

    def __init__(self, storage: RecordStorage) -> None:
        super().__init__(
            storage.around.name,
            storage,
            sampler=_AskingSampler(storage),
            pruner=_AskingPruner(storage),
        )
        self._record = storage

    def begin(self, ours: Trial) -> optuna.Trial:
        """Return Optuna's trial for one of ours, which runs now."""
        self._thread_local.cached_all_trials = None
        self._record.begin(ours)
        return optuna.Trial(self, ours.number)

    def stop(self) -> None:
        """End our study after this trial; from `optimize` Optuna's does no more."""
        self._record.stop()

    def optimize(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Refuse: the study runs already."""
        self._record.refuse("study.optimize()")

    def __deepcopy__(self, memo: object) -> RecordStudy:
        return self


class _AskingSampler(BaseSampler):
    """Hands on what the objective asks for."""

    def __init__(self, storage: RecordStorage) -> None:
        self._storage = storage

    def infer_relative_search_space(
        self,
        study: optuna.Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        # What was proposed is answered one by one, so that what the objective asks for
        # is checked by us: Optuna's own check would fail trial after trial.
        return {}

    def sample_relative(
        self,
        study: optuna.Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._storage.suggest(param_name, param_distribution)


class _AskingPruner(BasePruner):
    def __init__(self, storage: RecordStorage) -> None:
        self._storage = storage

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:  # noqa: ARG002
        return self._storage.ours.should_prune()


class RecordStorage(BaseStorage):
    """Our record behind Optuna's study; the id of a trial is its number.

    Args:
        around: Of any trial of the study.

    Attributes:
        ours: The trial that runs.
    """

    def __init__(self, around: Around) -> None:
        self.around = around
        self._directions = [
            StudyDirection[way.upper()] for way in around.metrics.values()
        ]
        self._user: dict[str, Any] = {}
        self._system: dict[str, Any] = {}
        self._past: list[FrozenTrial] = []
        self._n_seen = 0
        self._own: dict[int, FrozenTrial] = {}
        self._distributions: dict[str, tuple[Searched, BaseDistribution]] = {}

    def begin(self, ours: Trial) -> None:
        """Take the trial that runs now."""
        assert ours.study is not None
        self.ours, self.around = ours, ours.study
        self._suggested: set[str] = set()
        self._running = FrozenTrial(
            number=ours.number,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=dt.datetime.now(),  # naive, as Optuna's are
            datetime_complete=None,
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            trial_id=ours.number,
        )
        self._own[ours.number] = self._running

    # What the objective asks and says.

    def suggest(self, name: str, distribution: BaseDistribution) -> Any:
        """Return the value of a parameter: the choice itself."""
        self._suggested.add(name)
        try:
            return self.ours.suggest(name, self._parameter_of(name, distribution))
        except HpbridgeError as error:
            self._refuse_by(error)

    def _parameter_of(self, name: str, distribution: BaseDistribution) -> Searched:
        known = self._distributions.get(name)
        if known is None or known[1] != distribution:
            known = of_distribution(distribution), distribution
            self._distributions[name] = known
        return known[0]

    def _distribution(self, name: str, parameter: Searched) -> BaseDistribution:
        bare = with_when(parameter, ())
        known = self._distributions.get(name)
        if known is None or known[0] != bare:
            known = bare, to_distribution(bare, of_labels=False)
            self._distributions[name] = known
        return known[1]

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        self._check(trial_id, "the parameters of a trial that has ended")
        if param_name not in self._suggested:  # its range has one value
            self.suggest(param_name, distribution)
        trial = self._running
        trial.distributions[param_name] = distribution
        value = distribution.to_external_repr(param_value_internal)
        trial.params[param_name] = value

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        self._check(trial_id, "the reports of a trial that has ended")
        self._running.intermediate_values[step] = intermediate_value
        self.ours.report(intermediate_value, step)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._check(trial_id, "the attributes of a trial that has ended")
        self._running.user_attrs[key] = value
        self.ours.set_attribute(key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._check(trial_id, "the attributes of a trial that has ended")
        self._running.system_attrs[key] = value
        if key.startswith(_OF_CONSTRAINT):
            self.ours.constrain(key.removeprefix(_OF_CONSTRAINT), value)
        else:
            kept = self._running.system_attrs.items()
            self.ours.keep(
                SYSTEM, {k: v for k, v in kept if not k.startswith(_OF_CONSTRAINT)}
            )

    def stop(self) -> None:
        """End our study after this trial."""
        try:
            self.around.stop("the objective called study.stop()")
        except ExperimentError as error:
            self._refuse_by(error)

    def refuse(self, what: str) -> NoReturn:
        """End our study: the objective wants what it cannot have here.

        Raises:
            ExperimentError: Always.
        """
        problem = (
            f"the objective uses {what}, which it cannot while hpbridge runs the study"
        )
        self._refuse_by(ExperimentError.invalid(self.around.name, [problem]))

    def _refuse_by(self, error: HpbridgeError) -> NoReturn:
        self.ours.refusal = error
        raise error

    def _check(self, trial_id: int, what: str) -> None:
        if trial_id != self.ours.number:
            self.refuse(what)

    # What the objective looks at.

    def get_all_trials(
        self,
        study_id: int,  # noqa: ARG002 - there is one
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        self._catch_up()
        found = [*self._past, self._running]
        if states is not None:
            found = [trial for trial in found if trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def get_trial(self, trial_id: int) -> FrozenTrial:
        if trial_id == self._running.number:
            return self._running
        self._catch_up()
        for trial in self._past:
            if trial.number == trial_id:
                return trial
        msg = f"No trial with trial_id {trial_id} exists."
        raise KeyError(msg)

    def _catch_up(self) -> None:
        """Take over the trials that have ended since anybody looked."""
        try:
            finished = self.around.finished
        except ExperimentError as error:
            self._refuse_by(error)
        new = finished[self._n_seen :]
        if not new:
            return
        self._n_seen = len(finished)
        self._past += [self._frozen(trial) for trial in new]
        self._past.sort(key=lambda trial: trial.number)

    def _frozen(self, trial: FinishedTrial) -> FrozenTrial:
        own = self._own.pop(trial.number, None)
        frozen = self._recorded(trial) if own is None else own
        frozen.state = STATES[trial.state]
        frozen.values = self._values(trial)
        started = trial.started_at or 0.0
        ended = dt.datetime.fromtimestamp(started + (trial.run_seconds or 0.0))
        frozen.datetime_complete = ended
        return frozen

    def _recorded(self, trial: FinishedTrial) -> FrozenTrial:
        """Return a trial of the record that did not run in this process."""
        system = dict(trial.native.get(SYSTEM, {}))
        searched = self.around.space.searched
        names = [name for name in trial.params if name in searched]
        return FrozenTrial(
            number=trial.number,
            state=TrialState.RUNNING,
            value=None,
            datetime_start=dt.datetime.fromtimestamp(trial.started_at or 0.0),
            datetime_complete=None,
            params={name: trial.values[name] for name in names},
            distributions={n: self._distribution(n, searched[n]) for n in names},
            user_attrs=dict(trial.attributes),
            system_attrs=system,
            intermediate_values=by_step(trial.reports),
            trial_id=trial.number,
        )

    def _values(self, trial: FinishedTrial) -> Sequence[float] | None:
        if trial.state is State.COMPLETE:
            return [trial.metrics[name] for name in self.around.metrics]
        if trial.state is State.PRUNED and trial.reports and len(self._directions) == 1:
            reports = by_step(trial.reports)
            last = reports[max(reports)]  # what `Study.tell` keeps of a pruned trial
            return None if math.isnan(last) else [last]
        return None

    def get_trial_id_from_study_id_trial_number(
        self,
        study_id: int,  # noqa: ARG002
        trial_number: int,
    ) -> int:
        return self.get_trial(trial_number).number

    def get_trial_number_from_id(self, trial_id: int) -> int:
        return self.get_trial(trial_id).number

    def get_trial_param(self, trial_id: int, param_name: str) -> float:
        trial = self.get_trial(trial_id)
        distribution = trial.distributions[param_name]
        return distribution.to_internal_repr(trial.params[param_name])

    # The study.

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ARG002
        self._user[key] = value

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ARG002
        self._system[key] = value

    def get_study_id_from_name(self, study_name: str) -> int:  # noqa: ARG002
        return STUDY_ID

    def get_study_name_from_id(self, study_id: int) -> str:  # noqa: ARG002
        return self.around.name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:  # noqa: ARG002
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002
        return self._user

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:  # noqa: ARG002
        return self._system

    def get_all_studies(self) -> NoReturn:
        self.refuse("the other studies of its storage")

    # What cannot be.

    def create_new_study(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        self.refuse("create_study() with its own storage")

    def delete_study(self, study_id: int) -> NoReturn:  # noqa: ARG002
        self.refuse("delete_study()")

    def create_new_trial(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        self.refuse("study.ask(), study.enqueue_trial() or study.add_trial()")

    def set_trial_state_values(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        self.refuse("study.tell()")
