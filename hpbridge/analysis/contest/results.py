"""What statistics need of many studies: arrays by problem, optimizer, seed, trial."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MISSING, FAILED, PARTIAL, DONE = 0, 1, 2, 3
"""What became of a run: there is none, it broke, it is not whole, it has all trials."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a problem; of a study of none, its name and size alone.

    Attributes:
        suite: Empty where the problem is of none.
        optimum: Of the value that is judged, to be minimized (maximized ones have their
            sign turned); None where it is not known.
        kinds: As of `hpbridge.contract.suites.BenchProblem`, in alphabetical order.
        metrics: Direction by metric, in order.
        reference_point: Of the hypervolume, to be minimized.
        is_reference_given: Whether the problem has it; else it is made of all trials,
            as `hpbridge.analysis.contest.fronts.reference_of` says.
    """

    name: str
    suite: str = ""
    dimension: int = 0
    kinds: tuple[str, ...] = ()
    optimum: float | None = None
    optimum_of: str = ""
    scored_by: str | None = None
    noise: float | None = None
    metrics: tuple[tuple[str, str], ...] = ()
    reference_point: tuple[float, ...] | None = None
    is_reference_given: bool = False
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class OnFront:
    """A trial that no other one of its problem beats in every metric.

    Attributes:
        optimizer: Index of its optimizer.
        seed: Index of its run's seed.
        number: Its own, in its study.
        values: Of the metrics, in their own units.
    """

    optimizer: int
    seed: int
    number: int
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Results:
    """The runs of a contest. P problems, O optimizers, S seeds, T trials.

    Attributes:
        problems: By the first axis.
        optimizers: By the second axis, as `hpbridge.analysis.summary.by_optimizer`
            names them.
        seeds: By the third axis: the seeds of the studies, or where optimizers have
            different ones, the number of the repeat.
        best: Shape (P, O, S, T), float64: the judged value of the best trial after so
            many told trials, to be minimized. NaN where there is no such run; inf
            before the first feasible trial. The last value of a run that ended holds.
            Of several metrics, the hypervolume that is not dominated is in place of it,
            negated, so that smaller is better.
        seconds: Shape (P, O, S, T): seconds from the first ask until that trial was
            told, without pauses. NaN where there is no such trial.
        optimizer_seconds: Shape (P, O, S, T): of these, seconds spent asking and
            telling.
        states: Shape (P, O, S), int8: `MISSING`, `FAILED`, `PARTIAL` or `DONE`.
        n_trials: Shape (P, O, S), int32: trials that the run was to have.
        n_told: Shape (P, O, S), int32: trials told.
        n_failed: Shape (P, O, S), int32: trials of them that failed.
        why: Why a run is missing, broke, is not whole or ended early, by its indices.
        reference: Index of the random search that values are normalised by; None where
            no such optimizer takes part.
        studies: Number in the store by the run's indices, for links into the record.
        fronts: By problem with several metrics, the front of all its runs together, by
            optimizer, seed and number. Of equal trials, each run has its first told.
        notes: What is to be said of studies that were put together: different spaces,
            budgets or metrics, several studies of one seed. Whole sentences.
    """

    problems: tuple[Facts, ...]
    optimizers: tuple[str, ...]
    seeds: tuple[int, ...]
    best: npt.NDArray[np.float64]
    seconds: npt.NDArray[np.float64]
    optimizer_seconds: npt.NDArray[np.float64]
    states: npt.NDArray[np.int8]
    n_trials: npt.NDArray[np.int32]
    n_told: npt.NDArray[np.int32]
    n_failed: npt.NDArray[np.int32]
    why: dict[tuple[int, int, int], str] = field(default_factory=dict)
    reference: int | None = None
    studies: dict[tuple[int, int, int], int] = field(default_factory=dict)
    fronts: dict[int, tuple[OnFront, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
