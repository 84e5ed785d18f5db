"""Translate a native space to Ray Tune's domains, as objects and as source.

Ray's search classes do not agree on what a domain means, so each parameter is handed
over as one whose meaning is the same in all of them, and read back here:

- `HyperOptSearch` gives both ends of `tune.randint` half the weight of the others: an
  int is searched as a float and rounded.
- ConfigSpace, under `TuneBOHB`, rounds every float and every bound to 13 decimal
  places: where that moves a bound or leaves too few values, [0, 1] is searched. It
  keeps choices in numpy arrays: numbers and bools are made Python's again.
- A parameter name with a slash, a number, or one of Ray's own words would be taken
  for a path: then all are numbered.

Source:
    ray 2.60.0, `HyperOptSearch.convert_search_space`, `variant_generator._try_resolve`,
    `ray._private.dict.unflatten_list_dict`; ConfigSpace 1.2.2, `UniformFloat`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpbridge.plugin import (
    CODECS,
    Categorical,
    Chained,
    Codec,
    Encoded,
    Float,
    Int,
    Label,
    Native,
    Parameter,
    Sizes,
    reasons_against_population,
)
from hpbridge_ray.native.write import domain_of, grid_of, is_normal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Algorithm, Call, Problem

_DECIMALS = 13
# Narrower than this, 13 decimal places are fewer than ten million values.
_NARROWEST = 1e-6
# Beyond this, a float has no decimal places left to be rounded.
_LARGEST = 1e15
# A grid is a list of the values of each parameter.
_MOST_VALUES = 1_000_000
# `OptunaSearch` refuses a normal domain, `TuneBOHB` wants ends for it.
_DRAW_NORMAL = {"random", "hyperopt"}
_SIZES = {
    # NumPy's ints; and `lograndint` rounds what it exponentiates down.
    "random": Sizes(largest_int=2**63 - 1, narrowest_log=1e-6),
    "grid": Sizes(),
    "optuna": Sizes(largest_int=2**63 - 1),
    "hyperopt": Sizes(has_own_logs=True, narrowest=sys.float_info.min),
    # ConfigSpace takes an int to [0, 1] and back.
    "bohb": Sizes(largest_int=2**53, narrowest_log=1e-6),
    "pbt": Sizes(largest_int=2**53, narrowest_log=1e-6),
    # PB2 gives what it proposes 24 bits, as a float32.
    "pb2": Sizes(largest_int=2**23),
}
_RAY_WORDS = {"", "eval", "grid_search"}


class Scaled(Codec[Float]):
    """A float as its place in the range, in [0, 1]."""

    name = "scaled"
    native = Float(0.0, 1.0)

    @property
    def note(self) -> str:
        return "searches its place in the range"

    def decode(self, value: Any) -> Label:
        low, high, place = self.parameter.low, self.parameter.high, float(value)
        return min(max(low * (1 - place) + high * place, low), high)

    def encode(self, value: Any) -> Label:
        low, high = self.parameter.low, self.parameter.high
        # Halved, since the width of the range may overflow.
        place = float(value / 2 - low / 2) / (high / 2 - low / 2)
        return min(max(place, 0.0), 1.0)

    def source(self, expression: str) -> str:
        low, high = self.parameter.low, self.parameter.high
        line = f"{low!r} * (1 - {expression}) + {high!r} * {expression}"
        return f"min(max({line}, {low!r}), {high!r})"


class Unboxed(Codec[Categorical]):
    """A choice of numbers or bools, which ConfigSpace returns as numpy's."""

    name = "unboxed"

    def __init__(self, parameter: Categorical) -> None:
        super().__init__(parameter)
        self.native = parameter

    @property
    def note(self) -> str:
        return "makes the numpy value of the choice Python's again"

    def decode(self, value: Any) -> Label:
        return self.parameter.labels[self.parameter.index(value)]

    def encode(self, value: Any) -> Label:
        return cast("Label", value)

    def source(self, expression: str) -> str:
        labels = list(self.parameter.labels)
        return f"{labels!r}[{labels!r}.index({expression})]"


@dataclass(frozen=True)
class Dimension:
    """One parameter as Ray searches it.

    Attributes:
        key: Its name in ``param_space``.
        domain: A function of `ray.tune`.
    """

    key: str
    domain: Call


