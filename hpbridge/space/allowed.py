"""Points that are allowed, where almost none is.

Draws by scale, prior and weights find one in most spaces. Where they do not, a space
of few points is gone through, and in any other one a search changes one parameter
after the other, so that fewer entries of ``forbid=`` hold: it tries the ends of ranges
too, which nothing draws. What is left are the points that are known to be allowed, and
what is near them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.errors import SpaceError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label
    from hpbridge.space.space import Params, Space

MOST_DRAWS = 10_000
"""How many points are drawn before anything else is tried."""
MOST_POINTS = 100_000
"""Of how many points a space may be to be gone through."""
MOST_STARTS = 20
"""How often the search begins at another point."""
MOVES_A_START = 200
"""How many moves it makes from each."""

_STARTS_AT_ENDS = 8
_DRAWS_A_MOVE = 4
_MOVES_FROM_KNOWN = 20
_LEAST_SHARE = 1e-6


class AllowedPoints:
    """The points of a space that nothing forbids.

    Args:
        space: Of which.

    Example:
        >>> import random
        >>> from hpbridge.space.parameters import Float
        >>> from hpbridge.space.space import Space
        >>> diagonal = lambda p: p["x"] + p["y"] > 1e-9
        >>> space = Space({"x": Float(0, 1), "y": Float(0, 1)}, forbid=[diagonal])
        >>> AllowedPoints(space).draw(random.Random(0))
        {'x': 0.0, 'y': 0.0}
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._listed: list[Params] | None = None

    def draw(
        self,
        rng: random.Random,
        known: Sequence[Params] = (),
        tries: int = MOST_DRAWS,
    ) -> Params:
        """Return an allowed point: the same for the same state of `rng` and `known`.

        Args:
            rng: The source of randomness; nothing global is touched.
            known: Points that are allowed. They are looked at last.
            tries: How many forbidden points are drawn before anything else is tried.

        Raises:
            SpaceError: If none is found, or a predicate raises.
        """
        for _ in range(tries):
            point = self._drawn({}, rng)
            if not self._space.forbids(point):
                return point
        size = self._space.size
        if size is not None and size <= MOST_POINTS:
            return self._listed_one(rng)
        found = self._searched_one(rng)
        if found is None and known:
            found = self._near(known[rng.randrange(len(known))], rng)
        if found is None:
            raise SpaceError.all_forbidden(tries + MOST_STARTS * MOVES_A_START)
        return found

    def _drawn(self, kept: Params, rng: random.Random) -> Params:
        """Return a point with these values, as far as they are active there."""
        point: Params = {}
        for name, parameter in self._space.searched.items():
            if self._space.is_active(name, point):
                point[name] = kept[name] if name in kept else parameter.draw(rng)
        return point

    def _listed_one(self, rng: random.Random) -> Params:
        if self._listed is None:
            every = _every_point(self._space)
            self._listed = [point for point in every if not self._space.forbids(point)]
        if not self._listed:
            raise SpaceError.all_forbidden(None)
        return dict(self._listed[rng.randrange(len(self._listed))])

    def _searched_one(self, rng: random.Random) -> Params | None:
        """Return a point that changes of one value at a time lead to; None if none."""
        searched = self._space.searched
        for n in range(MOST_STARTS):
            kept: Params = {}
            if n < _STARTS_AT_ENDS:  # all low, all high, and anyhow
                side = rng.randrange(2) if n > 1 else n
                kept = {k: v[side] for k, p in searched.items() if (v := _ends(p))}
            found = self._descend(self._drawn(kept, rng), rng, n < _STARTS_AT_ENDS)
            if found is not None:
                return found
        return None

    def _descend(
        self, point: Params, rng: random.Random, is_of_ends: bool
    ) -> Params | None:
        """Move while no more entries of ``forbid=`` hold; None if some always do."""
        n_broken = self._space.n_forbidding(point)
        for _ in range(MOVES_A_START):
            if not n_broken:
                return point
            name = rng.choice(list(point))
            values = _values(self._space.searched[name], rng, is_of_ends)
            moves = [self._drawn({**point, name: value}, rng) for value in values]
            counts = [self._space.n_forbidding(moved) for moved in moves]
            if min(counts) <= n_broken:
                n_broken = min(counts)
                point = moves[counts.index(n_broken)]
        return None

    def _near(self, known: Params, rng: random.Random) -> Params:
        """Return a point that some moves reach from one, each of them allowed."""
        point = dict(known)
        for _ in range(_MOVES_FROM_KNOWN):
            name = rng.choice(list(point))
            parameter = self._space.searched[name]
            drawn, share = parameter.draw(rng), 1.0
            while share > _LEAST_SHARE:
                value = _between(parameter, point[name], drawn, share)
                moved = self._drawn({**point, name: value}, rng)
                if not self._space.forbids(moved):
                    point = moved
                    break
                share /= 2
        return point


def _ends(parameter: Searched) -> list[Label]:
    """Return the first and the last value, where there are such."""
    n_values = parameter.n_values
    if n_values is not None:
        return [parameter.at(0), parameter.at(n_values - 1)]
    ends = [getattr(parameter, "low", None), getattr(parameter, "high", None)]
    return ends if all(map(parameter.contains, ends)) else []


def _values(parameter: Searched, rng: random.Random, is_of_ends: bool) -> list[Label]:
    """Return the ends of a range, and some draws, in a random order."""
    found = _ends(parameter)
    if not (is_of_ends and found):
        found += [parameter.draw(rng) for _ in range(_DRAWS_A_MOVE)]
    rng.shuffle(found)
    return found


def _between(parameter: Searched, value: Any, drawn: Any, share: float) -> Label:
    """Return what lies between two values, by its share of the way."""
    if parameter.n_values is not None:
        start, end = parameter.index(value), parameter.index(drawn)
        return parameter.at(start + round((end - start) * share))
    between: Label = value + (drawn - value) * share
    return between if parameter.contains(between) else value


def _every_point(space: Space) -> Iterator[Params]:
    """Yield the points of a space that can be counted, each once."""
    names = list(space.searched)

    def below(point: Params, depth: int) -> Iterator[Params]:
        if depth == len(names):
            yield point
            return
        name = names[depth]
        if not space.is_active(name, point):
            yield from below(point, depth + 1)
            return
        parameter = space.searched[name]
        for index in range(parameter.n_values or 0):
            yield from below({**point, name: parameter.at(index)}, depth + 1)

    return below({}, 0)
