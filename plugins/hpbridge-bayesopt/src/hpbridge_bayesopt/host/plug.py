"""Any optimizer inside `BayesianOptimization`: an acquisition function that asks it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from bayes_opt import acquisition
from bayes_opt.exception import TargetSpaceEmptyError
from bayes_opt.util import ensure_rng

from hpbridge.plugin import (
    Conversation,
    ExhaustedError,
    GuestRecipe,
    HpbridgeError,
    NoProposal,
    OptionError,
    arguments,
    outcome_of,
    read_options,
    registry,
)
from hpbridge_bayesopt._upstream import ALLOWS_DUPLICATES, RANDOM_STATE
from hpbridge_bayesopt.backend.optimizer import MAX_REPEATS
from hpbridge_bayesopt.native import write
from hpbridge_bayesopt.native.read import space_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bayes_opt import BayesianOptimization
    from bayes_opt.target_space import TargetSpace

    from hpbridge.plugin import Outcome


_LARGEST_SEED = 2**31 - 1
_OF_ACQUISITIONS = ("kappa", "xi", "exploration_decay", "exploration_decay_delay")

_CANNOT_WAIT = "`suggest` before the last point is registered"


class HostSpaceError(HpbridgeError, ValueError):
    """The target space is not what the optimizer inside was made for."""

    @classmethod
    def changed(cls, optimizer: str) -> HostSpaceError:
        """Return the error for bounds that changed under way."""
        headline = f"Optimizer {optimizer!r} cannot follow bounds that change under way"
        hint = (
            "leave bounds_transformer and set_bounds out and begin anew with the new "
            "bounds and `register`, or take an optimizer of bayesopt, which follows"
        )
        return cls(headline, hint=hint)


class BridgeAcquisition(acquisition.AcquisitionFunction):  # type: ignore[misc]
    """An acquisition function that asks any optimizer for the next point.

    It learns from everything that the target space holds, each point once: initial
    points, registered and probed ones, and its own. With an optimizer of this library
    it is the library's own acquisition function: the same points for the same
    `random_state` of the `BayesianOptimization`. ``"bayesopt"`` alone is the one that
    the library takes by itself: `ei` where there is a constraint, and `ucb` elsewhere.

    Args:
        optimizer: ``backend`` or ``backend:algorithm``, as in ``"optuna:tpe"``.
        seed: Of the optimizer; None draws one from the `BayesianOptimization`'s
            `random_state`. The library's own have no seed of their own.
        options: Of the algorithm, by its library's own names; of the library's own
            those of the acquisition function.

    Raises:
        HpbridgeError: If the optimizer is not installed or has no such options, or
            arguments are of a wrong kind, with all of them; when it is first asked, if
            it cannot search the space, with the optimizers that can, or if the bounds
            changed.

    Example:
        >>> from bayes_opt import BayesianOptimization
        >>> optimizer = BayesianOptimization(
        ...     lambda x: -x * x, {"x": (-1, 1)}, random_state=0, verbose=0,
        ...     acquisition_function=BridgeAcquisition("random", seed=0))
        >>> optimizer.maximize(init_points=2, n_iter=3)
        >>> len(optimizer.res)
        5
    """

    @arguments.takes(
        optimizer=arguments.TEXT,
        seed=arguments.SEED_OF_HOST,
        options=arguments.optional(arguments.BY_NAME),
    )
    def __init__(
        self,
        optimizer: str,
        *,
        seed: int | None = None,
        options: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()
        self._made_of = (optimizer, seed, dict(options or {}))
        spec, algorithm = registry().algorithm(optimizer)
        registry().require(spec, algorithm)
        self.name = f"{spec.name}:{algorithm.name}"
        read = read_options(self.name, algorithm.options, options or {})
        self._own: Any = None
        if spec.name == "bayesopt":
            self._own = _own_acquisition(algorithm.name, self.name, options or {}, read)
        self._is_of_library = optimizer == "bayesopt" and not options
        self._seed = seed
        self._forget()

    def _forget(self, saved: Mapping[str, Any] | None = None) -> None:
        self._talk: Conversation | None = None
        self._bounds: Any = None
        self._n_seen = 0
        self._saved = saved

    def base_acq(self, *args: Any, **kwargs: Any) -> Any:
        """Return the library's own value; other optimizers have none.

        Raises:
            TypeError: If the optimizer is not one of this library.
        """
        if self._own is not None:
            return self._own.base_acq(*args, **kwargs)
        msg = f"optimizer {self.name!r} proposes points and values none"
        raise TypeError(msg)

    def suggest(
        self,
        gp: Any,
        target_space: TargetSpace,
        n_random: int = 10_000,
        n_smart: int = 10,
        fit_gp: bool = True,
        random_state: Any = None,
    ) -> Any:
        """Return the next point, as a row of the target space.

        The Gaussian process is of use to the library's own acquisition functions only.

        Raises:
            TargetSpaceEmptyError: As the library, if nothing is known; see `first`.
            ExhaustedError: If the optimizer has nothing left to propose.
            HpbridgeError: As said at the class.
        """
        if self._own is not None:
            self._choose_as_library(target_space)
            return self._own.suggest(
                gp=gp,
                target_space=target_space,
                n_random=n_random,
                n_smart=n_smart,
                fit_gp=fit_gp,
                random_state=random_state,
            )
        if len(target_space) == 0:
            msg = "nothing is known yet; probe what `first` returns, or a random point"
            raise TargetSpaceEmptyError(msg)
        self.i += 1
        return self._next(target_space, random_state)

    def _choose_as_library(self, target_space: TargetSpace) -> None:
        """Take the function that the library takes where none is given.

        Source:
            bayesian-optimization 3.4.0, `BayesianOptimization.__init__`.
        """
        if self._is_of_library and target_space.constraint is not None:
            self._own, self._is_of_library = _own_default("ei"), False

    def first(self, optimizer: BayesianOptimization) -> dict[str, Any]:
        """Return its own first point, to be given to ``optimizer.probe``.

        The library draws at least one point at random where nothing is known, unless
        one is queued. An optimizer of this library has none of its own: a random one.

        Raises:
            HpbridgeError: As said at the class; before the first trial.
        """
        if self._own is not None:
            return dict(optimizer.random_sample(1)[0])
        x = self._next(optimizer.space, RANDOM_STATE.of(optimizer))
        return dict(optimizer.space.array_to_params(x))

    def _next(self, target_space: TargetSpace, random_state: Any) -> Any:
        talk = self._talk_about(target_space, random_state)
        self._learn(talk, target_space, len(target_space))
        for _ in range(MAX_REPEATS):
            x = _propose(talk, target_space)
            if ALLOWS_DUPLICATES.of(target_space) or x not in target_space:
                break
            # `maximize` would answer from its cache, and call nothing.
            _tell_known(talk, target_space, x)
        return x

    def _talk_about(self, target_space: TargetSpace, random_state: Any) -> Conversation:
        """Return the conversation, which begins where there is a target space."""
        if self._talk is None:
            if self._seed is None:
                self._seed = int(ensure_rng(random_state).randint(_LARGEST_SEED))
            optimizer, _, options = self._made_of
            constraint = target_space.constraint
            n_limits = 0 if constraint is None else len(_limits(constraint))
            recipe = GuestRecipe(
                optimizer, n_constraints=n_limits, seed=self._seed, options=options
            )
            space = space_of(target_space.params_config)
            self._talk = Conversation(recipe, space, cannot_wait=_CANNOT_WAIT)
            self._bounds = target_space.bounds.copy()
            self._go_on(self._talk, target_space)
        if not np.array_equal(self._bounds, target_space.bounds):
            raise HostSpaceError.changed(self.name)
        return self._talk

    def _go_on(self, talk: Conversation, target_space: TargetSpace) -> None:
        """Bring the optimizer to where it was at a `save_state`."""
        saved, self._saved = self._saved or {}, None
        if "conversation" in saved:
            talk.restore(saved["conversation"])
            self._n_seen = saved["n_seen"]
        # A state may hold how many rows were seen at each ask instead.
        for n_seen in saved.get("asked_at", ()):
            self._learn(talk, target_space, min(n_seen, len(target_space)))
            x = _propose(talk, target_space)
            known = target_space.params[:n_seen].tolist()
            if x.tolist() in known and not ALLOWS_DUPLICATES.of(target_space):
                _tell_known(talk, target_space, x)

    def _learn(
        self, talk: Conversation, target_space: TargetSpace, n_rows: int
    ) -> None:
        """Tell of the rows that it has not seen, up to a number of them."""
        for k in range(self._n_seen, n_rows):
            params = _params(target_space, target_space.params[k])
            talk.seen(params, _outcome(target_space, k))
        self._n_seen = max(self._n_seen, n_rows)

    def get_acquisition_params(self) -> dict[str, Any]:
        """Return what `save_state` keeps: the seed, and what was said."""
        if self._own is not None:
            return dict(self._own.get_acquisition_params())
        if self._talk is None:
            return {"optimizer": self.name, "seed": self._seed, **(self._saved or {})}
        return {
            "optimizer": self.name,
            "seed": self._seed,
            "n_seen": self._n_seen,
            "conversation": self._talk.state(),
        }

    def set_acquisition_params(self, params: dict[str, Any]) -> None:
        """Go on from a state: it is lived through again at the next `suggest`.

        Raises:
            OptionError: If the state is of another optimizer.
        """
        if self._own is not None:
            self._own.set_acquisition_params(params)
            return
        if params.get("optimizer") != self.name:
            problem = f"the state is of {params.get('optimizer')!r}"
            raise OptionError.invalid(self.name, [problem])
        self._forget(saved=params)
        self._seed = params["seed"]


def _own_acquisition(
    algorithm: str, name: str, given: Mapping[str, object], options: Any
) -> Any:
    """Return the library's own acquisition function of an algorithm."""
    foreign = [option for option in given if option not in _OF_ACQUISITIONS]
    if foreign:
        problems = [
            f"{option!r} is the BayesianOptimization's, not the acquisition function's"
            for option in foreign
        ]
        raise OptionError.invalid(name, problems)
    return write.make(write.acquisition(algorithm, options))


