"""Our parameters as Optuna's distributions: what holds their values in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from hpbridge.plugin import Categorical, Quantized
from hpbridge_optuna._quiet import quiet
from hpbridge_optuna._space import to_arguments

if TYPE_CHECKING:
    from hpbridge.plugin import Parameter

_CLASSES = {"float": FloatDistribution, "int": IntDistribution}


def to_distribution(
    parameter: Parameter, *, of_labels: bool = True
) -> BaseDistribution:
    """Return a distribution that contains every value of a parameter.

    Optuna has no priors, weights, orders and quanta; they are lost here.

    Args:
        parameter: Any that is searched.
        of_labels: The choices are the labels, which are plain; or the objects.
    """
    if isinstance(parameter, Quantized):
        low, high = parameter.at(0), parameter.at(parameter.n_values - 1)
        step = parameter.q if low != high else None
        if parameter.is_int:
            return IntDistribution(int(low), int(high), step=int(step or 1))
        return FloatDistribution(low, high, step=step)
    if isinstance(parameter, Categorical):
        with quiet([]):  # it warns of choices that are no scalars
            return CategoricalDistribution(
                parameter.labels if of_labels else parameter.choices  # type: ignore[arg-type]
            )
    kind, args, kwargs = to_arguments(parameter)
    return _CLASSES[kind](*args, **kwargs)
