"""A function that was written for `fmin`, as an objective of one trial of ours."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import value_of_generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge_hyperopt.native.distributions import Draw

NOT_METRICS = {"loss", "status", "attachments"}


class ReportedFailure(Exception):  # noqa: N818 - what the user reads of a failed trial
    """The function returned a status other than ``ok``, or no loss."""


class WrappedFunction:
    """Calls a function with what `fmin` would call it with.

    Args:
        function: Takes a point of the space; returns a loss, or a dict with it; or
            yields one after each step.
        space: Hyperopt's.
        draws: What each label draws.

    Source:
        hyperopt 0.3.0, `Domain.evaluate`: builds the point from the draws, calls the
        function, checks what it returned.
    """

    def __init__(
        self, function: Callable[..., Any], space: object, draws: Mapping[str, Draw]
    ) -> None:
        self._function = function
        self._space = space
        self._draws = draws
        self._domain: Any = None
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, trial: Mapping[str, Any]) -> dict[str, float]:
        """Return the loss and every further number that the function returned.

        Raises:
            ReportedFailure: If what it returned has no loss, or not the status ``ok``.
        """
        from hpbridge_hyperopt._upstream import EVALUATE, hyperopt

        no_loss = hyperopt.exceptions.InvalidLoss
        no_status = hyperopt.exceptions.InvalidResultStatus
        config = {name: self._draws[name].drawn(value) for name, value in trial.items()}
        ctrl = hyperopt.Ctrl(None, current_trial={"tid": getattr(trial, "number", 0)})
        try:
            domain = self._domain_of(trial)
            result = EVALUATE.get()(domain, config, ctrl, attach_attachments=False)
        except (no_loss, no_status) as error:
            is_loss = isinstance(error, no_loss)
            what = "number as loss" if is_loss else "known status"
            msg = f"it returned no {what}: {error.result!r:.200}"
            raise ReportedFailure(msg) from error
        if result["status"] != hyperopt.STATUS_OK:
            msg = f"it returned the status {result['status']!r}"
            raise ReportedFailure(msg)
        return {"loss": float(result["loss"]), **further_metrics(result)}

    def _domain_of(self, trial: Any) -> Any:
        """Return the domain, whose function may be a generator that reports."""
        from hpbridge_hyperopt._upstream import DOMAIN

        if self._domain is None:
            self._domain = DOMAIN.get()(self._function, self._space)
        domain = copy.copy(self._domain)  # trials may run in threads beside this one

        def function(*args: Any, **kwargs: Any) -> Any:
            returned = self._function(*args, **kwargs)
            if isinstance(returned, Generator):
                returned, _ = value_of_generator(returned, trial, "loss")
            return returned

        domain.fn = function
        return domain


def further_metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers in a result of a trial, other than its loss."""
    return {
        str(name): float(value)
        for name, value in result.items()
        if name not in NOT_METRICS and is_metric(value)
    }


def is_metric(value: object) -> bool:
    """Say whether a value of a result is a number."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
