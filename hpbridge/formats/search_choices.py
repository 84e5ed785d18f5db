"""The choices of a search, told apart where Python finds them equal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hpbridge.space.categorical import Categorical
from hpbridge.space.plain import Label, is_equal, label_of, plain_number, text_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

_PLACE = "choice {}"
_LONGEST_TEXT = 80
"""Of a choice in a record; an array or a model may have a far longer one."""


def read_choices(choices: Sequence[Any]) -> tuple[Categorical, list[Label]]:
    """Return the parameter of a list of choices, and the label of each of them.

    A choice that is there twice is one, drawn twice as often. What Python finds equal
    and is of different types (``1``, ``1.0`` and ``True``) is told apart by its text,
    an object without one by its place. Everything else is labelled as in a
    `Categorical`.

    Args:
        choices: Any objects, in their order, as a search of scikit-learn takes them.

    Example:
        >>> read_choices([None, "balanced", {0: 2}])[0].labels
        (None, 'balanced', '{0: 2}')
        >>> read_choices([1, 1.0, True])[0].labels
        ('1', '1.0', 'True')
        >>> read_choices(["a", "a", "b", "a"])
        (Categorical(['a', 'b'], weights=(0.75, 0.25)), ['a', 'a', 'b', 'a'])
    """
    plain = Categorical(choices)
    if not plain.problems() or not choices:
        return plain, list(plain.labels)
    kept, place = _merged(choices)
    counts = [n for _, n in sorted(Counter(place).items())]
    labels = _labels(kept)
    weights = None if len(set(counts)) == 1 else counts
    found = Categorical.labelled(labels, kept, weights=weights)
    return found, [labels[k] for k in place]


def _merged(choices: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Return every choice once, and of each that was given its place there."""
    kept: list[Any] = []
    at: dict[Hashable, int] = {}
    places = []
    for choice in choices:
        key = _key(choice)
        if key not in at or not _is_same(kept[at[key]], choice):
            at[key] = len(kept)
            kept.append(choice)
        places.append(at[key])
    return kept, places


def _key(choice: Any) -> Hashable:
    """Return what two choices have in common if they are one."""
    plain = _plain(choice)
    if _is_scalar(plain):
        return (type(plain), label_of(plain))
    text = _text(choice)
    return (type(choice), id(choice) if text is None else text)


def _is_same(left: Any, right: Any) -> bool:
    return left is right or _is_scalar(_plain(right)) or is_equal(left, right)


def _plain(choice: Any) -> Any:
    """Return the Python scalar that a scalar of numpy holds; the rest as it is."""
    is_held = getattr(choice, "ndim", None) == 0 and hasattr(choice, "item")
    return choice.item() if is_held else plain_number(choice)


def _is_scalar(plain: object) -> bool:
    return plain is None or isinstance(plain, (str, bool, int, float))


def _labels(kept: list[Any]) -> list[Label]:
    """Return labels that no `==` takes for one another."""
    labels: dict[int, Label] = {}
    for k, choice in enumerate(kept):
        if _is_scalar(_plain(choice)):
            labels[k] = label_of(choice)
        elif (text := _text(choice)) is not None:
            labels[k] = text
    for k in _repeated(labels):
        plain = _plain(kept[k])
        if not _is_scalar(plain):
            del labels[k]
        else:
            labels[k] = repr(plain)
    for k in _repeated(labels):
        del labels[k]
    found = [labels.get(k, _PLACE.format(k)) for k in range(len(kept))]
    if len(set(found)) < len(found):  # a text that is one of these places
        return [_PLACE.format(k) for k in range(len(kept))]
    return found


def _repeated(labels: dict[int, Label]) -> list[int]:
    """Return the places whose labels are equal to another one's."""
    counts = Counter(labels.values())
    return [k for k, label in labels.items() if counts[label] > 1]


def _text(choice: Any) -> str | None:
    """Return a text for an object, the same in every process; None where none is."""
    if isinstance(choice, (set, frozenset)):
        return None  # its order is another in each
    text = text_of(choice)
    if text is None or len(text) > _LONGEST_TEXT or "\n" in text:
        return None
    return text
