"""What is inside a `BridgeOptimizer`: the library's own Optimizer, or a guest."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sklearn.utils import check_random_state

from hpbridge.plugin import (
    Feature,
    Guest,
    Held,
    Outcome,
    State,
    Suggestion,
    UnsupportedFeatureError,
    read_options,
    registry,
)
from hpbridge_skopt.backend.optimizer import LARGEST_SEED, LARGEST_VALUE, make_library
from hpbridge_skopt.backend.space import library_seed
from hpbridge_skopt.native.dimensions import value_in
from hpbridge_skopt.native.read import from_native

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skopt.space import Space

RandomState = np.random.RandomState | int | None


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
    n_past: int,
) -> Engine:
    """Return the library's own Optimizer for an optimizer of its, else a guest."""
    spec, algorithm = registry().algorithm(optimizer)
    if spec.name == "skopt":
        name = f"{spec.name}:{algorithm.name}"
        read = read_options(name, algorithm.options, options)
        return OwnEngine(algorithm.name, space, random_state, read, n_past)
    return GuestEngine(optimizer, space, seed_of(random_state), options)


def seed_of(random_state: RandomState) -> int:
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return int(check_random_state(random_state).randint(0, LARGEST_SEED))
    return int(random_state)


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
        n_past: int,
    ) -> None:
        if isinstance(random_state, (int, np.integer)):
            random_state = library_seed(int(random_state))
        self._learns = algorithm != "random"
        self.n_initial = getattr(options, "n_initial_points", 0)
        self._library = make_library(
            algorithm,
            space.dimensions,
            options,
            random_state,
            n_past=n_past,
            model_queue_size=None,
            space_constraint=space.constraint,
        )
        self._held: Held[list[Any]] = Held()

    @property
    def space(self) -> Space:
        return self._library.space

    @property
    def models(self) -> list[Any]:
        return list(self._library.models)

    @property
    def rng(self) -> Any:
        return self._library.rng

    @property
    def specs(self) -> dict[str, Any]:
        return {"base_estimator": self._library.base_estimator_}

    @property
    def _n_missing(self) -> int:
        n_initial: int = self._library.n_initial_points_
        return n_initial - len(self._library.Xi)

    def ask(self) -> list[Any]:
        design = self._library._initial_samples
        if not self._held or design is None or self._n_missing <= 0:
            return self._library.ask()  # type: ignore[no-any-return]
        # The library does not know of points of the design that failed.
        n_used = len(self._library.Xi) + len(self._held)
        if n_used < len(design):
            return list(design[n_used])
        return list(self.space.rvs(random_state=self.rng)[0])

    def ask_many(self, n_points: int, strategy: str) -> list[list[Any]]:
        return self._library.ask(n_points, strategy)  # type: ignore[no-any-return]

    def tell(
        self, points: list[Any], values: list[Any], *, fit: bool, is_batch: bool
    ) -> None:
        if not self._learns:
            return
        pairs = zip(points, values, strict=True)
        finite, late = self._held.settle(pairs, self._library.yi, self._n_missing)
        told = finite + late
        usable = [min(max(v, -LARGEST_VALUE), LARGEST_VALUE) for _, v in told]
        if len(told) == 1 and not is_batch:
            self._library.tell(told[0][0], usable[0], fit=fit)
        elif told:
            self._library.tell([point for point, _ in told], usable, fit=fit)

    def update_next(self) -> None:
        self._library.update_next()

    def copy(self, random_state: RandomState) -> OwnEngine:
        other = copy.copy(self)
        other._library = self._library.copy(random_state)
        other._held = self._held.copy()
        return other


class GuestEngine:
    """Any other optimizer, over the same space in our words.

    Pickled it is its history: another process asks and tells anew what was asked and
    told here, when it is first asked.
    """

    def __init__(
        self,
        optimizer: str,
        space: Space,
        seed: int,
        options: Mapping[str, object],
    ) -> None:
        self.space = space
        self.models: list[Any] = []
        self.rng: Any = None
        self.specs: dict[str, Any] = {}
        self._made_of = (optimizer, seed, dict(options))
        self._history: list[tuple[list[Any], float] | None] = []
        self._guest: Guest | None = None
        self._start()  # so that what it refuses is said now

    def _start(self) -> Guest:
        """Return the guest, brought to where the history left it."""
        if self._guest is None:
            optimizer, seed, options = self._made_of
            native = from_native(self.space)
            assert native is not None
            self._guest = Guest(optimizer, native.space, seed=seed, options=options)
            self._pending: dict[tuple[Any, ...], list[Suggestion]] = {}
            for event in self._history:
                if event is None:
                    self._ask(self._guest)
                else:
                    self._tell(self._guest, *event)
        return self._guest

    def _ask(self, guest: Guest) -> list[Any]:
        suggestion = guest.ask()
        key = tuple(suggestion.params.values())
        self._pending.setdefault(key, []).append(suggestion)
        return list(guest.values(suggestion.params).values())

    def _tell(self, guest: Guest, point: list[Any], value: float) -> None:
        items = zip(guest.space.items(), point, strict=True)
        params = {name: value_in(parameter, v) for (name, parameter), v in items}
        value = float(value)
        outcome = Outcome(State.COMPLETE, (value,))
        if math.isnan(value):
            outcome = Outcome(State.FAILED, (value,))
        waiting = self._pending.get(tuple(params.values()))
        if waiting:
            guest.tell(waiting.pop(0), outcome)
        else:
            guest.observe(guest.space.canonical(params), outcome)

    def ask(self) -> list[Any]:
        point = self._ask(self._start())
        self._history.append(None)
        return point

    def ask_many(self, n_points: int, strategy: str) -> list[list[Any]]:  # noqa: ARG002 - a guest has its own
        guest = self._start()
        if n_points > 1 and not guest.can(Feature.PENDING):
            reason = f"{n_points} points at once need {Feature.PENDING.value}"
            raise UnsupportedFeatureError.refused(guest.name, [reason])
        return [self.ask() for _ in range(n_points)]

    def tell(
        self,
        points: list[Any],
        values: list[Any],
        *,
        fit: bool,  # noqa: ARG002 - a guest learns when it is asked
        is_batch: bool,  # noqa: ARG002 - to it a batch is its points
    ) -> None:
        guest = self._start()
        for point, value in zip(points, values, strict=True):
            self._tell(guest, point, value)
            self._history.append((point, value))

    def update_next(self) -> None:
        """Nothing was computed before it is asked for."""

    def copy(self, random_state: RandomState) -> GuestEngine:
        optimizer, _, options = self._made_of
        other = GuestEngine(optimizer, self.space, seed_of(random_state), options)
        told = [event for event in self._history if event is not None]
        if told:
            points, values = zip(*told, strict=True)
            other.tell(list(points), list(values), fit=True, is_batch=True)
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_guest": None, "_pending": {}}
