"""What a comparison will run, settled and checked before the first trial."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, cast

from hpbridge.contract.members import MEMBERS
from hpbridge.contract.registry import registry
from hpbridge.drivers.choosing import chosen_driver
from hpbridge.engine.plan import Plan
from hpbridge.errors import ExperimentError, UnsupportedFeatureError, count
from hpbridge.experiment import KeptObjective
from hpbridge.learning.choice import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.members import MembersOptions
    from hpbridge.drivers.choosing import GivenDriver
    from hpbridge.experiment import Experiment
    from hpbridge.space.space import Params
    from hpbridge.store.settings import Settings

ALL = "all"
"""The word for the default algorithm of every installed backend."""


@dataclass(frozen=True)
class Contest:
    """What a comparison will run, settled and checked before the first trial."""

    experiment: Experiment
    choices: tuple[Choice, ...]
    settings: Settings
    repeats: int
    seed: int
    shared_start: int
    driver: GivenDriver | None
    skipped: Mapping[str, str]

    def plans(self, comparison_id: int) -> list[Plan]:
        """Return the plans of its studies: repeat by repeat, seeds paired."""
        return [
            self._plan(choice, self.seed + repeat, comparison_id)
            for repeat in range(self.repeats)
            for choice in self.choices
        ]

    def _plan(self, choice: Choice, seed: int, comparison_id: int) -> Plan:
        driver = choice.spec.driver if self.driver is None else self.driver
        chosen = chosen_driver(driver, self.experiment.name)
        return Plan(
            self.experiment,
            choice,
            replace(self.settings, driver_options=chosen.options),
            seed,
            chosen.name,
            shared=self.shared_points(seed),
            comparison_id=comparison_id,
            pool=chosen.pool,
        )

    def shared_points(self, seed: int) -> tuple[Params, ...]:
        """Return the first points that all optimizers of one repeat have in common."""
        rng = random.Random(f"hpbridge shared start {seed}")
        space = self.experiment.space
        return tuple(space.sample(rng) for _ in range(self.shared_start))

    def settings_json(self) -> str:
        """Return by what a later call knows that it asks for the same comparison."""
        pruner = self.settings.pruner
        kept = isinstance(self.experiment.objective, KeptObjective)
        return json.dumps(
            ({} if pruner is None else {"pruner": pruner})
            | ({"kept": self.experiment.attributes} if kept else {})
            | {
                "reference": self.experiment.reference,
                "space": self.experiment.space.to_json(),
                "metrics": self.experiment.metrics,
                "optimizers": [
                    # What a name that was asked for stands for may change.
                    [c.label, {} if c.asked else asdict(c.options)]
                    for c in self.choices
                ],
                "n_trials": self.settings.n_trials,
                "repeats": self.repeats,
                "seed": self.seed,
                "shared_start": self.shared_start,
            },
            sort_keys=True,
        )


def choose_all(
    experiment: Experiment,
    backends: str | Sequence[str],
    options: Mapping[str, Mapping[str, object]],
    **planned: int | None,
) -> tuple[tuple[Choice, ...], dict[str, str]]:
    """Return the optimizers to compare, and why any backend of ``"all"`` is left out.

    Args:
        experiment: That they must be able to run.
        backends: ``"all"``, or names of optimizers.
        options: By ``backend`` or ``backend:algorithm``. Those of a member hold for it
            alone and in a portfolio, where the portfolio has no other ones for it.
        planned: Trials and workers of each study, as of `choose`.

    Raises:
        HpbridgeError: If a named optimizer cannot run the experiment.
        ExperimentError: If none is left, or one is named twice.
    """
    skipped: dict[str, str] = {}
    if backends == ALL:
        names = _installed(experiment, skipped)
    else:
        names = [backends] if isinstance(backends, str) else list(backends)
    choices = [
        choose(name, experiment, given_for(name, options), **planned) for name in names
    ]
    if not choices:
        problems = [f"{name}: {why}" for name, why in skipped.items()]
        problems = problems or ["there is no optimizer to compare"]
        raise ExperimentError.invalid(experiment.name, problems)
    chosen = [choice.label for choice in choices]
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    members = [member for choice in choices for member in choice.algorithm.members]
    known = {*names, *chosen, *(each.spec.name for each in choices if not each.asked)}
    known |= {name for each in members for name in (each.name, each.spec.name)}
    unknown = sorted(set(options) - known)
    problems = [f"optimizer {name!r} is named twice" for name in twice]
    problems += [
        f"options are given for {name!r}, which does not run" for name in unknown
    ]
    problems += [
        f"{choice.name} shares its trials with others, in {choice.shared_place}: each "
        "study that is compared must learn from its own"
        for choice in choices
        if choice.shared_place
    ]
    if problems:
        raise ExperimentError.invalid(experiment.name, problems)
    return tuple(choices), skipped


def given_for(
    name: str, options: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    """Return the options of one optimizer: those that name it more closely win."""
    spec, algorithm = registry().algorithm(name)
    names = dict.fromkeys((spec.name, name, f"{spec.name}:{algorithm.name}"))
    given: dict[str, object] = {}
    for each in names:
        given |= options.get(each, {})
    if not algorithm.members:
        return given
    kind = cast("type[MembersOptions]", algorithm.options)
    given = kind.gathered(given, name)
    by_member = cast("dict[str, dict[str, object]]", given[MEMBERS])
    for member in algorithm.members:
        alone = {**options.get(member.spec.name, {}), **options.get(member.name, {})}
        by_member[member.name] = {**alone, **by_member[member.name]}
    return given


def _installed(experiment: Experiment, skipped: dict[str, str]) -> list[str]:
    plugins = registry()
    skipped.update({name: e.brief for name, e in plugins.broken.items()})
    skipped.update(
        {n: e.brief for (kind, n), e in plugins.clashes.items() if kind == "backend"}
    )
    names = []
    for name, spec in plugins.backends.items():
        if not spec.is_library:
            continue
        algorithm = spec.algorithms[spec.default]
        missing = plugins.missing(spec, algorithm)
        reasons = [] if missing else _reasons(name, experiment)
        if missing:
            skipped[name] = "not installed: it needs " + ", ".join(missing)
        elif reasons:
            skipped[name] = "; ".join(reasons)
        elif algorithm.is_staged:
            skipped[name] = (
                "its trials are parts of trainings, not comparable with whole ones by "
                "their number; it is compared where it is named"
            )
        else:
            names.append(name)
    return names


def _reasons(name: str, experiment: Experiment) -> list[str]:
    """Return why an optimizer cannot run an experiment."""
    try:
        choose(name, experiment)
    except UnsupportedFeatureError as error:
        return list(error.problems)
    return []


def check_contest(contest: Contest, jobs: int | None) -> None:
    """Check what no plan can see by itself, and then each plan.

    Raises:
        ExperimentError: With every reason why it cannot run.
    """
    problems = []
    if jobs is not None and jobs > 1 and contest.experiment.is_growing:
        why = "since the objective defines its space while it runs"
        problems.append(f"jobs must be 1, {why}")
    if contest.repeats < 1:
        problems.append(f"repeats must be a whole number >= 1, got {contest.repeats!r}")
    n_first = contest.shared_start + len(contest.experiment.baseline_points)
    if not 0 <= contest.shared_start <= contest.settings.n_trials:
        problems.append(
            f"shared_start must be between 0 and n_trials="
            f"{contest.settings.n_trials}, got {contest.shared_start!r}"
        )
    elif n_first > contest.settings.n_trials:
        problems.append(
            f"{count(n_first, 'first point')} must fit into "
            f"{count(contest.settings.n_trials, 'trial')}"
        )
    if problems:
        raise ExperimentError.invalid(contest.experiment.name, problems)
    contest.plans(0)  # each plan checks itself
