"""Errors of spaces, experiments, options and objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.errors.house import HpbridgeError

if TYPE_CHECKING:
    from collections.abc import Sequence


class SpaceError(HpbridgeError, ValueError):
    """A search space that cannot be, with every reason."""

    @classmethod
    def invalid(cls, problems: Sequence[str]) -> SpaceError:
        """Return the error for a space with these problems."""
        many = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        hint = "ranges are closed, low < high; see the README, 'Space'"
        return cls(f"The search space has {many}", problems, hint)

    @classmethod
    def changed(cls, problems: Sequence[str]) -> SpaceError:
        """Return the error for parameters that are not what they were in a trial."""
        hint = (
            "from trial to trial, only the range of a number may differ; "
            "give what differs otherwise another name"
        )
        return cls("The search space changes while it is searched", problems, hint)

    @classmethod
    def foreign(cls, what: str, problems: Sequence[str]) -> SpaceError:
        """Return the error for parameters that are not in the space."""
        hint = "give every active parameter a value inside its range"
        return cls(f"{what} is not in the search space", problems, hint)

    @classmethod
    def all_forbidden(cls, tries: int | None) -> SpaceError:
        """Return the error for a space in which nothing is allowed.

        Args:
            tries: How many points were tried; None for every point that there is.
        """
        which = "its points" if tries is None else f"{tries} points tried"
        headline = f"The search space forbids every one of {which}"
        return cls(headline, hint="loosen a clause of forbid=")


class ExperimentError(HpbridgeError, ValueError):
    """An experiment that cannot be, with every reason."""

    @classmethod
    def invalid(cls, name: str, problems: Sequence[str]) -> ExperimentError:
        """Return the error for an experiment with these problems."""
        hint = "see the README, 'Experiment'"
        return cls(f"Experiment {name!r} cannot be run", problems, hint)

    @classmethod
    def of_evaluation(cls, name: str, problems: Sequence[str]) -> ExperimentError:
        """Return the error for an evaluation of a model with these problems."""
        hint = "`help(hpbridge.Evaluation)` says what each argument takes"
        return cls(f"Evaluation {name!r} cannot be made", problems, hint)

    @classmethod
    def of_bench(cls, suite: str, problems: Sequence[str]) -> ExperimentError:
        """Return the error for a bench with these problems."""
        hint = "`hpbridge bench` lists the suites, `--help` what it takes"
        return cls(f"Bench {suite!r} cannot be run", problems, hint)

    @classmethod
    def begun_by_import(cls, name: str) -> ExperimentError:
        """Return the error for a study that a module runs when a worker imports it."""
        headline = (
            f"A worker began a study of {name!r} when it imported the module that "
            "holds the objective"
        )
        hint = (
            'put what runs a study under `if __name__ == "__main__":`; a file that is '
            "called like a module which is imported is run, too"
        )
        return cls(headline, hint=hint)

    @classmethod
    def not_known_yet(cls, name: str, reference: str) -> ExperimentError:
        """Return the error for a space that nobody knows before the first trial."""
        headline = (
            f"The space of {name!r} is defined while it runs, so that there is nothing "
            "to explain before"
        )
        hint = (
            f"`hpbridge run {reference} --trials 1 --name first` runs one trial and "
            "`hpbridge show first` shows what it asked for; or name its space with "
            "--space FILE:NAME"
        )
        return cls(headline, hint=hint)

    @classmethod
    def no_objective(cls, name: str, problem: str) -> ExperimentError:
        """Return the error for what no library would call, nor we."""
        hint = (
            "two ways work: a function of one trial that asks for its parameters, as "
            'in `trial.suggest_float("x", 0, 1)`, or a function of the parameters with '
            "--space FILE:NAME"
        )
        return cls(f"{name!r} is no objective: {problem}", hint=hint)


class ExperimentNotFoundError(ExperimentError):
    """The file, module or name that should hold an experiment does not."""

    @classmethod
    def because(cls, reference: str, reason: str, hint: str) -> ExperimentNotFoundError:
        """Return the error for a reference that leads to no experiment."""
        headline = f"{reference!r} gives no experiment: {reason}"
        return cls(headline, hint=hint)

    @classmethod
    def notebook(cls, reference: str, name: str) -> ExperimentNotFoundError:
        """Return the error for a notebook where a Python file is wanted."""
        hint = (
            f"`jupyter nbconvert --to script {name}` makes a Python file of it; name "
            "a function of that"
        )
        return cls.because(reference, "it is a notebook", hint)


class OptionError(HpbridgeError, ValueError):
    """Options that an algorithm does not have, or of a wrong type."""

    @classmethod
    def invalid(cls, optimizer: str, problems: Sequence[str]) -> OptionError:
        """Return the error for an optimizer given these wrong options."""
        hint = f"`hpbridge backends {optimizer}` lists the options"
        return cls(f"Optimizer {optimizer!r} got wrong options", problems, hint)

    @classmethod
    def of_pruner(cls, pruner: str, problems: Sequence[str]) -> OptionError:
        """Return the error for a pruner given these wrong options."""
        hint = f"`hpbridge pruners {pruner}` lists the options"
        return cls(f"Pruner {pruner!r} got wrong options", problems, hint)

    @classmethod
    def of_driver(cls, driver: str, problems: Sequence[str]) -> OptionError:
        """Return the error for a driver given these wrong options."""
        hint = f"`hpbridge drivers {driver}` lists the options"
        return cls(f"Driver {driver!r} got wrong options", problems, hint)

    @classmethod
    def of_command(
        cls, option: str, problems: Sequence[str], hint: str = ""
    ) -> OptionError:
        """Return the error for what a command was given with an option."""
        hint = hint or "`hpbridge COMMAND --help` shows what each option takes"
        return cls(f"Option {option} cannot be read", problems, hint)


class ArgumentError(HpbridgeError, TypeError):
    """Arguments that a function or a class does not have, or of a wrong kind."""

    @classmethod
    def given(cls, function: str, problems: Sequence[str]) -> ArgumentError:
        """Return the error for a function that was called with these."""
        hint = f"`help({function})` says what each argument takes"
        return cls(f"{function}() got wrong arguments", problems, hint)

    @classmethod
    def no_store(cls, given: object) -> ArgumentError:
        """Return the error for what can be no store."""
        hint = "give a file, a database's URL or an open store"
        return cls(f"{given!r:.200} is no store", hint=hint)

    @classmethod
    def no_nemenyi(cls, why: str) -> ArgumentError:
        """Return the error for ranks that no critical difference can be of."""
        hint = (
            "it takes two optimizers, and two problems that all of them ran, or two "
            "seeds of one problem"
        )
        return cls("Nemenyi's test means nothing here", [why], hint)


class ObjectiveError(HpbridgeError, RuntimeError):
    """The objective failed so that the study ended.

    The user asked to stop at the first failure, or no trial could be complete.
    """

    @classmethod
    def stopped(cls, number: int, error: str) -> ObjectiveError:
        """Return the error for the trial that ended the study."""
        headline = f"Trial {number} failed and on_error is 'stop': {error}"
        hint = "mend the objective and resume, or use on_error='record'"
        return cls(headline, hint=hint)

    @classmethod
    def other_metrics(cls, number: int, reason: str, mend: str) -> ObjectiveError:
        """Return the error for an objective whose metrics are not those declared."""
        return cls(f"The study has ended: trial {number} {reason}", hint=mend)


class CallbackError(HpbridgeError, ValueError):
    """A callback that cannot report what it was made for.

    It would be the same in every trial: a metric that the library does not evaluate,
    or one that is searched in the other direction.
    """

    @classmethod
    def invalid(cls, callback: str, problem: str, hint: str) -> CallbackError:
        """Return the error of a callback, with a sentence that begins with its name."""
        return cls(f"{callback} {problem}", hint=hint)


class CommandError(CallbackError):
    """A command that cannot be an objective.

    It would be the same in every trial: its program is not there, or it prints no
    metric.
    """

    @classmethod
    def no_metric(cls, command: str, problem: str) -> CommandError:
        """Return the error for a command that said no metric, or several for one."""
        hint = (
            "print one number, or a JSON object of metrics, as the last line; or write "
            "that to the file that $HPBRIDGE_RESULT names; or find it in one line of "
            "the output, as in --metric 'loss=final loss: (\\S+)'"
        )
        return cls(f"the command {command!r} gives no metric: {problem}", hint=hint)

    @classmethod
    def no_program(cls, problem: str) -> CommandError:
        """Return the error for a program that is not there."""
        hint = "name a program on the PATH, or its path from the command's folder"
        return cls(f"the command cannot be run: {problem}", hint=hint)


class DriverError(HpbridgeError, RuntimeError):
    """The place where trials are to run cannot be reached or started."""


class ExecutorError(HpbridgeError, RuntimeError):
    """The place where trials run takes no more of them: the study can go on later."""

    @classmethod
    def over(cls, pool: object, error: BaseException) -> ExecutorError:
        """Return the error for a pool of the caller's that is broken or shut down."""
        text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        headline = f"The {type(pool).__name__} takes no more trials: {text}"
        return cls(headline, hint="make a new one, and resume the study with it")
