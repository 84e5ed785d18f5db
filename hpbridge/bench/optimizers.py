"""The optimizers of a bench, and the random search that they are measured by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.registry import registry
from hpbridge.engine.contest import ALL, given_for
from hpbridge.errors import BackendError, ExperimentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.contract.backend import Algorithm


def optimizers_of(
    suite: str,
    backends: str | Sequence[str],
    options: Mapping[str, Mapping[str, object]],
) -> tuple[dict[str, dict[str, object]], dict[str, str]]:
    """Return the options of each optimizer by name, and why any is left out.

    Args:
        suite: Of the bench, for the error.
        backends: ``"all"``, or names of optimizers.
        options: As of `hpbridge.engine.contest.choose_all`.

    Raises:
        BackendError: If one is not installed, or fails to load.
        ExperimentError: If none is left, one is named twice, or options are of none.
    """
    skipped: dict[str, str] = {}
    if backends == ALL:
        given = _installed(skipped)
    else:
        given = [backends] if isinstance(backends, str) else list(backends)
    names = [full_name(each) for each in given]
    problems = [
        f"optimizer {name!r} is named twice"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    members = [m for name in names for m in registry().algorithm(name)[1].members]
    known = {*given, *names, *(name.partition(":")[0] for name in names)}
    known |= {name for each in members for name in (each.name, each.spec.name)}
    problems += [
        f"options are given for {name!r}, which does not run"
        for name in options
        if name not in known
    ]
    if not names:
        problems += [f"{name}: {why}" for name, why in skipped.items()]
        problems = problems or ["there is no optimizer to run"]
    if problems:
        raise ExperimentError.of_bench(suite, problems)
    pairs = zip(names, given, strict=True)
    return {name: given_for(word, options) for name, word in pairs}, skipped


def against_names(backends: str | Sequence[str] | None) -> list[str]:
    """Return what is wrong with the names of optimizers, a sentence each."""
    if backends is None or backends == ALL:
        return []
    problems = []
    for each in [backends] if isinstance(backends, str) else backends:
        try:
            full_name(each)
        except BackendError as error:
            problems.append(f"{error.line} ({error.hint})")
    return problems


def full_name(optimizer: str) -> str:
    """Return backend and algorithm of an optimizer, as in ``optuna:tpe``.

    Raises:
        BackendError: If it is not installed, or fails to load.
    """
    plugins = registry()
    spec, algorithm = plugins.algorithm(optimizer)
    plugins.require(spec, algorithm)
    return spec.name if spec.resolve else f"{spec.name}:{algorithm.name}"


def _installed(skipped: dict[str, str]) -> list[str]:
    """Return the backends whose default algorithm can be compared here."""
    plugins = registry()
    skipped.update({name: e.brief for name, e in plugins.broken.items()})
    names = []
    for name, spec in plugins.libraries.items():
        algorithm = spec.algorithms[spec.default]
        missing = plugins.missing(spec, algorithm)
        if missing:
            skipped[name] = "not installed: it needs " + ", ".join(missing)
        elif algorithm.is_staged:
            skipped[name] = (
                "its trials are parts of trainings, not comparable with whole ones by "
                "their number"
            )
        else:
            names.append(name)
    return names


def is_random(algorithm: Algorithm) -> bool:
    """Say whether an algorithm is plain random search."""
    return not algorithm.learns and algorithm.starts_random


def reference_among(optimizers: Mapping[str, object]) -> str | None:
    """Return the first optimizer that is plain random search; None for none."""
    find = registry().algorithm
    return next((name for name in optimizers if is_random(find(name)[1])), None)


def installed_reference(optimizers: Iterable[str]) -> str | None:
    """Return a plain random search that is installed; None where there is none.

    One of a backend that takes no part, if there is any: with the same seed a library's
    own would draw the very points with which its other algorithms begin.

    Args:
        optimizers: Names of those that take part.
    """
    plugins = registry()
    taken: set[str] = set()
    for name in optimizers:
        spec, algorithm = plugins.algorithm(name)
        taken |= {spec.name, *(member.spec.name for member in algorithm.members)}
    found = [
        (spec.name, algorithm.name)
        for spec in plugins.libraries.values()
        for algorithm in spec.algorithms.values()
        if is_random(algorithm) and not plugins.missing(spec, algorithm)
    ]
    found.sort(key=lambda names: names[0] in taken)
    return ":".join(found[0]) if found else None
