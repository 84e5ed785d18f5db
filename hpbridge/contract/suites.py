"""Suites of benchmark problems, as plugins offer them (`hpbridge_suites`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class BenchProblem:
    """One problem of a suite: an experiment, and what is known of it.

    Attributes:
        name: Unique in its suite; the name of its experiment.
        make: ``make() -> Experiment``: called in the process that runs it, by the name
            under which that process finds the suite. Its objective draws noise from
            ``trial.seed`` alone.
        dimension: How many parameters are searched at most.
        kinds: By what a profile groups it: ``"continuous"``, ``"integer"``,
            ``"mixed"``, ``"conditional"``, ``"noisy"``, ``"model"``, ``"table"`` ...
        optimum: The best value of what is judged, in its own unit, where known: of
            `scored_by` or else of the main metric; of several metrics, the largest
            hypervolume.
        optimum_of: Where that is known from: ``"formula"``, ``"table"`` or
            ``"best seen"``.
        scored_by: The metric by which the best trial is judged, where that is not the
            main one: the value without its noise, or on rows that no trial saw. The
            best trial is chosen by the main metric all the same.
        noise: Standard deviation of the main metric's noise, where known.
        reference_point: Of the hypervolume, one value per metric, in its own unit,
            where there are several metrics.
        n_trials: For which it is meant, where a bench does not say.
        is_costed: Whether its trials state what they take (``trial.took``); it is run
            in virtual time.
        source: Paper, package or formula that it restates.
    """

    name: str
    make: Callable[[], Experiment]
    dimension: int
    kinds: frozenset[str] = frozenset()
    optimum: float | None = None
    optimum_of: str = ""
    scored_by: str | None = None
    noise: float | None = None
    reference_point: tuple[float, ...] | None = None
    n_trials: int | None = None
    is_costed: bool = False
    source: str = ""

    def facts(self, suite: str) -> dict[str, Any]:
        """Return what every study of it notes, so that its record tells it all."""
        return {
            "suite": suite,
            "name": self.name,
            "dimension": self.dimension,
            "kinds": sorted(self.kinds),
            "optimum": self.optimum,
            "optimum_of": self.optimum_of,
            "scored_by": self.scored_by,
            "noise": self.noise,
            "reference_point": self.reference_point and list(self.reference_point),
            "source": self.source,
        }


@dataclass(frozen=True, kw_only=True)
class SuiteSpec:
    """A suite of benchmark problems.

    Attributes:
        name: As in ``hpbridge bench NAME``; lower case, digits and dashes.
        summary: One sentence.
        problems: ``problems() -> problems``, in the order of the tables. Called where
            its requirements are installed; makes no experiment yet.
        requires: Requirements, as of a backend.
        extra: The extra of the plugin's distribution that installs `requires`.
        n_trials: Of a study, where neither bench nor problem says.
        seeds: Of each optimizer on each problem, where the bench does not say.
        source: Of the suite as a whole.
        defaults: Further arguments of `hpbridge.bench` that the suite is meant for.
    """

    name: str
    summary: str
    problems: Callable[[], Sequence[BenchProblem]]
    requires: tuple[str, ...] = ()
    extra: str = ""
    n_trials: int = 50
    seeds: int = 10
    source: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
