"""What a bench runs, settled and checked before the first trial."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from hpbridge.analysis.contest.asked import run_name
from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.drivers.choosing import kept_options
from hpbridge.engine.plan import Plan
from hpbridge.errors import ExperimentError, UnsupportedFeatureError
from hpbridge.learning.choice import choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.bench.problems import Suite
    from hpbridge.learning.choice import Choice
    from hpbridge.store.settings import Settings

_COSTED = "simulated"


class Run(NamedTuple):
    """One study of a bench.

    Attributes:
        optimizer: As in ``optuna:tpe``.
    """

    problem: str
    optimizer: str
    seed: int

    @property
    def name(self) -> str:
        """As in ``optuna:tpe on branin, seed 3``."""
        return run_name(self.problem, self.optimizer, self.seed)


@dataclass(frozen=True)
class Entry:
    """What a bench runs.

    Attributes:
        optimizers: Options by optimizer, as users gave them.
        n_trials: Of a study, by problem.
        seeds: How many studies of each optimizer on each problem.
        seed: Of the first of them.
        settings: Of every study, but for its trials.
        reference: The random search among the optimizers that values are measured by.
        skipped: Why an optimizer is left out, by its name or ``OPTIMIZER on PROBLEM``.
    """

    suite: Suite
    optimizers: Mapping[str, Mapping[str, object]]
    n_trials: Mapping[str, int]
    seeds: int
    seed: int
    settings: Settings
    reference: str | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)

    def runs(self) -> list[Run]:
        """Return its studies: seed by seed, so that those of one are there first."""
        return [
            Run(problem, optimizer, seed)
            for seed in range(self.seed, self.seed + self.seeds)
            for problem in self.suite.problems
            for optimizer in self.optimizers
            if _pair(optimizer, problem) not in self.skipped
        ]

    def settings_json(self) -> str:
        """Return what was asked for as JSON, by which a resume knows it again."""
        s = self.settings
        return json.dumps(
            {
                "suite": self.suite.name,
                "problems": dict(self.n_trials),
                "optimizers": [[n, dict(o)] for n, o in self.optimizers.items()],
                "seed": self.seed,
                "seeds": self.seeds,
                "reference": self.reference,
                "workers": s.workers,
                "timeout": s.timeout,
                "timeout_trial": s.timeout_trial,
                "skipped": dict(self.skipped),
            },
            sort_keys=True,
            default=str,
        )

    def plan(
        self, run: Run, comparison_id: int, choices: dict[tuple[str, str], Choice]
    ) -> Plan:
        """Return the plan of a study.

        Args:
            run: Which one.
            comparison_id: Of the bench in its store.
            choices: That were made before, by optimizer and problem.
        """
        problem, experiment = run.problem, self.suite.experiments[run.problem]
        choice = choices.get((run.optimizer, problem))
        if choice is None:
            choice = choose(
                run.optimizer,
                experiment,
                self.optimizers[run.optimizer],
                n_trials=self.n_trials[problem],
                workers=self.settings.workers,
            )
            choice = choices[run.optimizer, problem] = with_one_thread(choice)
        driver, options = self.driver_of(problem)
        return Plan(
            experiment,
            choice,
            replace(
                self.settings,
                n_trials=self.n_trials[problem],
                driver_options=kept_options(driver, options),
            ),
            run.seed,
            driver,
            comparison_id=comparison_id,
            noted={"problem": self.suite.facts(problem)},
        )

    def driver_of(self, problem: str) -> tuple[str, dict[str, Any]]:
        """Return where the trials of a problem run, and with which options.

        Where several run at once in virtual time, the time that the optimizer really
        takes does not count: which of them ends first would depend on it.
        """
        if not self.suite.problems[problem].is_costed:
            return DEFAULT_DRIVER, {}
        is_free = self.settings.workers > 1
        return _COSTED, {"optimizer_time": "free"} if is_free else {}


def with_one_thread(choice: Choice) -> Choice:
    """Return an optimizer that computes with one thread of BLAS, if with any.

    Its proposals do not depend then on how many processes there are, nor do several of
    them get in each other's way.
    """
    return replace(choice, has_one_thread=choice.algorithm.linear_algebra)


def _pair(optimizer: str, problem: str) -> str:
    return f"{optimizer} on {problem}"


def checked(entry: Entry) -> Entry:
    """Return a bench without what cannot run, which is left out by name.

    Raises:
        HpbridgeError: If nothing is left, or an optimizer is not there.
    """
    skipped = dict(entry.skipped)
    choices: dict[tuple[str, str], Choice] = {}
    n_left = dict.fromkeys(entry.optimizers, 0)
    for problem in entry.suite.problems:
        for optimizer in entry.optimizers:
            try:
                entry.plan(Run(problem, optimizer, entry.seed), 0, choices)
            except (UnsupportedFeatureError, ExperimentError) as error:
                skipped[_pair(optimizer, problem)] = "; ".join(error.reasons)
                continue
            choice = choices[optimizer, problem]
            if choice.algorithm.is_staged:
                skipped[_pair(optimizer, problem)] = (
                    "its trials are parts of trainings, not comparable with whole ones "
                    "by their number"
                )
            elif choice.shared_place:
                skipped[_pair(optimizer, problem)] = (
                    f"it shares its trials with others, in {choice.shared_place}"
                )
            else:
                n_left[optimizer] += 1
    if not any(n_left.values()):
        problems = [f"{name}: {why}" for name, why in skipped.items()]
        raise ExperimentError.of_bench(entry.suite.name, problems)
    return replace(entry, skipped=skipped)
