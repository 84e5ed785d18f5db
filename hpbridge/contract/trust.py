"""A quick way in the place of a library's own, believed as long as it is looked at.

A plugin may compute a proposal in less time than its library does. It must be the same
one, bit for bit; the library may move, and then it no longer is. So the library's own
code proposes too, now and then and from the same state of the generator. Where the two
differ, or the quick way fails, the library's own code proposes from there on.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    T = TypeVar("T")


class Generator(Protocol):
    """What random numbers are drawn from, as `numpy.random.RandomState` is."""

    def get_state(self) -> Any:
        """Return all that its next numbers depend on."""

    def set_state(self, state: Any, /) -> None:
        """Go to a state that it was in."""


class _NothingDrawn:
    def get_state(self) -> None:
        return None

    def set_state(self, state: object, /) -> None:
        pass


class Trust:
    """Whether a quick way is believed to propose what the library's own code does.

    Both propose at the 1st, 2nd, 4th ... 64th and then at every 64th proposal of the
    quick way. It is given up for good at the first difference or exception.

    Args:
        name: What proposes, as in ``optuna:tpe``.
        every: How many proposals there are at most from one look to the next.

    Attributes:
        lost_because: What the quick way did; "" as long as it is believed.
        n_looks: How often it was compared with the library's own code.

    Example:
        >>> trust = Trust("library:algorithm")
        >>> trust.propose(lambda: 3.0, lambda: 1.0 + 2.0)
        3.0
        >>> trust.propose(lambda: 3.5, lambda: 1.0 + 2.0)
        3.0
        >>> trust.lost_because
        'it differs at its proposal 2'
    """

    def __init__(self, name: str, every: int = 64) -> None:
        self._name, self._every = name, every
        self._n_proposed: Counter[Hashable] = Counter()
        self._looked_at: dict[Hashable, int] = {}
        self.lost_because = ""
        self.n_looks = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What users should know of it, as `Optimizer.notes` wants it."""
        if not self.lost_because:
            return ()
        note = (
            f"the quick way of {self._name} was given up, since it is not what the "
            f"installed library does ({self.lost_because}); the library's own code "
            "proposes from there on, more slowly"
        )
        return (note,)

    def propose(
        self,
        quick: Callable[[], T | None],
        own: Callable[[], T],
        same: Callable[[T, T], bool] | None = None,
        *,
        generator: Generator | None = None,
        key: Hashable = None,
    ) -> T:
        """Return what the library would propose, and leave the generator as it would.

        Args:
            quick: Proposes; with None it leaves this proposal to the library.
            own: Proposes by the library's own code.
            same: Says whether two proposals are the same; without it, equal ones are.
            generator: What both draw from.
            key: Which kind of proposal it is, where several come in turn. Each is
                counted and looked at by itself.

        Raises:
            Exception: What the library's own code raises.
        """
        if self.lost_because:
            return own()
        drawn = generator or _NothingDrawn()
        before = drawn.get_state()
        number = self._n_proposed[key] + 1
        if number % self._every == 0 or (number < self._every and _is_power(number)):
            theirs = own()
            after = drawn.get_state()
            drawn.set_state(before)
            self._look(quick, theirs, same or is_same, drawn, after, key)
            drawn.set_state(after)
            return theirs
        reason = ""
        try:
            ours = quick()
        except Exception as error:  # noqa: BLE001 - whatever it is that has changed
            ours, reason = None, _failed(number, error)
        if ours is not None:
            self._n_proposed[key] = number
            return ours
        drawn.set_state(before)
        theirs = own()  # what it raises too is not the quick way's fault
        self.lost_because = reason
        return theirs

    def _look(
        self,
        quick: Callable[[], T | None],
        theirs: T,
        same: Callable[[T, T], bool],
        drawn: Generator,
        after: Any,
        key: Hashable,
    ) -> None:
        """Compare a proposal of the quick way with the library's own."""
        number = self._n_proposed[key] + 1
        try:
            ours = quick()
            if ours is None:
                return  # the next proposal is looked at in its place
            self.n_looks += 1
            is_right = same(ours, theirs) and is_same(drawn.get_state(), after)
        except Exception as error:  # noqa: BLE001 - as above
            self.lost_because = _failed(number, error)
            return
        if is_right:
            self._n_proposed[key] = self._looked_at[key] = number
            return
        first = self._looked_at.get(key, 0) + 1
        doubt = f", and may since proposal {first}" if first < number else ""
        self.lost_because = f"it differs at its proposal {number}{doubt}"


def _is_power(number: int) -> bool:
    return number & (number - 1) == 0


def _failed(number: int, error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"it fails at its proposal {number} with {type(error).__name__}: {text:.120}"


def is_same(left: Any, right: Any) -> bool:
    """Say whether two values are equal, whatever lists, dicts and arrays they hold.

    Example:
        >>> is_same({"x": (1.0, 2.0)}, {"x": (1.0, 2.0)})
        True
        >>> is_same([1.0], [1.0 + 2**-52])
        False
    """
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            is_same(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(is_same, left, right))
    if getattr(left, "shape", ()) != getattr(right, "shape", ()):
        return False
    equal = left == right
    return bool(equal.all() if hasattr(equal, "all") else equal)
