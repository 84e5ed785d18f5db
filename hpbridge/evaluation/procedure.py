"""How a model is evaluated: which rows it is fitted on, and which it is scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn import model_selection as ms

from hpbridge.errors.arguments import is_flag, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.evaluation.rows import Rows
    from hpbridge.evaluation.target import Target

Fold = tuple[Any, Any]
"""The numbers of the rows that are fitted on, and of those that are scored on."""


@dataclass(frozen=True)
class KFold:
    """Cross-validation: each part in turn is scored on, the others are fitted on.

    Stratified where a row is of one class; whole groups stay together where groups
    are given.

    Args:
        n_splits: How many parts.
        repeats: How often, with other parts each time.
        shuffle: Whether rows are shuffled first, by the evaluation's seed.
    """

    n_splits: int = 5
    repeats: int = 1
    shuffle: bool = True

    def problems(self) -> list[str]:
        """Say what is wrong with it."""
        found = []
        if not is_whole(self.n_splits, 2):
            found.append(f"n_splits must be a whole number >= 2, got {self.n_splits!r}")
        found += _wrong_repeats(self.repeats)
        if not is_flag(self.shuffle):
            found.append(f"shuffle must be True or False, got {self.shuffle!r}")
        elif not self.shuffle and self.repeats != 1:
            found.append("repeats without shuffle=True are all the same")
        return found

    def folds(self, rows: Rows, target: Target, seed: int) -> list[Fold]:
        """Return the folds of so many rows."""
        groups = rows.params.get("groups")
        kind = self._kind(target, groups)
        found: list[Fold] = []
        for repeat in range(self.repeats):
            state = _state(seed, repeat) if self.shuffle else None
            splitter = kind(self.n_splits, shuffle=self.shuffle, random_state=state)
            found += splitter.split(_nothing(rows), target.y, groups)
        return found

    def _kind(self, target: Target, groups: Any) -> Any:
        if groups is not None:
            return ms.StratifiedGroupKFold if target.is_single else ms.GroupKFold
        return ms.StratifiedKFold if target.is_single else ms.KFold

    heeds_groups: ClassVar = True
    is_of_time: ClassVar = False

    @property
    def text(self) -> str:
        """The procedure in words."""
        often = f", {self.repeats} times" if self.repeats > 1 else ""
        return f"{self.n_splits}-fold cross-validation{often}"


@dataclass(frozen=True)
class HoldOut:
    """One part is held out to be scored on, the rest is fitted on.

    Args:
        validation: The share of the rows that is held out, in (0, 1).
        repeats: How often, with another part each time.
    """

    validation: float = 0.2
    repeats: int = 1

    def problems(self) -> list[str]:
        """Say what is wrong with it."""
        found = []
        is_number = isinstance(self.validation, (int, float))
        if not is_number or is_flag(self.validation) or not 0 < self.validation < 1:
            found.append(f"validation must be in (0, 1), got {self.validation!r}")
        found += _wrong_repeats(self.repeats)
        return found

    def folds(self, rows: Rows, target: Target, seed: int) -> list[Fold]:
        """Return the folds of so many rows."""
        groups = rows.params.get("groups")
        sizes = {
            "n_splits": self.repeats,
            "test_size": self.validation,
            "random_state": _state(seed, 0),
        }
        kind = ms.StratifiedShuffleSplit if target.is_single else ms.ShuffleSplit
        if groups is not None:
            kind = ms.GroupShuffleSplit
        return list(kind(**sizes).split(_nothing(rows), target.y, groups))

    heeds_groups: ClassVar = True
    is_of_time: ClassVar = False

    @property
    def text(self) -> str:
        """The procedure in words."""
        often = f", {self.repeats} times" if self.repeats > 1 else ""
        return f"{100 * self.validation:.3g} % held out for validation{often}"


@dataclass(frozen=True)
class LeaveOneOut:
    """Each row in turn is scored on; whole groups, where groups are given."""

    def problems(self) -> list[str]:
        """Say what is wrong with it."""
        return []

    def folds(self, rows: Rows, target: Target, seed: int) -> Iterable[Fold]:  # noqa: ARG002
        """Return the folds of so many rows, one after the other."""
        groups = rows.params.get("groups")
        splitter = ms.LeaveOneOut() if groups is None else ms.LeaveOneGroupOut()
        found: Iterable[Fold] = splitter.split(_nothing(rows), target.y, groups)
        return found

    heeds_groups: ClassVar = True
    is_of_time: ClassVar = False

    @property
    def text(self) -> str:
        """The procedure in words."""
        return "leave-one-out cross-validation"


@dataclass(frozen=True)
class TimeOrder:
    """Rows in the order of time: fitted on the past, scored on what follows it.

    Args:
        n_splits: How many later parts are scored on, one after the other.
        gap: Rows that are left out between the two.
    """

    n_splits: int = 5
    gap: int = 0

    def problems(self) -> list[str]:
        """Say what is wrong with it."""
        found = []
        if not is_whole(self.n_splits, 2):
            found.append(f"n_splits must be a whole number >= 2, got {self.n_splits!r}")
        if not is_whole(self.gap, 0):
            found.append(f"gap must be a whole number >= 0, got {self.gap!r}")
        return found

    def folds(self, rows: Rows, target: Target, seed: int) -> list[Fold]:  # noqa: ARG002
        """Return the folds of so many rows, which are in the order of time."""
        splitter = ms.TimeSeriesSplit(self.n_splits, gap=self.gap)
        return list(splitter.split(_nothing(rows)))

    heeds_groups: ClassVar = False
    is_of_time: ClassVar = True

    @property
    def text(self) -> str:
        """The procedure in words."""
        return f"{self.n_splits} later parts, each predicted from what is before it"


@dataclass(frozen=True)
class Splits:
    """A splitter of scikit-learn's, or what has its `split`; or the folds themselves.

    Args:
        splitter: Given rows in the order in which they are evaluated. Drawn from once.
    """

    splitter: Any

    def problems(self) -> list[str]:
        """Say what is wrong with it."""
        given = self.splitter
        if isinstance(given, type):
            return [f"procedure is a class: make an object, {given.__name__}()"]
        is_text = isinstance(given, (str, bytes, Mapping))
        is_listed = hasattr(given, "split") or hasattr(given, "__iter__")
        if is_listed and not is_text:
            return []
        problem = (
            "procedure must be KFold, HoldOut, LeaveOneOut, TimeOrder, a splitter of "
            f"scikit-learn's or pairs of row numbers, got {self.splitter!r:.200}"
        )
        return [problem]

    def folds(self, rows: Rows, target: Target, seed: int) -> list[Fold]:  # noqa: ARG002
        """Return the folds of so many rows."""
        if not hasattr(self.splitter, "split"):
            return [(np.asarray(a), np.asarray(b)) for a, b in self.splitter]
        groups = rows.params.get("groups")
        return list(self.splitter.split(rows.X, target.y, groups))

    @property
    def heeds_groups(self) -> bool:
        """Whether it keeps groups together."""
        routing = getattr(self.splitter, "get_metadata_routing", None)
        # Of others, nobody but their author knows.
        return routing is None or bool(routing().split.requests.get("groups"))

    @property
    def is_of_time(self) -> bool:
        """Whether rows are in the order of time."""
        return isinstance(self.splitter, ms.TimeSeriesSplit)

    @property
    def text(self) -> str:
        """The procedure in words."""
        if hasattr(self.splitter, "split"):
            return f"{self.splitter!r}"
        return f"{len(list(self.splitter))} folds as given"


Procedure = KFold | HoldOut | LeaveOneOut | TimeOrder | Splits


def read_procedure(given: object) -> Procedure:
    """Return what evaluates: a number is `KFold` of so many parts."""
    if isinstance(given, (KFold, HoldOut, LeaveOneOut, TimeOrder)):
        return given
    if is_whole(given):
        return KFold(given)  # type: ignore[arg-type]
    if hasattr(given, "__next__"):
        return Splits(list(given))  # type: ignore[call-overload]
    return Splits(given)


def _nothing(rows: Rows) -> Any:
    """Return features of the right length: what splits looks at nothing of them."""
    return np.zeros((len(rows), 1), dtype=np.int8)


def _wrong_repeats(repeats: object) -> list[str]:
    if is_whole(repeats, 1):
        return []
    return [f"repeats must be a whole number >= 1, got {repeats!r}"]


def _state(seed: int, repeat: int) -> int:
    """Return the state of one repeat: the seed itself for the first."""
    return (seed + repeat) % 2**32
