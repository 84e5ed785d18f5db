"""Values of constants as JSON data, so that they come back as they were.

Scalars stand for themselves. What JSON lacks, or has otherwise, is a dict of one word:
``{"hpbridge:tuple": [64, 32]}``. So come back lists, tuples, dicts with any keys, sets,
bytes, infinities and NaN, and what is made of them. Of everything else the text is
kept, as of a choice, and its type is named, so that whoever writes it can say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.space.plain import plain_number, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = "hpbridge:"
_DEEPEST = 50
_MOST_HASHED = 1000
"""Members of a set or keys of a dict that are read back: more of one hash, which a file
of anybody's may name, take forever."""
_MOST_BITS = 10_000
"""Of a whole number that Python writes in decimal."""


class _TooDeepError(ValueError):
    """It holds itself, or is nested beyond what anybody writes."""


def constant_to_json(value: object) -> Any:
    """Return the JSON data of a constant; of what has none, its text.

    Example:
        >>> constant_to_json((64, float("inf")))
        {'hpbridge:tuple': [64, {'hpbridge:number': 'inf'}]}
    """
    return _written(value)[0]


def types_as_text(value: object) -> tuple[str, ...]:
    """Return the types of what is only text in the JSON data of a constant.

    Example:
        >>> types_as_text([1, "a", {"f": len}])
        ('builtin_function_or_method',)
    """
    return _written(value)[1]


def constant_of(data: Any) -> Any:
    """Return the constant that `constant_to_json` wrote.

    Raises:
        ValueError: If the data is damaged; also TypeError.
    """
    if isinstance(data, list):
        return [constant_of(item) for item in data]
    if not isinstance(data, dict):
        return data
    word = next(iter(data), "")
    if len(data) == 1 and word in _READERS:
        return _READERS[word](data[word])
    return {name: constant_of(item) for name, item in data.items()}


def note_of_constants(constants: Mapping[str, object]) -> tuple[str, ...]:
    """Return a sentence for each constant of which only the text is kept."""
    found = {name: types_as_text(value) for name, value in constants.items()}
    return tuple(
        f"the constant {name!r} is no plain data ({', '.join(types)}): "
        "in a record its text stands for it"
        for name, types in found.items()
        if types
    )


def _written(value: object) -> tuple[Any, tuple[str, ...]]:
    types: dict[str, None] = {}
    try:
        return _data_of(value, types, 0), tuple(types)
    except (_TooDeepError, RecursionError):
        return _text(value), (type(value).__name__,)


def _data_of(value: Any, types: dict[str, None], depth: int) -> Any:
    if depth > _DEEPEST:
        raise _TooDeepError
    is_scalar, data = _scalar(value)
    if is_scalar:
        return data
    for kinds, write in _WRITERS:
        if isinstance(value, kinds) and not _is_too_large(value):
            return write(value, lambda item: _data_of(item, types, depth + 1))
    types[type(value).__name__] = None
    return _text(value)


def _scalar(value: Any) -> tuple[bool, Any]:
    """Return whether it is a scalar that comes back equal, and its data."""
    if value is None or isinstance(value, (bool, str)):
        return True, to_json(value)
    number = plain_number(value)
    if isinstance(number, float) and not math.isfinite(number):
        return True, {f"{_WORD}number": repr(number)}
    if isinstance(number, float):
        return number == value, number  # a fraction is not
    return isinstance(number, int) and number.bit_length() <= _MOST_BITS, number


def _is_too_large(value: Any) -> bool:
    """Say whether it is hashed, by more than text, and larger than what is read."""
    if isinstance(value, Mapping):
        is_text = all(isinstance(name, str) for name in value)
        return not is_text and len(value) > _MOST_HASHED
    return isinstance(value, (set, frozenset)) and len(value) > _MOST_HASHED


def _of_mapping(value: Mapping[Any, Any], data_of: Callable[[Any], Any]) -> Any:
    is_word = len(value) == 1 and str(next(iter(value))).startswith(_WORD)
    if is_word or not all(isinstance(name, str) for name in value):
        pairs = [[data_of(name), data_of(item)] for name, item in value.items()]
        return {f"{_WORD}dict": pairs}
    return {str.__str__(name): data_of(item) for name, item in value.items()}


def _of_set(value: Any, data_of: Callable[[Any], Any]) -> Any:
    word = "frozenset" if isinstance(value, frozenset) else "set"
    # In an order that is the same in every process.
    return {f"{_WORD}{word}": [data_of(item) for item in sorted(value, key=repr)]}


_WRITERS: tuple[tuple[Any, Callable[[Any, Callable[[Any], Any]], Any]], ...] = (
    (Mapping, _of_mapping),
    (list, lambda value, data_of: [data_of(item) for item in value]),
    (tuple, lambda value, data_of: {f"{_WORD}tuple": [*map(data_of, value)]}),
    ((set, frozenset), _of_set),
    (bytes, lambda value, _: {f"{_WORD}bytes": value.hex()}),
)
"""What writes values of some types, given what writes the values in them."""


def _text(value: object) -> Any:
    try:
        found = to_json(value)
    except Exception:  # noqa: BLE001 - a user's object may do anything
        return f"<{type(value).__qualname__}>"
    is_huge = isinstance(found, int) and found.bit_length() > _MOST_BITS
    return f"<{type(value).__qualname__}>" if is_huge else found


def _tuple_of(data: Any) -> tuple[Any, ...]:
    return tuple(map(constant_of, data))


def _few(data: Any) -> Any:
    if len(data) > _MOST_HASHED:
        msg = f"a constant has {len(data)} members, not at most {_MOST_HASHED}"
        raise ValueError(msg)
    return data


def _dict_of(data: Any) -> dict[Any, Any]:
    return {constant_of(name): constant_of(item) for name, item in _few(data)}


_READERS: dict[str, Callable[[Any], Any]] = {
    f"{_WORD}number": float,
    f"{_WORD}tuple": _tuple_of,
    f"{_WORD}dict": _dict_of,
    f"{_WORD}set": lambda data: set(_tuple_of(_few(data))),
    f"{_WORD}frozenset": lambda data: frozenset(_tuple_of(_few(data))),
    f"{_WORD}bytes": bytes.fromhex,
}
"""What reads the data behind each word."""
