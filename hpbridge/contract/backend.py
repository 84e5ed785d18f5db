"""THE CONTRACT between hpbridge and a plugin.

A plugin registers a `BackendSpec` through the hook `hpbridge_backends`
(`hpbridge.contract.hookspecs`). The spec can be read without importing the library
behind it; only `create` and `explain` may import that. The seven rules that every
optimizer keeps are checks of the conformance kit (`hpbridge.testing`):

1. Parity. Same seed, options, objective: bit for bit the library's own trials.
2. Refuse or say so. What is not native is emulated by a named encoding, or refused.
3. In the space, in plain Python. No numpy scalar leaves a plugin.
4. Bad outcomes are outcomes. They neither poison the model nor end the study.
5. Foreign history is welcome, or refused by name.
6. Plain data. What crosses `ask`, `tell` and `observe` can be written as JSON.
7. Quiet. No global state changes: RNGs, log levels, warning filters, stdout.

Everything is minimized here; the run flips metrics that are maximized.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.errors import ForeignHistoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpbridge.contract.capabilities import Capabilities
    from hpbridge.contract.script import ScriptReader
    from hpbridge.encoding.encoded import Encoded
    from hpbridge.space.parameters import Label
    from hpbridge.space.space import Space
    from hpbridge.trial import State


@dataclass(frozen=True)
class Problem:
    """What an optimizer needs to know of an experiment.

    Attributes:
        space: What is searched.
        n_objectives: How many values a complete outcome has, all to be minimized.
        n_constraints: How many constraint values it has; <= 0 is feasible.
        metrics: What the experiment calls the values, for sentences; may be empty.
        bounds: What it calls the constrained metrics, likewise.
        directions: Which way each metric goes in the user's own unit, likewise. What an
            optimizer is told is minimized all the same; it is for libraries that break
            ties otherwise where a value is maximized.
    """

    space: Space
    n_objectives: int = 1
    n_constraints: int = 0
    metrics: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A point that an optimizer proposes.

    Attributes:
        id: The optimizer's own number for it, unique within the optimizer.
        params: Active searched parameters by name, plain values only (see
            `hpbridge.space.parameters.Label`); no constants.
    """

    id: int
    params: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the optimizer is told of a trial.

    Attributes:
        state: Complete, failed or pruned.
        values: One per objective, to be minimized. Complete: floats, infinite ones
            included, never NaN. Failed: empty, or with NaN where the objective returned
            NaN. Pruned: the last reported value, or empty.
        constraints: One per constraint; <= 0 is feasible. Empty when unknown.
        reports: Intermediate values (step, value), to be minimized.
    """

    state: State
    values: tuple[float, ...] = ()
    constraints: tuple[float, ...] = ()
    reports: tuple[tuple[int, float], ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Whether no constraint is known to be violated."""
        return all(value <= 0 for value in self.constraints)


@dataclass(frozen=True, slots=True)
class PastTrial:
    """A trial of a study that goes on, with what its library kept of it.

    Attributes:
        params: A point of the space, plain values.
        native: As of `hpbridge.contract.foreign.ForeignTrial`; empty where nothing
            was kept.
    """

    params: Mapping[str, Label]
    outcome: Outcome
    native: Mapping[str, Any] = field(default_factory=dict)


class ExhaustedError(Exception):
    """An optimizer raises it in `ask` when it has nothing left to propose.

    Not an error for the user: it ends the study. The message says why, one phrase.
    """


