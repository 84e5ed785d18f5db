"""`hpbridge run`: one study."""

from __future__ import annotations

from hpbridge.cli.arguments import (
    BackendOption,
    ConfirmOption,
    ConfirmRepeatsOption,
    DefaultOption,
    DirectionOption,
    FromOption,
    JsonOption,
    MemoryTrialOption,
    NameOption,
    OnErrorOption,
    PrunerOption,
    PrunerSettingOption,
    ResumeOption,
    RetriesOption,
    SeedOption,
    SettingOption,
    SilenceOption,
    SpaceOption,
    StoreOption,
    StorePatienceOption,
    TargetOption,
    ThreadsPerWorkerOption,
    TimeoutOption,
    TimeoutTrialOption,
    TrialsOption,
    TrialsPerWorkerOption,
    TrustSizeOption,
    WithoutOption,
    WorkersOption,
)
from hpbridge.cli.commanding import (
    BudgetOption,
    CommandOption,
    CwdOption,
    FileArg,
    GraceOption,
    MetricOption,
    OkOption,
    ParamsOption,
    PrunedOption,
    ReportsOption,
)
from hpbridge.cli.driver_arguments import (
    AddressOption,
    DriverOption,
    DriverSettingOption,
    GpusOption,
    ListenOption,
    ResourcesOption,
)


def run(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: FileArg = None,
    backend: BackendOption = None,
    trials: TrialsOption = None,
    seed: SeedOption = None,
    option: SettingOption = None,
    store: StoreOption = None,
    name: NameOption = None,
    driver: DriverOption = None,
    driver_option: DriverSettingOption = None,
    address: AddressOption = None,
    listen: ListenOption = None,
    resources: ResourcesOption = None,
    gpus: GpusOption = None,
    workers: WorkersOption = None,
    timeout: TimeoutOption = None,
    timeout_trial: TimeoutTrialOption = None,
    trials_per_worker: TrialsPerWorkerOption = None,
    memory_trial: MemoryTrialOption = None,
    threads_per_worker: ThreadsPerWorkerOption = None,
    pruner: PrunerOption = None,
    pruner_option: PrunerSettingOption = None,
    target: TargetOption = None,
    retries: RetriesOption = None,
    on_error: OnErrorOption = None,
    store_patience: StorePatienceOption = None,
    history: FromOption = None,
    default: DefaultOption = None,
    without: WithoutOption = None,
    trust_size: TrustSizeOption = False,
    space: SpaceOption = None,
    direction: DirectionOption = None,
    command: CommandOption = None,
    metric: MetricOption = None,
    params: ParamsOption = None,
    reports: ReportsOption = None,
    budget: BudgetOption = None,
    ok: OkOption = None,
    pruned: PrunedOption = None,
    grace: GraceOption = None,
    cwd: CwdOption = None,
    confirm: ConfirmOption = None,
    confirm_repeats: ConfirmRepeatsOption = None,
    silence: SilenceOption = None,
    resume: ResumeOption = False,
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
