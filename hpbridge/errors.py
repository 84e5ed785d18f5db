"""Every error that hpbridge raises, each with its text.

The tree::

    HpbridgeError
    ├── SpaceError (ValueError)               a search space that cannot be
    ├── ExperimentError (ValueError)          an experiment that cannot be
    │   └── ExperimentNotFoundError           no such file, module or name
    ├── OptionError (ValueError)              an option that the algorithm does not have
    ├── BackendError
    │   ├── BackendNotFoundError (KeyError)   no plugin of that name
    │   ├── AlgorithmNotFoundError (KeyError) the backend has no such algorithm
    │   ├── DriverNotFoundError (KeyError)    no plugin has such a driver
    │   ├── BackendLoadError (ImportError)    the plugin fails to load
    │   ├── LibraryNotInstalledError (ImportError)  its library is not there
    │   ├── OptimizerError (RuntimeError)     the library failed in ask or tell
    │   └── ContractError                     the plugin broke a rule of the contract
    ├── UnsupportedFeatureError (NotImplementedError)  the backend cannot do it
    ├── ForeignHistoryError (NotImplementedError)  it cannot learn from this trial
    ├── StoreError (OSError)                  the store cannot be read or written
    │   ├── StoreLockedError                  another process writes this study
    │   ├── StoreSchemaError                  the store was made by another version
    │   ├── StudyNotFoundError (KeyError)     the store holds no such study
    │   └── ComparisonNotFoundError (KeyError)  the store holds no such comparison
    ├── HistoryError (ValueError)             a study that another cannot go on from
    ├── FormatError (ValueError)              a study that cannot be read or written
    └── ObjectiveError (RuntimeError)         it failed, and on_error is stop

Each message is: who and what is wrong with the offending value; one line a
problem, all of them; one ``Hint:``.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def compose(headline: str, problems: Sequence[str] = (), hint: str = "") -> str:
    """Put an error text together in the house form.

    Args:
        headline: Who is wrong and what with, without a final period or colon.
        problems: One sentence a problem.
        hint: One action, without a final period.

    Returns:
        The text, of several lines when there are problems or a hint.

    Example:
        >>> print(compose("A is wrong", ["'x' is 3"], "say x=2"))
        A is wrong:
          - 'x' is 3
        Hint: say x=2.
    """
    end = "" if headline.endswith("?") else "."
    lines = [headline + (":" if problems else end)]
    lines += [f"  - {problem}" for problem in problems]
    if hint:
        lines.append(f"Hint: {hint}.")
    return "\n".join(lines)


def nearest(word: str, words: Iterable[str]) -> str:
    """Say which known word is meant, for the end of a sentence.

    Example:
        >>> nearest("optuma", ["optuna", "skopt"])
        "did you mean 'optuna'?"
        >>> nearest("zzz", ["optuna", "skopt"])
        'there are: optuna, skopt'
    """
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "there are: " + ", ".join(known) if known else "there are none"


class HpbridgeError(Exception):
    """The base of every error that hpbridge raises on purpose."""

    def __str__(self) -> str:
        # KeyError quotes its message; a sentence must be printed as written.
        return str(self.args[0]) if self.args else ""


class SpaceError(HpbridgeError, ValueError):
    """A search space that cannot be, with every reason."""

    @classmethod
    def invalid(cls, problems: Sequence[str]) -> SpaceError:
        """Return the error for a space with these problems."""
        many = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        hint = "ranges are closed, low < high; see the README, 'Space'"
        return cls(compose(f"The search space has {many}", problems, hint))

    @classmethod
    def foreign(cls, what: str, problems: Sequence[str]) -> SpaceError:
        """Return the error for parameters that are not in the space."""
        hint = "give every active parameter a value inside its range"
        return cls(compose(f"{what} is not in the search space", problems, hint))

    @classmethod
    def all_forbidden(cls, tries: int) -> SpaceError:
        """Return the error for a space in which nothing is allowed."""
        headline = f"The search space forbids every one of {tries} points tried"
        return cls(compose(headline, hint="loosen a clause of forbid="))


class ExperimentError(HpbridgeError, ValueError):
    """An experiment that cannot be, with every reason."""

    @classmethod
    def invalid(cls, name: str, problems: Sequence[str]) -> ExperimentError:
        """Return the error for an experiment with these problems."""
        hint = "see the README, 'Experiment'"
        return cls(compose(f"Experiment {name!r} cannot be run", problems, hint))


class ExperimentNotFoundError(ExperimentError):
    """The file, module or name that should hold an experiment does not."""

    @classmethod
    def because(cls, reference: str, reason: str, hint: str) -> ExperimentNotFoundError:
        """Return the error for a reference that leads to no experiment."""
        headline = f"{reference!r} gives no experiment: {reason}"
        return cls(compose(headline, hint=hint))


class OptionError(HpbridgeError, ValueError):
    """Options that an algorithm does not have, or of a wrong type."""

    @classmethod
    def invalid(cls, optimizer: str, problems: Sequence[str]) -> OptionError:
        """Return the error for an optimizer given these wrong options."""
        hint = f"`hpbridge backends {optimizer}` lists the options"
        return cls(
            compose(f"Optimizer {optimizer!r} got wrong options", problems, hint)
        )


class BackendError(HpbridgeError):
    """Something is wrong with a backend, not with the experiment."""


class BackendNotFoundError(BackendError, KeyError):
    """No installed plugin has a backend of this name."""

    @classmethod
    def named(cls, name: str, installed: Iterable[str]) -> BackendNotFoundError:
        """Return the error for a backend name that nobody registered."""
        meant = nearest(name, installed)
        # Nobody is told to install a package whose name may be a slip of the finger.
        is_slip = meant.startswith("did you mean")
        hint = "`hpbridge backends`" if is_slip else f"`pip install hpbridge-{name}`"
        return cls(compose(f"No backend named {name!r}; {meant}", hint=hint))


class AlgorithmNotFoundError(BackendError, KeyError):
    """The backend has no algorithm of this name."""

    @classmethod
    def named(
        cls, backend: str, name: str, known: Iterable[str]
    ) -> AlgorithmNotFoundError:
        """Return the error for an algorithm name that the backend lacks."""
        headline = f"Backend {backend!r} has no algorithm {name!r}"
        hint = nearest(name, known).rstrip("?")
        return cls(compose(headline, hint=hint))


class BackendLoadError(BackendError, ImportError):
    """A plugin is installed but does not load, or clashes with another."""

    @classmethod
    def broken(cls, name: str, distribution: str, reason: str) -> BackendLoadError:
        """Return the error for a plugin that failed to load."""
        headline = (
            f"Backend {name!r} is installed ({distribution}) "
            f"but failed to load: {reason}"
        )
        hint = f"`pip install --upgrade {distribution.split(maxsplit=1)[0]}`"
        return cls(compose(headline, hint=hint))

    @classmethod
    def clash(cls, name: str, distributions: Sequence[str]) -> BackendLoadError:
        """Return the error for two plugins that claim one name."""
        headline = f"Backend {name!r} is provided by {len(distributions)} plugins"
        return cls(compose(headline, distributions, "uninstall all but one"))


class DriverNotFoundError(BackendError, KeyError):
    """No installed plugin has a driver of this name."""

    @classmethod
    def named(cls, name: str, known: Iterable[str]) -> DriverNotFoundError:
        """Return the error for a driver name that nobody registered."""
        hint = nearest(name, known).rstrip("?")
        return cls(compose(f"No driver named {name!r}", hint=hint))


class LibraryNotInstalledError(BackendError, ImportError):
    """The plugin is installed, the library that it bridges (or an extra) is not."""

    @classmethod
    def missing(
        cls, optimizer: str, missing: Sequence[str], command: str
    ) -> LibraryNotInstalledError:
        """Return the error for an optimizer that lacks these requirements."""
        headline = f"Optimizer {optimizer!r} is not installed: it needs " + ", ".join(
            missing
        )
        return cls(compose(headline, hint=f"`{command}`"))


class OptimizerError(BackendError, RuntimeError):
    """The library failed while it proposed or learned."""

    @classmethod
    def failed(cls, optimizer: str, doing: str, error: Exception) -> OptimizerError:
        """Return the error for a library that raised."""
        text = " ".join(str(error).split())
        headline = (
            f"Optimizer {optimizer!r} failed {doing}: {type(error).__name__}: {text}"
        )
        hint = "`hpbridge doctor` says whether it works here; --traceback shows where"
        return cls(compose(headline, hint=hint))


class ContractError(BackendError):
    """A plugin broke a rule of the contract: a bug in the plugin."""

    @classmethod
    def broke(cls, optimizer: str, rule: str) -> ContractError:
        """Return the error for a plugin that broke this rule."""
        name = optimizer.split(":", maxsplit=1)[0]
        headline = f"Optimizer {optimizer!r} broke the contract: {rule}"
        return cls(
            compose(headline, hint=f"`hpbridge check-backend {name}` tells more")
        )


class UnsupportedFeatureError(HpbridgeError, NotImplementedError):
    """The backend cannot do what the experiment asks for."""

    @classmethod
    def refused(
        cls, optimizer: str, reasons: Sequence[str], able: Sequence[str]
    ) -> UnsupportedFeatureError:
        """Return the error for an experiment that the optimizer cannot run."""
        if able:
            hint = "installed optimizers that can: " + ", ".join(able)
        else:
            hint = "no installed optimizer can; simplify the experiment"
        headline = f"Optimizer {optimizer!r} cannot run this experiment"
        return cls(compose(headline, reasons, hint))


class ForeignHistoryError(HpbridgeError, NotImplementedError):
    """The optimizer cannot learn from a trial that it did not propose."""

    @classmethod
    def refused(cls, optimizer: str, reason: str) -> ForeignHistoryError:
        """Return the error for foreign trials that the optimizer cannot take."""
        headline = f"Optimizer {optimizer!r} cannot learn from this history: {reason}"
        hint = "`hpbridge backends` shows which optimizers can"
        return cls(compose(headline, hint=hint))


class StoreError(HpbridgeError, OSError):
    """The store cannot be opened, read or written."""

    @classmethod
    def failed(cls, url: str, reason: str, hint: str) -> StoreError:
        """Return the error for a store operation that failed."""
        return cls(compose(f"The store {url} {reason}", hint=hint))


class StoreLockedError(StoreError):
    """Another process holds the lease of the study."""

    @classmethod
    def held(cls, study: str, owner: str, seconds: float) -> StoreLockedError:
        """Return the error for a study whose lease is held."""
        headline = f"Study {study!r} is being written by {owner}"
        hint = f"wait for it, or {seconds:.0f} seconds after it died"
        return cls(compose(headline, hint=hint))


class StoreSchemaError(StoreError):
    """The store's schema is newer than this hpbridge."""

    @classmethod
    def newer(cls, url: str, found: object, known: object) -> StoreSchemaError:
        """Return the error for a store from a newer version."""
        headline = f"The store {url} has schema {found}; this hpbridge knows {known}"
        return cls(compose(headline, hint="`pip install --upgrade hpbridge`"))


