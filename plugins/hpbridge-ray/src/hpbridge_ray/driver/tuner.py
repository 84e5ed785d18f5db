"""The driver ``tune``: a `tune.Tuner` runs the trials on a Ray actor.

Its search algorithm is the session, so that any optimizer runs under it. One actor runs
one trial after the other, since it takes seconds to start.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

from hpbridge.plugin import (
    DriverError,
    GlobalRandom,
    Interrupts,
    driver_options,
)
from hpbridge_ray._upstream import actor_of
from hpbridge_ray.driver.actor import pack
from hpbridge_ray.driver.address import given
from hpbridge_ray.driver.cluster import (
    ensure_ray,
    leave_ray,
    muted,
    quiet,
    restored_sigusr1,
)
from hpbridge_ray.driver.desk import DeskActor
from hpbridge_ray.driver.one_step import METRIC, Objective
from hpbridge_ray.driver.schedulers import pauses, scheduler_of, show
from hpbridge_ray.driver.search import SessionSearch, mode_of
from hpbridge_ray.driver.stepped import ITERATION, SteppedObjective
from hpbridge_ray.driver.watch import Watch
from hpbridge_ray.driver.wishes import bundle_of, check_nodes, local_cpus
from hpbridge_ray.options import TuneOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.plugin import Policy, Session, Settings

NAME = "PackedObjective"

ENVIRONMENT = {
    # The output of Tune that obeys ``verbose=0``.
    "RAY_AIR_NEW_OUTPUT": "0",
    # A trial sees the files that it would see without Ray.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # The store has the results; the loggers would import TensorBoard's, and torch.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Ctrl-C is ours.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}


class _Gone(BaseException):
    """Ray is gone: past all that Tune catches, since it would use it to end."""


class _Watch(tune.Callback):  # type: ignore[misc]
    """Sees when a trial begins, long after it was proposed, and ends it on a signal.

    Sees also when Ray is gone.

    Source:
        ray 2.60.0, `TuneController._cleanup_stopping_actors`: it would wait ten seconds
        for each running trial.
    """

    def __init__(self, search: SessionSearch) -> None:
        self._search = search

    def on_trial_start(self, *_: Any, trial: Any, **__: Any) -> None:
        self._search.note_start(trial)

    def on_step_begin(self, *_: Any, trials: list[Any], **__: Any) -> None:
        if self._search.watch.why() is not None:
            raise _Gone
        self._search.logs.look()
        if not self._search.is_interrupted:
            return
        for actor in map(actor_of, trials):
            if actor is not None:
                ray.kill(actor)
        self._search.may_end = True


class _Interruption(tune.Stopper):  # type: ignore[misc]
    """Ends Tune's loop when a signal ends the study, and its actors are gone."""

    def __init__(self, search: SessionSearch) -> None:
        self._search = search

    def __call__(self, *_: Any) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._search.may_end


def prepared(settings: Settings) -> tuple[TuneOptions, Any]:
    """Join or start a Ray; return the options of the driver, and its scheduler.

    Raises:
        DriverError: If there is no Ray, no node that is large enough, or the scheduler
            cannot be made.
    """
    options = driver_options(TuneOptions, settings)
    n_cpus = local_cpus(options, settings.workers, os.cpu_count() or 1)
    if options.scheduler is not None and settings.pruner is not None:
        headline = "A study has a pruner or a scheduler of Ray's, not both"
        problems = [
            f"pruner {settings.pruner['name']!r}, scheduler {options.scheduler!r}"
        ]
        raise DriverError(headline, problems, "leave one of them out")
    scheduler = scheduler_of(options.scheduler, options.scheduler_options)
    ensure_ray(n_cpus, given(options.address))
    check_nodes(options)
    return options, scheduler


def _inform(scheduler: Any, session: Session) -> None:
    """Tell a scheduler what it compares, and what was reported before.

    Raises:
        DriverError: If the study goes on, and the scheduler cannot.
    """
    if scheduler is None:
        return
    scheduler.set_search_properties(METRIC, mode_of(session))
    if session.finished and pauses(scheduler):
        headline = f"A study under Ray's {type(scheduler).__name__} cannot go on"
        problem = "it keeps trials that are paused, and they are gone with its process"
        hint = "schedulers 'asha' and 'median_stopping' go on; a pruner always does"
        raise DriverError(headline, [problem], hint)
    show(scheduler, session.finished, {"metric": METRIC, "step": ITERATION})


def run_in_tuner(
    session: Session, settings: Settings, policy: Policy | None = None
) -> None:
    """Run a session to its end in a `tune.Tuner`.

    Args:
        session: That proposes.
        settings: Of the study.
        policy: Its pruner, which a desk on Ray asks.

    Raises:
        ExecutorError: If Ray is gone.
        KeyboardInterrupt: If the user interrupted it. Every finished trial is on disk.
    """
    options, scheduler = prepared(settings)
    with (
        Interrupts(session),
        Watch().running() as watch,
        tempfile.TemporaryDirectory(
            prefix="hpbridge-ray-", ignore_cleanup_errors=True
        ) as directory,
        quiet(**ENVIRONMENT),
        restored_sigusr1(),
        GlobalRandom(),  # Ray and Tune draw from them
        muted(),
        _desk_of(session, policy) as desk,
    ):
        _inform(scheduler, session)
        search = SessionSearch(session, settings, watch, directory, desk)
        search.gates = scheduler is not None and pauses(scheduler)
        of_class = {
            "packed": pack(session.experiment, directory),
            "desk": None if desk is None else (desk.handle, session.writer.name),
        }
        try:
            _tuner(search, settings, of_class, directory, options, scheduler).fit()
        except _Gone:
            watch.check(leave_ray)
        except Exception:  # raised again
            watch.check(leave_ray)
            raise
    search.saved.close(is_finished=search.error is None)
    if search.error is not None:
        raise search.error


@contextlib.contextmanager
def _desk_of(session: Session, policy: Policy | None) -> Iterator[DeskActor | None]:
    """Give a desk that answers reports by a policy; None where there is none."""
    if policy is None:
        yield None
        return
    desk = DeskActor()
    try:
        desk.decide_by(session.writer.name, policy)
        yield desk
    finally:
        with contextlib.suppress(Exception):  # Ray may be gone
            desk.close()


def _tuner(
    search: SessionSearch,
    settings: Settings,
    of_class: dict[str, Any],
    directory: str,
    options: TuneOptions,
    scheduler: Any,
) -> tune.Tuner:
    base = Objective if scheduler is None else SteppedObjective
    bundle = bundle_of(options.resources) or {"CPU": 0}
    trainable = tune.with_resources(
        type(NAME, (base,), of_class), tune.PlacementGroupFactory([bundle])
    )
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            # A scheduler has been told, and takes it only once.
            metric=METRIC if scheduler is None else None,
            mode="min" if scheduler is None else None,
            search_alg=search,
            scheduler=scheduler,
            num_samples=-1,
            max_concurrent_trials=None if search.gates else settings.workers,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="study",
            storage_path=directory,
            verbose=0,
            stop=_Interruption(search),
            callbacks=[_Watch(search)],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )
