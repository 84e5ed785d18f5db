"""Optuna's own classes that copy less: the same values, in less time."""

from __future__ import annotations

import copy
import datetime as dt
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from hpbridge.plugin import quiet
from hpbridge_optuna import _upstream

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


class SharedFloat(FloatDistribution):
    """Its own copy: Optuna deep-copies what it never changes, in every ask and tell."""

    def __deepcopy__(self, memo: object) -> SharedFloat:
        return self


class SharedInt(IntDistribution):
    """As `SharedFloat`."""

    def __deepcopy__(self, memo: object) -> SharedInt:
        return self


class SharedCategorical(CategoricalDistribution):
    """As `SharedFloat`."""

    def __deepcopy__(self, memo: object) -> SharedCategorical:
        return self


DISTRIBUTIONS: dict[str, type[BaseDistribution]] = {
    "FloatDistribution": SharedFloat,
    "IntDistribution": SharedInt,
    "CategoricalDistribution": SharedCategorical,
}
"""By the name of Optuna's own."""

for _cls in DISTRIBUTIONS.values():
    # QMCSampler finds its place in the sequence by the text of the distributions.
    _cls.__name__ = _cls.__base__.__name__  # type: ignore[union-attr]

# What a copy of a trial may share with it.
_UNCHANGING = {
    *DISTRIBUTIONS.values(),
    *(bool, int, float, str, type(None), dt.datetime, TrialState),
}


class LeanTrial(FrozenTrial):
    """A trial that is quick to copy.

    Source:
        Optuna 5.0.0: a trial is copied for each parameter and attribute that is set
        (`InMemoryStorage.set_trial_param`), and deep-copied by each `Study.tell`.
    """

    def __copy__(self) -> LeanTrial:
        return lean(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> LeanTrial:
        new = object.__new__(type(self))
        for name, value in vars(self).items():
            vars(new)[name] = _deep_copied(value, memo)
        return new


def lean(trial: FrozenTrial) -> LeanTrial:
    """Return a copy of a trial as a `LeanTrial`."""
    new = object.__new__(LeanTrial)
    vars(new).update(vars(trial))
    return new


def _deep_copied(value: Any, memo: dict[int, Any]) -> Any:
    if type(value) in _UNCHANGING:
        return value
    if type(value) is dict and all(type(v) in _UNCHANGING for v in value.values()):
        return value.copy()
    return copy.deepcopy(value, memo)


class LeanStorage(InMemoryStorage):
    """Optuna's storage in memory, of `LeanTrial`."""

    @staticmethod
    def _create_running_trial() -> FrozenTrial:
        return lean(_upstream.NEW_TRIAL.get()())


def is_made_quick_to_copy(_make: object) -> bool:
    """Say whether Optuna still makes its trials by what `LeanStorage` overrides."""
    with quiet(InMemoryStorage.__module__):
        study = optuna.create_study(storage=LeanStorage())
    study.ask()
    return type(study.get_trials(deepcopy=False)[0]) is LeanTrial


def is_shown_alike(text: Any) -> bool:
    """Say whether a distribution of ours has the text of Optuna's own."""
    return bool(text(SharedFloat(0, 1)) == text(FloatDistribution(0, 1)))