class StudyNotFoundError(StoreError, KeyError):
    """The store holds no study of this name."""

    @classmethod
    def named(cls, url: str, name: str, known: Iterable[str]) -> StudyNotFoundError:
        """Return the error for a study name that the store does not hold."""
        headline = f"The store {url} holds no study {name!r}; {nearest(name, known)}"
        return cls(compose(headline, hint="`hpbridge studies` lists them"))


class ComparisonNotFoundError(StoreError, KeyError):
    """The store holds no comparison of this name."""

    @classmethod
    def named(
        cls, url: str, name: str, known: Iterable[str]
    ) -> ComparisonNotFoundError:
        """Return the error for a comparison that the store does not hold."""
        known = nearest(name, known)
        headline = f"The store {url} holds no comparison {name!r}; {known}"
        return cls(compose(headline, hint="`hpbridge studies` lists them"))


class HistoryError(HpbridgeError, ValueError):
    """A study that another one cannot go on from."""

    @classmethod
    def unfit(
        cls, study: str, experiment: str, problems: Sequence[str]
    ) -> HistoryError:
        """Return the error for a study that is not one of this experiment."""
        headline = f"Experiment {experiment!r} cannot go on from study {study!r}"
        hint = "`hpbridge show` shows what the study holds; metrics and space must fit"
        return cls(compose(headline, problems, hint))


