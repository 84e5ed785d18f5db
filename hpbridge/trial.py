"""A trial: what an objective gets, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hpbridge.checkpoints.saves import Saves
from hpbridge.errors import HpbridgeError, SpaceError
from hpbridge.space.plain_data import plain_data
from hpbridge.space.reported import numbers_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.checkpoints.keeper import Keeper
    from hpbridge.contract.around import Around
    from hpbridge.space.parameters import Label, Parameter, Searched


class State(StrEnum):
    """What became of a trial. The value is what the store and the exports hold."""

    COMPLETE = "complete"
    """The objective returned a number for every metric (infinity is a number)."""
    FAILED = "failed"
    """It raised, died, took too long, or returned what is no number; NaN is none."""
    PRUNED = "pruned"
    """It raised `TrialPruned`: it was stopped early because it looked bad."""


class Origin(StrEnum):
    """Where the parameters of a trial come from."""

    ASKED = "asked"
    """The optimizer proposed them."""
    BASELINE = "baseline"
    """The experiment's own starting point."""
    SHARED = "shared"
    """The initial design that all studies of a comparison have in common."""
    ENQUEUED = "enqueued"
    """A point that somebody queued by hand."""
    IMPORTED = "imported"
    """Another study's trial, evaluated there."""


class TrialPruned(Exception):  # noqa: N818 - a signal, not an error
    """Raise it in an objective to end the trial early as not promising."""


class NamedValue(float):
    """The one number that an objective of a library returned, by a name of its own.

    It counts as the value where no metric is declared by name; where one is, its name
    must be the same.
    """

    __slots__ = ("name",)

    name: str

    def __new__(cls, value: float, name: str) -> NamedValue:
        """Return the number with its name."""
        made = super().__new__(cls, value)
        made.name = name
        return made


