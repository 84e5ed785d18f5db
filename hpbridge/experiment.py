"""An experiment: objective, space, metrics. It knows nothing of any optimizer."""

from __future__ import annotations

import copy
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from hpbridge.errors import ExperimentError, SpaceError, nearest
from hpbridge.space.budget import Budget
from hpbridge.space.plain import flag_problems
from hpbridge.space.space import Params, Space

if TYPE_CHECKING:
    from hpbridge.contract.pruning import PrunerSpec
    from hpbridge.space.parts import Part
    from hpbridge.study import Study

Direction = Literal["minimize", "maximize"]

DEFAULT_METRIC = "value"
"""The name of the metric of an objective that returns one number."""

NOT_AWAITED = "objective is an `async def`, which nobody awaits here"

_LARGER_IS_BETTER = re.compile(
    r"acc(uracy)?|auc|auroc|auprc|ap|map|f1|fbeta|r2|score|precision|recall|iou|dice|"
    r"bleu|rouge|reward|return|mcc|kappa|sensitivity|specificity|correlation|profit"
)
_SMALLER_IS_BETTER = re.compile(
    r"loss|error|err|rmse|mse|mae|mape|logloss|nll|perplexity|ppl|regret|deviance|wer"
)
_NO_WORD = re.compile(r"[^a-z0-9]+")

_BOUND = re.compile(r"\s*(<=|>=)\s*(.+?)\s*\Z")


def likely_direction(metric: str) -> Direction:
    """Return which way is better of a metric that is called so, as far as names tell.

    Example:
        >>> likely_direction("val/accuracy"), likely_direction("test_loss")
        ('maximize', 'minimize')
    """
    words = _NO_WORD.split(metric.lower())
    is_larger = any(map(_LARGER_IS_BETTER.fullmatch, words))
    return "maximize" if is_larger else "minimize"


def tells_direction(metric: str) -> bool:
    """Say whether the name of a metric tells which way is better.

    Example:
        >>> tells_direction("val/accuracy"), tells_direction("epoch")
        (True, False)
    """
    words = _NO_WORD.split(metric.lower())
    is_smaller = any(map(_SMALLER_IS_BETTER.fullmatch, words))
    return is_smaller or likely_direction(metric) == "maximize"


@dataclass(frozen=True)
class Constraint:
    """A bound on a metric; a trial beyond it is infeasible."""

    metric: str
    sign: int
    """1 for an upper bound, -1 for a lower bound."""
    bound: float

    def violation(self, metrics: Mapping[str, float]) -> float:
        """Return by how much the bound is missed; <= 0 is feasible, NaN unknown."""
        return self.sign * (metrics.get(self.metric, math.nan) - self.bound)

    @property
    def text(self) -> str:
        """The bound as `Experiment` takes it, as in ``"<= 2.5"``."""
        return f"{self.relation} {self.bound!r}"

    @property
    def relation(self) -> str:
        """``<=`` or ``>=``."""
        return "<=" if self.sign > 0 else ">="

    def to_json(self) -> list[Any]:
        """Return it as JSON data."""
        return [self.metric, self.sign, self.bound]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Constraint:
        """Return the constraint that `to_json` wrote."""
        metric, sign, bound = data
        return cls(metric, sign, bound)


BASELINE = "baseline"  # the attribute of a study that keeps its objective


class KeptObjective:
    """An objective that the record of a study keeps: it goes on from there alone."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of its metrics, the main one first."""
        raise NotImplementedError

    def attributes(self, space: Space) -> dict[str, Any]:
        """Return what a study of it notes, as plain data."""
        raise NotImplementedError

    def unlike(self, attributes: Mapping[str, Any]) -> list[str]:
        """Say why a study with these attributes is of another one."""
        raise NotImplementedError

    def problems_with(self, space: Space, budget: Budget | None) -> list[str]:
        """Say why it cannot search a space."""
        raise NotImplementedError

    def why_not_here(self) -> list[str]:
        """Say why it cannot run on this machine, as far as that is known."""
        return []