def _own_default(algorithm: str) -> Any:
    """Return the library's own acquisition function with our default options."""
    options = registry().algorithm(f"bayesopt:{algorithm}")[1].options()
    return _own_acquisition(algorithm, f"bayesopt:{algorithm}", {}, options)


def _propose(talk: Conversation, target_space: TargetSpace) -> Any:
    """Return the next point, as a row of the target space."""
    params = talk.propose()
    if isinstance(params, NoProposal):
        raise ExhaustedError(talk.exhausted)
    return target_space.params_to_array(talk.values(params))


def _tell_known(talk: Conversation, target_space: TargetSpace, x: Any) -> None:
    """Tell what a proposal came to that the target space knows already."""
    row = target_space.params.tolist().index(x.tolist())
    talk.seen(_params(target_space, x), _outcome(target_space, row))


def _params(target_space: TargetSpace, row: Any) -> dict[str, Any]:
    """Return a row in plain values and choice objects."""
    values = target_space.array_to_params(row)
    return {n: v.item() if hasattr(v, "item") else v for n, v in values.items()}


def _outcome(target_space: TargetSpace, row: int) -> Outcome:
    """Return what a row came to, to be minimized."""
    constraints: list[float] = []
    if target_space.constraint is not None:
        values = np.atleast_1d(target_space.constraint_values[row])
        constraints = [
            sign * (values[k] - limit)
            for k, sign, limit in _limits(target_space.constraint)
        ]
    return outcome_of([-float(target_space.target[row])], constraints)


def _limits(constraint: Any) -> list[tuple[int, int, float]]:
    """Return (which value, sign, limit) of every finite limit."""
    ends = [(1, constraint.ub), (-1, constraint.lb)]
    return [
        (k, sign, float(limit))
        for sign, limits in ends
        for k, limit in enumerate(limits)
        if math.isfinite(limit)
    ]
