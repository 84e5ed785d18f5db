"""What the page says of one study, as plain data for the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.failures import kind_of, line_of
from hpbridge.analysis.lineage import line_of as line_of_lineage
from hpbridge.analysis.lineage import lineage_of
from hpbridge.analysis.members import members_of
from hpbridge.analysis.summary import (
    best_value,
    objective_seconds,
    optimizer_seconds,
    why_stopped,
)
from hpbridge.commands.kept import text_of_command
from hpbridge.contract.resources import in_words
from hpbridge.errors import count
from hpbridge.report import texts
from hpbridge.report.curves import curves_figure
from hpbridge.report.figures import (
    drawable,
    pairs_of,
    parameter_figure,
    pareto_figure,
)
from hpbridge.report.lineage_figure import lineage_figure
from hpbridge.space.categorical import Categorical
from hpbridge.space.parameters import Constant, Int
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpbridge.analysis.members import MemberPart
    from hpbridge.analysis.spent import Spent
    from hpbridge.space.parameters import Parameter
    from hpbridge.store.settings import Settings
    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial

MOST_ERRORS = 10
"""Different errors that are listed for a study."""

MOST_OF_FRONT = 20
"""Trials of a Pareto front that are listed."""

_NAMED_TRIALS = 5
_LONGEST_TEXT = 300


def study_section(study: Study, most_points: int) -> dict[str, Any]:
    """Return everything that the template shows of a study.

    Args:
        study: Any, finished or not.
        most_points: Trials that a plot of it shows at most.
    """
    best = study.best_by_main_metric()
    front = study.best_trials if len(study.metrics) > 1 else []
    marked = front or ([] if best is None else [best])
    trials = sample(study.trials, most_points)
    figures = [
        _parameter_plot(study, (name, metric), trials, marked)
        for metric in study.metrics
        for name in study.space.searched
    ]
    return {
        "name": study.name,
        "headline": _headline(study, best),
        "facts": _facts(study),
        "best": None if best is None else best_of(study, best),
        "front": [best_of(study, trial) for trial in front[:MOST_OF_FRONT]],
        "n_front": len(front),
        "front_plots": _front_plots(study, trials, front),
        "lineage": _lineage_plot(study, trials),
        "notes": list(study.notes),
        "curves": _curves_plot(study),
        "errors": errors_of(study),
        "plots": [figure for figure in figures if figure is not None],
        "left_out": _left_out(study, trials),
    }


def _headline(study: Study, best: FinishedTrial | None) -> str:
    trials = count(len(study.trials), "trial")
    if best is None:
        return f"no feasible trial among {trials}"
    if len(study.metrics) > 1:
        best_values = ((m, best_value(study, m)) for m in study.metrics)
        listed = ", ".join(f"{m} {texts.number(v)}" for m, v in best_values)
        return f"best {listed} in {trials}"
    value = texts.number(best.metrics[study.main_metric])
    return f"best {study.main_metric} {value} in {trials}"


def _facts(study: Study) -> list[tuple[str, str]]:
    states = [t.state for t in study.trials]
    parts = [f"{states.count(state):,} {state.value}" for state in State]
    beyond = sum(
        t.state is State.COMPLETE and not study.is_feasible(t) for t in study.trials
    )
    if study.bounds:
        parts.append(f"{beyond:,} of the complete ones beyond a constraint")
    options = ", ".join(f"{k}={v!r}" for k, v in study.options.items())
    members = members_of(study)
    stopped = [] if study.stopped is None else [("Stopped early", study.stopped.line)]
    return [
        ("Optimizer", study.optimizer),
        ("Seed", str(study.seed)),
        ("Options", options or "none"),
        *stopped,
        *([] if study.spent is None else [("Budgets", _budgets_of(study.spent))]),
        *([] if not members else [("Members", "; ".join(map(_line_of, members)))]),
        ("Ended", why_stopped(study) or "when its budget was used up"),
        ("Trials", ", ".join(parts)),
        ("In the objective", texts.duration(objective_seconds(study))),
        ("In the optimizer", texts.duration(optimizer_seconds(study))),
        ("Started", texts.moment(study.created_at)),
    ]


def _line_of(member: MemberPart) -> str:
    best = "" if member.best is None else f", best {texts.number(member.best)}"
    asked = texts.duration(member.ask_seconds)
    return f"{member.name}: {count(member.n_trials, 'trial')}{best}, asked for {asked}"


def _budgets_of(spent: Spent) -> str:
    values = (
        f"{each.budget:g} {spent.name}: {each.n_trials:,} trials"
        + ("" if each.best is None else f", best {texts.number(each.best)}")
        for each in spent.at
    )
    return f"{spent.sentence} ({'; '.join(values)})"


def best_of(study: Study, trial: FinishedTrial) -> dict[str, Any]:
    """Return a trial's number, metrics and parameters, for a table."""
    names = [n for n in study.space.searched if n in trial.params]
    return {
        "study": study.name,
        "number": trial.number,
        "metrics": [(m, texts.number(v)) for m, v in trial.metrics.items()],
        "params": [(n, texts.label(trial.params[n])) for n in names],
    }


