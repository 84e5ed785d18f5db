"""The winners of a search, run again: the honest value beside the lucky one.

The best of many trials was lucky as a rule: it is the best because it is good, and
because chance was on its side. Run again with other seeds, it is what it is. From the
record alone, of a study that `hpbridge.engine.confirm` ran.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.paired import interval, ratio_of
from hpbridge.errors import count
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

CONFIRMS = "confirms"
"""The attribute of a study that says which trials of which study run again in it.

``study`` (its name), ``trials`` (their numbers there), ``lucky`` (their metrics there,
the best first), ``repeats``, ``seed``, ``seeds`` (one a repeat).
"""

CONFIRMATIONS = "confirmations"
"""The attribute of the study that was confirmed: a list, the last one last, of what
`Confirmation.to_json` returns."""

RESPLIT = "resplit"
"""The attribute that an evaluation adds: ``sizes`` ([fitted, scored] by fold),
``n_new`` (how many repeats have other splits than the search), ``procedure``,
``fingerprint``."""


@dataclass(frozen=True)
class Winner:
    """One trial of a search, and what it came to when it ran again.

    Attributes:
        trial: Its number in the search.
        rank: Among the trials of the search, from 1.
        lucky: The metrics with a direction, as the search had them, by name.
        values: The same of each complete run again.
        mean: Of the main metric, over the runs again; NaN if none is complete.
        spread: Standard deviation over them; NaN of one.
        low: Lower end of the 95 % interval of the mean; NaN where there is none.
        high: Upper end.
        new_rank: Among the winners, by `mean`; None if no run is complete.
        n_failed: Runs again that are not complete.
    """

    trial: int
    rank: int
    params: Mapping[str, Any]
    lucky: Mapping[str, float]
    values: Mapping[str, Sequence[float]]
    mean: float
    spread: float
    low: float
    high: float
    new_rank: int | None
    n_failed: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **vars(self),
            "params": dict(self.params),
            "lucky": dict(self.lucky),
            "values": {name: list(values) for name, values in self.values.items()},
        }


@dataclass(frozen=True)
class Confirmation:
    """The best trials of a search, run again with new seeds and splits.

    Attributes:
        study: The one that ran them again: trial `n` is winner ``n % K`` in repeat
            ``n // K``.
    """

    study: Study

    @property
    def about(self) -> Mapping[str, Any]:
        """What the study notes of what it confirms: see `CONFIRMS`."""
        noted: Mapping[str, Any] = self.study.attributes[CONFIRMS]
        return noted

    @property
    def metric(self) -> str:
        """The metric that ranks."""
        return self.study.main_metric

    @cached_property
    def winners(self) -> list[Winner]:
        """The trials that ran again, in the order of the search."""
        noted, n_points = self.about, len(self.about["trials"])
        runs: list[list[FinishedTrial]] = [[] for _ in range(n_points)]
        for trial in self.study.trials:
            runs[trial.number % n_points].append(trial)
        measured = [self._measured(each) for each in runs]
        sign = self.study.sign
        order = sorted(
            (k for k, each in enumerate(measured) if math.isfinite(each["mean"])),
            key=lambda k: sign * measured[k]["mean"],
        )
        return [
            Winner(
                trial=noted["trials"][k],
                rank=k + 1,
                params=runs[k][0].params if runs[k] else {},
                lucky=noted["lucky"][k],
                new_rank=order.index(k) + 1 if k in order else None,
                **measured[k],
            )
            for k in range(n_points)
        ]

    def _measured(self, runs: Sequence[FinishedTrial]) -> dict[str, Any]:
        complete = [trial for trial in runs if trial.state is State.COMPLETE]
        names = [n for n in self.study.metrics if all(n in t.metrics for t in complete)]
        values = {name: [t.metrics[name] for t in complete] for name in names}
        main = values.get(self.metric, [])
        low, high = self._interval(complete, main)
        is_spread = len(main) > 1 and all(map(math.isfinite, main))
        return {
            "values": values,
            "mean": math.fsum(main) / len(main) if main else math.nan,
            "spread": statistics.stdev(main) if is_spread else math.nan,
            "low": low,
            "high": high,
            "n_failed": len(runs) - len(complete),
        }

    def _interval(
        self, runs: Sequence[FinishedTrial], values: Sequence[float]
    ) -> tuple[float, float]:
        """Return the interval of the mean: over folds, corrected, where there are."""
        if not all(map(math.isfinite, values)):
            return math.nan, math.nan
        resplit = self.study.attributes.get(RESPLIT)
        if resplit is None:
            return interval(values, 0.0)
        if not resplit["n_new"]:  # the same folds again are no more folds
            return math.nan, math.nan
        name = f"split_test_{self.metric}"
        folds = [score for t in runs for score in t.attributes.get(name, ())]
        return interval(folds, ratio_of(resplit["sizes"]))

    @property
    def is_unchanged(self) -> bool:
        """Whether the new seeds changed nothing: all runs gave the lucky values."""
        return all(
            set(winner.values.get(self.metric, ())) == {winner.lucky[self.metric]}
            for winner in self.winners
        )

    @property
    def best(self) -> Winner | None:
        """The winner with the best mean; None if no run is complete."""
        return next((each for each in self.winners if each.new_rank == 1), None)

    @property
    def n_left(self) -> int:
        """How many of the runs have not ended: it was interrupted."""
        noted = self.about
        n_runs: int = len(noted["trials"]) * noted["repeats"]
        return n_runs - len(self.study.trials)

    @property
    def sentence(self) -> str:
        """What came of it, in words and numbers."""
        noted, best, first = self.about, self.best, self.winners[0]
        often = count(noted["repeats"], "time")
        if best is None:
            return "no winner of the search ran to its end when it ran again"
        if self.is_unchanged:
            return (
                "the new seeds changed nothing: every run gave the value that the "
                f"search had found, {first.lucky[self.metric]:.6g} the best"
            )
        said = (
            f"trial {first.trial} had {self.metric}={first.lucky[self.metric]:.6g} in "
            f"the search, and {first.mean:.6g} on average when it ran again {often}"
        )
        if not math.isnan(first.low):
            said += f" (95 % interval {first.low:.6g} to {first.high:.6g})"
        if len(self.winners) == 1:
            return said
        if best is first:
            return f"{said}; it is still the best of the {len(self.winners)}"
        return (
            f"{said}; the best of the {len(self.winners)} is now trial {best.trial}, "
            f"with {best.mean:.6g}"
        )

    @property
    def notes(self) -> list[str]:
        """What is to be known of the numbers, a sentence each."""
        found = []
        if self.n_left:
            found.append(f"{count(self.n_left, 'run')} of it did not end")
        failed = sum(winner.n_failed for winner in self.winners)
        if failed:
            found.append(f"{count(failed, 'run')} of it failed, and no mean has them")
        resplit = self.study.attributes.get(RESPLIT)
        if resplit is not None and not resplit["n_new"]:
            found.append(
                f"the splits are those of the search: {resplit['procedure']} makes "
                "the same ones whatever the seed"
            )
        return found

    def table(self) -> list[dict[str, Any]]:
        """Return a row a winner: lucky value, honest mean, interval, ranks."""
        return [
            {
                "trial": each.trial,
                "rank": each.rank,
                **{f"lucky {name}": value for name, value in each.lucky.items()},
                **{
                    f"mean {name}": math.fsum(values) / len(values)
                    for name, values in each.values.items()
                    if values
                },
                "low": each.low,
                "high": each.high,
                "spread": each.spread,
                "new rank": each.new_rank,
                "failed": each.n_failed,
            }
            for each in self.winners
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data; the attribute ``confirmations`` holds it."""
        return {
            **self.about,
            "confirmation": self.study.name,
            "of": self.about["study"],
            "metric": self.metric,
            "winners": [winner.to_json() for winner in self.winners],
            "sentence": self.sentence,
            "notes": self.notes,
            "is_unchanged": self.is_unchanged,
        }


def confirmation_of(study: Study) -> Confirmation | None:
    """Return what a study confirms; None if it confirms nothing.

    Args:
        study: Any study, also of a file that somebody else wrote.
    """
    noted = study.attributes.get(CONFIRMS)
    if not isinstance(noted, Mapping) or not isinstance(noted.get("repeats"), int):
        return None
    trials, lucky = noted.get("trials"), noted.get("lucky")
    if not isinstance(trials, list) or not isinstance(lucky, list) or not trials:
        return None
    metric = study.main_metric
    is_whole = len(trials) == len(lucky) and all(
        isinstance(each, Mapping) and isinstance(each.get(metric), (int, float))
        for each in lucky
    )
    return Confirmation(study) if is_whole else None