def trial_seed(seed: int, number: int) -> int:
    """Return the seed of one trial: the same for one number on every backend.

    Returns:
        An int in [0, 2**32), fit for any library's seed.
    """
    # Here, since workers draw no seeds and should start fast.
    from hashlib import sha256

    digest = sha256(f"hpbridge:{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


class Trial(Saves, Mapping[str, Any]):
    """What the objective gets: a read-only mapping of the active parameters.

    Args:
        suggest: What `suggest` does, in an experiment that defines its space by
            running; see `hpbridge.learning.growing`.
        listen: ``listen(step, value) -> bool``: is told of every report, and says
            whether the trial is to end early.
        reports: Of a trial that goes on: what it had reported at its checkpoint.
        budget: How far it is to go.
        study: What it can see of its study.
        keeper: What it saves, and goes on from.
        took: ``took(seconds)``: is told of every second that it states; None where the
            machine's own time counts.

    Attributes:
        number: Its place in the order of asking, from 0.
        budget: How far to go in all, in the unit of the experiment's budget: a whole
            number where both of its ends are. None where the experiment has none.
        study: For objectives that are written for another library; None where the
            trial was made by hand.
        refusal: What the objective asked for and cannot have, if that came up: then
            no other trial of it would fare better.
        seed: An int in [0, 2**32), the same for this number on every backend.

    Example:
        >>> trial = Trial({"lr": 0.1}, number=0, seed=7)
        >>> trial["lr"], dict(**trial)
        (0.1, {'lr': 0.1})
    """

    __slots__ = (
        "_as_text",
        "_attributes",
        "_constraints",
        "_is_to_end",
        "_listen",
        "_native",
        "_params",
        "_reports",
        "_suggest",
        "_took",
        "budget",
        "number",
        "refusal",
        "seed",
        "study",
    )

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        params: Mapping[str, Any],
        *,
        number: int,
        seed: int,
        suggest: Callable[[str, Parameter], Any] | None = None,
        listen: Callable[[int, float], bool] | None = None,
        reports: Iterable[tuple[int, float]] = (),
        budget: float | None = None,
        study: Around | None = None,
        keeper: Keeper | None = None,
        took: Callable[[float], None] | None = None,
    ) -> None:
        self._params, self._took = params, took
        self._reports = list(reports)
        self._listen, self._is_to_end = listen, False
        self._attributes: dict[str, Any] = {}
        self._as_text: dict[str, tuple[str, ...]] = {}
        self._constraints: dict[str, float] = {}
        self._native: dict[str, Any] = {}
        self._suggest, self._keeper = suggest, keeper
        self.budget = budget
        self.number = number
        self.seed = seed
        self.study = study
        self.refusal: HpbridgeError | None = None

    def __getitem__(self, name: str) -> Any:
        return self._params[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def __repr__(self) -> str:
        return f"Trial({self.number}, {dict(self._params)!r})"

    @property
    def reports(self) -> list[tuple[int, float]]:
        """What was reported, as (step, value), in the order of reporting."""
        return list(self._reports)

    def report(self, value: float, step: int, seconds: float | None = None) -> None:
        """Record an intermediate value of the first metric.

        Args:
            value: In the metric's own unit and direction.
            step: How far the trial is; epochs, say. A whole number from 0, growing: of
                one step the first report counts, of all the greatest is the last one.
            seconds: As of `took`, which is called before the report where it is given.

        Raises:
            ArgumentError: If the value is no number, or the step is no whole one.
        """
        if type(value) is not float or type(step) is not int or step < 0:
            value, step = numbers_of(value, step)
        if seconds is not None:
            self.took(seconds)
        self._reports.append((step, value))
        if self._listen is not None:
            self._is_to_end = self._listen(step, value)

    def took(self, seconds: float) -> None:
        """State that the trial has taken time, besides what it stated before.

        On the driver ``simulated``, whose time is virtual, that is how long it takes;
        everywhere else it takes what it takes, and this does nothing.

        Raises:
            ArgumentError: If it is no finite number of seconds from 0.
        """
        seconds = seconds_of(seconds)
        if self._took is not None:
            self._took(seconds)

    def suggest(self, name: str, parameter: Parameter) -> Any:
        """Return the value of a parameter that is defined here, while running.

        Args:
            name: Of the parameter. Asked for twice, it has one value.
            parameter: A `Float`, `Int` or `Categorical` without a condition, of the
                same kind and the same choices in every trial that asks for it; a range
                may differ from trial to trial.

        Raises:
            SpaceError: If the experiment was given a space that lacks it or has other
                values, or it was another parameter before.
        """
        if self._suggest is None:
            return self._of_given_space(name, parameter)
        try:
            return self._suggest(name, parameter)
        except HpbridgeError as error:
            self.refusal = error
            raise

    def _of_given_space(self, name: str, parameter: Parameter) -> Any:
        """Return a parameter of the space that was given, if the two agree on it."""
        problem = f"{name!r} is suggested, but the experiment was given its space"
        if self.study is not None and name in self.study.space:
            if name not in self._params:
                problem += f", in which it is not active at {dict(self._params)!r:.200}"
            else:
                value = self._params[name]
                try:
                    parameter.canonical(value)
                except ValueError as error:
                    problem += f", which has {value!r}: it {error}"
                else:
                    return value
        raise SpaceError.invalid([problem])

    def constrain(self, name: str, value: float) -> None:
        """Set a constraint of the trial: above 0, it is infeasible.

        For objectives that are written for a library with such a call; ours name their
        bounds with the experiment.
        """
        self._constraints.setdefault(str(name), float(value))

    def keep(self, name: str, value: object) -> None:
        """Keep something with the trial that is not the user's but a library's.

        Args:
            name: Of it, as of `FinishedTrial.native`.
            value: Of what is no plain data the text is kept.
        """
        self._native[name] = plain_data(value).value

    @property
    def native(self) -> dict[str, Any]:
        """What was kept with `keep`."""
        return dict(self._native)

    @property
    def constraints(self) -> dict[str, float]:
        """What was set with `constrain`."""
        return dict(self._constraints)

    def set_attribute(self, name: str, value: object) -> None:
        """Note something with the trial, for whoever reads the study.

        Args:
            name: Of the note.
            value: None, bools, numbers, text, dates, arrays of numpy, and lists and
                dicts of such; of anything else its `repr` is kept, as a note of the
                study says.
        """
        found = plain_data(value)
        self._attributes[str(name)] = found.value
        if found.as_text:
            self._as_text[str(name)] = found.as_text
        else:
            self._as_text.pop(str(name), None)

    @property
    def attributes(self) -> dict[str, Any]:
        """What was noted with `set_attribute`."""
        return dict(self._attributes)

    @property
    def as_text(self) -> dict[str, tuple[str, ...]]:
        """The types of what is text in the attributes, since it is no plain data."""
        return dict(self._as_text)

    def should_prune(self) -> bool:
        """Say whether to stop early, as the last report was answered."""
        return self._is_to_end


def by_step(reports: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return reports by their step; of one step the first counts.

    Example:
        >>> by_step([(1, 0.5), (2, 0.4), (1, 0.3)])
        {1: 0.5, 2: 0.4}
    """
    found: dict[int, float] = {}
    for step, value in reports:
        found.setdefault(step, value)
    return found


@dataclass(frozen=True)
class Result:
    """What running an objective once came to.

    Attributes:
        metrics: Every metric that it returned, in the user's own unit and direction.
            A failed trial may have some: NaN, for instance.
    """

    state: State
    metrics: Mapping[str, float] = field(default_factory=dict)
    reports: tuple[tuple[int, float], ...] = ()
    error: str | None = None
    """One line: the exception's type and message, or what was returned."""
    traceback: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the objective noted with `Trial.set_attribute`."""
    as_text: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Types that are text there, by the attribute."""
    asked: Mapping[str, tuple[Searched, Label]] | None = None
    """What an objective that defines its space asked for, in order, with its values."""
    mend: str | None = None
    """What to write, where what it returned has other metrics than are declared."""
    constraints: Mapping[str, float] = field(default_factory=dict)
    """What it set with `Trial.constrain`."""
    native: Mapping[str, Any] = field(default_factory=dict)
    """What it kept with `Trial.keep`."""
    notes: tuple[str, ...] = ()
    """What is to be said of it in the study's notes."""


@dataclass(frozen=True)
class FinishedTrial:
    """One trial of the record: the unit of the results schema.

    Attributes:
        params: Active searched parameters in plain values (labels for choices).
        values: Active parameters as the objective saw them, constants included.
    """

    number: int
    """Place in the order of asking, from 0."""
    state: State
    params: Mapping[str, Label]
    values: Mapping[str, Any]
    metrics: Mapping[str, float]
    origin: Origin = Origin.ASKED
    tells_before: int = 0
    """How many trials the optimizer had been told of when it was asked."""
    told: int = 0
    """Place in the order of telling, from 0."""
    reports: tuple[tuple[int, float], ...] = ()
    error: str | None = None
    traceback: str | None = None
    seed: int = 0
    worker: str = ""
    """Who ran it: ``main``, or a worker process by id."""
    attempts: int = 1
    """How often the objective ran; more than 1 after retries."""
    asked_at: float = 0.0
    """Unix time of the ask, seconds."""
    started_at: float = 0.0
    """Unix time of the objective's start, seconds."""
    ask_seconds: float = 0.0
    run_seconds: float = 0.0
    tell_seconds: float | None = None
    """None when the process died between telling and noting the time."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the user noted with the trial: plain data, infinities and NaN included."""
    native: Mapping[str, Any] = field(default_factory=dict)
    """What a library keeps with it, the one that ran an imported trial or the one that
    the objective is written for; and ranges of its own: JSON data."""
    budget: float | None = None
    """How far it went in all, in the unit of the experiment's budget, if it has one."""
    bracket: int | None = None
    """Of an optimizer that chooses budgets: which of its brackets it is of, from 0."""
    rung: int | None = None
    """How often its configuration was promoted in its bracket."""
    parent: int | None = None
    """The number of the trial that it went on from, if it did."""
