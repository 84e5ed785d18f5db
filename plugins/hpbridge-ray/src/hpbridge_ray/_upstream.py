"""What this plugin uses of Ray though Ray does not promise it.

Source:
    ray 2.60.0 and 2.44.0.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import traceback
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

RAY = Upstream("ray", "ray[tune]==2.60.0")


def problems() -> list[str]:
    """Return one sentence for each name that is gone or is not what it was."""
    return RAY.problems()


def _names_in(function: Any) -> tuple[str, ...]:
    """Return the names that the code of a function looks up."""
    names: tuple[str, ...] = function.__code__.co_names
    return names


class _Listener:
    """As little of a session as shows whether Tune asks it."""

    trial_id = "listened"
    world_rank = None

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []

    def report(self, metrics: Mapping[str, Any], **_: Any) -> None:
        self.heard.append(metrics)


def _is_asked(_: object) -> bool:
    from ray import tune

    listener = _Listener()
    with session_of_process(listener):
        tune.report({"x": 1})
        trial_id = tune.get_context().get_trial_id()
    return listener.heard == [{"x": 1}] and trial_id == listener.trial_id


_SESSION = RAY.private(
    "ray.train._internal.session:_session",
    "what is written for Ray Tune cannot be an objective",
    holds=_is_asked,
)


def session_of_process(session: object) -> contextlib.AbstractContextManager[None]:
    """Let `tune.report`, `tune.get_checkpoint` and `tune.get_context` use a session.

    Raises:
        HpbridgeError: If this Ray keeps its session elsewhere.
    """
    return _SESSION.replaced(session)


_PRESET_VARIANTS = RAY.private(
    "ray.tune.search.variant_generator:_get_preset_variants",
    "BridgeSearcher('ray:random') takes no points_to_evaluate",
    holds=lambda call: "random_state" in inspect.signature(call).parameters,
)


def preset_variants(
    spec: Mapping[str, Any], point: Mapping[str, Any], rng: object
) -> Iterator[tuple[dict[Any, Any], dict[str, Any]]]:
    """Return the configs that begin with a point, what it leaves open drawn.

    Raises:
        HpbridgeError: If this Ray makes them elsewhere.
    """
    variants: Iterator[tuple[dict[Any, Any], dict[str, Any]]]
    variants = _PRESET_VARIANTS.get()(spec, point, random_state=rng)
    return variants


def _can_follow_uv() -> bool:
    import ray

    return hasattr(ray._private.worker, "_maybe_modify_runtime_env")


_FOLLOWS_UV = RAY.private(
    "ray._private.ray_constants:RAY_ENABLE_UV_RUN_RUNTIME_ENV",
    "under `uv run`, each of its workers builds the environment anew",
    is_needed=_can_follow_uv,
)


def same_environment() -> contextlib.AbstractContextManager[None]:
    """Let the workers of a Ray that starts meanwhile run in this environment.

    Under ``uv run``, Ray would copy the current folder and build the environment anew
    for each of them, which takes a minute and is for clusters of several machines.

    Source:
        ray 2.60.0, `ray._private.worker._maybe_modify_runtime_env`; older ones do not.
    """
    if _FOLLOWS_UV.is_there:
        return _FOLLOWS_UV.replaced(False)
    return contextlib.nullcontext()


def _decides_printing(_: object) -> bool:
    import ray

    return "_worker_logs_enabled" in _names_in(ray._private.worker.print_worker_logs)


_PRINTS = RAY.private(
    "ray._private.worker:_worker_logs_enabled",
    "Ray prints a line for each worker process that dies",
    holds=_decides_printing,
)


def muted() -> contextlib.AbstractContextManager[None]:
    """Keep back what Ray prints on stdout when a worker process dies.

    ``log_to_driver=False`` does not cover it.

    Source:
        ray 2.60.0, `ray._private.worker.listen_error_messages`.
    """
    return _PRINTS.replaced(False) if _PRINTS.is_there else contextlib.nullcontext()


def _keeps_analysis(result_grid: Any) -> bool:
    from ray.tune import ExperimentAnalysis

    kept = _names_in(result_grid.__init__), _names_in(ExperimentAnalysis.__init__)
    return "_experiment_analysis" in kept[0] and "default_mode" in kept[1]


RAY.private(
    "ray.tune.result_grid:ResultGrid",
    "importing one takes its metric for minimized unless the direction is given",
    holds=_keeps_analysis,
)


def mode_of(result_grid: object) -> str | None:
    """Return ``min`` or ``max``, as the Tuner was told; None where nobody knows."""
    analysis = getattr(result_grid, "_experiment_analysis", None)
    return getattr(analysis, "default_mode", None)


RAY.private(
    "ray.tune.search.bohb.bohb_search:TuneBOHB.to_wrapper",
    "'ray:bohb' cannot be told of trials that ran elsewhere",
    holds=lambda wrap: "trial_to_params" in _names_in(wrap),
)


def adopt(searcher: Any, key: str, config: Mapping[str, Any]) -> None:
    """Let `TuneBOHB` take a trial for one that it has suggested itself."""
    searcher.trial_to_params[key] = config


RAY.private(
    "ray.tune.experiment.trial:_TemporaryTrialState",
    "the driver 'tune' cannot end trials that run when it is interrupted",
    holds=lambda state: hasattr(state(), "ray_actor"),
)


def actor_of(trial: Any) -> object | None:
    """Return the actor on which Tune runs a trial."""
    actor: object | None = trial.temporary_state.ray_actor
    return actor


def actor_id_of(trial: Any) -> str | None:
    """Return the id of the actor on which Tune runs a trial."""
    found = getattr(actor_of(trial), "_actor_id", None)
    return None if found is None else str(found.hex())


_NODE = RAY.private(
    "ray._private.node:Node.kill_all_processes",
    "a Ray whose start fails leaves its processes until this one exits",
    holds=lambda call: (
        {"check_alive", "wait"} <= set(inspect.signature(call).parameters)
    ),
)


def end_half_started(error: BaseException) -> str | None:
    """End the processes of a local Ray whose start failed with this error.

    Ray hands its node to nobody before it has started.

    Returns:
        The folder that it made.

    Source:
        ray 2.60.0, `ray.init`.
    """
    if not _NODE.is_there:
        return None
    from ray._private.node import Node

    for frame in _frames_of(error):
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and node.head:
            with contextlib.suppress(AttributeError):  # it had not come so far
                node.kill_all_processes(check_alive=False, wait=True)
            return getattr(node, "_session_dir", None)
    return None


def _frames_of(error: BaseException) -> Iterator[FrameType]:
    found: BaseException | None = error
    while found is not None:
        for frame, _ in traceback.walk_tb(found.__traceback__):
            yield frame
        found = found.__cause__ or found.__context__


@functools.cache
def draws_multiples_alike() -> bool:
    """Say whether this Ray draws each multiple of q of an integer domain as often.

    Older ones draw an integer and round it, so that the ends come up less often: of
    0 and 2, only 0.
    """
    from ray import tune

    last = 2
    return last in tune.qrandint(0, last, last).sample(size=64, random_state=0)


def _is_driven(scheduler: Any) -> bool:
    used = _names_in(scheduler._checkpoint_or_exploit), _names_in(scheduler._exploit)
    return "_schedule_trial_save" in used[0] and "_latest_checkpoint_result" in used[1]


_POPULATION = RAY.private(
    "ray.tune.schedulers:PopulationBasedTraining",
    "'ray:pbt' and 'ray:pb2' cannot drive Ray's schedulers",
    holds=_is_driven,
)
_SCORES = RAY.private(
    "ray.tune.schedulers:PopulationBasedTraining._save_trial_state",
    "'ray:pb2' would model infinities",
)


def check_population() -> None:
    """Check that Ray's schedulers of populations can be driven without a Tuner.

    Raises:
        HpbridgeError: If this Ray writes them otherwise.
    """
    _POPULATION.get()
    _SCORES.get()


def _asha() -> Any:
    from ray.tune.schedulers import AsyncHyperBandScheduler

    return AsyncHyperBandScheduler()


def _of_asha(name: str) -> Any:
    return RAY.private(
        f"ray.tune.schedulers:AsyncHyperBandScheduler._{name}",
        "an AsyncHyperBandScheduler of Ray's is not taken",
        example=_asha,
    )


_ASHA = {
    name: _of_asha(name)
    for name in (
        "max_t",
        "reduction_factor",
        "metric",
        "mode",
        "time_attr",
        "stop_last_trials",
    )
}
_BRACKETS = _of_asha("brackets")
_RUNGS = RAY.private(
    "ray.tune.schedulers.async_hyperband:_Bracket._rungs",
    "an AsyncHyperBandScheduler of Ray's is not taken",
    example=lambda: _BRACKETS.of(_asha())[0],
)


def asha_of(scheduler: object) -> dict[str, Any]:
    """Return the arguments that an AsyncHyperBandScheduler was made with, by name.

    Raises:
        HpbridgeError: If this Ray keeps them elsewhere.

    Source:
        ray 2.60.0: the first rung of the first bracket, its last one, is at
        `grace_period`.
    """
    brackets = _BRACKETS.of(scheduler)
    found = {name: private.of(scheduler) for name, private in _ASHA.items()}
    found["grace_period"] = round(_RUNGS.of(brackets[0])[-1][0])
    return {**found, "brackets": len(brackets)}


def _median() -> Any:
    from ray.tune.schedulers import MedianStoppingRule

    return MedianStoppingRule()


def _of_median(name: str) -> Any:
    return RAY.private(
        f"ray.tune.schedulers:MedianStoppingRule._{name}",
        "a study under the scheduler 'median_stopping' cannot be resumed",
        example=_median,
    )


_HARD_STOP, _SLICE = _of_median("hard_stop"), _of_median("min_time_slice")


def median_pauses(scheduler: object) -> bool:
    """Say whether a MedianStoppingRule may pause trials.

    Raises:
        HpbridgeError: If this Ray keeps it elsewhere.
    """
    return not _HARD_STOP.of(scheduler) or bool(_SLICE.of(scheduler))
