"""Nested cross-validation, read from its record: what a search is worth, and its luck.

The best score that a search finds is too good: it was chosen for being so. Each outer
fold is scored on by the winner of a search that never saw it, so that the mean of
these scores says what searching like that comes to.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.evaluated import DEFAULTS, DUMMY
from hpbridge.analysis.paired import Difference, difference, interval, ratio_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NESTED = "nested"
"""The attribute of a study that holds nested cross-validations of its evaluation.

A list, the last one last, of each: ``procedure`` (the outer one, in words), ``inner``
(in words), ``optimizer``, ``n_trials``, ``seed``, ``metric`` (the first), ``metrics``,
``fingerprint`` (of the data), ``n_rows`` (that take part: all that trials see),
``sizes`` ([fitted, scored] by outer fold), ``studies`` (names, by outer fold),
``trials`` (the winners' numbers), ``params`` (the winners'), ``inner_scores`` (every
metric of the winners in their own searches, by name, a number an outer fold), and
``models``: ``tuned``, ``defaults``, ``dummy``, each with ``metrics`` and ``attributes``
as of a trial (``split_test_f1``: by outer fold), or ``error``; and
``sentence``, what it says.
The last study of the inner ones has it, and the study that it was made for.
"""

INNER = "nested_in"
"""The attribute of an inner study: ``fold``, ``n_folds``, ``procedure`` (the outer
one), ``seed``, ``of`` (the fingerprint of all rows that take part)."""

TUNED = "tuned"
"""The winners of the inner searches, beside `DEFAULTS` and `DUMMY`."""


@dataclass(frozen=True)
class Nested:
    """A nested cross-validation.

    Attributes:
        record: As `NESTED` describes it.
    """

    record: Mapping[str, Any]

    @property
    def metric(self) -> str:
        """The metric that the searches optimized."""
        name: str = self.record["metric"]
        return name

    @property
    def ratio(self) -> float:
        """Rows that an outer fold scores on, by those that it searches on."""
        return ratio_of(self.record["sizes"])

    def scores(self, model: str = TUNED, metric: str | None = None) -> list[float]:
        """Return a model's scores, a number an outer fold; empty where it failed.

        Args:
            model: ``tuned``, ``defaults`` or ``dummy``.
            metric: By default the first.
        """
        noted = self.record["models"].get(model, {}).get("attributes", {})
        return list(noted.get(f"split_test_{metric or self.metric}", ()))

    def inner(self, metric: str | None = None) -> list[float]:
        """Return what the winners had in their own searches, by outer fold."""
        return list(self.record["inner_scores"][metric or self.metric])

    def mean(self, metric: str | None = None) -> float:
        """Return the honest estimate: the mean over the outer folds."""
        return _mean(self.scores(TUNED, metric))

    def interval(self, metric: str | None = None) -> tuple[float, float]:
        """Return the corrected 95 % interval of the estimate."""
        return interval(self.scores(TUNED, metric), self.ratio)

    @property
    def optimism(self) -> Difference:
        """By how much the winners' own scores were better than the outer ones."""
        return difference(self.inner(), self.scores(), self.ratio)

    def gain_over(self, model: str = DEFAULTS) -> Difference | None:
        """Return by how much searching is better than a model on the same folds."""
        other = self.scores(model)
        if not other:
            return None
        return difference(self.scores(), other, self.ratio)

    @property
    def params(self) -> list[Mapping[str, Any]]:
        """Which parameters each outer fold chose."""
        return list(self.record["params"])

    @property
    def studies(self) -> list[str]:
        """The names of the inner studies, by outer fold."""
        return list(self.record["studies"])

    def table(self) -> list[dict[str, Any]]:
        """Return a row an outer fold: its inner and outer scores, what it chose."""
        defaults, dummy = self.scores(DEFAULTS), self.scores(DUMMY)
        rows = []
        for k, (inner, outer) in enumerate(
            zip(self.inner(), self.scores(), strict=True)
        ):
            fitted, scored = self.record["sizes"][k]
            rows.append(
                {
                    "fold": k,
                    "searched on": fitted,
                    "scored on": scored,
                    "inner best": inner,
                    "outer": outer,
                    **{
                        name: self.scores(TUNED, name)[k]
                        for name in self.record["metrics"][1:]
                    },
                    "defaults": defaults[k] if defaults else None,
                    "dummy": dummy[k] if dummy else None,
                    "trial": self.record["trials"][k],
                    **self.params[k],
                }
            )
        return rows

    @property
    def chosen(self) -> dict[str, list[Any]]:
        """Which values each parameter had, by outer fold; None where it had none."""
        names = dict.fromkeys(name for params in self.params for name in params)
        return {name: [params.get(name) for params in self.params] for name in names}

    @property
    def sentence(self) -> str:
        """What the search is worth, and how much of its best score was luck."""
        low, high = self.interval()
        said = f"{self.metric} is {self.mean():.4g} on outer folds"
        if not math.isnan(low):
            said += f" (95 % interval {low:.4g} to {high:.4g})"
        optimism = self.optimism
        said += f"; the searches' own best said {_mean(self.inner()):.4g}"
        if math.isnan(optimism.low):
            said += f", by {optimism.mean:.2g} too good"
        elif optimism.is_sure:
            way = "too good" if optimism.mean > 0 else "too bad"
            said += f", by {abs(optimism.mean):.2g} {way}"
        else:
            said += (
                f", {optimism.mean:+.2g} ({optimism.low:+.2g} to {optimism.high:+.2g}: "
                "within the noise)"
            )
        gain = self.gain_over(DEFAULTS)
        if gain is not None:
            said += f"; searching gains {gain.mean:+.2g} over the defaults"
            if not math.isnan(gain.low):
                said += f" ({gain.low:+.2g} to {gain.high:+.2g})"
        return said

    def to_json(self) -> dict[str, Any]:
        """Return the record and what follows from it, as plain data."""
        gains = {n: self.gain_over(n) for n in (DEFAULTS, DUMMY)}
        return {
            **self.record,
            "estimates": {
                name: {
                    "mean": self.mean(name),
                    "interval": list(self.interval(name)),
                    "scores": self.scores(TUNED, name),
                }
                for name in self.record["metrics"]
            },
            "optimism": asdict(self.optimism),
            "gains": {n: asdict(g) for n, g in gains.items() if g is not None},
            "sentence": self.sentence,
        }


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
