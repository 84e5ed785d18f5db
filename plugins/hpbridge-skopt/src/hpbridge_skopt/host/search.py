"""Scikit-optimize's `BayesSearchCV` with any optimizer inside."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from skopt import BayesSearchCV
from skopt.space import check_dimension
from skopt.utils import dimensions_aslist

from hpbridge.plugin import ExhaustedError, OptionError, nearest
from hpbridge_skopt._upstream import MAKE_OPTIMIZER
from hpbridge_skopt.host.plug import BridgeOptimizer

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARGUMENTS = ("optimizer", "options", "random_state", "space_constraint")


# It would search with the library's own optimizer, and nothing would tell so.
MAKE_OPTIMIZER.check()


class BridgeBayesSearchCV(BayesSearchCV):  # type: ignore[misc]
    """`BayesSearchCV`, whose `optimizer_kwargs` are those of a `BridgeOptimizer`.

    ``optimizer_kwargs={"optimizer": "optuna:tpe", "options": {...}}``; everything else
    is as in the library. A space that is exhausted ends early.

    Raises:
        HpbridgeError: In `fit`, before the first model: as of `BridgeOptimizer`.

    Source:
        scikit-optimize 0.10.2, `BayesSearchCV`: it makes its optimizers by
        `_make_optimizer`, one a space, before the first step.
    """

    def _make_optimizer(self, params_space: Mapping[str, Any]) -> BridgeOptimizer:
        arguments = dict(self.optimizer_kwargs_)
        unknown = [name for name in arguments if name not in _ARGUMENTS]
        if unknown:
            problems = [
                f"optimizer_kwargs has no {name!r}; {nearest(name, _ARGUMENTS)}"
                for name in unknown
            ]
            optimizer = str(arguments.get("optimizer", "skopt"))
            raise OptionError.invalid(optimizer, problems)
        listed = copy.deepcopy(dimensions_aslist(params_space))
        dimensions = [check_dimension(each) for each in listed]
        for name, dimension in zip(sorted(params_space), dimensions, strict=True):
            dimension.name = dimension.name or name
        return BridgeOptimizer(dimensions, **arguments)

    def _step(
        self,
        search_space: Any,
        optimizer: Any,
        score_name: Any,
        *args: Any,
        **more: Any,
    ) -> Any:
        try:
            return super()._step(search_space, optimizer, score_name, *args, **more)
        except ExhaustedError:
            return optimizer.get_result(), score_name
