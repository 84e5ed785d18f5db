"""`hpbridge resume`: go on with a study that stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import (
    JsonOption,
    MemoryTrialOption,
    OnErrorOption,
    RetriesOption,
    SpaceOption,
    StoreOption,
    StorePatienceOption,
    StudyArg,
    TargetOption,
    ThreadsPerWorkerOption,
    TimeoutOption,
    TimeoutTrialOption,
    TrialsPerWorkerOption,
    WorkersOption,
    as_it_was,
)
from hpbridge.cli.driver_arguments import (
    AddressOption,
    DriverOption,
    DriverSettingOption,
    GpusOption,
    ListenOption,
    ResourcesOption,
)


def resume(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    study: StudyArg,
    trials: Annotated[
        int | None,
        typer.Option("--trials", "-n", help="A new budget in all; else the old one."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", help="FILE[:NAME], if it lies elsewhere by now."),
    ] = None,
    space: SpaceOption = None,
    store: StoreOption = None,
    driver: Annotated[str | None, as_it_was(DriverOption)] = None,
    driver_option: DriverSettingOption = None,
    address: AddressOption = None,
    listen: ListenOption = None,
    resources: ResourcesOption = None,
    gpus: GpusOption = None,
    workers: Annotated[int | None, as_it_was(WorkersOption)] = None,
    timeout: TimeoutOption = None,
    timeout_trial: TimeoutTrialOption = None,
    trials_per_worker: TrialsPerWorkerOption = None,
    memory_trial: MemoryTrialOption = None,
    threads_per_worker: ThreadsPerWorkerOption = None,
    target: TargetOption = None,
    retries: Annotated[int | None, as_it_was(RetriesOption)] = None,
    on_error: Annotated[str | None, as_it_was(OnErrorOption)] = None,
    store_patience: StorePatienceOption = None,
    json: JsonOption = False,
) -> int:
    """Go on with a study: bit for bit where its algorithm is deterministic.

    What is not given is as it was.
    """
    words = dict(locals())
    from hpbridge.cli.arguments import check_company
    from hpbridge.cli.driver_arguments import read_driver
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.output import print_outcome
    from hpbridge.cli.progress import Display
    from hpbridge.cli.resuming import given_of, resume_study
    from hpbridge.cli.scripts import see_own_name
    from hpbridge.contract.references import Wanted, find_experiment
    from hpbridge.store import open_store

    check_company("--experiment", experiment, space=space)
    record = open_store(store).study(study)
    see_own_name(experiment or record.reference)
    loaded = None
    if experiment is not None:
        wanted = Wanted(experiment, space, recorded=record.metrics)
        loaded = find_experiment(wanted).experiment
    with say_how_to_go_on(), Display(is_quiet=json) as display:
        given = given_of(
            n_trials=trials,
            driver=read_driver(words, record.settings.driver),
            workers=workers,
            timeout=timeout,
            timeout_trial=timeout_trial,
            trials_per_worker=trials_per_worker,
            memory_trial=memory_trial,
            threads_per_worker=threads_per_worker,
            target=target,
            retries=retries,
            on_error=on_error,
            store_patience=store_patience,
            store=store,
            callbacks=[display.show],
        )
        finished = resume_study(record, loaded, **given)
    return print_outcome(finished, as_json=json)
