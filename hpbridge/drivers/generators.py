"""Objectives that are generators: each value that one yields is a report.

The k-th ``yield`` reports step k, from 1: a number, or a dict of metrics of which the
first one counts. The last one is the trial's value, unless the generator returns one.
A trial that is to end early is closed where it waits, so that its ``finally`` runs.
One that goes on from a checkpoint counts on from there: yield, then save. So one that
is to pause runs on to that save, and is closed there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hpbridge.drivers.judging import report_in
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Generator, MutableMapping

    from hpbridge.checkpoints.commits import Commit
    from hpbridge.trial import Trial

_IGNORED = "generator ignored GeneratorExit"
"""What Python says of one that yields again."""
_WENT_ON = "the generator yields again after it was closed, and was left there"


def value_of_generator(
    generator: Generator[Any, Any, Any], trial: Trial, metric: str
) -> tuple[Any, str]:
    """Run a generator to its end, report what it yields, and return its value.

    Args:
        generator: Of the objective.
        trial: Whose reports these are.
        metric: Which is reported.

    Returns:
        What it returned, or the last that it yielded, and where. What holds no report
        is the last: the generator is closed.

    Raises:
        TrialPruned: If the trial is to end early, and the generator was closed.
        BaseException: Whatever it raises.
    """
    try:
        return _run(generator, trial, metric)
    finally:
        _close(generator)  # Ctrl-C may have come between two steps


def _run(
    generator: Generator[Any, Any, Any], trial: Trial, metric: str
) -> tuple[Any, str]:
    known = dict(trial.reports)
    step = max(known, default=0)
    # One that has saved its last step and goes on yields nothing more.
    last, where = known.get(step), f"at yield {step}" if known else "without a yield"
    habit = _Habit(generator, trial)
    while True:
        try:
            last = next(generator)
        except StopIteration as end:
            return _value_at(end, last, where)
        step += 1
        where = f"at yield {step}"
        value = report_in(metric, last)
        if value is None:
            return last, where
        habit.see_yield()
        trial.report(value, step)
        if trial.should_prune():
            ended = habit.run_to_save(generator)
            if ended is not None:
                return _value_at(ended, last, where)
            raise TrialPruned(*([] if _close(generator) else [_WENT_ON]))


def _value_at(end: StopIteration, last: Any, where: str) -> tuple[Any, str]:
    if end.value is not None:
        return end.value, "after its last yield"
    return last, where


_SAVES: MutableMapping[object, bool] = WeakKeyDictionary()
"""Whether a generator saves behind its first yield, by its code, as trials showed."""


class _Habit:
    """Whether a generator saves behind its yields, as far as it was seen.

    Args:
        generator: That did not begin yet.
        trial: Of it.
    """

    def __init__(self, generator: Generator[Any, Any, Any], trial: Trial) -> None:
        self._keeper = trial.keeper
        self._code = getattr(generator, "gi_code", type(generator))
        self._n_yields = 0
        self._seen: Commit | None = None
        self._saves = self._saves_before = False

    def see_yield(self) -> None:
        """Note what was saved since the yield before."""
        if self._keeper is None:
            return
        last = self._keeper.last
        self._saves = last is not self._seen
        self._seen, self._n_yields = last, self._n_yields + 1
        if self._n_yields == 1:
            self._saves_before = self._saves
        elif self._n_yields == 2:  # noqa: PLR2004 - behind the first one
            _SAVES[self._code] = self._saves and not self._saves_before

    def _is_to_save(self) -> bool:
        """Say whether a trial that was just told to end is to save before it does."""
        if self._keeper is None or not self._keeper.is_to_pause or self._saves_before:
            return False
        if self._n_yields > 1:
            return self._saves
        return self._keeper.start is not None or _SAVES.get(self._code, True)

    def run_to_save(self, generator: Generator[Any, Any, Any]) -> StopIteration | None:
        """Run one that is to pause to its save, where it is closed, or its next yield.

        Returns:
            Its end, if that came first.
        """
        if self._keeper is None or not self._is_to_save():
            return None
        self._keeper.ends_trial = True
        try:
            next(generator)
        except GeneratorExit:
            _SAVES[self._code] = True
        except StopIteration as end:
            return end
        else:
            _SAVES[self._code] = False
        finally:
            self._keeper.ends_trial = False
        return None


def _close(generator: Generator[Any, Any, Any]) -> bool:
    """Close a generator; say whether it ended by that, as most do."""
    try:
        generator.close()
    except RuntimeError as error:
        if str(error) == _IGNORED:
            return False
        raise
    return True
