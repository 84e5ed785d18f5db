"""What a program says of itself: reports while it runs, metrics at its end."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from hpbridge.errors import nearest
from hpbridge.errors.experiments import CommandError
from hpbridge.errors.foreign import shown
from hpbridge.space.plain import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_BLOCK = 1 << 16
_LONGEST_LINE = 1 << 20
"""Bytes of a line that is read; of a longer one the end."""


class Follower:
    """The lines of a file that somebody else writes.

    Args:
        path: Of the file, there or not.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""

    def lines(self, *, is_over: bool = False) -> Iterator[str]:
        """Yield the lines that came since the last call.

        Args:
            is_over: Whether nobody writes any more, so that a last line may lack its
                end.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                while block := file.read(_BLOCK):
                    self._offset += len(block)
                    *whole, rest = (self._rest + block).split(b"\n")
                    self._rest = rest[-_LONGEST_LINE:]
                    yield from map(_text, whole)
        except FileNotFoundError:
            return
        if is_over and self._rest:
            yield _text(self._rest)
            self._rest = b""


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")


def number_of(text: str) -> float:
    """Return the number that a text is.

    Raises:
        ValueError: If it is none.
    """
    if "_" in text:  # which Python reads over
        raise ValueError(text)
    return float(text)


class Reports:
    """What a running program reports.

    Args:
        pattern: Of lines of its standard output; None where it reports by the file
            alone.
        metric: The name that a value may have in the file.
        step: The last step that the trial has reported.
    """

    def __init__(self, pattern: str | None, metric: str, step: int) -> None:
        self._pattern = None if pattern is None else re.compile(pattern)
        self._metric, self._step = metric, step

    def printed(self, line: str) -> tuple[int, float] | None:
        """Return the report in a line of standard output: (step, value)."""
        match = None if self._pattern is None else self._pattern.search(line)
        if match is None:
            return None
        named = match.groupdict()
        value = named["value"] if "value" in named else match[1]
        return self._report(value, named.get("step"), line)

    def written(self, line: str) -> tuple[int, float] | None:
        """Return the report of a line in the file: (step, value)."""
        if not line.strip():
            return None
        try:
            data = json.loads(line)
        except ValueError:
            data = None
        if is_number(data):
            return self._report(data, None, line)
        if isinstance(data, dict):
            for name in ("value", self._metric):
                if name in data:
                    return self._report(data[name], data.get("step"), line)
        msg = (
            f"the report {shown(line)} is no number and no JSON object with "
            f"'value' or {self._metric!r}"
        )
        raise ValueError(msg)

    def _report(self, value: Any, step: Any, line: str) -> tuple[int, float]:
        try:
            number = number_of(value) if isinstance(value, str) else value
            if not is_number(number):
                raise ValueError
            at = self._step + 1 if step is None else _whole(step)
        except ValueError as error:
            msg = f"the report {shown(line)} is {shown(value)} at step {shown(step)}"
            raise ValueError(msg) from error
        self._step = at
        return at, float(number)


def _whole(step: Any) -> int:
    number = float(step)
    if isinstance(step, bool) or not number.is_integer():
        raise ValueError
    return int(number)


class Metrics:
    """The metrics that a program prints, or writes into a file.

    Args:
        patterns: By metric; None for one that stands in the file of results, or in the
            last line of standard output.
        command: For sentences.
    """

    def __init__(self, patterns: Mapping[str, str | None], command: str) -> None:
        self._patterns = {
            name: re.compile(pattern)
            for name, pattern in patterns.items()
            if pattern is not None
        }
        self._others = [name for name in patterns if name not in self._patterns]
        self._found: dict[str, list[str]] = {name: [] for name in self._patterns}
        self._command, self._last = command, ""

    def see(self, line: str) -> None:
        """Take a line of standard output."""
        if line.strip():
            self._last = line.rpartition("\r")[2].strip() or line.strip()
        for name, pattern in self._patterns.items():
            match = pattern.search(line)
            if match is not None:
                self._found[name].append(match[1] if pattern.groups else match[0])

    def read(self, result: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the metrics, and what the program said beside them.

        Args:
            result: The file for its results, there or not.

        Raises:
            CommandError: If there are none, or several for one.
        """
        metrics: dict[str, Any] = {n: self._matched(n) for n in self._patterns}
        if not self._others:
            return metrics, {}
        try:
            where, text = "its file of results", result.read_text(encoding="utf-8")
        except FileNotFoundError:
            where, text = "the last line of its standard output", self._last
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(f"its file of results cannot be read: {error}", error)
        said = self._data(where, text.strip())
        if is_number(said):
            if len(self._others) > 1:
                names = ", ".join(map(repr, self._others))
                self._refuse(f"{where} is one number, and the metrics are {names}")
            return {**metrics, self._others[0]: said}, {}
        missing = [name for name in self._others if name not in said]
        if missing:
            self._miss(where, missing, said)
        metrics |= {n: v for n, v in said.items() if n in self._others or is_number(v)}
        return metrics, {n: v for n, v in said.items() if n not in metrics}

    def _matched(self, name: str) -> float:
        found = self._found[name]
        if len(found) != 1:
            pattern = self._patterns[name].pattern
            what = f"metric {name!r}: its pattern {pattern!r} matches"
            if not found:
                self._refuse(f"{what} no line of standard output")
            several = ", ".join(map(shown, dict.fromkeys(found[:2] + found[-1:])))
            self._refuse(f"{what} {len(found)} lines of it: {several}")
        try:
            return number_of(found[0])
        except ValueError as error:
            text = f"metric {name!r} is {shown(found[0])}, which is no number"
            raise ValueError(text) from error

    def _data(self, where: str, text: str) -> Any:
        """Return a number or an object."""
        if not text:
            names = " and ".join(map(repr, self._others))
            self._refuse(f"it printed nothing, and so no metric {names}")
        reader: Callable[[str], Any]
        for reader in (number_of, json.loads):
            try:
                found = reader(text)
            except (ValueError, RecursionError):
                continue
            if is_number(found) or isinstance(found, dict):
                return found
        n_numbers = sum(map(_is_number, text.split()))
        of_which = f"{n_numbers} numbers" if n_numbers > 1 else "no metric"
        return self._refuse(f"{where} is {shown(text)}: {of_which}")

    def _miss(
        self, where: str, missing: list[str], said: Mapping[str, Any]
    ) -> NoReturn:
        names = " and no ".join(map(repr, missing))
        has = ", ".join(map(repr, said)) or "nothing"
        close = nearest(missing[0], said)
        meant = f"; {close}" if close.startswith("did") else ""
        self._refuse(f"{where} has no {names}, but {has}{meant}")

    def _refuse(self, problem: str, error: Exception | None = None) -> NoReturn:
        raise CommandError.no_metric(self._command, problem) from error


def _is_number(text: str) -> bool:
    try:
        number_of(text)
    except ValueError:
        return False
    return True
