"""What is inside a `BridgeOptimizer`: the library's own Optimizer, or a guest."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sklearn.utils import check_random_state

from hpbridge.plugin import (
    Conversation,
    ExhaustedError,
    GuestRecipe,
    NoProposal,
    outcome_of,
    read_options,
    registry,
)
from hpbridge_skopt import HOST
from hpbridge_skopt.backend.optimizer import LARGEST_SEED
from hpbridge_skopt.host.models import Models
from hpbridge_skopt.host.own import OwnEngine
from hpbridge_skopt.native.dimensions import value_in
from hpbridge_skopt.native.read import from_native

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skopt.space import Space

RandomState = np.random.RandomState | int | None

_CANNOT_WAIT = "`ask` before the last point is told"


class Engine(Protocol):
    """What a `BridgeOptimizer` asks and tells."""

    @property
    def space(self) -> Space: ...

    @property
    def models(self) -> list[Any]: ...

    @property
    def rng(self) -> Any: ...

    @property
    def specs(self) -> dict[str, Any]: ...

    def ask(self) -> list[Any]: ...

    def ask_many(self, n_points: int, strategy: str) -> list[list[Any]]: ...

    def tell(
        self, points: list[Any], values: list[Any], *, fit: bool, is_batch: bool
    ) -> None: ...

    def update_next(self) -> None: ...

    def copy(self, random_state: RandomState) -> Engine: ...


def engine_of(
    optimizer: str,
    space: Space,
    random_state: RandomState,
    options: Mapping[str, object],
    *,
    n_past: int | None,
) -> Engine:
    """Return the library's own Optimizer for an optimizer of its, else a guest.

    Args:
        optimizer: As of `BridgeOptimizer`.
        space: The library's, a copy.
        random_state: As of `BridgeOptimizer`.
        options: As of `BridgeOptimizer`.
        n_past: How many points a function of the library's own begins with; None for
            its `Optimizer`, which has other defaults.
    """
    spec, algorithm = registry().algorithm(optimizer)
    if spec.name == "skopt":
        name = f"{spec.name}:{algorithm.name}"
        given = HOST.options(name, options) if n_past is None else options
        read = read_options(name, algorithm.options, given)
        return OwnEngine(algorithm.name, space, random_state, read, n_past)
    return GuestEngine(optimizer, space, _seed_of(random_state), options)


def _seed_of(random_state: RandomState) -> int:
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return int(check_random_state(random_state).randint(0, LARGEST_SEED))
    return int(random_state)


class GuestEngine:
    """Any other optimizer, over the same space in our words."""

    def __init__(
        self,
        optimizer: str,
        space: Space,
        seed: int,
        options: Mapping[str, object],
    ) -> None:
        self.space = space
        self.rng: Any = None
        self.specs: dict[str, Any] = {}
        native = from_native(space)
        assert native is not None
        recipe = GuestRecipe(optimizer, seed=seed, options=dict(options))
        self._talk = Conversation(recipe, native.space, cannot_wait=_CANNOT_WAIT)

    @property
    def models(self) -> list[Any]:
        reason = "it is none of scikit-optimize"
        return Models([], self._talk.name, reason)

    def ask(self) -> list[Any]:
        params = self._talk.propose()
        if isinstance(params, NoProposal):
            raise ExhaustedError(self._talk.exhausted)
        return list(self._talk.values(params).values())

    def ask_many(self, n_points: int, strategy: str) -> list[list[Any]]:  # noqa: ARG002 - a guest has its own
        if n_points > 1:
            self._talk.check_several(f"n_points={n_points}")
        return [self.ask() for _ in range(n_points)]

    def tell(
        self,
        points: list[Any],
        values: list[Any],
        *,
        fit: bool,  # noqa: ARG002 - a guest learns when it is asked
        is_batch: bool,  # noqa: ARG002 - to it a batch is its points
    ) -> None:
        space = self._talk.space
        for point, value in zip(points, map(float, values), strict=True):
            items = zip(space.items(), point, strict=True)
            params = {name: value_in(parameter, v) for (name, parameter), v in items}
            self._talk.seen(params, outcome_of([value]))

    def update_next(self) -> None:
        """Nothing was computed before it is asked for."""

    def copy(self, random_state: RandomState) -> GuestEngine:
        other = copy.copy(self)
        other._talk = self._talk.another(_seed_of(random_state))
        return other