class Optimizer(ABC):
    """Proposes trials and learns from them.

    The run calls `ask` and `tell` from one thread at a time, never both at once. It
    tells every suggestion exactly once, in any order. Between an `ask` and its `tell`
    there may be other asks, if the algorithm declares `Feature.PENDING`.

    Attributes:
        notes: What users should know of it, one sentence each: that it has given up a
            quicker way, say. May grow with every call.
    """

    notes: Sequence[str] = ()

    @abstractmethod
    def ask(self) -> Suggestion:
        """Propose a point of the space: active parameters, plain Python values.

        May be called again before earlier suggestions are told.

        Raises:
            ExhaustedError: If there is nothing left to propose.
        """

    @abstractmethod
    def tell(self, suggestion: Suggestion, outcome: Outcome) -> None:
        """Learn what became of a suggestion of this optimizer.

        Must take every state, infinite values included, and stay able to `ask`.
        A forbidden point is told as failed, without having been run.
        """

    def observe(  # the arguments are for those who override it
        self,
        params: Mapping[str, Label],  # noqa: ARG002
        outcome: Outcome,  # noqa: ARG002
    ) -> None:
        """Learn from a trial that this optimizer never proposed.

        Args:
            params: A point of the space, plain values.
            outcome: What became of it.

        Raises:
            ForeignHistoryError: If the library cannot take it. The default, for
                algorithms that do not declare `Feature.FOREIGN_HISTORY`.
        """
        reason = "the algorithm learns only from its own trials"
        raise ForeignHistoryError.refused(type(self).__name__, reason)

    def restore(  # the arguments are for those who override it
        self,
        trials: Sequence[PastTrial],  # noqa: ARG002
        native: Mapping[str, Any],  # noqa: ARG002
    ) -> bool:
        """Go on with a study of this library as the library itself would.

        Called at most once, before the first `ask`, with a study of the same library
        over the same space. What it proposes then is bit for bit what the library
        proposes when it goes on with that study and this optimizer's seed; its own
        state, where `native` holds it, takes the place of the seed's.

        Args:
            trials: In the order of the study, of every state.
            native: As of `hpbridge.contract.foreign.ForeignStudy`; empty where nothing
                was kept.

        Returns:
            Whether it could. False, the default, leaves the optimizer as it was: then
            it observes the trials one by one.
        """
        return False


@dataclass(frozen=True)
class NoOptions:
    """The options of an algorithm that has none."""


@dataclass(frozen=True)
class Algorithm:
    """One algorithm of a backend. Read by the table, the CLI, the check and the kit.

    Attributes:
        options: A frozen dataclass: the library's own names and defaults, a docstring
            under each field.
        refine: ``refine(problem, algorithm, options) -> reasons``: what speaks against
            a problem beyond the capabilities, one sentence each: sizes, ranges, what
            an option takes away. Read before the first trial, and for every installed
            algorithm when another one was refused; so it must not import the library,
            and must bear a problem that the capabilities refuse.
        after: ``after(options, n_past) -> options``: the options of an optimizer that
            is told of so many complete trials before its first ask, as if they were its
            own: with what they leave of a start-up phase, where the library draws the
            whole of it in any case.
        encode: ``encode(problem, algorithm, options) -> Encoded``: how the algorithm
            searches a problem that it can, where that is not what its capabilities
            say parameter by parameter. Called by `hpbridge.encoding.encode.encode`.
    """

    name: str
    """Lower-case; users write ``backend:name``."""
    summary: str
    """One sentence."""
    capabilities: Capabilities
    native_call: str
    """The library's own high-level call that parity is measured against."""
    options: type = NoOptions
    cost_per_ask: str = ""
    """How the time of one ask grows, as in ``O(n) in trials``."""
    recommended_trials: str = ""
    source: str = ""
    """The paper or library module that describes it."""
    requires: tuple[str, ...] = ()
    """Requirements beyond the backend's, such as ``torch``."""
    extra: str = ""
    """The extra of the plugin's distribution that installs `requires`."""
    learns: bool = True
    """Whether what it is told changes what it proposes; False for random search, grids
    and sequences. The kit checks the direction of an algorithm that learns."""
    starts_random: bool = True
    """Whether its first five suggestions, before anything is told, are independent
    draws by scale, prior and weights; the kit checks their marginals. False for grids
    and low-discrepancy sequences."""
    quick: Mapping[str, object] = field(default_factory=dict)
    """Options under which a handful of trials is cheap and reaches the model, such as a
    short start-up phase. The kit runs with them."""
    refine: Callable[[Problem, Algorithm, Any], Sequence[str]] | None = None
    encode: Callable[[Problem, Algorithm, Any], Encoded] | None = None
    after: Callable[[Any, int], Any] | None = None

    def reasons_against(self, problem: Problem, options: Any = None) -> list[str]:
        """Return every reason why it cannot run a problem, one sentence each.

        Args:
            problem: What is to be run.
            options: An instance of `options`; None stands for the defaults.
        """
        reasons = self.capabilities.reasons_against(problem)
        if self.refine is not None:
            given = self.options() if options is None else options
            reasons += self.refine(problem, self, given)
        return reasons


@dataclass(frozen=True)
class NativeSpace:
    """A library's own space, read.

    Attributes:
        space: The same in our words, with the library's meaning kept.
        wrap: ``wrap(function) -> objective``: makes an objective of one `Trial` out of
            a function that is written for the library and takes what it would hand to
            it. None where functions of the library are not told from the space.
        direction: Which way is better in the library; empty where that is said with
            each study.
        metric: What the library calls the value; a wrapped function may return a dict
            with it and further metrics.
        fits: ``fits(function)``: says whether a function is written for the library,
            where the space alone could be somebody else's. Of one that is not, nothing
            but the space counts. None where the space is telling.
    """

    space: Space
    wrap: Callable[[Callable[..., Any]], Callable[[Any], Any]] | None = None
    direction: str = "minimize"
    metric: str = "value"
    fits: Callable[[Callable[..., Any]], bool] | None = None


