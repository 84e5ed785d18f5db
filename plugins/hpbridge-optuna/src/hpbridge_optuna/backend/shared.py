"""The optimizer in a storage that other processes share: it learns what they tell."""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpbridge.plugin import (
    Feature,
    ForeignHistoryError,
    HpbridgeError,
    OptimizerError,
    OptionError,
    by_step,
    masked,
    quiet,
)
from hpbridge_optuna import _upstream
from hpbridge_optuna.backend.optimizer import STUDY_NAME, OptunaOptimizer
from hpbridge_optuna.format.tables import with_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

    from hpbridge.plugin import (
        Algorithm,
        Label,
        Outcome,
        PastTrial,
        Problem,
        Suggestion,
    )
    from hpbridge_optuna.backend.brackets import Brackets
    from hpbridge_optuna.options import SharedOptions

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.1
_LOCKED_SECONDS = 60
# What a database says to the second of two processes that make the tables at once.
_MADE_BY_ANOTHER = ("already exists", "duplicate key", "UNIQUE constraint", "Duplicate")


class SharedOptimizer(OptunaOptimizer):
    """An Optuna study in a storage, of which other processes ask and tell as well.

    It is in the user's own directions, so that it reads as Optuna's own scripts do.

    Raises:
        OptionError: If the storage cannot be had, or the study there is another one.
    """

    _classes = None  # the storage gives back Optuna's own, which are compared by class
    _tpe = TPESampler
    _keeps_directions = True

    def __init__(
        self, problem: Problem, algorithm: Algorithm, options: Any, seed: int
    ) -> None:
        self._options: SharedOptions = options
        self._study_name = options.study_name or problem.name or STUDY_NAME
        if not problem.space:
            name = f"optuna:{algorithm.name}"
            reason = "a study in a storage needs the space before its first trial"
            raise OptionError.invalid(name, [reason])
        super().__init__(problem, algorithm, options, seed)
        trials = self._study.get_trials(deepcopy=False)
        different = self._check(trials)
        # What this process's study had told before it stopped is there already.
        self._there = Counter(map(_key, trials))
        note = (
            f"its trials are in {options.place} too, in Optuna's study "
            f"{self._study_name!r}: what it proposes depends on the other processes "
            "there, and does not repeat with the seed"
        )
        self.notes = [note, *different]

    def _make_study(self, sampler: BaseSampler, brackets: Brackets | None) -> Study:
        if brackets is not None:
            problem = (
                "the pruner 'hyperband' deals trials out by the study's own name and "
                "numbers, which those in a 'storage' do not have"
            )
            raise OptionError.invalid(self._name, [problem])
        loggers = (*_upstream.STORAGE_LOGGERS, "optuna.study.study")
        try:
            with quiet(*loggers):
                storage = _opened(_address(self._options.storage or "", self._name))
                if isinstance(storage, RDBStorage):  # nobody tells it that it is over
                    weakref.finalize(self, _close, storage)
                study = optuna.create_study(
                    storage=storage,
                    sampler=sampler,
                    directions=self._directions,
                    study_name=self._study_name,
                    load_if_exists=True,
                )
                self._name_metrics(study)
        except HpbridgeError:
            raise
        except Exception as error:  # noqa: BLE001 - a database or a file may raise anything
            problem = f"{self._options.place} cannot be used: {_text(error)}"
            raise OptionError.invalid(self._name, [problem]) from None
        return study

    def _name_metrics(self, study: Study) -> None:
        """Name the metrics of a new study; those of another one are compared."""
        names = list(self._problem.metrics)
        is_same = study.directions == self._directions
        if is_same and not study.metric_names and names and not study.get_trials():
            study.set_metric_names(names)

    def _check(self, trials: Sequence[FrozenTrial]) -> list[str]:
        """Refuse a study of something else; return what is merely different."""
        ways, there = _words(self._directions), _words(self._study.directions)
        found = [] if ways == there else [f"its directions are {there}, ours {ways}"]
        names, ours = self._study.metric_names, list(self._problem.metrics)
        if names and ours and names != ours:
            found.append(f"its metrics are {names}, ours {ours}")
        known = {
            (name, repr(each)): each
            for trial in trials
            for name, each in trial.distributions.items()
            if name in self._distributions
        }
        ranges = []
        for (name, _), each in known.items():
            own = self._distributions[name]
            try:
                check_distribution_compatibility(each, own)
            except ValueError:
                found.append(f"its parameter {name!r} is {each}, ours {own}")
            else:
                if each != own:
                    ranges.append(
                        f"parameter {name!r} has another range in trials of "
                        f"{self._options.place}: {each}, and here {own}"
                    )
        if found:
            whose = f"Optuna's study {self._study_name!r} in {self._options.place}"
            problems = [f"{whose} is another one: {problem}" for problem in found]
            raise OptionError.invalid(self._name, problems)
        return ranges

    @contextlib.contextmanager
    def _reaching(self, doing: str) -> Iterator[None]:
        """Say in a sentence that the storage is away."""
        import sqlalchemy as sa

        away = (
            *(sa.exc.SQLAlchemyError, OSError),
            optuna.exceptions.StorageInternalError,
        )
        try:
            yield
        except away as error:
            headline = f"Optimizer {self._name!r} failed {doing}"
            problem = f"{self._options.place} cannot be reached: {_text(error)}"
            hint = "`hpbridge resume` goes on when it is back"
            raise OptimizerError(headline, [problem], hint) from None

    def ask(self) -> Suggestion:
        with self._reaching("to propose a trial"):
            return super().ask()

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        with self._reaching("to learn from a trial"):
            super().tell(suggestion, outcome)

    def _fail_unknown(self, begun: Trial | None) -> None:
        # Others' trials run there too. One that failed before it was handed out has no
        # parameters, and repels nothing.
        if begun is not None:
            with contextlib.suppress(Exception):  # the first error is the one to see
                self._study.tell(begun, state=TrialState.FAIL)

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        trial = self._finished(params, outcome, {})
        if self._there[key := _key(trial)] > 0:
            self._there[key] -= 1
            return
        if not self._capabilities.can(Feature.FOREIGN_HISTORY):
            reason = self._capabilities[Feature.FOREIGN_HISTORY].note
            raise ForeignHistoryError.refused(self._name, reason)
        with self._reaching("to learn from a trial"):
            self._study.add_trial(trial)

    def restore(
        self,
        trials: Sequence[PastTrial],  # noqa: ARG002
        native: Mapping[str, Any],  # noqa: ARG002
    ) -> bool:
        """Others' trials are there already: it observes."""
        return False

    def _intermediate_values(self, outcome: Outcome) -> dict[int, float]:
        if self._problem.n_objectives > 1:
            return {}
        sign = -1 if self._directions[0] is StudyDirection.MAXIMIZE else 1
        reports = by_step(pair for pair in outcome.reports if pair[0] >= 0)
        return {step: sign * value for step, value in reports.items()}


