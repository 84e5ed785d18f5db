"""`hpbridge run`: one study."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import (
    ConfirmOption,
    ConfirmRepeatsOption,
    DefaultOption,
    DirectionOption,
    DriverOption,
    ExperimentArg,
    JsonOption,
    MemoryTrialOption,
    OnErrorOption,
    RetriesOption,
    SettingOption,
    SpaceOption,
    StoreOption,
    StorePatienceOption,
    TargetOption,
    TimeoutOption,
    TimeoutTrialOption,
    TrialsOption,
    TrialsPerWorkerOption,
    TrustSizeOption,
    WithoutOption,
    WorkersOption,
)


def run(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: ExperimentArg,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            "-b",
            help="BACKEND or BACKEND:ALGORITHM.",
            show_default="a script's own, or optuna",
        ),
    ] = None,
    trials: TrialsOption = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            "-s",
            help="Of the study.",
            show_default="a script's own, or drawn",
        ),
    ] = None,
    option: SettingOption = None,
    store: StoreOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the study.")] = None,
    driver: DriverOption = None,
    workers: WorkersOption = None,
    timeout: TimeoutOption = None,
    timeout_trial: TimeoutTrialOption = None,
    trials_per_worker: TrialsPerWorkerOption = None,
    memory_trial: MemoryTrialOption = None,
    target: TargetOption = None,
    retries: RetriesOption = None,
    on_error: OnErrorOption = None,
    store_patience: StorePatienceOption = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="STUDY|SOURCE",
            help="Go on from this study of the store, or from any tool's.",
        ),
    ] = None,
    default: DefaultOption = None,
    without: WithoutOption = None,
    trust_size: TrustSizeOption = False,
    space: SpaceOption = None,
    direction: DirectionOption = None,
    confirm: ConfirmOption = None,
    confirm_repeats: ConfirmRepeatsOption = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the last such study; what is not given is as it was.",
        ),
    ] = False,
    json: JsonOption = False,
) -> int:
    """Run an experiment with one optimizer.

    Every finished trial is on disk at once. Ctrl-C loses none; --resume goes on.
    """
    import hpbridge
    from hpbridge.cli.arguments import check_company, read_pairs, read_settings
    from hpbridge.cli.confirming import check_confirm, confirmed
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.output import print_outcome, say_first
    from hpbridge.cli.progress import Display
    from hpbridge.cli.resuming import Wanted, given_of
    from hpbridge.cli.scripts import Asked
    from hpbridge.engine.run import find_history

    of_source = {"default": default, "without": without, "trust_size": trust_size}
    check_company("--from", history, **of_source)
    asked = Asked(experiment, space, direction)
    n_trials = asked.trials(trials)
    check_confirm(confirm, confirm_repeats, n_trials)
    settings = read_settings(option)
    optimizer, options = asked.optimizer(backend, settings, "optuna")
    seed, timeout = asked.seed(seed), asked.timeout(timeout)
    target = asked.target(target)
    loaded = asked.experiment(is_quiet=json)
    past = None
    if history is not None:
        past = find_history(
            history,
            store,
            loaded,
            defaults=read_pairs("--default", default),
            without=without or (),
            trust_size=trust_size,
        )
        say_first(past)
    with say_how_to_go_on(), Display(is_quiet=json) as display:
        given = given_of(
            n_trials=n_trials,
            driver=driver,
            workers=workers,
            timeout=timeout,
            timeout_trial=timeout_trial,
            trials_per_worker=trials_per_worker,
            memory_trial=memory_trial,
            target=target,
            retries=retries,
            on_error=on_error,
            store_patience=store_patience,
            store=store,
            callbacks=[display.show],
        )
        wanted = Wanted(loaded, optimizer, options, seed, name, past)
        study = wanted.gone_on(given) if resume else None
        study = study or hpbridge.run(
            loaded,
            optimizer,
            seed=seed,
            options=options,
            name=name,
            history=past,
            **given,
        )
        again = confirmed(
            study,
            loaded,
            confirm,
            confirm_repeats,
            {**given, "callbacks": [display.show]},
            resume=resume,
        )
    return print_outcome(
        study, as_json=json, assumption=asked.assumption, confirmation=again
    )
