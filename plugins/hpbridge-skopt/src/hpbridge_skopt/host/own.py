"""The library's own Optimizer inside a `BridgeOptimizer`: the diagonal."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.plugin import Held
from hpbridge_skopt.backend.optimizer import (
    LARGEST_VALUE,
    initial_point,
    make_library,
    n_missing,
)
from hpbridge_skopt.backend.space import library_seed
from hpbridge_skopt.host.models import Models

if TYPE_CHECKING:
    from skopt.space import Space

    from hpbridge_skopt.host.engines import RandomState


class OwnEngine:
    """The library's own Optimizer, which is told no value that would break it.

    A point without a finite value is told as the worst one so far (minus infinity: as
    the best), when the initial phase has its number of real values.
    """

    def __init__(
        self,
        algorithm: str,
        space: Space,
        random_state: RandomState,
        options: Any,
        n_past: int | None,
    ) -> None:
        if isinstance(random_state, (int, np.integer)):
            random_state = library_seed(int(random_state))
        self._name = f"skopt:{algorithm}"
        self._learns = algorithm != "random"
        self.n_initial = getattr(options, "n_initial_points", 0)
        self._library = make_library(
            algorithm,
            space.dimensions,
            options,
            random_state,
            n_past=n_past or 0,
            draws_model_seed=n_past is None,
            model_queue_size=None,
            space_constraint=space.constraint,
        )
        self._held: Held[list[Any]] = Held()

    @property
    def space(self) -> Space:
        return self._library.space

    @property
    def models(self) -> list[Any]:
        reason = "it learns from no trial"
        if self._learns:
            reason = f"the first is fitted to {self.n_initial} values"
        return Models(self._library.models, self._name, reason)

    @property
    def rng(self) -> Any:
        return self._library.rng

    @property
    def specs(self) -> dict[str, Any]:
        return {"base_estimator": self._library.base_estimator_}

    def ask(self) -> list[Any]:
        if not self._held or n_missing(self._library) <= 0:
            return self._library.ask()  # type: ignore[no-any-return]
        # The library does not know of points of the design that failed.
        return initial_point(self._library, len(self._library.Xi) + len(self._held))

    def ask_many(self, n_points: int, strategy: str) -> list[list[Any]]:
        return self._library.ask(n_points, strategy)  # type: ignore[no-any-return]

    def tell(
        self, points: list[Any], values: list[Any], *, fit: bool, is_batch: bool
    ) -> None:
        if not self._learns:
            return
        library, pairs = self._library, zip(points, values, strict=True)
        finite, late = self._held.settle(pairs, library.yi, n_missing(library))
        told = finite + late
        usable = [min(max(v, -LARGEST_VALUE), LARGEST_VALUE) for _, v in told]
        if len(told) == 1 and not is_batch:
            library.tell(told[0][0], usable[0], fit=fit)
        elif told:
            library.tell([point for point, _ in told], usable, fit=fit)

    def update_next(self) -> None:
        self._library.update_next()

    def copy(self, random_state: RandomState) -> OwnEngine:
        other = copy.copy(self)
        other._library = self._library.copy(random_state)
        other._held = self._held.copy()
        return other
