"""Run a study as a command was asked to: what `run` and `evaluate` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.analysis.confirmed import Confirmation
    from hpbridge.experiment import Experiment
    from hpbridge.study import Study

_SETTINGS = (
    "driver",
    "workers",
    "timeout_trial",
    "trials_per_worker",
    "memory_trial",
    "threads_per_worker",
    "retries",
    "on_error",
    "store_patience",
    "store",
)
"""Options that go on to `hpbridge.run` by their own names."""


@dataclass(frozen=True)
class Ran:
    """What a command's study came to.

    Attributes:
        experiment: That was run.
        assumption: Which way is taken to be better, where nobody said so.
        confirmation: Of its winners, where that was asked for.
    """

    study: Study
    experiment: Experiment
    assumption: str
    confirmation: Confirmation | None


def _silenced(experiment: Experiment, codes: Iterable[str] | None) -> Experiment:
    """Return an experiment without some checks; only an evaluation has any.

    Raises:
        ArgumentError: If a code is none, or the experiment has no checks.
    """
    from hpbridge.errors import ArgumentError

    if not codes:
        return experiment
    silencing = getattr(experiment, "silencing", None)
    if silencing is None:
        headline = f"Experiment {experiment.name!r} has no checks to silence"
        raise ArgumentError(headline, hint="--silence is for an Evaluation")
    silent: Experiment = silencing(codes)
    return silent


def ran(
    words: Mapping[str, Any], check: Callable[[Experiment], None] | None = None
) -> Ran:
    """Run a study.

    Args:
        words: The options of `hpbridge.cli.run.run` by name; those that a command does
            not have are left out.
        check: Called with the experiment before anything runs.
    """
    import hpbridge
    from hpbridge.cli.arguments import read_settings
    from hpbridge.cli.commanding import asked_of
    from hpbridge.cli.confirming import check_confirm, confirmed
    from hpbridge.cli.driver_arguments import attend, read_driver
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.progress import Display
    from hpbridge.cli.resuming import Wanted, given_of

    words = {**attend(words), "driver": read_driver(words)}
    asked = asked_of(words)
    n_trials = asked.trials(words["trials"])
    top, repeats = words["confirm"], words["confirm_repeats"]
    check_confirm(top, repeats, n_trials)
    settings = read_settings(words["option"])
    optimizer, options = asked.optimizer(words["backend"], settings, "optuna")
    pruner = asked.pruner(words["pruner"], words["pruner_option"])
    seed, timeout = asked.seed(words["seed"]), asked.timeout(words["timeout"])
    target = asked.target(words["target"])
    is_quiet, is_resumed = words["json"], words["resume"]
    loaded = _silenced(asked.experiment(is_quiet=is_quiet), words["silence"])
    if check is not None:
        check(loaded)
    past = _history(words, loaded)
    with say_how_to_go_on(), Display(is_quiet=is_quiet) as display:
        given = given_of(
            n_trials=n_trials,
            timeout=timeout,
            target=target,
            callbacks=[display.show],
            **{name: words[name] for name in _SETTINGS},
        )
        wanted = Wanted(loaded, optimizer, options, seed, words["name"], past, pruner)
        study = wanted.gone_on(given) if is_resumed else None
        study = study or hpbridge.run(
            loaded,
            optimizer,
            pruner=pruner,
            seed=seed,
            options=options,
            name=words["name"],
            history=past,
            **given,
        )
        again = confirmed(
            study,
            loaded,
            top,
            repeats,
            {**given, "callbacks": [display.show]},
            resume=is_resumed,
        )
    return Ran(study, loaded, asked.assumption, again)


def _history(words: Mapping[str, Any], experiment: Experiment) -> Study | None:
    """Return the study to go on from, if there is one."""
    from hpbridge.cli.arguments import read_pairs
    from hpbridge.cli.output import say_first
    from hpbridge.engine.run import find_history

    if words["history"] is None:
        return None
    past = find_history(
        words["history"],
        words["store"],
        experiment,
        defaults=read_pairs("--default", words["default"]),
        without=words["without"] or (),
        trust_size=words["trust_size"],
    )
    say_first(past)
    return past
