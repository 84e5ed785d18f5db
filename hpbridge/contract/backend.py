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

    from hpbridge.contract.capabilities import Capabilities, Capability, Feature
    from hpbridge.contract.members import Member
    from hpbridge.contract.native import NativeSpace
    from hpbridge.contract.pruning import Pruning
    from hpbridge.contract.resolving import Occasion, Resolved
    from hpbridge.contract.script import ScriptReader
    from hpbridge.contract.stage import Stage
    from hpbridge.encoding.encoded import Encoded
    from hpbridge.space.budget import Budget
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
        pruning: What ends trials early; None where nothing does. For libraries whose
            optimizers look at their study's own pruner.
        budget: How far its trials may go, where it says so.
        name: What the experiment is called, for libraries that share studies by name.
    """

    space: Space
    n_objectives: int = 1
    n_constraints: int = 0
    metrics: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    pruning: Pruning | None = None
    budget: Budget | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A point that an optimizer proposes.

    Attributes:
        id: The optimizer's own number for it, unique within the optimizer.
        params: Active searched parameters by name, plain values only (see
            `hpbridge.space.parameters.Label`); no constants.
        stage: How far its trial goes and what it goes on from, where the optimizer
            chooses that; None where a trial goes all the way, from the beginning. Its
            parent is the id of a suggestion here, of which a run makes the number of
            that trial.
        member: Who proposed it, where an optimizer has members.
    """

    id: int
    params: Mapping[str, Label]
    stage: Stage | None = field(default=None, kw_only=True)
    member: str = field(default="", kw_only=True)


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
        budget: How far it went, where the experiment has budgets.
    """

    state: State
    values: tuple[float, ...] = ()
    constraints: tuple[float, ...] = ()
    reports: tuple[tuple[int, float], ...] = ()
    budget: float | None = None

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


class NotYetError(Exception):
    """An optimizer raises it in `ask` when its next proposal waits for a running trial.

    Only of an algorithm whose trials are stages (`Algorithm.is_staged`), and only while
    a trial of its own runs: the run asks again when one has ended.
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
            NotYetError: If there is nothing to propose before a running trial ends.
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
        shares: ``shares(options) -> phrase``: where an optimizer with these options has
            its trials in common with those of other processes, as in "the storage X";
            empty where they are its own. What it proposes then depends on the others,
            so that no study of it is relived: it observes.
        members: Whom it consists of, where a name joins them; see
            `hpbridge.contract.members`.
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
    takes_budgets: bool = False
    """Whether it is told of trials at several budgets, each with its own; others learn
    from those of one budget."""
    learns: bool = True
    """Whether what it is told changes what it proposes; False for random search, grids
    and sequences. The kit checks the direction of an algorithm that learns."""
    starts_random: bool = True
    """Whether its first five suggestions, before anything is told, are independent
    draws by scale, prior and weights; the kit checks their marginals. False for grids
    and low-discrepancy sequences."""
    linear_algebra: bool = False
    """Whether it computes with BLAS, as a Gaussian process does. Where trials run
    beside it, it gets one thread; parity is measured with one worker."""
    takes_members: bool = False
    """Whether it is nothing without other optimizers, which its name joins."""
    is_staged: bool = False
    """Whether its trials are stages of trainings: it says how far each goes, and from
    whose checkpoint. Then it runs where trials have checkpoints, and nowhere else."""
    remarks: Callable[[Any, int, int], Sequence[str]] | None = None
    """``remarks(options, n_trials, workers) -> sentences``: what users should know of
    a new study of so many trials before it begins."""
    quick: Mapping[str, object] = field(default_factory=dict)
    """Options under which a handful of trials is cheap and reaches the model, such as a
    short start-up phase. The kit runs with them."""
    refine: Callable[[Problem, Algorithm, Any], Sequence[str]] | None = None
    encode: Callable[[Problem, Algorithm, Any], Encoded] | None = None
    after: Callable[[Any, int], Any] | None = None
    shares: Callable[[Any], str] | None = None
    members: tuple[Member, ...] = ()

    def in_a_run(self, feature: Feature) -> Capability:
        """Return how a run comes by a feature: by the algorithm or by the core.

        What it lacks, the core does for no stage of a training.
        """
        can = self.capabilities
        return can[feature] if self.is_staged else can.in_a_run(feature)

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
            ``trials``: a list of (parameters, value) in the order of running. With
            one of `pruners` in ``problem.pruning``, the library's own ends trials, and
            ``objective`` yields a value a step.
        driver: The driver that runs it unless another is asked for.
        from_native: ``from_native(object) -> NativeSpace | None``: reads a space in
            the library's own words; None where the object is none of the library's
            (it must tell without importing the library). Raises `SpaceError` naming
            every parameter whose meaning we cannot keep.
        pruner_of: ``pruner_of(object) -> (name, options) | None``: the same of a pruner
            of the library's; raises `OptionError` naming what we cannot keep.
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
    is_library: bool = True
    """Whether it proposes by itself; False where its optimizers are those of other
    backends. Then ``all`` and `hpbridge doctor` leave it out."""
    driver: str = "local"
    from_native: Callable[[object], NativeSpace | None] | None = None
    pruner_of: Callable[[object], tuple[str, Mapping[str, object]] | None] | None = None
    adopt: Callable[..., Callable[[Any], Any] | None] | None = None
    script: ScriptReader | None = None
    resolve: Callable[[Occasion], Resolved] | None = None
    """``resolve(occasion)``: chooses the optimizer that runs in place of this one;
    see `hpbridge.contract.resolving`. None where it proposes by itself."""
    pruners: frozenset[str] = frozenset()
    """Names of the pruners that restate the library's own, which `explain` prints."""
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
