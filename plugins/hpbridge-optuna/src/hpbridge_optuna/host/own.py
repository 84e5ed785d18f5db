"""Optuna's own sampler on the diagonal: an Optuna algorithm inside of Optuna."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna

from hpbridge.plugin import (
    Categorical,
    OptionError,
    Quantized,
    SpaceError,
    quiet,
)
from hpbridge_optuna.native.write import sampler_call

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from hpbridge.plugin import Choice, Parameter, Space


def own_sampler(
    choice: Choice, space: Space | None, seed: int | None
) -> BaseSampler | None:
    """Return Optuna's own sampler, where it means the same in the space.

    Raises:
        OptionError: If it does not take the options.
        SpaceError: If it needs a space and there is none.
    """
    if choice.shared_place:
        problem = "'storage' is the host's own: give it to its `create_study`"
        raise OptionError.invalid(choice.name, [problem])
    if choice.spec.name != "optuna" or (space is not None and not is_plain(space)):
        return None
    name = choice.algorithm.name
    if space is None and name == "grid":
        headline = "Optimizer 'optuna:grid' must know the space before the first trial"
        raise SpaceError(headline, hint="give space=")
    searched = {} if space is None else space.searched
    call = sampler_call(
        choice.algorithm, choice.options, seed, searched, of_labels=False
    )
    try:
        with quiet():  # it warns that some are experimental
            return call.make(vars(optuna.samplers))  # type: ignore[no-any-return]
    except ValueError as error:
        raise OptionError.invalid(choice.name, [str(error)]) from error


def is_plain(space: Space) -> bool:
    """Say whether Optuna's distributions hold all of the space's meaning."""

    def is_more(parameter: Parameter) -> bool:
        if isinstance(parameter, Categorical):
            return parameter.ordered or parameter.weights is not None
        has_prior = getattr(parameter, "prior", None) is not None
        return has_prior or isinstance(parameter, Quantized)

    return not space.is_restricted and not any(map(is_more, space.searched.values()))
