"""Hyperopt's own optimizers inside `fmin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge_hyperopt.backend.optimizer import suggest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyperopt.base import Domain, Trials

    Docs = list[dict[str, Any]]

# They draw one trial a call; asked for several ids, they raise.
_ONE_AT_A_TIME = {"anneal", "mix"}


def own_suggest(algorithm: str, options: Any, seed: int | None) -> OwnSuggest:
    """Return Hyperopt's own function for ``algo=``, with these options."""
    takes_one = algorithm in _ONE_AT_A_TIME
    return OwnSuggest(suggest_of(algorithm, options), seed, takes_one=takes_one)


class OwnSuggest:
    """Hyperopt's own suggest function; with a seed, instead of that of `rstate`."""

    def __init__(
        self, own: Callable[..., Docs], seed: int | None, *, takes_one: bool
    ) -> None:
        self._suggest = own
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._takes_one = takes_one

    def __call__(
        self, new_ids: Sequence[int], domain: Domain, trials: Trials, seed: Any
    ) -> Docs:
        if self._rng is not None:
            seed = self._rng.integers(2**31 - 1)
        ids = list(new_ids)[:1] if self._takes_one else new_ids
        return self._suggest(ids, domain, trials, seed)
