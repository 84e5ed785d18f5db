"""Any optimizer as a search algorithm of Ray Tune."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ray.tune.search import Searcher

from hpbridge.plugin import (
    GuestRecipe,
    Space,
    arguments,
    registry,
)
from hpbridge_ray.host.guest import METRIC, MODE, GuestSearch, Names, check_goal
from hpbridge_ray.host.own import own_searcher
from hpbridge_ray.native.read import from_native

if TYPE_CHECKING:
    from collections.abc import Sequence


def _are_points(value: object) -> bool:
    if not isinstance(value, Collection) or isinstance(value, (str, Mapping)):
        return False
    return all(isinstance(each, Mapping) for each in value)


class BridgeSearcher(Searcher):  # type: ignore[misc]
    """An optimizer for ``TuneConfig(search_alg=...)``.

    ``ray:random``, ``ray:optuna``, ``ray:hyperopt`` and ``ray:bohb`` over a
    ``param_space`` are Ray's own, with the same trials for the same seed. Any other one
    proposes what it proposes alone on the same space.

    A trial ends complete with its last report, whoever ended it, as for Ray's own
    searchers. It failed where it raised, or its last report is NaN or lacks the metric;
    it was pruned where a scheduler ended it while it was paused.

    Args:
        optimizer: ``backend`` or ``backend:algorithm``.
        metric: What is reported; a list, for an optimizer of several objectives. None
            takes the Tuner's.
        mode: ``min`` or ``max``, or a list of these.
        space: What is searched, instead of the Tuner's ``param_space``: a
            `hpbridge.Space`, a dict of its parameters, or a ``param_space``.
        seed: Of the optimizer; None draws one.
        options: Of the algorithm, by the library's own names.
        points_to_evaluate: Configs to run first, nested or by names with slashes.

    Raises:
        HpbridgeError: If there is no such optimizer, or it cannot search `space`. What
            it cannot search of the Tuner's, `Tuner.fit` raises before the first trial.
            If arguments are of a wrong kind; with all of them.

    Example:
        >>> tune.TuneConfig(  # doctest: +SKIP
        ...     metric="loss", mode="min", search_alg=BridgeSearcher("bayesopt")
        ... )

    Source:
        ray 2.60.0, `Searcher`, `SearchGenerator`, `TuneController.stop_trial`.
    """

    @arguments.takes(
        optimizer=arguments.TEXT,
        metric=METRIC,
        mode=MODE,
        space=arguments.Kind(
            "a Space, a dict of its parameters or a param_space, or None",
            lambda value: value is None or isinstance(value, (Space, Mapping)),
        ),
        seed=arguments.SEED_OF_HOST,
        options=arguments.optional(arguments.BY_NAME),
        points_to_evaluate=arguments.optional(
            arguments.Kind("a list of configs", _are_points)
        ),
    )
    def __init__(  # noqa: PLR0913, PLR0917 - as Ray's own searchers take them
        self,
        optimizer: str,
        metric: Names = None,
        mode: Names = None,
        space: Space | Mapping[str, Any] | None = None,
        seed: int | None = None,
        options: Mapping[str, object] | None = None,
        points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        check_goal(metric, mode)
        super().__init__(metric=metric, mode=mode)
        registry().algorithm(optimizer)
        points, options = list(points_to_evaluate or ()), dict(options or {})
        own = None
        if space is None or (
            not isinstance(space, Space) and from_native(space) is not None
        ):
            own = own_searcher(optimizer, seed, options, points)
        if own is None:
            n_objectives = len(metric) if isinstance(metric, list) else 1
            recipe = GuestRecipe(optimizer, n_objectives, seed=seed, options=options)
            self._inner: Searcher = GuestSearch(recipe, metric, mode, space, points)
        else:
            Searcher.__init__(own, metric, mode)
            self._inner = own
            if space is not None:
                own.set_search_properties(metric, mode, dict(space))

    @property
    def notes(self) -> list[str]:
        """What the optimizer could not learn from, one sentence each."""
        return list(getattr(self._inner, "notes", []))

    @property
    def metric(self) -> Names:
        """The metric in use: the Tuner's, or its own."""
        metric: Names = self._inner.metric
        return metric

    @property
    def mode(self) -> Names:
        """The mode in use."""
        mode: Names = self._inner.mode
        return mode

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any
    ) -> bool:
        """Take the Tuner's metric and ``param_space``.

        Returns:
            False where it has a space already, and there is another one to search.

        Raises:
            HpbridgeError: If the optimizer cannot search it, or it changed under way.
        """
        check_goal(metric, mode)
        return bool(self._inner.set_search_properties(metric, mode, config, **spec))

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return a config for a trial; None when it must wait for one that runs.

        Raises:
            ExperimentError: If there is no space, or no metric and mode.
        """
        config: dict[str, Any] | str | None = self._inner.suggest(trial_id)
        return config

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Take an intermediate result."""
        self._inner.on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the optimizer what became of a trial."""
        self._inner.on_trial_complete(trial_id, result=result, error=error)

    def add_evaluated_point(
        self,
        parameters: dict[str, Any],
        value: float,
        error: bool = False,
        pruned: bool = False,
        intermediate_values: list[float] | None = None,
    ) -> None:
        """Tell the optimizer of a trial that ran elsewhere.

        Before the Tuner has given the space, it is kept until then.

        Raises:
            ForeignHistoryError: If the optimizer cannot learn from it.
            SpaceError: If it is not in the space.
        """
        rest = (error, pruned, intermediate_values)
        self._inner.add_evaluated_point(parameters, value, *rest)

    def save(self, checkpoint_path: str) -> None:
        """Write the searcher's state: JSON, except where it is Ray's own searcher."""
        self._inner.save(checkpoint_path)

    def restore(self, checkpoint_path: str) -> None:
        """Go on from a state, bit for bit where the optimizer is deterministic.

        Raises:
            SpaceError: If it is the state of another optimizer, or of another space.
        """
        self._inner.restore(checkpoint_path)

    def on_pause(self, trial_id: str) -> None:
        """Pass on what `HyperBandForBOHB` says to `TuneBOHB`."""
        if hasattr(self._inner, "on_pause"):
            self._inner.on_pause(trial_id)

    def on_unpause(self, trial_id: str) -> None:
        """Pass on what `HyperBandForBOHB` says to `TuneBOHB`."""
        if hasattr(self._inner, "on_unpause"):
            self._inner.on_unpause(trial_id)
