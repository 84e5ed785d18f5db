"""What an experiment's studies found: the best trials, whoever proposed them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpbridge.report.figures import fronts_figure, pairs_of
from hpbridge.report.sections import MOST_OF_FRONT, best_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.study import Study
    from hpbridge.trial import FinishedTrial


def winners(groups: Mapping[str, Sequence[Study]]) -> list[dict[str, Any]]:
    """Return each optimizer's best trial by the main metric, the best of all first."""
    found = []
    for name, studies in groups.items():
        pairs = [(_badness(s, t), s, t) for s in studies if (t := _best(s)) is not None]
        if pairs:
            badness, study, trial = min(pairs, key=lambda pair: pair[0])
            found.append((badness, {"optimizer": name, **best_of(study, trial)}))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _best(study: Study) -> FinishedTrial | None:
    return study.best_by_main_metric()


def _badness(study: Study, trial: FinishedTrial) -> float:
    return study.sign * trial.metrics[study.main_metric]


def joint_front(groups: Mapping[str, Sequence[Study]]) -> dict[str, Any]:
    """Return the Pareto front of all studies together, and who found what of it."""
    first = next(iter(groups.values()))[0]
    members = [
        (name, study, trial)
        for name, studies in groups.items()
        for study in studies
        for trial in study.best_trials
    ]
    numbered = tuple(replace(t, number=k) for k, (_, _, t) in enumerate(members))
    front = [members[t.number] for t in replace(first, trials=numbered).best_trials]
    own: dict[str, list[FinishedTrial]] = {name: [] for name in groups}
    for name, _, trial in front:
        own[name].append(trial)
    return {
        "rows": [
            {"optimizer": name, **best_of(study, trial)}
            for name, study, trial in front[:MOST_OF_FRONT]
        ],
        "n": len(front),
        "plots": front_plots(own, first.metrics) if len(groups) > 1 else [],
    }


def front_plots(
    own: Mapping[str, Sequence[FinishedTrial]], metrics: Iterable[str]
) -> list[dict[str, Any]]:
    """Return plots of one front: who found what of it.

    Args:
        own: Trials of the front by their optimizer.
        metrics: At least two, of which each pair has a plot.
    """
    plots = []
    for pair in pairs_of(metrics):
        figure = fronts_figure(own, pair)
        title = f"The front: {pair[1]} by {pair[0]}"
        counts = ", ".join(f"{len(those)} of {name}" for name, those in own.items())
        description = f"Scatter plot. {title}: {counts}."
        if figure is not None:
            plots.append({"title": title, "description": description, "figure": figure})
    return plots
