"""One driver under test: opens it, and runs studies in it through the core's loop."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.builtin import DEFAULT_DRIVER
from hpbridge.contract.execution import Job, Reported
from hpbridge.contract.registry import is_met
from hpbridge.drivers.loop import drive
from hpbridge.engine.life import Life
from hpbridge.engine.plan import Plan
from hpbridge.experiment import Experiment
from hpbridge.learning.choice import choose
from hpbridge.learning.history import fit_history
from hpbridge.space.parameters import Float
from hpbridge.store.settings import Settings
from hpbridge.testing.checks import NotApplicable, require
from hpbridge.testing.driver_objectives import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hpbridge.contract.execution import DriverSpec, Executor, Message, Policy
    from hpbridge.study import Study

OPTIMIZER = "random"
"""Of the studies that the kit runs: what it proposes depends on nothing else."""

END_SECONDS = 30.0
"""How long a process that was ended may still be there."""


class DriverCase:
    """A driver, and what the kit runs in it.

    Args:
        spec: The driver, as its plugin registers it.
        lose_node: ``lose_node(process)`` loses the node, or whatever it has in the
            driver's own words, on which this process runs a trial. None where there is
            no way to.
        end_seconds: How long all that a study has started may take to end when its
            process was killed.
    """

    name = ""
    """Drivers have no algorithms."""

    def __init__(
        self,
        spec: DriverSpec,
        lose_node: Callable[[int], None] | None = None,
        end_seconds: float | None = None,
    ) -> None:
        self.spec, self.lose_node = spec, lose_node
        self.end_seconds = 3 * END_SECONDS if end_seconds is None else end_seconds

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"driver {self.spec.name!r}"

    @property
    def missing(self) -> list[str]:
        """What it requires and is not installed."""
        return [each for each in self.spec.requires if not is_met(each)]

    def needs(self, what: bool, why_not: str) -> None:
        """Skip the check unless the driver declares what it is about.

        Raises:
            NotApplicable: With why not.
        """
        if not what:
            raise NotApplicable(why_not)

    def needs_isolation(self) -> None:
        """Skip the check where trials have no process of their own."""
        self.needs(self.spec.isolates, "trials have no process of their own")

    def needs_answers(self) -> None:
        """Skip the check where reports come with the trial's end."""
        self.needs(self.spec.answers, "reports come with the end of a trial")

    def experiment(self, objective: Callable[..., Any]) -> Experiment:
        """Return an experiment of one parameter."""
        return Experiment(name="kit", objective=objective, space={"x": Float(-1, 1)})

    def life(
        self,
        objective: Callable[..., Any],
        n_trials: int = 4,
        *,
        seed: int = 0,
        history: Study | None = None,
        store: str = ":memory:",
        **settings: Any,
    ) -> Life:
        """Return a study that has not begun."""
        tuned = self.experiment(objective)
        chosen = choose(OPTIMIZER, tuned)
        past = None if history is None else fit_history(history, tuned, chosen)
        given = Settings(n_trials, **settings)
        plan = Plan(tuned, chosen, given, seed, DEFAULT_DRIVER, history=past)
        return Life(plan, store)

    def resumed(self, objective: Callable[..., Any], store: str) -> Life:
        """Return the one study of a store from here on."""
        from hpbridge.engine.resume import FromNow, plan_of
        from hpbridge.store import open_store

        database = open_store(store)
        (record,) = database.studies()
        tuned, now = self.experiment(objective), FromNow({}, DEFAULT_DRIVER)
        plan, recorded = plan_of(database, record, tuned, now)
        return Life(plan, database, recorded=recorded)

    @contextmanager
    def opened(self, life: Life, slots: int = 2) -> Iterator[Executor]:
        """Open the driver for a study."""
        given = replace(life.plan.settings, workers=slots)
        with self.spec.open(life.plan.experiment, given) as executor:
            yield executor

    def run(self, life: Life, policy: Policy | None = None) -> Study:
        """Run a study in the driver."""
        with self.opened(life, life.plan.settings.workers) as executor:
            life.pruner = policy
            drive([life], executor)
        return life.study()

    def job(self, life: Life, number: int = 0, log: str | None = None) -> Job:
        """Return a job outside of any study."""
        experiment = life.plan.experiment
        return Job(number + 1, experiment, "kit", number, {"x": 0.5}, 7, log=log)


@contextmanager
def folder() -> Iterator[str]:
    """Give a folder, for trials to leave marks in."""
    with tempfile.TemporaryDirectory(prefix="hpbridge-kit-") as path:
        yield path


def hear(
    executor: Executor, until: Callable[[list[Message]], bool], what: str
) -> list[Message]:
    """Take messages until there is what is awaited.

    Raises:
        CheckFailed: If it never comes.
    """
    heard: list[Message] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until(heard):
        require(time.monotonic() < deadline, what, f"nothing but {ends(heard)}")
        executor.wait(0.5)
        heard += executor.messages()
    return heard


def ends(messages: list[Message]) -> list[Message]:
    """Return those messages that are no reports."""
    return [each for each in messages if not isinstance(each, Reported)]


def process_in(path: str, number: int = 0) -> int:
    """Return the process that runs a trial, when it has left its mark.

    Raises:
        CheckFailed: If it never does.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        marks = list(Path(path).glob(f"{number}-*"))
        if marks:
            return int(marks[0].name.partition("-")[2])
        require(time.monotonic() < deadline, "a trial that begins", "none")
        time.sleep(0.02)


def is_gone(process: int) -> bool:
    """Say whether a process ends within `END_SECONDS`. POSIX only."""
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        except OSError:
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def only_trial_1_failed(study: Study) -> None:
    """See that trial 1 of a study failed, and the others are complete.

    Raises:
        CheckFailed: If that is not so.
    """
    states = [trial.state.value for trial in study.trials]
    expected = ["failed" if k == 1 else "complete" for k in range(len(states))]
    require(states == expected, repr(expected), states)
