"""`hpbridge explain`: what will run, and what is emulated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import (
    BackendOption,
    DirectionOption,
    JsonOption,
    PrunerOption,
    PrunerSettingOption,
    SettingOption,
    SpaceOption,
    ThreadsPerWorkerOption,
    TrialsOption,
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.backend import Problem
    from hpbridge.contract.pruning import Pruning
    from hpbridge.experiment import Experiment
    from hpbridge.learning.choice import Choice


def explain(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: FileArg = None,
    backend: BackendOption = None,
    seed: Annotated[
        int | None, typer.Option("--seed", "-s", help="Of the study.", show_default="0")
    ] = None,
    option: SettingOption = None,
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
    pruner: PrunerOption = None,
    pruner_option: PrunerSettingOption = None,
    trials: TrialsOption = None,
    workers: WorkersOption = None,
    threads_per_worker: ThreadsPerWorkerOption = None,
    json: JsonOption = False,
) -> None:
    """Print the library's own code for an experiment, and every emulation.

    With a pruner, also what the optimizer learns of the trials that it ends, or of
    those at several budgets; with workers, how they share this machine's cores. With
    `auto`, what it chooses for so many trials and workers, and why.
    """
    from hpbridge.cli.arguments import checked_seed, read_settings
    from hpbridge.cli.commanding import asked_of
    from hpbridge.cli.output import print_json
    from hpbridge.errors import ExperimentError
    from hpbridge.learning.choice import choose, problems_of

    asked = asked_of(locals())
    optimizer, options = asked.optimizer(backend, read_settings(option), "optuna")
    given = asked.pruner(pruner, pruner_option)
    seed = checked_seed(asked.seed(seed) or 0)
    loaded = asked.experiment(is_quiet=json)
    if loaded.is_growing:
        raise ExperimentError.not_known_yet(loaded.name, experiment or "")
    planned = _planned(asked.trials(trials), workers, threads_per_worker, loaded.name)
    choice = choose(optimizer, loaded, options, **planned)
    pruning, budgets = None, ""
    if given is not None:
        pruning, budgets = _decided(given, loaded, choice, seed)
    names = [part.name for part in loaded.parts if part.space.searched]
    problems = [replace(each, pruning=pruning) for each in problems_of(loaded)]
    made = [_Explained.of(choice, each, seed, budgets) for each in problems]
    shares = _shares(choice, planned["workers"], threads_per_worker)
    if json:
        print_json(_as_json(choice, names, made) | shares)
        return
    _print_lines(choice.why)
    for name, each in zip(names or [""], made, strict=True):
        if name:
            _print_lines([f"For {name}, by an optimizer of its own:"])
        _print(each, choice.name)
    _print_lines(f"\n{sentence}" for sentence in shares.get("cores", ()))


def _as_json(
    choice: Choice, names: list[str], made: list[_Explained]
) -> dict[str, object]:
    plain = [each.to_json() for each in made]
    why = {"asked": choice.asked, "why": choice.why} if choice.asked else {}
    of_parts = {"parts": dict(zip(names, plain, strict=True))} if names else {}
    return {"optimizer": choice.name, **why, **plain[0], **of_parts}


def _planned(
    n_trials: int | None, workers: int | None, given: int | None, experiment: str
) -> dict[str, int]:
    """Return trials and workers as a run would have them.

    Raises:
        ExperimentError: If they are no numbers of them, or the threads are not.
    """
    from hpbridge.engine.arguments import SETTINGS
    from hpbridge.engine.run import DEFAULT_TRIALS
    from hpbridge.errors import ExperimentError
    from hpbridge.errors.arguments import wrong

    planned = {
        "n_trials": DEFAULT_TRIALS if n_trials is None else n_trials,
        "workers": 1 if workers is None else workers,
    }
    problems = wrong({**planned, "threads_per_worker": given}, SETTINGS)
    if problems:
        raise ExperimentError.invalid(experiment, problems)
    return planned


def _print_lines(sentences: Iterable[str]) -> None:
    from hpbridge.cli.output import screen

    for sentence in sentences:
        screen().print(sentence, markup=False, soft_wrap=True)


def _shares(choice: Choice, workers: int, given: int | None) -> dict[str, list[str]]:
    """Return how workers and optimizer share the cores; nothing where none is to."""
    from hpbridge.drivers.cores import in_words
    from hpbridge.learning.one_thread import computes_alone

    said = in_words(workers, given)
    if computes_alone(choice.algorithm, workers):
        said.append(
            f"{choice.name} computes with one BLAS thread beside them, and with the "
            "library's own number where workers is 1; that changes the last bits of "
            "what it proposes."
        )
    return {"cores": said} if said else {}


def _decided(
    given: Any, experiment: Experiment, choice: Choice, seed: int
) -> tuple[Pruning | None, str]:
    """Return what ends the trials of a study that is given no name, or a sentence.

    The sentence is what the optimizer learns where the pruner gives budgets: then it
    ends no trial.
    """
    from hpbridge.contract.pruning import Pruning
    from hpbridge.engine.plan import name_of_study
    from hpbridge.learning.staging import learning_of
    from hpbridge.pruners.choosing import NAME, OPTIONS, chosen_pruner, schedule_of

    chosen = chosen_pruner(given)
    if schedule_of(chosen, experiment.budget) is not None:
        n_parameters = len(experiment.space.searched)
        return None, learning_of(choice).sentence(choice.name, n_parameters)
    study = name_of_study(experiment, choice, seed)
    return Pruning(chosen[NAME], chosen[OPTIONS], study), ""


def _print(explained: _Explained, optimizer: str) -> None:
    from hpbridge.cli.output import screen, table

    out = screen()
    if explained.notes:
        columns = ["parameter", "encoding", "what it does"]
        out.print(table(f"Emulated for {optimizer}", columns, explained.notes))
    else:
        out.print(f"Everything is native to {optimizer}.", markup=False)
    if explained.pruned:
        text = f"What {optimizer} makes of pruned trials: "
        out.print(f"{text}{explained.pruned}.", markup=False)
    if explained.budgets:
        out.print(f"With budgets, {explained.budgets}.", markup=False)
    out.print()
    _print_source(explained.source)


@dataclass(frozen=True)
class _Explained:
    """What runs, and what is emulated.

    Attributes:
        notes: As of `hpbridge.encoding.encoded.Encoded.notes`.
        source: The library's own code.
        pruned: What it learns of trials that a pruner ends; empty without one.
        budgets: What it learns of trials at several budgets; empty where none are.
    """

    notes: list[tuple[str, str, str]]
    source: str
    pruned: str
    budgets: str

    @classmethod
    def of(
        cls, choice: Choice, problem: Problem, seed: int, budgets: str
    ) -> _Explained:
        from hpbridge.contract.capabilities import Feature
        from hpbridge.encoding.encode import encode

        told = choice.told(problem)
        inner = problem if told is None else told.problem
        encoded = encode(inner, choice.algorithm, choice.options, choice.name)
        beside = [] if told is None else told.emulations()
        source = ""
        if choice.spec.explain is not None:
            source = choice.spec.explain(inner, choice.algorithm, choice.options, seed)
            lines = [f"# {what}: {text} ({name})" for what, name, text in beside]
            if lines:
                lines.append("# hpbridge makes that value; here, objective returns it.")
            source = "\n".join([*lines, source])
        pruned = ""
        if inner.pruning is not None:
            pruned = choice.algorithm.capabilities[Feature.PRUNED_TRIALS].note
            if source:
                source = _say_of_pruned(inner.pruning, choice, pruned) + source
        if budgets and source:
            source = f"{_say_of_budgets(budgets)}{source}"
        return cls([*encoded.notes(), *beside], source, pruned, budgets)

    def to_json(self) -> dict[str, object]:
        """Return it as JSON data."""
        names = ("parameter", "encoding", "note")
        notes = [dict(zip(names, note, strict=True)) for note in self.notes]
        said = {"pruned": self.pruned, "budgets": self.budgets}
        said = {name: text for name, text in said.items() if text}
        return {"encodings": notes, **said, "source": self.source}


def _say_of_pruned(pruning: Pruning, choice: Choice, learns: str) -> str:
    """Return the comments of a script on what ends trials early."""
    text = f"# what {choice.name} makes of trials that {pruning.name} ends: {learns}\n"
    if pruning.name in choice.spec.pruners:
        return f"{text}# objective yields a value a step, the first one at step 1\n"
    return (
        f"{text}# hpbridge has that pruner, not {choice.spec.name}: here, every trial "
        "runs to its end\n"
    )


def _say_of_budgets(learns: str) -> str:
    """Return the comments of a script on trials at several budgets."""
    return (
        f"# with budgets, {learns}\n"
        "# hpbridge gives the budgets: here, every trial is one of the largest\n"
    )


def _print_source(source: str) -> None:
    from hpbridge.cli.output import screen
    from hpbridge.cli.streams import results

    out = screen()
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(source, "python", background_color="default"))
    else:
        results().write(source + "\n")
