"""A trial of Optuna's kind for objectives that are written for Optuna."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from optuna.trial import BaseTrial

from hpbridge_optuna.native.read import of_call
from hpbridge_optuna.native.write import to_distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.distributions import BaseDistribution

    from hpbridge.plugin import Parameter, Trial


class SuggestTrial(BaseTrial):
    """Hands on to a trial of ours.

    Source:
        Optuna 5.0.0, `optuna.trial.BaseTrial`: the interface; `Trial`: what a second
        call by one name returns, and which call takes which arguments.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._started = dt.datetime.now()  # naive, as Optuna's are
        self._params: dict[str, Any] = {}
        self._distributions: dict[str, BaseDistribution] = {}

    def _suggest(self, name: str, parameter: Parameter) -> Any:
        value = self._trial.suggest(name, parameter)
        self._params[name] = value
        self._distributions.setdefault(
            name, to_distribution(parameter, of_labels=False)
        )
        return value

    def suggest_float(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._suggest(name, of_call("float", *args, **kwargs))

    def suggest_int(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._suggest(name, of_call("int", *args, **kwargs))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._suggest(name, of_call("categorical", choices))

    def suggest_uniform(self, name: str, low: float, high: float) -> Any:
        return self._suggest(name, of_call("uniform", low, high))

    def suggest_loguniform(self, name: str, low: float, high: float) -> Any:
        return self._suggest(name, of_call("loguniform", low, high))

    def suggest_discrete_uniform(
        self, name: str, low: float, high: float, q: float
    ) -> Any:
        return self._suggest(name, of_call("discrete_uniform", low, high, q))

    def report(self, value: float, step: int) -> None:
        self._trial.report(value, step)

    def should_prune(self) -> bool:
        return self._trial.should_prune()

    def set_user_attr(self, key: str, value: Any) -> None:
        self._trial.set_attribute(key, value)

    def set_system_attr(self, key: str, value: Any) -> None:
        self._trial.set_attribute(key, value)

    def set_constraint(self, key: str, value: float) -> None:
        self._trial.set_attribute(f"constraint:{key}", value)

    @property
    def number(self) -> int:
        return self._trial.number

    @property
    def params(self) -> dict[str, Any]:
        return dict(self._params)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return dict(self._distributions)

    @property
    def user_attrs(self) -> dict[str, Any]:
        return self._trial.attributes

    @property
    def system_attrs(self) -> dict[str, Any]:
        return {}

    @property
    def datetime_start(self) -> dt.datetime:
        return self._started