@dataclass(frozen=True)
class BackendSpec:
    """One library as a backend.

    Attributes:
        algorithms: By name; the first is the default.
        create: ``create(problem, algorithm, options, seed) -> Optimizer``. `algorithm`
            is one of `algorithms`, `options` an instance of its dataclass. Must refuse
            by itself what the algorithm does not support
            (`hpbridge.encoding.encode.encode` does).
        explain: ``explain(problem, algorithm, options, seed) -> str``: Python source
            that runs the library alone on the same problem. It uses the names
            ``objective`` (a function of the parameters) and ``n_trials``, and leaves
            ``trials``: a list of (parameters, value) in the order of running.
        driver: The driver that runs it unless another is asked for.
        from_native: ``from_native(object) -> NativeSpace | None``: reads a space in
            the library's own words; None where the object is none of the library's
            (it must tell without importing the library). Raises `SpaceError` naming
            every parameter whose meaning we cannot keep.
        adopt: ``adopt(function, is_sure=False) -> objective | None``: makes an
            objective of one `Trial` out of a function that is written for the library
            and defines its space while it runs; None where the function does not look
            like one. With `is_sure`, it might as well be a function of ours.
        script: How the library's scripts are read for what they say beside their
            objective; see `hpbridge.contract.script`.
    """

    name: str
    """Lower-case letters only; the distribution is ``hpbridge-<name>``."""
    summary: str
    """One sentence."""
    requires: tuple[str, ...]
    """Requirements on the library with its oldest supported version."""
    algorithms: Mapping[str, Algorithm]
    create: Callable[[Problem, Algorithm, Any, int], Optimizer]
    explain: Callable[[Problem, Algorithm, Any, int], str] | None = None
    homepage: str = ""
    driver: str = "local"
    from_native: Callable[[object], NativeSpace | None] | None = None
    adopt: Callable[..., Callable[[Any], Any] | None] | None = None
    script: ScriptReader | None = None
    tested: Mapping[str, str] = field(default_factory=dict)
    """Oldest and newest tested version of the library, for the table."""
    upstream: Callable[[], list[str]] | None = None
    """``upstream() -> problems``: one sentence for each private name of the library
    that the plugin builds on and that the installed version lacks or has changed. May
    import the library; `hpbridge doctor` reads it."""

    @property
    def default(self) -> str:
        """The name of the default algorithm."""
        return next(iter(self.algorithms))


@dataclass(frozen=True)
class HostSpec:
    """A library's own API into which any optimizer plugs.

    What every host keeps are checks of the host kit (`hpbridge.testing.host_checks`):
    a guest proposes inside what it proposes alone; what cannot run is refused before
    the first trial; every proposal is told, once, bad outcomes included; an optimizer
    that has nothing left ends the loop.

    Attributes:
        line: The line of an existing script that changes, with ``{optimizer}`` where
            the user writes ``backend:algorithm``.
        more_lines: The same of the host's other objects.
        defaults: By ``backend:algorithm``, options that the host's own object has by
            default, where that differs from the library's one call that runs a search,
            which an algorithm's options are those of.
        upstream: As of `BackendSpec`, of what the host builds on; None where it is the
            backend's library, whose record says it.
    """

    name: str
    """Lower-case: a backend's name, or that of the library."""
    summary: str
    """The extension point, as in ``a BaseSampler for Study.optimize``."""
    line: str
    requires: tuple[str, ...] = ()
    more_lines: tuple[str, ...] = ()
    defaults: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    upstream: Callable[[], list[str]] | None = None

    def options(self, optimizer: str, given: Mapping[str, object]) -> dict[str, object]:
        """Return the options of an optimizer in this host: its defaults, and the given.

        Args:
            optimizer: ``backend:algorithm``, whole.
            given: By name, as the user has them.

        Example:
            >>> plain = {"acq": "hedge"}
            >>> host = HostSpec("a", "an Optimizer", "", defaults={"a:gp": plain})
            >>> host.options("a:gp", {"points": 3})
            {'acq': 'hedge', 'points': 3}
        """
        return {**self.defaults.get(optimizer, {}), **given}
