"""Read a ``param_space`` of Ray Tune: a dict with its domains, as deep as it goes.

Nothing here imports Ray: where there is a domain, Ray is there already.

Source:
    ray 2.60.0, `ray.tune.search.sample` for what each domain draws,
    `variant_generator._try_resolve` for what else a ``param_space`` may hold. Older
    ones draw from a quantized integer domain another way, see `_quantized_int`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    Categorical,
    Constant,
    Float,
    Int,
    NativeSpace,
    Normal,
    Parameter,
    Quantized,
    Space,
    SpaceError,
    class_names,
    labelled,
    lazy,
    text_of,
)
from hpbridge_ray._upstream import draws_multiples_alike
from hpbridge_ray.native.param_space import ParamSpace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge_ray.native.param_space import Path

_SAMPLE = "ray.tune.search.sample"


def from_native(native: object) -> NativeSpace | None:
    """Return a ``param_space`` in our words; None where it holds nothing of Ray's.

    Raises:
        SpaceError: Naming every parameter whose meaning cannot be kept.
    """
    if not isinstance(native, Mapping) or not _holds_domain(native):
        return None
    found = read_param_space(native)

    as_objective = lazy("hpbridge_ray.native.objective:as_objective")
    return NativeSpace(
        found.space, wrap=partial(as_objective, space=found), direction=""
    )


def read_param_space(native: Mapping[Any, Any]) -> ParamSpace:
    """Return a ``param_space`` in our words, also one with nothing to search.

    Kept: both ends of ``uniform`` and ``loguniform``; the upper end that ``randint``
    and ``lograndint`` leave out; multiples of q and the half share of the ends of
    ``quniform`` and ``qloguniform``; ``randn`` and ``qrandn``, as priors without
    ends; a choice that is there twice, as a weight.
    ``grid_search`` is a choice without weights. The shares of the values of a
    ``lograndint`` are those of ``Int(log=True)``, as in `OptunaSearch`.

    Raises:
        SpaceError: Naming every parameter whose meaning cannot be kept.
    """
    problems: list[str] = []
    parameters: dict[str, Parameter] = {}
    paths: dict[str, Path] = {}
    for path, value in _leaves(native, (), problems):
        name = "/".join(path)
        if name in parameters:
            problems.append(f"{name!r} is there twice, nested and by its name")
            continue
        found = _parameter(value)
        if isinstance(found, str):
            problems.append(f"{name!r}: {found}")
            continue
        problems += [f"{name!r}: {text}" for text in found.problems()]
        parameters[name], paths[name] = found, path
    if problems:
        raise SpaceError.invalid(problems)
    return ParamSpace(Space(parameters), paths)


def _leaves(
    tree: Mapping[Any, Any], path: Path, problems: list[str]
) -> Iterator[tuple[Path, Any]]:
    for key, value in tree.items():
        here = (*path, key)
        if not isinstance(key, str):
            name = "/".join(map(str, here))
            problems.append(f"{name!r}: the key {key!r} is not a string")
        elif isinstance(value, Mapping) and value and not _is_order(value):
            yield from _leaves(value, here, problems)
        else:
            yield here, value


def _is_order(value: object) -> bool:
    """Say whether it is a dict that tells Ray to do something."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    return next(iter(value)) in {"grid_search", "eval"}


def _kinds(value: object) -> set[str]:
    """Return the names of the classes of Ray's sampling that an object is of."""
    return {*class_names(value, _SAMPLE)}


def _holds_domain(value: object) -> bool:
    if isinstance(value, Mapping):
        return _is_order(value) or any(map(_holds_domain, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_domain, value))
    return "Domain" in _kinds(value)


def is_domain(value: object) -> bool:
    """Say whether something is drawn from it, which is no grid."""
    return _holds_domain(value)


def _parameter(value: Any) -> Parameter | str:
    """Return the parameter for a value of a ``param_space``, or why there is none."""
    if _is_order(value):
        return _ordered(value)
    if isinstance(value, Parameter):
        return value
    kinds = _kinds(value)
    if "Domain" in kinds:
        return _domain(value, kinds)
    if _holds_domain(value):
        return "a domain inside a list or a tuple has no name; name it in a dict"
    return Constant(value)


def _ordered(order: Mapping[str, Any]) -> Parameter | str:
    if "eval" in order:
        return f"an expression, {order['eval']!r:.80}, is not evaluated"
    options = order["grid_search"]
    if not isinstance(options, (list, tuple)):
        return f"tune.grid_search takes a list of values, got {options!r:.80}"
    return _choice(options, "tune.grid_search", is_grid=True)


def _domain(domain: Any, kinds: set[str]) -> Parameter | str:
    if "Function" in kinds:
        return "tune.sample_from draws in code that only Ray can run"
    if "Categorical" in kinds:
        is_grid = "Grid" in _kinds(domain.get_sampler())
        return _choice(domain.categories, "tune.choice", is_grid=is_grid)
    return _number(domain, kinds)


def _number(domain: Any, kinds: set[str]) -> Parameter | str:
    sampler = domain.get_sampler()
    how = _kinds(sampler)
    q = None
    if "Quantized" in how:
        q, how = sampler.q, _kinds(sampler.sampler)
    if not how & {"Uniform", "LogUniform"}:
        return _normal(sampler if q is None else sampler.sampler, q)
    is_log = "LogUniform" in how
    low, high = domain.lower, domain.upper
    if "Integer" in kinds:
        if q is None or q == 1:
            return Int(low, high - 1, log=is_log)  # Ray leaves the upper end out
        return _quantized_int(low, high, q, is_log=is_log)
    if q is not None:
        return Quantized(low, high, float(q), log=is_log)
    return Float(low, high, log=is_log)


def _normal(sampler: Any, q: Any) -> Parameter | str:
    if not (hasattr(sampler, "mean") and hasattr(sampler, "sd")):
        return f"it is drawn by {type(sampler).__name__}, which only Ray knows"
    prior = Normal(sampler.mean, sampler.sd)
    if q is None:
        return Float(-math.inf, math.inf, prior=prior)
    return Quantized(-math.inf, math.inf, float(q), prior=prior)


def _quantized_int(low: int, high: int, q: int, *, is_log: bool) -> Parameter | str:
    """Return the multiples of q in [low, high], all with the same share."""
    if is_log:
        return "tune.qlograndint draws the multiples in the logarithm of their number"
    if not draws_multiples_alike():
        return "tune.qrandint of this Ray draws each multiple with another share"
    if type(q) is not int:
        return f"tune.qrandint with q={q!r}, which is no int"
    first, last = -(-low // q) * q, high // q * q
    if first > last:
        return f"there is no multiple of q={q!r} from {low!r} to {high!r}"
    return Int(first, last, step=1 if first == last else q)


def _choice(options: Sequence[Any], called: str, *, is_grid: bool) -> Parameter | str:
    if any(map(_holds_domain, options)):
        return f"a domain inside {called} is drawn only by Ray's own random search"
    merged: list[Any] = []
    weights: list[int] = []
    seen: dict[Any, int] = {}
    for option in options:
        # Of one type too: to Ray, 1 and True are two choices.
        is_plain = isinstance(option, (str, int, float, bool, type(None)))
        key = (type(option), option) if is_plain else len(merged)
        if key in seen:
            weights[seen[key]] += 1
            continue
        seen[key] = len(merged)
        merged.append(option)
        weights.append(1)
    shares = weights if not is_grid and max(weights, default=1) > 1 else None
    plain = Categorical(merged, weights=shares)
    if merged and plain.problems():
        return Categorical(labelled(merged, "choice {}", text_of), weights=shares)
    return plain
