"""Make a population of a problem, and print what makes one."""

from __future__ import annotations

import pprint
import textwrap
from typing import TYPE_CHECKING, Any

from hpbridge.contract.options import changed_options
from hpbridge.encoding.encode import encode
from hpbridge.errors import count
from hpbridge.learning.populations.explore import is_moved
from hpbridge.learning.populations.explorers import Bandit, Perturbing
from hpbridge.learning.populations.population import Population

if TYPE_CHECKING:
    from hpbridge.contract.backend import Algorithm, Problem


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Population:
    """Return a fresh population, or refuse the problem."""
    encode(problem, algorithm, options, f"{algorithm.name}:{algorithm.name}")
    at_random = Perturbing(
        problem.space, options.resample_probability, options.perturbation_factors
    )
    return Population(
        problem.space,
        Bandit(at_random) if algorithm.name == "pb2" else at_random,
        seed,
        size=options.population_size,
        quantile_fraction=options.quantile_fraction,
        interval=options.perturbation_interval,
        burn_in=options.burn_in_period,
        most=None if problem.budget is None else problem.budget.most,
        synch=options.synch,
        notes=_notes(problem, options),
    )


def _notes(problem: Problem, options: Any) -> list[str]:
    """Return what users should know of a population before it begins."""
    searched = problem.space.searched.values()
    notes = []
    if all(p.n_values == 1 for p in searched):
        notes.append("nothing is varied: each parameter has one value")
    elif not options.resample_probability and not any(map(is_moved, searched)):
        notes.append(
            "nothing is varied: no parameter has neighbours, and "
            "'resample_probability' is 0"
        )
    if options.quantile_fraction == 0:
        notes.append("no member copies another one: 'quantile_fraction' is 0")
    return notes


def remarks_on_population(options: Any, n_trials: int, workers: int) -> list[str]:
    """Say what does not come out even."""
    size = options.population_size
    found = []
    if n_trials <= size:
        found.append(
            f"n_trials={n_trials} is an interval of {size} members at most, of which "
            "none is compared; it is population_size by the number of intervals"
        )
    elif n_trials % size:
        found.append(
            f"n_trials={n_trials} is no multiple of population_size={size}: "
            f"{count(n_trials % size, 'member')} may train an interval more than the "
            "others"
        )
    if workers > size:
        found.append(
            f"workers={workers}, and population_size={size}: no more trials than "
            "members run at once"
        )
    return found


def reasons_against_population(
    problem: Problem,
    algorithm: Algorithm,  # noqa: ARG001 - as the record wants it
    options: Any,
) -> list[str]:
    """Say what stands against a problem beyond the capabilities."""
    budget, interval = problem.budget, options.perturbation_interval
    if budget is None:
        return []
    reasons = []
    if interval > budget.most:
        reasons.append(
            f"'perturbation_interval' is {interval:g}, and the budget ends at "
            f"{budget.most:g} {budget.name}: no member would be compared"
        )
    for name in ("perturbation_interval", "burn_in_period"):
        value = getattr(options, name, 0)  # PB2 of Ray's begins at once
        if budget.is_whole and not float(value).is_integer():
            reasons.append(
                f"{name!r} is {value:g}, and {budget.name} are counted in whole numbers"
            )
    return reasons


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return source that runs the same population by asking and telling."""
    name = f"{algorithm.name}:{algorithm.name}"
    encoded = encode(problem, algorithm, options, name)
    data = pprint.pformat(problem.space.to_json(), sort_dicts=False)
    source = f"""\
import hpbridge
from hpbridge.plugin import Outcome, Problem, State, registry

space = hpbridge.Space.from_json(
{textwrap.indent(data, "    ")}
)
spec, algorithm = registry().algorithm({name!r})
options = algorithm.options(**{changed_options(options)!r})
optimizer = spec.create(Problem(space), algorithm, options, {seed})
trials = []
for _ in range(n_trials):
    suggestion = optimizer.ask()
    # `suggestion.stage` says how far to train, and from whose checkpoint
    value = objective(suggestion.params)
    trials.append((suggestion.params, value))
    optimizer.tell(suggestion, Outcome(State.COMPLETE, (value,)))
"""
    return "\n".join([*encoded.comments(), source])