def _address(storage: str, optimizer: str) -> str:
    """Return what an option says, or the environment variable that it names."""
    kind, _, name = storage.partition(":")
    if kind != "env":
        return storage
    if not (found := os.environ.get(name)):
        problem = f"'storage' is {storage!r}, and there is no such variable"
        raise OptionError.invalid(optimizer, [problem])
    return found


def _opened(address: str) -> BaseStorage:
    """Return the storage; a second process may make its tables at the same time."""
    import sqlalchemy as sa

    kind, _, path = address.partition(":")
    if kind == "journal":
        return JournalStorage(JournalFileBackend(path))
    url = with_driver(address)
    given: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        given = {"connect_args": {"timeout": _LOCKED_SECONDS}}
    text = url.render_as_string(hide_password=False)
    for _ in range(_ATTEMPTS - 1):
        try:
            return RDBStorage(text, engine_kwargs=given)
        except (sa.exc.SQLAlchemyError, optuna.exceptions.OptunaError) as error:
            if not any(each in _text(error) for each in _MADE_BY_ANOTHER):
                raise
            time.sleep(_PAUSE_SECONDS)
    return RDBStorage(text, engine_kwargs=given)


def _close(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()


def _text(error: Exception) -> str:
    cause = error.__cause__ or error
    cause = getattr(error, "orig", None) or getattr(cause, "orig", None) or cause
    text = f"{masked(' '.join(str(cause).split())):.300}"
    return text or type(cause).__name__


def _words(directions: Sequence[StudyDirection]) -> str:
    return ", ".join(way.name.lower() for way in directions)


def _key(trial: FrozenTrial) -> tuple[object, ...]:
    """Return by what two trials of a study are taken for the same."""
    values = tuple(trial.values or ()) if trial.state is TrialState.COMPLETE else ()
    return trial.state, tuple(sorted(trial.params.items())), values