def refine(problem: Problem, algorithm: Algorithm, options: Any) -> list[str]:
    """Return what speaks against a problem beyond the capabilities."""
    encoded = encode(problem, algorithm, options)
    found = _SIZES[algorithm.name].reasons_against(encoded)
    if algorithm.name != "grid":
        return found
    return found + [
        f"{name!r} has {parameter.n_values} values, more than {_MOST_VALUES}"
        for name, parameter in problem.space.searched.items()
        if (parameter.n_values or 0) > _MOST_VALUES
    ]


def refine_population(
    problem: Problem, algorithm: Algorithm, options: Any
) -> list[str]:
    """Return what speaks against a problem, its budget included."""
    found = refine(problem, algorithm, options)
    return found + reasons_against_population(problem, algorithm, options)


def encode(problem: Problem, algorithm: Algorithm, options: Any) -> Encoded:  # noqa: ARG001
    """Return the space as the search class means it."""
    space, capabilities = problem.space, algorithm.capabilities
    normal: dict[str, Codec[Any]] = {}
    if algorithm.name in _DRAW_NORMAL:
        normal = {n: Native(p) for n, p in space.searched.items() if is_normal(p)}
    plain = Encoded(space, capabilities, codecs=normal)
    codecs: dict[str, Codec[Any]] = {
        name: Chained(plain.codecs[name], inner)
        for name, parameter in plain.native.items()
        if name not in normal
        and (inner := _inner(parameter, algorithm.name)) is not None
    }
    if algorithm.name == "pb2":  # its float32 would be too coarse for narrow ranges
        rounded = {n: codecs.get(n, plain.codecs[n]) for n in plain.native}
        codecs = {n: Chained(codec, Scaled) for n, codec in rounded.items()}
    codecs |= normal
    return Encoded(space, capabilities, codecs=codecs)


def _inner(parameter: Parameter, algorithm: str) -> type[Codec[Any]] | None:
    if algorithm in {"hyperopt", "pb2"} and isinstance(parameter, Int):
        return CODECS["round"]
    if algorithm == "bohb" and isinstance(parameter, Float):
        return None if _survives_rounding(parameter) else Scaled
    if algorithm == "bohb" and isinstance(parameter, Categorical):
        is_text = all(isinstance(label, str) for label in parameter.labels)
        return None if is_text else Unboxed
    return None


def to_dimensions(encoded: Encoded, algorithm: str) -> dict[str, Dimension]:
    """Return the dimensions of a native space by the parameters' names, in order."""
    names = list(encoded.native)
    is_plain = not any("/" in n or n.isdigit() or n in _RAY_WORDS for n in names)
    keys = names if is_plain else [f"p{k}" for k in range(len(names))]
    write_domain = grid_of if algorithm == "grid" else domain_of
    pairs = zip(keys, encoded.native.items(), strict=True)
    return {name: Dimension(key, write_domain(p)) for key, (name, p) in pairs}


def _survives_rounding(parameter: Float) -> bool:
    bounds = (parameter.low, parameter.high)
    if max(map(abs, bounds)) > _LARGEST or bounds[1] - bounds[0] < _NARROWEST:
        return False
    return all(round(bound, _DECIMALS) == bound for bound in bounds)


def read(
    dimensions: Mapping[str, Dimension], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the native values of a configuration that Ray proposed."""
    return {name: config[dimension.key] for name, dimension in dimensions.items()}


def write(
    dimensions: Mapping[str, Dimension], values: Mapping[str, Label]
) -> dict[str, Label]:
    """Return Ray's configuration for native values."""
    return {dimension.key: values[name] for name, dimension in dimensions.items()}


def read_source(dimensions: Mapping[str, Dimension]) -> list[str]:
    """Return the source of ``read(config)``; nothing where it would change nothing."""
    if all(d.key == name for name, d in dimensions.items()):
        return []
    lines = ["def read(config):", '    """Ray\'s names -> ours."""', "    return {"]
    lines += [f"        {n!r}: config[{d.key!r}]," for n, d in dimensions.items()]
    return [*lines, "    }"]
