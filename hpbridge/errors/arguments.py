"""What the arguments of public functions must be: all that are wrong are said at once.

Python takes whatever is truthy for a flag, so that ``overwrite="no"`` overwrites. A
function says with `takes` what each of its arguments must be.

Example:
    >>> @takes(overwrite=FLAG)
    ... def write(target, *, overwrite=False):
    ...     return overwrite
    >>> write("there", overwrite="no")
    Traceback (most recent call last):
    ...
    hpbridge.errors.experiments.ArgumentError: write() got wrong arguments:
      - overwrite must be True or False, got 'no'
    Hint: `help(write)` says what each argument takes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hpbridge.errors.experiments import ArgumentError

if TYPE_CHECKING:
    from hpbridge.errors.house import HpbridgeError

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Kind:
    """What an argument must be.

    Attributes:
        words: The end of the sentence "x must be ...".
        fits: Whether a value is of the kind; never raises.
    """

    words: str
    fits: Callable[[Any], bool]


def is_flag(value: object) -> bool:
    """Say whether a value is True or False, Python's own or NumPy's."""
    kind = type(value)
    is_numpys = kind.__module__ == "numpy" and kind.__name__ in {"bool", "bool_"}
    return kind is bool or is_numpys


def is_whole(value: object, low: float = float("-inf")) -> bool:
    """Say whether a value is a whole number that is at least so large."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _is_seed(value: Any) -> bool:
    # numpy's RandomState, which several of the libraries seed, takes no more.
    return is_whole(value, 0) and value < 2**32


def _is_seed_of_host(value: Any) -> bool:
    is_int = isinstance(value, Integral) and not isinstance(value, bool)
    return value is None or (is_int and _is_seed(int(value)))


def whole(low: int) -> Kind:
    """Return the kind of whole numbers that are at least so large."""
    return Kind(f"a whole number >= {low}", lambda value: is_whole(value, low))


def _are_functions(value: object) -> bool:
    if isinstance(value, Iterator):
        return True  # looking would use it up
    is_list = isinstance(value, Collection) and not isinstance(value, (str, bytes))
    return is_list and all(map(callable, cast("Collection[object]", value)))


def _are_texts(value: object) -> bool:
    if isinstance(value, Iterator):
        return True
    is_list = isinstance(value, Collection) and not isinstance(value, (str, bytes))
    return is_list and all(
        isinstance(each, str) for each in cast("Collection[object]", value)
    )


def _is_share(value: Any) -> bool:
    is_real = isinstance(value, Real) and not is_flag(value)
    return is_real and bool(0 < value < 1)


FLAG = Kind("True or False", is_flag)
SEED = Kind("a whole number in [0, 2**32)", _is_seed)
SEED_OF_HOST = Kind("a whole number in [0, 2**32), or None", _is_seed_of_host)
"""NumPy's ints too: hosts' users draw seeds with it."""
WHOLE = Kind("a whole number", is_whole)
BETWEEN_0_AND_1 = Kind("a number in (0, 1)", _is_share)
TEXT = Kind("text", lambda value: isinstance(value, str))
TEXTS = Kind("a list of texts", _are_texts)
BY_NAME = Kind("a dict by name", lambda value: isinstance(value, Mapping))
FUNCTIONS = Kind("a list of functions", _are_functions)
PATH = Kind(
    "a path or a URL",
    lambda value: isinstance(value, str) or hasattr(type(value), "__fspath__"),
)


def optional(kind: Kind) -> Kind:
    """Return the kind of what may be left out, by None."""
    return Kind(
        f"{kind.words}, or None", lambda value: value is None or kind.fits(value)
    )


def wrong(given: Mapping[str, object], kinds: Mapping[str, Kind]) -> list[str]:
    """Return a sentence for each value that is not of its kind.

    Example:
        >>> wrong({"x": "3", "y": 4}, {"x": WHOLE, "y": WHOLE})
        ["x must be a whole number, got '3'"]
    """
    return [
        f"{name} must be {kind.words}, got {given[name]!r:.200}"
        for name, kind in kinds.items()
        if name in given and not kind.fits(given[name])
    ]


def refused(
    function: str,
    given: Mapping[str, object],  # noqa: ARG001
    problems: list[str],
) -> HpbridgeError:
    """Return the error for a call with wrong arguments."""
    return ArgumentError.given(function, problems)


def takes(
    refusal: Callable[[str, Mapping[str, object], list[str]], HpbridgeError] = refused,
    /,
    **kinds: Kind,
) -> Callable[[F], F]:
    """Return a decorator that refuses arguments of another kind, all of them at once.

    Args:
        refusal: ``refusal(function, arguments, problems)`` makes the error.
        kinds: Of arguments, by name; what is left out is not looked at.
    """

    def decorate(function: F) -> F:
        code = function.__code__
        # As users write it: a class, where it is the `__init__` of one.
        name = function.__qualname__.rpartition("<locals>.")[2]
        name = name.removesuffix(".__init__")
        names = code.co_varnames[: code.co_argcount]

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            problems = wrong(given, kinds)
            if problems:
                raise refusal(name, given, problems)
            return function(*args, **kwargs)

        return cast("F", call)

    return decorate
