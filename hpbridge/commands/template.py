"""The words of a command, with parameters in braces; no shell reads them.

The text is split as a POSIX shell splits it, and then parameters are put into each
word, so that a value is never more than a part of one word, whatever is in it.
Words in brackets are left out where a parameter in them is not active:
``train [--momentum {momentum}]``. That counts only for parameters with a condition;
any other bracket stands for itself.
"""

from __future__ import annotations

import shlex
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

Pieces = tuple[tuple[str, str | None], ...]
"""Of a word: text, and the name behind it, if there is one."""


@dataclass(frozen=True)
class Template:
    """A command.

    Attributes:
        words: In their pieces.
    """

    words: tuple[Pieces, ...]

    @classmethod
    def of(cls, command: str | Sequence[str]) -> Template:
        """Return the template of a text, or of words that are split already.

        Raises:
            ValueError: If it is none, with one sentence.
        """
        if isinstance(command, str):
            try:
                words = shlex.split(command)
            except ValueError as error:
                text = str(error).rstrip(".").lower()
                msg = f"the command {command!r} cannot be split into words: {text}"
                raise ValueError(msg) from error
        else:
            words = list(command)
        if not words or not words[0]:
            msg = f"the command is {command!r}, and names no program"
            raise ValueError(msg)
        return cls(tuple(map(_pieces, words)))

    @property
    def names(self) -> dict[str, None]:
        """What is named in braces, in order."""
        pieces = (piece for word in self.words for piece in word)
        return {name: None for _, name in pieces if name is not None}

    @property
    def program(self) -> str | None:
        """The program, where no parameter is in its name."""
        return _plain(self.words[0])

    def plain(self, place: int) -> str | None:
        """Return a word by its place; None of one with a name in it, or of none."""
        return _plain(self.words[place]) if place < len(self.words) else None

    def always(self, conditional: AbstractSet[str]) -> set[str]:
        """Return the names that stand in no brackets which may be left out."""
        return {
            name
            for is_group, words in self._groups(conditional)
            if not is_group
            for word in words
            for _, name in word
            if name is not None
        }

    def fill(
        self, values: Mapping[str, str], conditional: AbstractSet[str]
    ) -> list[str]:
        """Return the words of one trial.

        Args:
            values: The text of each name; those of parameters that are not active are
                not there.
            conditional: The parameters that are not always active.
        """
        found: list[str] = []
        for is_group, words in self._groups(conditional):
            names = {name for word in words for _, name in word if name is not None}
            if is_group and names - values.keys():
                continue
            found += ["".join(_filled(word, values)) for word in words]
        return found

    def _groups(
        self, conditional: AbstractSet[str]
    ) -> Iterator[tuple[bool, tuple[Pieces, ...]]]:
        """Yield the words: some together, without their brackets, or one alone."""
        place = 0
        while place < len(self.words):
            end = self._end_of_group(place, conditional)
            if end is None:
                yield False, self.words[place : place + 1]
                place += 1
            else:
                yield True, _without_brackets(self.words[place : end + 1])
                place = end + 1

    def _end_of_group(self, begin: int, conditional: AbstractSet[str]) -> int | None:
        if not self.words[begin][0][0].startswith("["):
            return None
        names: set[str] = set()
        for place, word in enumerate(self.words[begin:], begin):
            names |= {name for _, name in word if name is not None}
            text, name = word[-1]
            if name is None and text.endswith("]"):
                return place if names & conditional else None
        return None


def _plain(word: Pieces) -> str | None:
    is_plain = all(name is None for _, name in word)
    return "".join(text for text, _ in word) if is_plain else None


def _filled(word: Pieces, values: Mapping[str, str]) -> Iterator[str]:
    for text, name in word:
        yield text
        if name is not None:
            yield values[name]


def _without_brackets(words: tuple[Pieces, ...]) -> tuple[Pieces, ...]:
    found = [list(word) for word in words]
    text, name = found[0][0]
    found[0][0] = text[1:], name
    text, name = found[-1][-1]
    found[-1][-1] = text[:-1], name
    # A bracket may stand alone.
    return tuple(tuple(w) for w in found if w != [("", None)])


def _pieces(word: str) -> Pieces:
    try:
        parsed = list(string.Formatter().parse(word))
    except ValueError as error:
        msg = (
            f"the word {word!r} has a brace that is no part of a {{name}}; "
            "write {{ and }} for braces"
        )
        raise ValueError(msg) from error
    found: list[tuple[str, str | None]] = []
    for text, name, form, conversion in parsed:
        if name is not None and (not name or form or conversion):
            msg = (
                f"the word {word!r} has braces without the bare name of a parameter; "
                "values are handed over whole; write {{ and }} for braces"
            )
            raise ValueError(msg)
        found.append((text, name))
    if not found or found[-1][1] is not None:
        found.append(("", None))
    return tuple(found)
