"""Hyperopt's own optimizers inside `fmin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.plugin import OptionError, read_options
from hpbridge_hyperopt.backend.optimizer import FUNCTIONS, suggest_of
from hpbridge_hyperopt.host.plain_mongo import refuse_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyperopt.base import Domain, Trials

    from hpbridge.plugin import Algorithm

    Docs = list[dict[str, Any]]

# They draw one trial a call; asked for several ids, they raise.
_ONE_AT_A_TIME = {"anneal", "mix"}


class OwnSuggest:
    """Hyperopt's own suggest function; with a seed, instead of that of `rstate`.

    Args:
        name: ``hyperopt:`` and the algorithm, for errors.
        algorithm: Of Hyperopt.
        options: As of `hpbridge_hyperopt.suggest`.
        seed: Of the draws; None takes what `fmin` gives.

    Raises:
        OptionError: If it does not have these options.
    """

    def __init__(
        self,
        name: str,
        algorithm: Algorithm,
        options: Mapping[str, object],
        seed: int | None,
    ) -> None:
        self._name, self._algorithm = name, algorithm
        self._options, self._partial = dict(options), dict[str, object]()
        self._suggest = self._with({})
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._takes_one = algorithm.name in _ONE_AT_A_TIME

    def _with(self, given: Mapping[str, object]) -> Callable[..., Docs]:
        """Return the library's function with these options besides its own."""
        merged = merged_options(self._name, self._algorithm, self._options, given)
        return suggest_of(self._algorithm.name, merged)

    def __call__(
        self,
        new_ids: Sequence[int],
        domain: Domain,
        trials: Trials,
        seed: Any,
        /,
        *,
        verbose: bool = False,
        **options: object,
    ) -> Docs:
        """Return a document for each id.

        Args:
            new_ids: Of the trials.
            domain: Of `fmin`.
            trials: Of `fmin`.
            seed: Of this call.
            verbose: Log what Hyperopt's own functions log that take it.
            options: Of the algorithm, as `functools.partial` gives them.

        Raises:
            OptionError: If it does not have these options.
        """
        refuse_plain(trials, is_own=True)
        if options != self._partial:
            self._suggest, self._partial = self._with(options), dict(options)
        if self._rng is not None:
            seed = self._rng.integers(2**31 - 1)
        ids = list(new_ids)[:1] if self._takes_one else new_ids
        said = {"verbose": True} if verbose and self._algorithm.name == "tpe" else {}
        return self._suggest(ids, domain, trials, seed, **said)


def merged_options(
    name: str,
    algorithm: Algorithm,
    options: Mapping[str, object],
    given: Mapping[str, object],
) -> Any:
    """Return the options of an algorithm: ``options=``, and those of a `partial`.

    Raises:
        OptionError: If it does not have these options.
    """
    given = {n: _named(v) if n == "p_suggest" else v for n, v in given.items()}
    try:
        return read_options(name, algorithm.options, {**options, **given})
    except OptionError as error:
        if not given:
            raise
        hint = f"{error.hint}; they are given as options={{...}}, or by a partial"
        raise OptionError(error.headline, error.problems, hint) from None


def _named(pairs: Any) -> Any:
    """Return pairs with the names of Hyperopt's functions, as `mix.suggest` has them.

    Source:
        hyperopt 0.3.0, `mix.suggest`: ``p_suggest=[(.1, rand.suggest), ...]``.
    """
    names = {id(function): name for name, function in FUNCTIONS.items()}
    try:
        return [(share, names.get(id(each), each)) for share, each in pairs]
    except (TypeError, ValueError):
        return pairs  # what is wrong with them is told with the others
