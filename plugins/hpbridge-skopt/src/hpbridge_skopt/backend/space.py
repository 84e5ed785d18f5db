"""What the library can search, and how, known without importing it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    CODECS,
    Categorical,
    Encoded,
    Float,
    Int,
    Parameter,
    Sizes,
)

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Problem

# Trees compute in 32-bit floats; an Integer goes through a 64-bit float.
_LARGEST_FLOAT = 1e38
_LARGEST_INT = 2**53
_LARGEST_GRID = 10**6


def encode(problem: Problem, algorithm: Algorithm, options: Any) -> Encoded:  # noqa: ARG001
    """Return the space as the library can search it."""
    space, capabilities = problem.space, algorithm.capabilities
    native = Encoded(space, capabilities).native
    # The library hands out numpy scalars, compares 1 and True, and crashes on some
    # mixtures; positions give the same trials without that.
    positions = {
        name: CODECS["choice-index"](space[name])
        for name, parameter in native.items()
        if isinstance(parameter, Categorical) and not _are_texts(parameter.labels)
    }
    return Encoded(space, capabilities, codecs=positions)


def _are_texts(labels: tuple[object, ...]) -> bool:
    # NumPy drops the null characters at the end of a text.
    return all(isinstance(label, str) and "\0" not in label for label in labels)


def refine(problem: Problem, algorithm: Algorithm, options: Any) -> list[str]:
    """Return what speaks against a problem beyond the capabilities."""
    found = []
    for name, parameter in problem.space.searched.items():
        limit = _limit(parameter)
        if limit and max(abs(parameter.low), abs(parameter.high)) > limit:  # type: ignore[attr-defined]
            found.append(f"{name!r} reaches beyond {limit:g}: the library cannot")
    encoded = encode(problem, algorithm, options)
    found = found or Sizes(has_own_logs=True).reasons_against(encoded)
    return found + _option_problems(encoded, options)


def _limit(parameter: Parameter) -> float | None:
    if getattr(parameter, "prior", None) is not None:
        return None  # the library searches its quantile
    if isinstance(parameter, Int):
        return _LARGEST_INT
    if isinstance(parameter, Float) and not (parameter.log or parameter.step):
        return _LARGEST_FLOAT
    return None


def _option_problems(encoded: Encoded, options: Any) -> list[str]:
    found = []
    natives = encoded.native.values()
    if getattr(options, "acq_optimizer", "auto") == "lbfgs" and all(
        isinstance(native, Categorical) for native in natives
    ):
        found.append("acq_optimizer='lbfgs' needs a parameter that is not a choice")
    if getattr(options, "initial_point_generator", "random") == "grid":
        # The library makes the whole grid first, and its own check overflows.
        n_points = max(math.isqrt(options.n_initial_points), 2) ** len(natives)
        if n_points > _LARGEST_GRID:
            found.append(
                f"initial_point_generator='grid' would make {n_points:.0e} points "
                f"in {len(natives)} dimensions, more than {_LARGEST_GRID}"
            )
    return found


def library_seed(seed: int) -> int:
    """Return the seed within the 32 bits that the library takes."""
    return seed % 2**32
