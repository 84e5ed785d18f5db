"""Numbers as people and spreadsheets write them: one way for a whole column.

What Python's own way does not read is read only where all of a column is written in one
other way, and that way gives one value: with decimal commas, with thousands set apart,
in percent, with an exponent D. A cell alone is never guessed at.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_WORDS = "#N/A|#N/A N/A|#NA|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null|-NaN|-nan"
WORDS_OF_NOTHING = frozenset(["", *_WORDS.split("|")])
"""Text that says that there is nothing, in a column of text.

Source:
    pandas 2.3, `pandas._libs.parsers.STR_NA_VALUES`.
"""
NANS = frozenset({"nan", "-nan", "+nan", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"})
"""Text that says that a number is none, whatever its case."""
MISSING = frozenset(word.lower() for word in WORDS_OF_NOTHING) - NANS
"""Text that says that there is no number, whatever its case."""

_NOTHING = MISSING | NANS

_LONGEST = 400
_MINUS = str.maketrans("\u2212\u2013", "--")
_INFINITE = re.compile(r"[+-]?(?:inf|infinity|∞)\Z", re.I)
_PERCENT = re.compile(r"\s*%\Z")
_SPACES, _QUOTES = " \u00a0\u2009\u202f", "'\u2019"
_GROUPS = {",": "commas", ".": "points", _SPACES: "spaces", _QUOTES: "apostrophes"}
_GROUPS["_"] = "underscores"
# Two whole numbers with a comma: a pair as well, such as the sizes of two layers.
_PAIR = re.compile(r"[1-9]\d*(?:,(?:0|[1-9]\d*))?\Z", re.A)

_ANYWHERE: dict[str, Callable[[str], bool]] = {
    "exponents D": lambda text: re.search(r"\d[dD][+-]?\d", text, re.A) is not None,
    "another minus sign": lambda text: text.translate(_MINUS) != text,
}


@dataclass(frozen=True)
class Way:
    """One way in which numbers are written.

    Attributes:
        decimal: What stands before the fraction.
        group: The characters that may stand between thousands.
    """

    decimal: str = "."
    group: str = ""
    is_percent: bool = False
    pattern: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        mark = re.escape(self.decimal)
        grouped = rf"|[1-9]\d{{0,2}}(?:[{self.group}]\d{{3}})+" if self.group else ""
        number = rf"(?:(?:\d+{grouped})(?:{mark}\d*)?|{mark}\d+)(?:[eEdD][+-]?\d+)?"
        object.__setattr__(self, "pattern", re.compile(rf"[+-]?{number}\Z", re.A))

    def read(self, text: str) -> int | float | None:
        """Return the number that a text is in this way; None where it is none."""
        if len(text) > _LONGEST:
            return None
        bare = _PERCENT.sub("", text) if self.is_percent else text
        if self.is_percent and bare == text:
            return None
        if _INFINITE.match(bare):
            return -math.inf if bare[0] == "-" else math.inf
        if not self.pattern.match(bare):
            return None
        plain = "".join(c for c in bare if c not in self.group)
        plain = plain.replace(self.decimal, ".").translate(str.maketrans("dD", "ee"))
        if self.is_percent:
            return float(Decimal(plain).scaleb(-2))  # not divided: 97.3 % is 0.973
        is_whole = plain.lstrip("+-").isdigit()
        number = int(plain) if is_whole else float(plain)
        return None if math.isinf(_float(number)) else number

    @property
    def unusual(self) -> dict[str, Callable[[str], bool]]:
        """What is unusual in this way, with what tells it in a text."""
        found: dict[str, Callable[[str], bool]] = {}
        if self.decimal == ",":
            found["decimal commas"] = lambda text: "," in text
        if self.group:
            word = f"{_GROUPS[self.group]} between thousands"
            found[word] = lambda text: any(c in text.strip(" %") for c in self.group)
        if self.is_percent:
            found["percent signs"] = lambda text: "%" in text
        return found


PLAIN = Way()
_PAIRED = [(".", ""), (",", ""), (".", ","), (",", "."), (".", "_")]
_PAIRED += [(mark, group) for group in (_SPACES, _QUOTES) for mark in ".,"]
WAYS = tuple(Way(*pair, percent) for percent in (False, True) for pair in _PAIRED)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an int of any size is one
        return 0.0


class NumeralsError(ValueError):
    """A column of numbers that has no one reading; the message is one phrase."""


@dataclass(frozen=True)
class Numerals:
    """The texts of a column, and the ways in which all of them are numbers.

    Attributes:
        texts: As they were, by what `clean` makes of them.
        readings: The numbers by text, of each way that reads all of them.
        no_numbers: The texts that are numbers in no way, where no way reads all.
    """

    texts: Mapping[str, str]
    readings: Mapping[Way, Mapping[str, int | float]]
    no_numbers: frozenset[str]

    @classmethod
    def of(cls, cells: Iterable[object]) -> Numerals:
        """Return those of a column; cells that are no text say nothing."""
        texts: dict[str, str] = {}
        for cell in cells:
            if isinstance(cell, str) and (text := clean(cell)).lower() not in _NOTHING:
                texts.setdefault(text, cell.strip())
        plain = _reading(PLAIN, texts)
        if plain is not None:
            return cls(texts, {PLAIN: plain}, frozenset())
        readings = {way: _reading(way, texts) for way in WAYS}
        found = {way: read for way, read in readings.items() if read is not None}
        odd = [t for t in texts if not found and all(w.read(t) is None for w in WAYS)]
        return cls(texts, found, frozenset(odd))

    @property
    def is_decimal_comma(self) -> bool:
        """Whether they are numbers with decimal commas, and nothing else."""
        marks = {way.decimal for way in self.readings}
        return marks == {","} and not self.could_be_pairs

    @property
    def could_be_pairs(self) -> bool:
        """Whether each could be two whole numbers, with a comma between them."""
        has_comma = any("," in text for text in self.texts)
        return has_comma and all(_PAIR.match(text) for text in self.texts)

    def way(self, *, is_decimal_comma: bool = False) -> Way | None:
        """Return the way in which they are written; None where they are no numbers.

        Args:
            is_decimal_comma: Whether other columns of the table have such.

        Raises:
            NumeralsError: If there is none that reads all, or several that differ.
        """
        if self.no_numbers:
            return None
        if not self.readings:
            raise NumeralsError(self._two_ways())
        commas = [way for way in self.readings if way.decimal == ","]
        ways = (is_decimal_comma and commas) or list(self.readings)
        first = self.readings[ways[0]]
        for way in ways[1:]:
            other = self.readings[way]
            text = next((t for t in self.texts if first[t] != other[t]), None)
            if text is not None:
                msg = f"{text!r} is {first[text]!r} or {other[text]!r}, and no other "
                raise NumeralsError(msg + "cell says which")
        return ways[0]

    def _two_ways(self) -> str:
        """Say which texts are not written in one way."""
        ways = list(WAYS)
        before: list[str] = []
        for text in self.texts:
            common = [way for way in ways if way.read(text) is not None]
            if not common:
                alone = [way for way in WAYS if way.read(text) is not None]
                other = (t for t in before if all(w.read(t) is None for w in alone))
                shown = next(other, before[0])
                return f"{shown!r} and {text!r} are not written in one way"
            ways, before = common, [*before, text]
        return "its numbers are not written in one way"

    def unusual(self, way: Way) -> tuple[str, str] | None:
        """Return how they are written, and one of them; None for Python's way."""
        words = [(word, found) for word, found in self._words(way) if found is not None]
        if not words:
            return None
        text = words[0][1]
        said = " and ".join(word for word, _ in words)
        return said, f"{self.texts[text]!r} is {self.readings[way][text]!r}"

    def _words(self, way: Way) -> Iterator[tuple[str, str | None]]:
        """Yield what may be unusual in a way, with the first text that has it."""
        for word in (*way.unusual, *_ANYWHERE):
            has = way.unusual.get(word) or _ANYWHERE[word]
            yield word, next((t for t, raw in self.texts.items() if has(raw)), None)


def _reading(way: Way, texts: Iterable[str]) -> dict[str, int | float] | None:
    """Return the numbers by text; None where one is none."""
    found: dict[str, int | float] = {}
    for text in texts:
        number = way.read(text)
        if number is None:
            return None
        found[text] = number
    return found


def clean(text: str) -> str:
    """Return a cell without the space around it, with Python's own minus."""
    return text.strip().translate(_MINUS)
