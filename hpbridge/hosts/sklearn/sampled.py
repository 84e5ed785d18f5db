"""Random search as scikit-learn's own: its candidates, for the same `random_state`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sklearn.model_selection import ParameterSampler

from hpbridge.formats.search_sampling import recorded
from hpbridge.formats.search_spaces import Searched, require_fit
from hpbridge.hosts.conversation import Conversation
from hpbridge.hosts.sklearn.candidates import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpbridge.formats.search_sampling import Domain, Sampled
    from hpbridge.hosts.recipe import GuestRecipe

DRAWN = "its candidates are those that RandomizedSearchCV of scikit-learn draws"
"""The note of a study of such a search."""


class SampledSpace:
    """One space of a search, and what was drawn from it.

    Args:
        domains: What each parameter was drawn from.
        drawn: As of `recorded`.
        recipe: What makes the optimizer, which is asked nothing.
        n_iter: How many candidates were wanted.
        stop_reason: As of `SearchedSpace`.
    """

    def __init__(
        self,
        domains: Mapping[str, Domain],
        drawn: Sequence[Mapping[str, Any]],
        recipe: GuestRecipe,
        n_iter: int,
        stop_reason: str | None,
    ) -> None:
        space, points, notes = recorded(domains, drawn)
        self.read = Searched(space, n_iter, space.to_objects)
        self.conversation = Conversation(recipe, space, say=lambda _: None)
        for note in (DRAWN, *notes):
            self.conversation.note(note)
        self.stop_reason = stop_reason
        values = [_values_of(domains, each) for each in drawn]
        self.candidates = [
            Candidate(number, params, values[number], tells_before=0)
            for number, params in enumerate(points)
        ]


class SampledSpaces:
    """Spaces that are drawn together, as several dicts are there.

    Args:
        sampled: The spaces.
        recipe: What makes the optimizer, of which the record has the name and the seed.
        random_state: As of `RandomizedSearchCV`.
        batch_size: As of `BridgeSearchCV`.
        estimator: What takes the parameters.

    Attributes:
        spaces: Those of which anything was drawn.
        n_candidates: How many there are at most.

    Raises:
        SpaceError: If the estimator does not take them.
    """

    def __init__(
        self,
        sampled: Sampled,
        recipe: GuestRecipe,
        random_state: Any,
        batch_size: int | None,
        estimator: Any,
    ) -> None:
        asked_at = time.time()
        drawn = _drawn(sampled, random_state)
        self.n_candidates = len(drawn)
        self.spaces: list[SampledSpace] = []
        end = f"exhausted: there are {len(drawn)} candidates, and all were tried"
        stop_reason = end if len(drawn) < sampled.n_iter else None
        for k, domains in enumerate(sampled.spaces):
            points = [point for place, point in drawn if place == k]
            if not points:
                continue
            n_iter = sampled.n_iter if len(sampled.spaces) == 1 else len(points)
            space = SampledSpace(domains, points, recipe, n_iter, stop_reason)
            require_fit(space.candidates[0].values, estimator)
            self.spaces.append(space)
        ask_seconds = (time.time() - asked_at) / len(drawn)
        rest = {k: iter(space.candidates) for k, space in self._by_place(drawn)}
        self._candidates = [next(rest[place]) for place, _ in drawn]
        for candidate in self._candidates:
            candidate.asked_at, candidate.ask_seconds = asked_at, ask_seconds
        self._batch_size = batch_size or len(drawn)

    def _by_place(self, drawn: list[Any]) -> Iterator[tuple[int, SampledSpace]]:
        places = sorted({place for place, _ in drawn})
        return zip(places, self.spaces, strict=True)

    def batches(self) -> Iterator[list[Candidate]]:
        """Yield the candidates to evaluate next."""
        for first in range(0, len(self._candidates), self._batch_size):
            yield self._candidates[first : first + self._batch_size]

    def tell(self, batch: list[Candidate], metric: str) -> None:
        """Nothing learns from a batch."""


class _Placed:
    """What is drawn from, which says with each draw of which space it is."""

    def __init__(self, place: int, distribution: Any) -> None:
        self._place, self._distribution = place, distribution

    def rvs(self, random_state: Any) -> tuple[int, Any]:
        return self._place, self._distribution.rvs(random_state=random_state)


def _drawn(sampled: Sampled, random_state: Any) -> list[tuple[int, dict[str, Any]]]:
    """Return which space each candidate is of, and what was drawn for it.

    Of a list that is the place of the choice. scikit-learn looks at nothing but
    whether there is an `rvs`, and at the lengths of lists: the draws are its own.
    """
    spaces = [
        {name: _placed(k, domain) for name, domain in domains.items()}
        for k, domains in enumerate(sampled.spaces)
    ]
    sampler = ParameterSampler(spaces, sampled.n_iter, random_state=random_state)
    return [
        (
            next(place for place, _ in params.values()),
            {name: value for name, (_, value) in params.items()},
        )
        for params in sampler
    ]


def _placed(place: int, domain: Domain) -> _Placed | list[tuple[int, int]]:
    if domain.distribution is not None:
        return _Placed(place, domain.distribution)
    return [(place, k) for k in range(len(domain.choices))]


def _values_of(
    domains: Mapping[str, Domain], drawn: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the estimator gets, in the order in which scikit-learn has it."""
    return {
        name: value
        if domains[name].distribution is not None
        else domains[name].choices[value]
        for name, value in drawn.items()
    }
