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
    SilenceOption,
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
    silence: SilenceOption = None,
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
    words = dict(locals())
    from hpbridge.cli.arguments import check_company
    from hpbridge.cli.output import print_outcome
    from hpbridge.cli.running import ran

    of_source = {"default": default, "without": without, "trust_size": trust_size}
    check_company("--from", history, **of_source)
    done = ran(words)
    return print_outcome(
        done.study,
        as_json=json,
        assumption=done.assumption,
        confirmation=done.confirmation,
    )
