"""Optuna's distributions and ``suggest_*`` calls in our words.

One translation for all that describes a parameter: a distribution object, the JSON of
one in a storage, the arguments of a call. It needs no Optuna.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Categorical,
    Float,
    Int,
    NativeSpace,
    Space,
    SpaceError,
    class_names,
    text_of,
)
from hpbridge_optuna import _upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpbridge.plugin import Label, Searched


def from_native(native: object) -> NativeSpace | None:
    """Read a dict of Optuna distributions by name.

    Returns:
        None where it holds no Optuna distribution.

    Raises:
        SpaceError: Naming every entry that is no distribution of Optuna's own.

    Source:
        Optuna 5.0.0, `Study.ask` takes such a dict as ``fixed_distributions``.
    """
    if not isinstance(native, Mapping):
        return None
    found = {name: _class_name(item) for name, item in native.items()}
    if not any(found.values()):
        return None
    parameters: dict[str, Searched] = {}
    problems: list[str] = []
    for name, item in native.items():
        if found[name] not in _CLASSES:
            problems.append(f"{name!r} is {item!r:.80}, no distribution of Optuna's")
            continue
        parameters[name] = parameter_of(found[name], _upstream.AS_DICT.of(item)())
    if problems:
        raise SpaceError.invalid(problems)
    return NativeSpace(Space(parameters), direction="")


def of_distribution(distribution: Any) -> Searched:
    """Translate a distribution object.

    Raises:
        ValueError: If its class is none of Optuna's.
    """
    attributes = _upstream.AS_DICT.of(distribution)()
    return parameter_of(_class_name(distribution), attributes)


def _class_name(item: object) -> str:
    """Return the name of the Optuna class that a distribution has or extends."""
    return next(iter(class_names(item, "optuna.distributions")), "")


def of_call(method: str, *args: Any, **kwargs: Any) -> Searched:
    """Translate the call ``trial.suggest_<method>(name, *args, **kwargs)``.

    Raises:
        TypeError: If Optuna would not take these arguments.
        ValueError: If there is no such method.

    Example:
        >>> of_call("float", 1e-5, 0.1, log=True)
        Float(low=1e-05, high=0.1, log=True, step=None, prior=None, when=())
    """
    if method not in _METHODS:
        msg = f"Optuna has no suggest_{method}"
        raise ValueError(msg)
    return _METHODS[method](*args, **kwargs)


def parameter_of(name: str, attributes: Mapping[str, Any]) -> Searched:
    """Translate a distribution by the name of its class and its attributes.

    Old classes, which old storages name, are read as what Optuna reads them as. A
    range of one value has no step.

    Raises:
        ValueError: If there is no such class, or an attribute is missing.

    Source:
        Optuna 5.0.0, `json_to_distribution`,
        `_convert_old_distribution_to_new_distribution`.
    """
    if name not in _CLASSES:
        msg = f"{name!r} is no distribution of Optuna's"
        raise ValueError(msg)
    make, defaults = _CLASSES[name]
    try:
        return make({**attributes, **defaults})
    except (KeyError, TypeError, OverflowError) as error:
        msg = f"{name} has no such attributes: {dict(attributes)!r:.120}"
        raise ValueError(msg) from error


def _float(attributes: Mapping[str, Any]) -> Float:
    low, high = attributes["low"], attributes["high"]
    step = attributes.get("step", attributes.get("q"))
    step = None if low == high else step
    return Float(low, high, log=bool(attributes.get("log")), step=step)


def _int(attributes: Mapping[str, Any]) -> Int:
    low, high = int(attributes["low"]), int(attributes["high"])
    step = attributes.get("step")
    step = 1 if low == high or step is None else step
    return Int(low, high, log=bool(attributes.get("log")), step=step)


def _categorical(attributes: Mapping[str, Any]) -> Categorical:
    return categorical_of(attributes["choices"])


_CLASSES: dict[str, tuple[Callable[[Mapping[str, Any]], Searched], dict[str, Any]]] = {
    "FloatDistribution": (_float, {}),
    "UniformDistribution": (_float, {"log": False}),
    "LogUniformDistribution": (_float, {"log": True}),
    "DiscreteUniformDistribution": (_float, {"log": False}),
    "IntDistribution": (_int, {}),
    "IntUniformDistribution": (_int, {"log": False}),
    "IntLogUniformDistribution": (_int, {"log": True}),
    "CategoricalDistribution": (_categorical, {}),
}


def categorical_of(choices: Sequence[object]) -> Categorical:
    """Return the categorical parameter of Optuna's choices, whatever they are.

    Choices that are no scalars, or that are equal to another one, are named by their
    text; those without a stable text by their position. The record needs names.
    """
    plain = Categorical(choices)
    if not plain.problems():
        return plain
    seen: dict[str, object] = {}
    for k, choice in enumerate(choices):
        text = text_of(choice)
        label = f"choice{k}" if text is None else text
        seen[f"{label}#{k}" if label in seen else label] = choice
    return Categorical(seen)


def external(parameter: Searched, internal: float) -> Label:
    """Return the plain value for Optuna's internal one.

    Raises:
        ValueError: If there is no choice at this position.

    Source:
        Optuna 5.0.0, `to_external_repr` of each distribution.
    """
    if isinstance(parameter, Categorical):
        index = int(internal)
        if not 0 <= index < len(parameter.labels):
            msg = f"there is no choice {index} among {len(parameter.labels)}"
            raise ValueError(msg)
        return parameter.labels[index]
    return int(internal) if isinstance(parameter, Int) else float(internal)


def _float_call(
    low: float, high: float, *, step: float | None = None, log: bool = False
) -> Searched:
    return _float({"low": low, "high": high, "step": step, "log": log})


def _int_call(low: int, high: int, *, step: int = 1, log: bool = False) -> Searched:
    return _int({"low": low, "high": high, "step": step, "log": log})


def _discrete_call(low: float, high: float, q: float) -> Searched:
    return _float_call(low, high, step=q)


def _plain_call(low: float, high: float) -> Searched:
    return _float_call(low, high)


def _log_call(low: float, high: float) -> Searched:
    return _float_call(low, high, log=True)


_METHODS: dict[str, Callable[..., Searched]] = {
    "float": _float_call,
    "int": _int_call,
    "categorical": categorical_of,
    "uniform": _plain_call,
    "loguniform": _log_call,
    "discrete_uniform": _discrete_call,
}
