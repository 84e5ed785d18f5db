"""Choose a pruner by name and options, and make it for a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hpbridge.contract.options import read_options, told_apart
from hpbridge.contract.registry import registry
from hpbridge.errors import LibraryNotInstalledError, OptionError
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpbridge.contract.pruning import Pruner, PrunerSpec, Watched
    from hpbridge.contract.rungs import Schedule
    from hpbridge.space.budget import Budget
    from hpbridge.trial import FinishedTrial

NAME, OPTIONS = "name", "options"
"""Of a pruner that was chosen, as the settings of a study keep it."""


def chosen_pruner(given: Any) -> dict[str, Any]:
    """Return a pruner as the settings of a study keep it, with all of its options.

    Args:
        given: A name, or (name, options), or what this function returned, or a
            library's own pruner or scheduler.

    Raises:
        PrunerNotFoundError: If no plugin offers it.
        OptionError: With every option that it does not have, or that is out of range,
            or of a library's own that cannot be kept.
    """
    name, options = _parts(given)
    spec = registry().pruner(name)
    return {NAME: spec.name, OPTIONS: asdict(_read(spec, options))}


def _parts(given: Any) -> tuple[str, Mapping[str, object]]:
    if isinstance(given, str):
        return given, {}
    if isinstance(given, Mapping):
        return given[NAME], given[OPTIONS]
    name, options = native_pruner(given) or given
    return name, options


def native_pruner(given: object) -> tuple[str, Mapping[str, object]] | None:
    """Return name and options of a library's own pruner; None where it is none.

    Raises:
        OptionError: With all of it that cannot be kept.
    """
    readers = (spec.pruner_of for spec in registry().backends.values())
    found = (read(given) for read in readers if read is not None)
    return next((each for each in found if each is not None), None)


def _read(spec: PrunerSpec, options: Mapping[str, object]) -> Any:
    try:
        return read_options(spec.name, spec.options, options)
    except OptionError as error:
        problems = told_apart(error.problems)
        raise OptionError.of_pruner(spec.name, problems) from error


def schedule_of(
    chosen: Mapping[str, Any] | None, budget: Budget | None
) -> Schedule | None:
    """Return the `Schedule` by which a pruner gives budgets; None where it does not.

    Args:
        chosen: What `chosen_pruner` returned; None for no pruner.
        budget: Of the experiment; None where it has none.

    Raises:
        OptionError: If an option says nothing where there is a budget.
    """
    if chosen is None or budget is None:
        return None
    spec = registry().pruner(chosen[NAME])
    if spec.rungs is None:
        return None
    try:
        return spec.rungs(_read(spec, chosen[OPTIONS]), budget)
    except ValueError as error:
        raise OptionError.of_pruner(spec.name, [str(error)]) from error


def make_pruner(
    chosen: Mapping[str, Any], watched: Watched, known: Iterable[FinishedTrial] = ()
) -> Pruner:
    """Return the pruner of a study, which knows the trials that have ended.

    Args:
        chosen: What `chosen_pruner` returned.
        watched: The study.
        known: Its trials, in the order of telling.

    Raises:
        LibraryNotInstalledError: If it needs what is not installed.
    """
    spec = registry().pruner(chosen[NAME])
    missing = registry().lacking(spec.requires)
    if missing:
        command = "pip install " + " ".join(f"'{each}'" for each in missing)
        raise LibraryNotInstalledError.missing(spec.name, missing, command, "Pruner")
    pruner = spec.make(_read(spec, chosen[OPTIONS]), watched)
    for trial in known:
        is_complete = trial.state is State.COMPLETE
        value = next(iter(trial.metrics.values()), None) if is_complete else None
        pruner.know(trial.number, trial.reports, trial.state, value)
    return pruner
