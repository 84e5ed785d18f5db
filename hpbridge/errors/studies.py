"""Errors of stores, histories and files of studies."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hpbridge.errors.house import HpbridgeError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class StoreError(HpbridgeError, OSError):
    """The store cannot be opened, read or written."""

    @classmethod
    def failed(cls, url: str, reason: str, hint: str) -> StoreError:
        """Return the error for a store operation that failed."""
        return cls(f"The store {url} {reason}", hint=hint)


class StoreAwayError(StoreError):
    """The store cannot be reached or written now, and may be so again soon."""


class StoreDamagedError(StoreError):
    """The store, or a study in it, is not whole any more."""

    @classmethod
    def of_study(
        cls, url: str, study: str, problems: Sequence[str]
    ) -> StoreDamagedError:
        """Return the error for a study that cannot be read as it was written."""
        headline = f"The store {url} holds a damaged study {study!r}"
        words = ["hpbridge", "export", study, "FILE.json", "--salvage", "--store", url]
        hint = f"restore a copy, or save what is left by `{shlex.join(words)}`"
        return cls(headline, problems, hint)


class StoreLockedError(StoreError):
    """Another process holds the lease of the study."""

    @classmethod
    def held(cls, study: str, owner: str, seconds: float) -> StoreLockedError:
        """Return the error for a study whose lease is held."""
        headline = f"Study {study!r} is being written by {owner}"
        hint = f"wait for it, or {seconds:.0f} seconds after it died"
        return cls(headline, hint=hint)

    @classmethod
    def run(cls, comparison: str, owner: str, seconds: float) -> StoreLockedError:
        """Return the error for a comparison that somebody else runs."""
        headline = f"Comparison {comparison!r} is being run by {owner}"
        hint = f"wait for it, or {seconds:.0f} seconds after it died"
        return cls(headline, hint=hint)


class StoreSchemaError(StoreError):
    """The store's schema is newer than this hpbridge."""

    @classmethod
    def newer(cls, url: str, found: object, known: object) -> StoreSchemaError:
        """Return the error for a store from a newer version."""
        headline = f"The store {url} has schema {found}; this hpbridge knows {known}"
        return cls(headline, hint="`pip install --upgrade hpbridge`")


class StudyNotFoundError(StoreError, KeyError):
    """The store holds no study of this name."""

    @classmethod
    def named(cls, url: str, name: str, known: Iterable[str]) -> StudyNotFoundError:
        """Return the error for a study name that the store does not hold."""
        headline = f"The store {url} holds no study {name!r}; {nearest(name, known)}"
        return cls(headline, hint="`hpbridge studies` lists them")


class TrialNotFoundError(StoreError, KeyError):
    """The study holds no trial of this number."""

    @classmethod
    def numbered(
        cls, study: str, number: int, known: Sequence[int]
    ) -> TrialNotFoundError:
        """Return the error for a number that no trial of a study has."""
        there = f"they are {min(known)} to {max(known)}" if known else "it has none"
        headline = f"Study {study!r} holds no trial {number}; {there}"
        return cls(headline, hint=f"`hpbridge show {study}` lists them")


class StudyOverError(HpbridgeError, RuntimeError):
    """A study that gives no trial, or takes none, in a loop of the caller's own."""

    @classmethod
    def closed(cls, study: str) -> StudyOverError:
        """Return the error for a study that was closed."""
        hint = f"`hpbridge.open_study(..., name={study!r})` goes on with it"
        return cls(f"Study {study!r} is closed", hint=hint)

    @classmethod
    def ended(cls, study: str, why: str) -> StudyOverError:
        """Return the error for a study that has had its trials."""
        hint = "open it again with a larger n_trials to go on"
        return cls(f"Study {study!r} has no further trial: {why}", hint=hint)

    @classmethod
    def not_running(cls, study: str, status: str, hint: str) -> StudyOverError:
        """Return the error for what is asked of a study that does not run."""
        return cls(f"Study {study!r} does not run: it is {status}", hint=hint)

    @classmethod
    def not_open(cls, study: str) -> StudyOverError:
        """Return the error for asking a study whose loop is ours."""
        hint = f"`{shlex.join(['hpbridge', 'resume', study])}` goes on with it"
        headline = f"Study {study!r} has a loop of its own: its trials run by a command"
        return cls(headline, hint=hint)

    @classmethod
    def waits(cls, study: str, why: str, running: Sequence[int]) -> StudyOverError:
        """Return the error for a study that has no trial before others are told."""
        headline = f"Study {study!r} has no further trial yet: {why}"
        return cls(headline, hint=f"tell {numbered(running)} first")