def errors_of(study: Study) -> dict[str, Any]:
    """Return the different errors, the most frequent ones first."""
    found: dict[tuple[str, str], list[FinishedTrial]] = {}
    for trial in study.trials:
        if trial.state is State.COMPLETE or (
            trial.state is State.PRUNED and not trial.error
        ):
            continue
        key = trial.state.value, kind_of(trial.error)
        found.setdefault(key, []).append(trial)
    ranked = sorted(found.items(), key=lambda item: -len(item[1]))
    rows = [
        {
            "state": state,
            "error": line_of(those[0].error),
            "count": len(those),
            "trials": _listed([trial.number for trial in those]),
        }
        for (state, _), those in ranked[:MOST_ERRORS]
    ]
    return {"rows": rows, "n_more": max(0, len(ranked) - MOST_ERRORS)}


def _listed(numbers: Sequence[int]) -> str:
    text = ", ".join(map(str, numbers[:_NAMED_TRIALS]))
    more = len(numbers) - _NAMED_TRIALS
    return f"{text} and {more:,} more" if more > 0 else text


def sample(trials: Sequence[FinishedTrial], most: int) -> list[FinishedTrial]:
    """Return at most so many trials, evenly over the order of asking."""
    if len(trials) <= most:
        return list(trials)
    return [trials[k * len(trials) // most] for k in range(most)]


def _parameter_plot(
    study: Study,
    names: tuple[str, str],
    trials: Sequence[FinishedTrial],
    best: Sequence[FinishedTrial],
) -> dict[str, Any] | None:
    figure = parameter_figure(study, names, trials, best)
    if figure is None:
        return None
    name, metric = names
    described = f"{metric} by {name}"
    at = f" The best trial has {_best_value(best[0], name)}." if len(best) == 1 else ""
    n_points = sum(len(trace["x"]) for trace in figure["data"])
    return {
        "title": described,
        "description": f"Scatter plot of {described}: {n_points} points.{at}",
        "figure": figure,
    }


def _curves_plot(study: Study) -> dict[str, Any] | None:
    # Scores of folds have a plot of their own.
    is_of_folds = "evaluation" in study.attributes and study.stopped is None
    figure = None if is_of_folds else curves_figure(study)
    if figure is None:
        return None
    metric = study.main_metric
    stopped = "" if study.stopped is None else f" {study.stopped.line}."
    return {
        "title": f"What trials reported: {metric} by step",
        "description": f"Lines of {metric} by step, one a trial.{stopped}",
        "figure": figure,
        "note": stopped.strip(),
    }


def _best_value(best: FinishedTrial, name: str) -> str:
    if name not in best.params:
        return f"no {name}"
    return f"{name} = {texts.label(best.params[name])}"


def _front_plots(
    study: Study, trials: Sequence[FinishedTrial], front: Sequence[FinishedTrial]
) -> list[dict[str, Any]]:
    plots = []
    for pair in pairs_of(study.metrics):
        figure = pareto_figure(study, pair, trials, front)
        if figure is not None:
            plots.append(_front_plot(pair, figure))
    return plots


def _front_plot(pair: tuple[str, str], figure: dict[str, Any]) -> dict[str, Any]:
    described = f"{pair[1]} by {pair[0]}, with the Pareto front"
    return {
        "title": described,
        "description": f"Scatter plot of {described}; the table holds the front.",
        "figure": figure,
    }


def _lineage_plot(
    study: Study, trials: Sequence[FinishedTrial]
) -> dict[str, Any] | None:
    figure = lineage_figure(study, trials)
    if figure is None:
        return None
    title = f"{study.main_metric} by budget, and what each trial went on from"
    best = study.best_by_main_metric()
    came = "" if best is None else line_of_lineage(lineage_of(study, best.number))
    told = f"; the best came of trials {came}" if came else ""
    return {"title": title, "description": f"{title}{told}.", "figure": figure}


def _left_out(study: Study, shown: Sequence[FinishedTrial]) -> str:
    """Return which trials the plots do not show; an empty text when they show all."""
    total = len(study.trials)
    parts = []
    if len(shown) < total:
        parts.append(
            f"The plots show {len(shown):,} of {total:,} trials, evenly chosen, "
            "and the best."
        )
    for metric in study.metrics:
        lost = total - len(drawable(study.trials, [metric]))
        if lost:
            trials = count(lost, "trial has", "trials have")
            parts.append(f"{trials} no finite {metric} and no place in a plot.")
    return " ".join(parts)


def space_rows(study: Study) -> list[dict[str, str]]:
    """Return a row a parameter of the space."""
    return [
        {
            "name": name,
            "kind": type(parameter).__name__.lower(),
            "range": _range_of(parameter),
            "when": ", ".join(
                f"{parent} is {' or '.join(map(texts.label, values))}"
                for parent, values in parameter.when
            ),
        }
        for name, parameter in study.space.items()
    ]


def _range_of(parameter: Parameter) -> str:
    if isinstance(parameter, Categorical):
        listed = ", ".join(map(texts.label, parameter.labels))
        return f"{listed} (ordered)" if parameter.ordered else listed
    if isinstance(parameter, Constant):
        return texts.label(parameter.value)[:_LONGEST_TEXT]
    low, high = getattr(parameter, "low", None), getattr(parameter, "high", None)
    extras = [f"{low!r} to {high!r}"]
    if getattr(parameter, "log", False):
        extras.append("log scale")
    step, prior = getattr(parameter, "step", None), getattr(parameter, "prior", None)
    if step is not None and not (isinstance(parameter, Int) and step == 1):
        extras.append(f"in steps of {step!r}")
    if prior is not None:
        extras.append(f"prior {prior!r}")
    return ", ".join(extras)


def setup_facts(studies: Iterable[Study]) -> list[tuple[str, list[str]]]:
    """Return what studies of one experiment have in common, and where they differ.

    Every fact is a name and its different values.
    """
    found: dict[str, dict[str, None]] = {}
    for study in studies:
        for name, value in _setup_of(study).items():
            if value:
                found.setdefault(name, {})[value] = None
    return [(name, list(values)) for name, values in found.items()]


def _setup_of(study: Study) -> dict[str, str]:
    settings = study.settings
    metrics = [f"{metric} ({way})" for metric, way in study.metrics.items()]
    bounds = [f"{b.metric} {b.relation} {b.bound:g}" for b in study.bounds]
    n_shared = len(settings.shared)
    return {
        "Experiment": study.experiment,
        "Imported from": study.reference,
        "Command": text_of_command(study.attributes),
        "Metrics": ", ".join(metrics),
        "Constraints": ", ".join(bounds),
        "Budget": _budget(settings.budget),
        "Shared start": count(n_shared, "point") if n_shared else "",
        "Driver": f"{settings.driver or 'local'}, "
        + count(settings.budget.workers, "worker"),
        "Seeds": str(study.seed),
        "Machine": texts.machine(study.machine),
    }


def _budget(budget: Settings) -> str:
    parts = [count(budget.n_trials, "trial")]
    limits = {
        "at most {:g} seconds": budget.timeout,
        "until {:g} is reached": budget.target,
        "at most {:g} seconds a trial": budget.timeout_trial,
    }
    parts += [text.format(limit) for text, limit in limits.items() if limit is not None]
    if budget.memory_trial is not None:
        parts.append(f"at most {in_words(budget.memory_trial)} of memory a trial")
    if budget.trials_per_worker is not None:
        parts.append(f"{count(budget.trials_per_worker, 'trial')} a worker")
    if budget.threads_per_worker is not None:
        parts.append(f"{count(budget.threads_per_worker, 'thread')} a worker")
    if budget.retries:
        parts.append(count(budget.retries, "retry", "retries"))
    return ", ".join(parts)


def version_rows(studies: Iterable[Study]) -> list[tuple[str, str]]:
    """Return each library involved with its versions, several where they differ."""
    found: dict[str, dict[str, None]] = {}
    for study in studies:
        for library, version in study.versions.items():
            found.setdefault(library, {})[version] = None
    return [(library, ", ".join(versions)) for library, versions in found.items()]