class Experiment:
    """What is tuned.

    Args:
        objective: Any callable of one `Trial`. Returns a number, or a dict of metrics;
            or a generator function, which yields one after each step, the last of which
            is the value. None where trials run in a loop of your own; see
            `hpbridge.open_study`.
        space: A `Space`, or a dict of parameters by name. None if the objective
            defines it while it runs, with `Trial.suggest`; see
            `hpbridge.learning.growing`.
        name: How studies of it are called; by default the objective's name.
        direction: ``"minimize"``, ``"maximize"``, or ``{metric: direction}``. Of
            several metrics the first one counts where one value is needed; metrics
            that are returned and not named here are recorded.
        baseline: Parameters to run first, or a list of such; the defaults of a model,
            say. They count as trials. Where the objective defines the space, some of
            the parameters are enough.
        constraints: ``{metric: "<= 2.5"}`` or ``">= 0.9"``: trials beyond are
            infeasible, and never the best one.
        scalarize: Whether an optimizer that takes one value, or no constraints, is told
            one value that stands for all; a note of the study says so. Otherwise it is
            refused.
        budget: How far trials may go, for an optimizer that chooses it; the objective
            finds what its trial is given as ``trial.budget``.

    Attributes:
        metrics: Direction by metric, in order.
        baseline_points: The baseline in plain values; as it was given where the
            space is not known before.
        bounds: The constraints, read.
        parts: Of the space, each for an optimizer of its own; empty where one searches
            the whole.
        is_growing: Whether the objective defines the space while it runs.
        native_space: A library's own space that `space` was read from, if it was.
        reference: ``file.py:name`` or ``module:name`` that it was imported from, if
            it was.
        is_direction_assumed: Whether nobody said which way is better, so that smaller
            is taken to be.
        notes: What a study of it is told of it, a sentence each.

    Raises:
        SpaceError: If the space is wrong.
        ExperimentError: With everything else that is wrong.

    Example:
        >>> from hpbridge import Float
        >>> e = Experiment(objective=lambda t: t["x"] ** 2, space={"x": Float(-1, 1)})
        >>> e.metrics
        {'value': 'minimize'}
    """

    goes_whole = False
    """Whether another process gets it as it is, and not by the file that it is from:
    what that file loads is not to be loaded there."""

    goes_on = True
    """Whether its trials may go on from checkpoints; else each begins anew."""

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        *,
        objective: Callable[..., Any] | None,
        space: Space | Mapping[str, object] | None,
        name: str = "",
        direction: Direction | Mapping[str, Direction] = "minimize",
        baseline: Mapping[str, object] | Sequence[Mapping[str, object]] = (),
        constraints: Mapping[str, str] | None = None,
        scalarize: bool = True,
        budget: Budget | None = None,
    ) -> None:
        problems = flag_problems("scalarize", scalarize)
        problems += _problems_of(objective, budget, space)
        if not isinstance(name, str):
            problems.append(f"name must be a string, got {name!r}")
            name = ""
        name = name or getattr(objective, "__name__", "experiment")
        # Nobody calls what is None: `hpbridge.engine.plan` sees to it.
        self.objective = cast("Callable[..., Any]", objective)
        self.budget = budget
        self.name = str(name).strip("<>")
        self.is_growing = space is None
        self.native_space: object = None
        self.parts: tuple[Part, ...] = ()
        self.space = Space.unknown() if space is None else Space.of(space)
        if not self.space.searched and not self.is_growing:
            problems.append("the space has only constants: nothing to search")
        if isinstance(objective, KeptObjective):
            problems += objective.problems_with(self.space, budget)
            if isinstance(direction, str):
                direction = dict.fromkeys(objective.metrics, direction)
        self.metrics = _read_direction(direction, problems)
        given = None if self.is_growing else self.space
        self.baseline_points = _read_baseline(given, baseline, problems)
        self.bounds = read_constraints(
            {} if constraints is None else constraints, problems
        )
        self.scalarize = scalarize
        self.reference = ""
        self.is_direction_assumed = False
        self.notes: tuple[str, ...] = self.space.notes
        if problems:
            raise ExperimentError.invalid(self.name, problems)

    def __repr__(self) -> str:
        return f"Experiment({self.name!r}, {list(self.space)}, {self.metrics})"

    def at(self, reference: str) -> Experiment:
        """Return the same experiment, imported from where another process can."""
        other = copy.copy(self)
        other.reference = reference
        return other

    def noting(self, *notes: str) -> Experiment:
        """Return the same experiment, with more to be told of it."""
        other = copy.copy(self)
        other.notes = (*self.notes, *notes)
        return other

    def over(self, space: Space) -> Experiment:
        """Return the same experiment over another space, for one optimizer."""
        other = copy.copy(self)
        other.space, other.parts = space, ()
        return other

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What a new study of it notes of it, as plain data."""
        if not isinstance(self.objective, KeptObjective):
            return {}
        first = {BASELINE: [*map(dict, self.baseline_points)]}
        return {**self.objective.attributes(self.space), **first}

    def remarks(self, read: Callable[[], Study | None]) -> list[str]:  # noqa: ARG002
        """Return what a study of it is to be told at its end, a sentence each.

        Args:
            read: Returns the study; it is read only where something is to be said.
        """
        return []

    def unlike(self, attributes: Mapping[str, Any]) -> list[str]:
        """Say why a study with these attributes is of another experiment."""
        kept = self.objective
        return kept.unlike(attributes) if isinstance(kept, KeptObjective) else []

    def against_pruner(
        self,
        spec: PrunerSpec,  # noqa: ARG002
        options: Mapping[str, Any],  # noqa: ARG002
    ) -> list[str]:
        """Say why a pruner could end none of its trials, as far as that is known.

        Args:
            spec: The pruner.
            options: Of it, all by name.
        """
        return []

    def again(self, seeds: Sequence[int], n_points: int) -> Experiment:  # noqa: ARG002
        """Return what runs points of it again, each repeat with a seed of its own.

        Args:
            seeds: Of the repeats. Where chance is in the trials' own seeds alone, they
                say nothing.
            n_points: A repeat has: trial `n` is of repeat ``n // n_points``.
        """
        other = copy.copy(self)
        other.baseline_points = ()
        return other

    def by_value(self) -> Experiment:
        """Return what a process is sent that may be on another machine."""
        return self

    def budget_of(self, given: float | None) -> float | None:
        """Return the budget of a trial that is given one, or None for all the way."""
        if self.budget is None:
            return given
        return self.budget.most if given is None else self.budget.number(given)

    @property
    def main_metric(self) -> str:
        """The first metric: the one that counts where one value is needed."""
        return next(iter(self.metrics))


def is_async(objective: object) -> bool:
    """Say whether calling it gives a coroutine or an asynchronous generator."""
    kinds = inspect.iscoroutinefunction, inspect.isasyncgenfunction
    # Of an object, what is called is a method of its class.
    called = objective, type(objective).__dict__.get("__call__")
    return any(is_kind(each) for is_kind in kinds for each in called)


def _problems_of(objective: object, budget: object, space: object) -> list[str]:
    problems: list[str] = []
    if objective is None:
        if space is None:
            problems.append("space is None, and there is no objective to define it")
    elif not callable(objective):
        problems.append(f"objective must be callable, got {objective!r}")
    elif is_async(objective):
        problems.append(NOT_AWAITED)
    if not (budget is None or isinstance(budget, Budget)):
        problems.append(f"budget must be hpb.Budget(least, most), got {budget!r}")
    return problems


def _read_direction(direction: object, problems: list[str]) -> dict[str, Direction]:
    if isinstance(direction, str):
        direction = {DEFAULT_METRIC: direction}
    if not isinstance(direction, Mapping) or not direction:
        problems.append(
            "direction must be 'minimize', 'maximize' or {metric: direction}, "
            f"got {direction!r}"
        )
        return {DEFAULT_METRIC: "minimize"}
    for metric, way in direction.items():
        if not isinstance(metric, str) or not metric:
            problems.append(f"metric name {metric!r} is not a string of text")
        if way not in {"minimize", "maximize"}:
            known = nearest(str(way), ["minimize", "maximize"])
            problems.append(f"direction of {metric!r} is {way!r}; {known}")
    return dict(direction)


def _read_baseline(
    space: Space | None, baseline: object, problems: list[str]
) -> tuple[Params, ...]:
    given = [baseline] if isinstance(baseline, Mapping) else baseline
    if not isinstance(given, Sequence) or isinstance(given, str):
        problems.append(f"baseline must be parameters or a list of them, got {given!r}")
        return ()
    points: list[Params] = []
    for values in given:
        if not isinstance(values, Mapping):
            problems.append(f"baseline must be a dict of parameters, got {values!r}")
            continue
        if space is None:
            points.append(dict(values))
            continue
        try:
            point = space.canonical(values, "baseline")
        except SpaceError as error:
            problems += error.problems
            continue
        if space.forbids(point):
            problems.append(f"the baseline {point!r} is forbidden by forbid=")
        points.append(point)
    return tuple(points)


def read_constraints(given: object, problems: list[str]) -> tuple[Constraint, ...]:
    """Return ``{metric: "<= number"}`` as constraints; add what is wrong to a list."""
    if not isinstance(given, Mapping):
        problems.append(f"constraints must be {{metric: '<= number'}}, got {given!r}")
        return ()
    bounds: list[Constraint] = []
    for metric, text in given.items():
        match = _BOUND.match(text) if isinstance(text, str) else None
        try:
            bound = float(match[2]) if match else math.nan
        except ValueError:
            bound = math.nan
        if match is None or not math.isfinite(bound):
            problems.append(
                f"constraint on {metric!r} must be '<= number' or '>= number', "
                f"got {text!r}"
            )
            continue
        bounds.append(Constraint(metric, 1 if match[1] == "<=" else -1, bound))
    return tuple(bounds)
