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
    """`BayesSearchCV`, whose optimizer is any that is installed.

    ``BridgeBayesSearchCV(model, spaces, optimizer="optuna:tpe", options={...})``;
    everything else is as in the library. A space that is exhausted ends early.

    Args:
        estimator: As of `BayesSearchCV`, as all that has no line here.
        search_spaces: As there.
        optimizer_kwargs: Of a `BridgeOptimizer`; another place for the two below.
        optimizer: ``backend`` or ``backend:algorithm``.
        options: Of the optimizer's algorithm, by its library's own names.

    Raises:
        HpbridgeError: In `fit`, before the first model: as of `BridgeOptimizer`.

    Source:
        scikit-optimize 0.10.2, `BayesSearchCV`: it makes its optimizers by
        `_make_optimizer`, one a space, before the first step.
    """

    # All of the library's, by name: scikit-learn reads the parameters off the
    # signature.
    def __init__(  # noqa: PLR0913, PLR0917
        self,
        estimator: Any,
        search_spaces: Any,
        optimizer_kwargs: Mapping[str, Any] | None = None,
        n_iter: int = 50,
        scoring: Any = None,
        fit_params: Mapping[str, Any] | None = None,
        n_jobs: int | None = 1,
        n_points: int = 1,
        iid: Any = "deprecated",
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: float | str = "raise",
        return_train_score: bool = False,
        *,
        optimizer: str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.options = options
        super().__init__(
            estimator,
            search_spaces,
            optimizer_kwargs=optimizer_kwargs,
            n_iter=n_iter,
            scoring=scoring,
            fit_params=fit_params,
            n_jobs=n_jobs,
            n_points=n_points,
            iid=iid,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )

    def _make_optimizer(self, params_space: Mapping[str, Any]) -> BridgeOptimizer:
        named = {"optimizer": self.optimizer, "options": self.options}
        given = {name: value for name, value in named.items() if value is not None}
        arguments = {**self.optimizer_kwargs_, **given}
        unknown = [name for name in arguments if name not in _ARGUMENTS]
        if unknown:
            problems = [
                f"optimizer_kwargs has no {name!r}; {nearest(name, _ARGUMENTS)}; what "
                f"an algorithm has is in options={{...}}"
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
