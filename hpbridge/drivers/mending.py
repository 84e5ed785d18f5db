"""What to write where the declared metrics are not those that an objective returns."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hpbridge.errors import nearest
from hpbridge.experiment import DEFAULT_METRIC, likely_direction, tells_direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.experiment import Experiment

# Of values without names; more are those of one metric, for each fold or sample.
_MOST_NAMED = 4


def way_to_declare(
    experiment: Experiment, metrics: Mapping[str, float], missing: Sequence[str]
) -> str:
    """Return what to write where an objective returned other names than declared.

    Args:
        experiment: Whose metrics.
        metrics: What it returned.
        missing: Which metrics it did not return: declared, or of constraints.
    """
    lacking = [name for name in missing if name in experiment.metrics]
    if not lacking:
        names = " and ".join(map(repr, missing))
        return f"return {names} too, or leave it out of constraints="
    known = {*experiment.metrics, *(bound.metric for bound in experiment.bounds)}
    spare = [name for name in metrics if name not in known]
    if not spare:
        return f"return {_dict_of(experiment.metrics)}"
    if len(spare) == len(lacking) or _are_numbered(spare):
        return f"say {_line(experiment, _directions(experiment, spare, lacking))}"
    meant = dict.fromkeys(_nearest(name, spare) for name in lacking)
    line = _line(experiment, _directions(experiment, [*meant], lacking))
    return f"name the metric that counts, as in {line}"


def way_to_return(experiment: Experiment, n_values: int) -> str:
    """Return what to write where an objective returned numbers without names.

    Args:
        experiment: Whose metrics.
        n_values: How many it returned.
    """
    if len(experiment.metrics) > 1:
        return f"return {_dict_of(experiment.metrics)}"
    if n_values > _MOST_NAMED:
        return "return one number, their mean perhaps"
    names = [f"{DEFAULT_METRIC}_{k}" for k in range(n_values)]
    line = _line(experiment, _directions(experiment, names, [*experiment.metrics]))
    return f"return the one that counts, or {_dict_of(names)}, and say {line}"


def _dict_of(names: Iterable[str]) -> str:
    pairs = ", ".join(f'"{name}": ...' for name in names)
    return f"`{{{pairs}}}`"


def _are_numbered(names: Sequence[str]) -> bool:
    """Say whether they are the values of an objective that returns several."""
    return [*names] == [f"{DEFAULT_METRIC}_{k}" for k in range(len(names))]


def _nearest(word: str, names: Sequence[str]) -> str:
    """Return the name that is most like a word, or most like that of a metric."""
    meant = nearest(word, names)
    found = [name for name in names if meant == f"did you mean {name!r}?"]
    return [*found, *filter(tells_direction, names), *names][0]


def _directions(
    experiment: Experiment, names: Sequence[str], lacking: Sequence[str]
) -> dict[str, str]:
    """Return the directions with new names in place of those that are lacking.

    They are as declared where that was said, and as the names tell where it was not.
    """
    declared = experiment.metrics
    if dict(declared) == {DEFAULT_METRIC: "minimize"}:
        return {name: likely_direction(name) for name in names}
    new = dict(zip(lacking, names, strict=False))
    ways: dict[str, str] = {
        new.get(name, name): way
        for name, way in declared.items()
        if name in new or name not in lacking
    }
    return ways | {name: [*ways.values()][-1] for name in names if name not in ways}


def _line(experiment: Experiment, ways: Mapping[str, str]) -> str:
    """Return the line to write, on the command line and in Python."""
    pairs = ", ".join(f'"{name}": "{way}"' for name, way in ways.items())
    python = f"`direction={{{pairs}}}`"
    is_function = experiment.is_growing or "?" in experiment.reference
    if not (experiment.reference and is_function):
        return python
    words = " ".join(f"--direction {shlex.quote(f'{n}={w}')}" for n, w in ways.items())
    return f"`{words}`, in Python {python}"
