"""What ``--confirm`` does after a study has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.cli.arguments import check_company
from hpbridge.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.analysis.confirmed import Confirmation
    from hpbridge.experiment import Experiment
    from hpbridge.study import Study

_CONFIRM = "--confirm"

# Of a study's settings, those that say how its trials run and not how long it goes.
_TAKEN = (
    "store",
    "driver",
    "workers",
    "timeout_trial",
    "trials_per_worker",
    "memory_trial",
    "threads_per_worker",
    "retries",
    "store_patience",
    "callbacks",
)


def check_confirm(top: int | None, repeats: int | None, n_trials: int | None) -> None:
    """Refuse what cannot be confirmed, before the first trial.

    Raises:
        OptionError: With everything that is wrong.
    """
    from hpbridge.engine.run import DEFAULT_TRIALS

    check_company(_CONFIRM, top, confirm_repeats=repeats is not None)
    problems = []
    if top is not None and top < 1:
        problems.append(f"it must be a whole number >= 1, got {top}")
    if repeats is not None and repeats < 1:
        problems.append(f"--confirm-repeats must be >= 1, got {repeats}")
    most = n_trials or DEFAULT_TRIALS
    if top is not None and top > most:
        problems.append(f"the best {top} of {most} trials cannot be run again")
    if problems:
        raise OptionError.of_command(_CONFIRM, problems)


def confirmed(
    study: Study,
    experiment: Experiment,
    top: int | None,
    repeats: int | None,
    given: Mapping[str, Any],
    *,
    resume: bool,
) -> Confirmation | None:
    """Run the best trials of a study again; return None where nobody asked for it.

    Where fewer trials are complete than were to be confirmed, those are, and it is
    said.
    """
    from hpbridge.cli.streams import say
    from hpbridge.engine.confirm import REPEATS, confirm, winners_of
    from hpbridge.errors import count

    if top is None or not study.has_result:
        return None
    n_there = len(winners_of(study))
    if n_there == 0:
        return None
    if n_there < top:
        trials = count(n_there, "complete feasible trial")
        say(f"{study.name} has {trials} of different parameters, not {top}, to confirm")
    return confirm(
        study,
        experiment,
        top=min(top, n_there),
        repeats=REPEATS if repeats is None else repeats,
        resume=resume,
        **{name: value for name, value in given.items() if name in _TAKEN},
    )
