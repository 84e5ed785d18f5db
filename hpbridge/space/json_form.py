"""A space as JSON data, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hpbridge.errors import SpaceError
from hpbridge.space.categorical import Categorical, label_of
from hpbridge.space.parameters import Constant, Float, Int, Parameter
from hpbridge.space.priors import LogNormal, Normal
from hpbridge.space.quantized import Quantized
from hpbridge.space.space import SPACE_SCHEMA, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PRIORS = {"normal": Normal, "lognormal": LogNormal}


def space_to_json(
    parameters: Mapping[str, Parameter],
    clauses: list[Any],
    predicates: list[Callable[..., object]],
) -> dict[str, Any]:
    """Return what `Space.to_json` documents."""
    data: dict[str, Any] = {
        "version": SPACE_SCHEMA,
        "parameters": {name: _to_json(p) for name, p in parameters.items()},
    }
    if clauses:
        data["forbid"] = [
            {n: _values_to_json(values) for n, values in clause} for clause in clauses
        ]
    if predicates:
        data["predicates"] = [_predicate_name(p) for p in predicates]
    return data


def _predicate_name(predicate: Callable[..., object]) -> str:
    return getattr(predicate, "__qualname__", type(predicate).__qualname__)


def _to_json(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, (Float, Int, Quantized)):
        data = _number_to_json(parameter)
    elif isinstance(parameter, Categorical):
        data = {"choices": list(parameter.labels)}
        if parameter.ordered:
            data["ordered"] = True
        if parameter.weights is not None:
            data["weights"] = list(parameter.weights)
    else:
        data = {"value": _constant_to_json(cast("Constant", parameter).value)}
    data = {"type": type(parameter).__name__.lower(), **data}
    if parameter.when:
        data["when"] = {n: _values_to_json(values) for n, values in parameter.when}
    return data


def _number_to_json(parameter: Float | Int | Quantized) -> dict[str, Any]:
    data: dict[str, Any] = {"low": parameter.low, "high": parameter.high}
    if parameter.log:
        data["log"] = True
    if isinstance(parameter, Quantized):
        data["q"] = parameter.q
    if isinstance(parameter, Int) and parameter.step != 1:
        data["step"] = parameter.step
    if isinstance(parameter, Float) and parameter.step is not None:
        data["step"] = parameter.step
    if isinstance(parameter, Float) and parameter.prior is not None:
        name = "normal" if isinstance(parameter.prior, Normal) else "lognormal"
        data["prior"] = [name, parameter.prior.mu, parameter.prior.sigma]
    return data


def _values_to_json(values: tuple[object, ...]) -> list[Any]:
    return [_constant_to_json(value) for value in values]


def _constant_to_json(value: object) -> Any:
    try:
        return label_of(value)
    except ValueError:
        return f"<{type(value).__qualname__}>"


def space_from_json(data: Mapping[str, Any]) -> Space:
    """Return what `Space.from_json` documents."""
    try:
        version = data["version"]
        if not isinstance(version, int) or version > SPACE_SCHEMA:
            problem = f"its version is {version!r}; this hpbridge knows {SPACE_SCHEMA}"
            raise SpaceError.invalid([problem])
        if not data["parameters"]:
            return Space.unknown()
        parameters = {n: _from_json(p) for n, p in data["parameters"].items()}
        forbid: list[Any] = list(data.get("forbid", []))
        forbid += [_lost_predicate(name) for name in data.get("predicates", [])]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        problem = f"it is not a space written by hpbridge: {error!r}"
        raise SpaceError.invalid([problem]) from error
    return Space(parameters, forbid=forbid)


def _from_json(data: Mapping[str, Any]) -> Parameter:
    fields = dict(data)
    kind = fields.pop("type")
    if kind == "float":
        prior = fields.pop("prior", None)
        if prior is not None:
            fields["prior"] = _PRIORS[prior[0]](prior[1], prior[2])
        return Float(**fields)
    if kind == "int":
        return Int(**fields)
    if kind == "quantized":
        return Quantized(**fields)
    if kind == "categorical":
        # The labels are given as they were: a label need not be what label_of makes.
        return Categorical(fields.pop("choices"), **fields)
    if kind == "constant":
        return Constant(fields.pop("value"), **fields)
    raise KeyError(kind)


def _lost_predicate(name: str) -> Callable[..., object]:
    def predicate(_params: Mapping[str, Any]) -> object:
        msg = f"the function {name!r} was not stored; load the experiment's own space"
        raise RuntimeError(msg)

    predicate.__qualname__ = name
    return predicate