class HistoryWarning(UserWarning):
    """The optimizer cannot learn from trials that the user gave it."""


class FormatError(HpbridgeError, ValueError):
    """An existing study cannot be read, or a study not written in a format."""

    @classmethod
    def unknown(cls, source: object, tried: Iterable[str]) -> FormatError:
        """Return the error for a source that no format recognizes."""
        headline = f"{source!r:.200} is no study that hpbridge can read; tried"
        hint = "`hpbridge formats` lists them; --format names one"
        return cls(compose(headline, list(tried), hint))

    @classmethod
    def unreadable(
        cls, form: str, source: object, problems: Sequence[str], hint: str
    ) -> FormatError:
        """Return the error for a source that is not what its format wants."""
        headline = f"{str(source)!r:.200} cannot be read as a study of format {form!r}"
        return cls(compose(headline, problems, hint))

    @classmethod
    def unwritable(
        cls, form: str, target: object, problems: Sequence[str], hint: str
    ) -> FormatError:
        """Return the error for a study that cannot be written to a target."""
        headline = f"The study cannot be written to {str(target)!r:.200} as {form!r}"
        return cls(compose(headline, problems, hint))


class ObjectiveError(HpbridgeError, RuntimeError):
    """The objective failed, and the user asked to stop at the first failure."""

    @classmethod
    def stopped(cls, number: int, error: str) -> ObjectiveError:
        """Return the error for the trial that ended the study."""
        headline = f"Trial {number} failed and on_error is 'stop': {error}"
        hint = "mend the objective and resume, or use on_error='record'"
        return cls(compose(headline, hint=hint))
