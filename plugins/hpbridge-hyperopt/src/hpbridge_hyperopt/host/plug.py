"""Any optimizer inside `fmin`: a function for its ``algo=``.

Source:
    hyperopt 0.3.0, `FMinIter.run`: the function gets the new ids, the domain (with the
    space as a graph), the trials and a seed, and returns a document an id, or fewer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    GuestRecipe,
    Space,
    arguments,
    read_options,
    registry,
)
from hpbridge_hyperopt import SPEC
from hpbridge_hyperopt.host.own import OwnSuggest, merged_options
from hpbridge_hyperopt.host.plain_mongo import refuse_plain
from hpbridge_hyperopt.host.trials import TrialsGuest
from hpbridge_hyperopt.native.read import read_draws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyperopt.base import Domain, Trials

    from hpbridge_hyperopt.native.distributions import Draw

    Docs = list[dict[str, Any]]


@arguments.takes(
    optimizer=arguments.TEXT,
    seed=arguments.SEED_OF_HOST,
    options=arguments.optional(arguments.BY_NAME),
)
def suggest(
    optimizer: str,
    *,
    seed: int | None = None,
    options: Mapping[str, object] | None = None,
) -> Callable[[Sequence[int], Domain, Trials, Any], Docs]:
    """Return a function for ``fmin(algo=...)`` that asks an optimizer of hpbridge.

    What `fmin` offers stays: nested spaces, `points_to_evaluate`, `trials_save_file`,
    `max_queue_len`, early stopping, `catch_eval_exceptions`, `SparkTrials`. Called
    again with the same trials, `fmin` goes on; trials that it holds already, from a
    file, say, are learned from. With other trials, the function starts afresh.

    An optimizer of Hyperopt is Hyperopt's own function, with these options. Options may
    come by `functools.partial` too, as those of Hyperopt's own functions do.

    Args:
        optimizer: ``backend`` or ``backend:algorithm``, as in ``"optuna:tpe"``.
        seed: Of the optimizer. By default it comes from `fmin`'s `rstate`.
        options: Of the algorithm, by the library's own names.

    Raises:
        BackendError: If the optimizer is not installed, or fails to load.
        OptionError: If it does not have these options.
        ArgumentError: If arguments are of a wrong kind; with all of them.

    When `fmin` calls it first, it may raise `SpaceError`, naming every label whose
    meaning other libraries cannot keep, or `UnsupportedFeatureError`, if the optimizer
    cannot search the space, with those that can.

    Example:
        >>> from hyperopt import fmin, hp
        >>> best = fmin(lambda x: x**2, hp.uniform("x", -1, 1), max_evals=5,
        ...             algo=suggest("random", seed=0), verbose=False)
        >>> list(best)
        ['x']
    """
    plugins = registry()
    spec, algorithm = plugins.algorithm(optimizer)
    name = f"{spec.name}:{algorithm.name}"
    plugins.require(spec, algorithm)
    read_options(name, algorithm.options, options or {})
    # ATPE draws from the global generators and breaks on a bad trial; ours does not.
    if spec.name == SPEC.name and algorithm.name != "atpe":
        return OwnSuggest(name, algorithm, options or {}, seed)
    return BridgeSuggest(optimizer, seed, options)


class BridgeSuggest:
    """An optimizer of another library, asked and told by `fmin`.

    Args:
        optimizer: As of `suggest`, and so the others.
        order: Of the parameters, where that of the space is not meant: Hyperopt sorts
            the keys of a dict.
    """

    def __init__(
        self,
        optimizer: str,
        seed: int | None = None,
        options: Mapping[str, object] | None = None,
        order: Sequence[str] = (),
    ) -> None:
        self._recipe = GuestRecipe(optimizer, seed=seed, options=dict(options or {}))
        self._order = list(order)
        self._partial: dict[str, object] = {}
        self._guest: TrialsGuest | None = None

    def __call__(
        self,
        new_ids: Sequence[int],
        domain: Domain,
        trials: Trials,
        seed: Any,
        /,
        *,
        verbose: bool = False,  # noqa: ARG002 - of Hyperopt's own functions
        **options: object,
    ) -> Docs:
        """Return a document for each id; fewer where nothing is left to propose.

        Args:
            new_ids: Of the trials.
            domain: Of `fmin`.
            trials: Of `fmin`.
            seed: Of the optimizer, where it has none of its own.
            verbose: Nothing; `functools.partial` may bring it.
            options: Of the algorithm, as `functools.partial` gives them.

        Raises:
            OptionError: If the algorithm does not have these options.
            SpaceError: If the space cannot be kept, or is another one than before.
            UnsupportedFeatureError: If the optimizer cannot search it, or cannot
                propose several trials at once and is asked to.
        """
        refuse_plain(trials, is_own=False)
        is_other = options != self._partial
        if self._guest is None or is_other or not self._guest.is_of(trials):
            space, _ = self._read(domain)
            recipe = self._with(options)
            if recipe.seed is None:
                recipe = replace(recipe, seed=int(seed))
            self._guest = TrialsGuest(recipe, space, trials)
            self._partial = dict(options)
        if not self._guest.is_in(domain):
            self._guest.enter(domain, *self._read(domain))
        self._guest.learn()
        return self._guest.propose(new_ids)

    def _with(self, given: Mapping[str, object]) -> GuestRecipe:
        """Return what makes the guest, with the options of a partial besides."""
        spec, algorithm = registry().algorithm(self._recipe.optimizer)
        name = f"{spec.name}:{algorithm.name}"
        merged_options(name, algorithm, self._recipe.options, given)
        return replace(self._recipe, options={**self._recipe.options, **given})

    def _read(self, domain: Domain) -> tuple[Space, Mapping[str, Draw]]:
        draws = read_draws(domain.expr)
        names = sorted(draws, key=self._order.index) if self._order else draws
        return Space({name: draws[name].parameter for name in names}), draws
