"""`hpbridge evaluate`: tune a model, and say what that bought."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import (
    BackendOption,
    ConfirmOption,
    ConfirmRepeatsOption,
    DefaultOption,
    ExperimentArg,
    FromOption,
    JsonOption,
    MemoryTrialOption,
    NameOption,
    OnErrorOption,
    OverwriteOption,
    PrunerOption,
    PrunerSettingOption,
    ResumeOption,
    RetriesOption,
    SeedOption,
    SettingOption,
    SilenceOption,
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
from hpbridge.cli.driver_arguments import (
    AddressOption,
    DriverOption,
    DriverSettingOption,
    GpusOption,
    ListenOption,
    ResourcesOption,
)

if TYPE_CHECKING:
    from hpbridge.cli.running import Ran
    from hpbridge.evaluation.report import EvaluationReport
    from hpbridge.experiment import Experiment


def evaluate(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: ExperimentArg,
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
    confirm: ConfirmOption = None,
    confirm_repeats: ConfirmRepeatsOption = None,
    nested: Annotated[
        int | None,
        typer.Option(
            "--nested",
            metavar="N",
            help="Then search again inside each of N outer folds, and score on the "
            "rest: nested cross-validation.",
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            "--threshold",
            metavar="METRIC",
            help="Of two classes: choose the threshold that is best for it, or that "
            "keeps 'recall >= 0.95', out of fold.",
        ),
    ] = None,
    resume: ResumeOption = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write the page, report.html."),
    ] = None,
    save_model: Annotated[
        Path | None,
        typer.Option(
            "--save-model",
            metavar="FILE",
            help="Save the best model, fitted on all but the test: .skops or .joblib.",
        ),
    ] = None,
    silence: SilenceOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> int:
    """Tune an Evaluation found in FILE, open its test once, and say what it bought.

    Exit code 1 where no trial is complete: the test stays sealed then.
    """
    words = dict(locals())
    from hpbridge.analysis.checks.run import check_silence
    from hpbridge.cli.arguments import check_company
    from hpbridge.cli.judging import judge
    from hpbridge.cli.running import ran

    of_source = {"default": default, "without": without, "trust_size": trust_size}
    check_company("--from", history, **of_source)
    check_silence(silence or ())
    _check_targets(report, save_model, overwrite=overwrite)
    done = ran(words, lambda found: _check_evaluation(found, nested, threshold))
    judge(done, words)
    return _tell(done, words)


def _check_targets(page: Path | None, model: Path | None, *, overwrite: bool) -> None:
    """Refuse what cannot be written, before the first trial."""
    from hpbridge.report.rendering import check_target

    if page is not None:
        check_target(page, overwrite=overwrite)
    if model is not None:
        from hpbridge.evaluation.saved import check_model_target

        check_model_target(model, overwrite=overwrite)


def _check_evaluation(
    experiment: Experiment, nested: int | None, threshold: str | None
) -> None:
    """Refuse an experiment that is no evaluation, or what cannot be asked of it."""
    from hpbridge.cli.judging import check_judging
    from hpbridge.errors import ExperimentError
    from hpbridge.evaluation.evaluation import Evaluation

    if isinstance(experiment, Evaluation):
        check_judging(experiment, nested, threshold)
        return
    problem = (
        f"it is an {type(experiment).__name__} and no hpbridge.Evaluation: "
        "`hpbridge run` runs it"
    )
    raise ExperimentError.invalid(experiment.name, [problem])


def _tell(done: Ran, words: dict[str, Any]) -> int:
    """Print what the study came to, with its report, and write what was asked for."""
    from hpbridge.cli.codes import FOUND, OK
    from hpbridge.cli.interrupted import COMMAND
    from hpbridge.cli.output import (
        margin,
        outcome_json,
        print_json,
        print_outcome,
        screen,
    )
    from hpbridge.errors import masked
    from hpbridge.evaluation.report import report_of

    study = done.study
    outcome: dict[str, Any] = {
        "assumption": done.assumption,
        "confirmation": done.confirmation,
    }
    if study.best_by_main_metric() is None:
        return print_outcome(study, as_json=words["json"], **outcome) or FOUND
    command = shlex.join(masked(word) for word in ["hpbridge", *COMMAND])
    evaluation: Any = done.experiment
    report = report_of(evaluation, study, None, words["silence"] or (), command)
    written = _written(report, words)
    if words["json"]:
        found = outcome_json(study, done.confirmation)
        print_json({**found, "report": report.to_json(), "written": written})
        return OK
    code = print_outcome(study, as_json=False, **outcome)
    screen().print(f"\n{report}", markup=False)
    for path in written:
        margin().print(f"Wrote {path}.", markup=False)
    return code


def _written(report: EvaluationReport, words: dict[str, Any]) -> list[str]:
    """Write the page and the model; return where."""
    overwrite, found = words["overwrite"], []
    if words["save_model"] is not None:
        found.append(report.save_model(words["save_model"], overwrite=overwrite))
    if words["report"] is not None:
        report.to_html(words["report"], overwrite=overwrite)
        found.append(words["report"])
    return [str(path) for path in found]
