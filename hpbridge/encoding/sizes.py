"""Which numbers a library's arithmetic cannot search, told before the first trial.

A plugin says in its `Algorithm.refine` how large the numbers may be that the library
computes with. They are those of the space as it is encoded, so that a logarithm or a
quantile is small where the range is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.space.parameters import Float, Int
from hpbridge.space.quantized import Quantized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.encoding.encoded import Encoded


@dataclass(frozen=True)
class Sizes:
    """The numbers that a library can compute with.

    Attributes:
        largest_int: Of the ends of an int, by amount; None for any.
        largest_float: Of the ends of any other number; None for any.
        narrowest: The width that a range of floats must have.
        has_float_ints: Whether an int is drawn between ``low - 0.5`` and
            ``high + 0.5``, and rounded.
        has_own_logs: Whether the library takes the logarithm of what is searched on a
            log scale, and draws between those of the ends.
        narrowest_log: The width that an int must have in the logarithm: in less than
            that, rounding leads out of its range.

    Example:
        >>> from hpbridge.contract.capabilities import YES, Capabilities, Feature
        >>> from hpbridge.encoding.encoded import Encoded
        >>> from hpbridge.space.space import Space
        >>> space = Space({"n": Int(0, 2**60), "x": Float(0, 1)})
        >>> can = Capabilities({Feature.INT: YES, Feature.FLOAT: YES})
        >>> Sizes(largest_int=2**53).reasons_against(Encoded(space, can))
        ["'n' reaches beyond 2**53: the library cannot"]
    """

    largest_int: int | None = None
    largest_float: float | None = None
    narrowest: float = 0.0
    has_float_ints: bool = False
    has_own_logs: bool = False
    narrowest_log: float = 0.0

    def reasons_against(self, encoded: Encoded) -> list[str]:
        """Return a sentence for each parameter that the library cannot search."""
        return list(self._reasons(encoded))

    def _reasons(self, encoded: Encoded) -> Iterator[str]:
        for name, native in encoded.native.items():
            if not isinstance(native, (Int, Float, Quantized)) or native.prior:
                continue
            limit = self.largest_int if isinstance(native, Int) else self.largest_float
            if limit is not None and max(abs(native.low), abs(native.high)) > limit:
                yield f"{name!r} reaches beyond {_text(limit)}: the library cannot"
                continue
            reason = self._reason_of_width(native)
            if reason:
                yield f"{name!r} {reason}"

    def _reason_of_width(self, native: Int | Float | Quantized) -> str:
        low, high = float(native.low), float(native.high)
        if not high - low < math.inf:
            return "has a range that is wider than a float can hold"
        if isinstance(native, Int):
            return self._reason_of_int(native)
        if self.has_own_logs and native.log:
            low, high = math.log(low), math.log(high)
        if not low < high:
            return f"is too narrow: its ends {low!r} and {high!r} are one float there"
        if high - low < self.narrowest:
            return f"is narrower than {self.narrowest:g}: the library cannot"
        return ""

    def _reason_of_int(self, native: Int) -> str:
        if self.has_float_ints and not native.low - 0.5 < native.high + 0.5:
            return "is searched as a float, of which there is one in its range"
        if native.log:
            width = math.log(native.high + 1) - math.log(native.low)
            if width < self.narrowest_log:
                return "is so narrow in the logarithm that rounding leaves its range"
        return ""


def _text(limit: float) -> str:
    if isinstance(limit, int):
        exponent = limit.bit_length()
        if limit == 2 ** (exponent - 1):
            return f"2**{exponent - 1}"
        if limit == 2**exponent - 1:
            return f"2**{exponent} - 1"
    return f"{limit:g}"
