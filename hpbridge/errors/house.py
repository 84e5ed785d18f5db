"""The house form of an error: headline, problems, hint."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self


def compose(headline: str, problems: Sequence[str] = (), hint: str = "") -> str:
    """Put an error text together in the house form.

    Args:
        headline: Who is wrong and what with, without a final period or colon.
        problems: One sentence a problem.
        hint: One action, without a final period.

    Returns:
        The text, of several lines when there are problems or a hint.

    Example:
        >>> print(compose("A is wrong", ["'x' is 3"], "say x=2"))
        A is wrong:
          - 'x' is 3
        Hint: say x=2.
    """
    end = "" if headline.endswith("?") else "."
    lines = [headline + (":" if problems else end)]
    lines += [f"  - {problem}" for problem in problems]
    if hint:
        lines.append(f"Hint: {hint}.")
    return "\n".join(lines)


def nearest(word: str, words: Iterable[str]) -> str:
    """Say which known word is meant, for the end of a sentence.

    Example:
        >>> nearest("optuma", ["optuna", "skopt"])
        "did you mean 'optuna'?"
        >>> nearest("zzz", ["optuna", "skopt"])
        'there are: optuna, skopt'
    """
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "there are: " + ", ".join(known) if known else "there are none"


def count(n: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun.

    Example:
        >>> count(1, "study", "studies"), count(2, "trial")
        ('1 study', '2 trials')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


_PASSWORD = re.compile(r"(://[^:/@]*:).*@")


def masked(text: str) -> str:
    """Return a URL, or a text with one, as it may be shown: without its password.

    Example:
        >>> masked("postgresql://me:p@ss@host/db has no study")
        'postgresql://me:***@host/db has no study'
    """
    return _PASSWORD.sub(r"\1***@", text)


class HpbridgeError(Exception):
    """The base of every error that hpbridge raises on purpose.

    Its parts are data, so that nobody takes its text apart again; printed, it has the
    house form.

    Attributes:
        headline: Who is wrong and what with, without a final period or colon.
        problems: One sentence a problem, all of them.
        hint: One action, without a final period.
    """

    def __init__(
        self, headline: str = "", problems: Sequence[str] = (), hint: str = ""
    ) -> None:
        self.headline, self.problems, self.hint = headline, tuple(problems), hint
        super().__init__(headline, self.problems, hint)

    def __str__(self) -> str:
        return compose(self.headline, self.problems, self.hint)

    @property
    def brief(self) -> str:
        """The headline as a sentence of its own, for a note or a table."""
        return compose(self.headline)

    @property
    def line(self) -> str:
        """The headline with the problems, in one line."""
        said = ": ".join(filter(None, (self.headline, "; ".join(self.problems))))
        return " ".join(said.split())

    @property
    def reasons(self) -> tuple[str, ...]:
        """The problems, or the headline where it says all."""
        return self.problems or (self.headline,)

    def but(
        self, headline: str | None = None, problems: Sequence[str] | None = None
    ) -> Self:
        """Return the same error with another headline, or with other problems."""
        return type(self)(
            self.headline if headline is None else headline,
            self.problems if problems is None else problems,
            self.hint,
        )