class TellError(HpbridgeError, ValueError):
    """What a trial cannot be told, in a loop of the caller's own."""

    @classmethod
    def of_trial(
        cls, study: str, number: object, problems: Sequence[str], hint: str = ""
    ) -> TellError:
        """Return the error for a trial that was told something wrong."""
        headline = f"Trial {number} of study {study!r} cannot be told this"
        usual = "tell a number, or {metric: number}; it is still to be told"
        return cls(headline, problems, hint or usual)

    @classmethod
    def not_running(
        cls, study: str, number: object, why: str, running: Sequence[int]
    ) -> TellError:
        """Return the error for a trial that is not one that can be told."""
        are = f"to be told: {numbered(running)}" if running else "none is to be told"
        headline = f"Study {study!r} takes nothing of trial {number}: {why}"
        return cls(headline, hint=are)


def numbered(numbers: Iterable[int]) -> str:
    """Return trials by their numbers, for a sentence.

    Example:
        >>> numbered([3, 4, 7]), numbered([2])
        ('trials 3, 4 and 7', 'trial 2')
    """
    *first, last = map(str, sorted(numbers))
    return f"trials {', '.join(first)} and {last}" if first else f"trial {last}"


class LogNotFoundError(StoreError, KeyError):
    """What a trial printed is not kept."""

    @classmethod
    def of_trial(cls, study: str, number: int, why: str) -> LogNotFoundError:
        """Return the error for a trial without a log."""
        headline = f"Trial {number} of study {study!r} has no log"
        return cls(headline, [why])


class ComparisonNotFoundError(StoreError, KeyError):
    """The store holds no comparison of this name."""

    @classmethod
    def named(
        cls, url: str, name: str, known: Iterable[str]
    ) -> ComparisonNotFoundError:
        """Return the error for a comparison that the store does not hold."""
        known = nearest(name, known)
        headline = f"The store {url} holds no comparison {name!r}; {known}"
        return cls(headline, hint="`hpbridge studies` lists them")


class HistoryError(HpbridgeError, ValueError):
    """A study that another one cannot go on from."""

    @classmethod
    def unfit(
        cls, study: str, experiment: str, problems: Sequence[str], hint: str = ""
    ) -> HistoryError:
        """Return the error for a study that is not one of this experiment."""
        headline = f"Experiment {experiment!r} cannot go on from study {study!r}"
        usual = "`hpbridge show` shows what the study holds; metrics and space must fit"
        return cls(headline, problems, hint or usual)


class HistoryWarning(UserWarning):
    """The optimizer cannot learn from trials that the user gave it."""


_MOST, _LONGEST = 20, 1_000
"""Of the problems of a file that are listed."""


class FormatError(HpbridgeError, ValueError):
    """An existing study cannot be read, or a study not written in a format."""

    @classmethod
    def unknown(cls, source: object, tried: Iterable[str]) -> FormatError:
        """Return the error for a source that no format recognizes."""
        headline = f"{source!r:.200} is no study that hpbridge can read; tried"
        hint = "`hpbridge formats` lists them; --format names one"
        return cls(headline, list(tried), hint)

    @classmethod
    def unreadable(
        cls, form: str | None, source: object, problems: Sequence[str], hint: str
    ) -> FormatError:
        """Return the error for a source that is not what its format wants."""
        headline = f"{str(source)!r:.200} cannot be read as a study"
        headline += f" of format {form!r}" if form else ""
        # Of what is in a file there may be any number, of any length.
        shown = [f"{each:.{_LONGEST}}" for each in problems[:_MOST]]
        more = len(problems) - _MOST
        return cls(headline, shown + [f"and {more} more"] * (more > 0), hint)

    @classmethod
    def unwritable(
        cls, form: str, target: object, problems: Sequence[str], hint: str
    ) -> FormatError:
        """Return the error for a study that cannot be written to a target."""
        headline = f"The study cannot be written to {str(target)!r:.200} as {form!r}"
        return cls(headline, problems, hint)
