"""The optimizer of a space in which nothing is left to search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.backend import Optimizer, Suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.backend import Outcome
    from hpbridge.encoding.encoded import Encoded
    from hpbridge.space.parameters import Label


class OnePoint(Optimizer):
    """Proposes the one point there is, for libraries that take no empty space.

    Args:
        encoded: A space without native parameters.
    """

    def __init__(self, encoded: Encoded) -> None:
        self._encoded = encoded
        self._n_asked = 0

    def ask(self) -> Suggestion:
        """Propose the point once more."""
        self._n_asked += 1
        return Suggestion(self._n_asked - 1, self._encoded.decode({}))

    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """There is nothing to learn."""

    def observe(self, params: Mapping[str, Label], outcome: Outcome) -> None:
        """There is nothing to learn."""
