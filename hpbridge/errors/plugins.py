"""Errors of plugins, their libraries and what those cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.errors.house import HpbridgeError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self


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
        return cls(f"No backend named {name!r}; {meant}", hint=hint)


class AlgorithmNotFoundError(BackendError, KeyError):
    """The backend has no algorithm of this name."""

    @classmethod
    def named(
        cls, backend: str, name: str, known: Iterable[str]
    ) -> AlgorithmNotFoundError:
        """Return the error for an algorithm name that the backend lacks."""
        headline = f"Backend {backend!r} has no algorithm {name!r}"
        # The library's own class may be given, as in TPESampler.
        short = name.lower().removesuffix("sampler") or name
        hint = nearest(short, known).rstrip("?")
        return cls(headline, hint=hint)


class OptimizerNameError(BackendError, ValueError):
    """The name of an optimizer cannot be read, or joins what cannot be joined."""

    @classmethod
    def wrong(cls, name: str, problems: Sequence[str], hint: str) -> OptimizerNameError:
        """Return the error for a name, with all that is wrong with it."""
        return cls(f"No optimizer can be named {name!r}", problems, hint)


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
        return cls(headline, hint=hint)

    @classmethod
    def clash(
        cls, kind: str, name: str, distributions: Sequence[str]
    ) -> BackendLoadError:
        """Return the error for plugins that claim one name of a kind of record."""
        headline = (
            f"{kind.capitalize()} {name!r} is provided by {len(distributions)} plugins"
        )
        return cls(headline, distributions, "uninstall all but one")


class RecordNotFoundError(BackendError, KeyError):
    """No installed plugin has a record of this kind and name."""

    kind = "record"

    @classmethod
    def named(cls, name: str, known: Iterable[str]) -> Self:
        """Return the error for a name that nobody registered."""
        hint = nearest(name, known).rstrip("?")
        return cls(f"No {cls.kind} named {name!r}", hint=hint)


class DriverNotFoundError(RecordNotFoundError):
    """No installed plugin has a driver of this name."""

    kind = "driver"


class FormatNotFoundError(RecordNotFoundError):
    """No installed plugin has a format of studies of this name."""

    kind = "format"


class HostNotFoundError(RecordNotFoundError):
    """No installed plugin has a host of this name."""

    kind = "host"


class PrunerNotFoundError(RecordNotFoundError):
    """No installed plugin has a pruner of this name."""

    kind = "pruner"


class SuiteNotFoundError(RecordNotFoundError):
    """No installed plugin has a suite of benchmark problems of this name."""

    kind = "suite"


class LibraryNotInstalledError(BackendError, ImportError):
    """The plugin is installed, the library that it bridges (or an extra) is not."""

    @classmethod
    def missing(
        cls,
        name: str,
        missing: Sequence[str],
        command: str,
        kind: str = "Optimizer",
    ) -> LibraryNotInstalledError:
        """Return the error for an optimizer, or another kind, that lacks these."""
        needs = ", ".join(missing)
        headline = f"{kind} {name!r} is not installed: it needs {needs}"
        return cls(headline, hint=f"`{command}`")


class PrunerError(BackendError, RuntimeError):
    """A pruner raised where it had to answer."""

    @classmethod
    def failed(cls, study: str, error: BaseException | None = None) -> PrunerError:
        """Return the error for a study whose pruner raised.

        Args:
            study: Its name.
            error: What it raised; None where that stands on standard error.
        """
        how = "its traceback is on standard error"
        if error is not None:
            text = " ".join(str(error).split())
            how = f"{type(error).__name__}: {text}".rstrip(": ")
        headline = f"The pruner of study {study!r} failed: {how}"
        return cls(headline, hint="what has ended is kept; mend it, and resume")


class OptimizerError(BackendError, RuntimeError):
    """The library failed while it proposed or learned."""

    @classmethod
    def failed(cls, optimizer: str, doing: str, error: Exception) -> OptimizerError:
        """Return the error for a library that raised."""
        text = " ".join(str(error).split())
        how = f"{type(error).__name__}: {text}".rstrip(": ")
        headline = f"Optimizer {optimizer!r} failed {doing}: {how}"
        hint = "`hpbridge doctor` says whether it works here; --traceback shows where"
        return cls(headline, hint=hint)


class ContractError(BackendError):
    """A plugin broke a rule of the contract: a bug in the plugin."""

    @classmethod
    def broke(cls, optimizer: str, rule: str) -> ContractError:
        """Return the error for a plugin that broke this rule."""
        name = optimizer.split(":", maxsplit=1)[0]
        headline = f"Optimizer {optimizer!r} broke the contract: {rule}"
        return cls(headline, hint=f"`hpbridge check-backend {name}` tells more")


class UnsupportedFeatureError(HpbridgeError, NotImplementedError):
    """The backend cannot do what the experiment asks for."""

    @classmethod
    def refused(
        cls, optimizer: str, reasons: Sequence[str], able: Sequence[str] | None = None
    ) -> UnsupportedFeatureError:
        """Return the error for an experiment that the optimizer cannot run.

        Args:
            optimizer: ``backend:algorithm``.
            reasons: All of them, one sentence each.
            able: The installed optimizers that can; None where nobody looked.
        """
        if able is None:
            hint = "`hpbridge backends` shows what each optimizer can do"
        elif able:
            hint = "installed optimizers that can: " + ", ".join(able)
        else:
            hint = "no installed optimizer can; simplify the experiment"
        headline = f"Optimizer {optimizer!r} cannot run this experiment"
        return cls(headline, reasons, hint)


class ForeignHistoryError(HpbridgeError, NotImplementedError):
    """The optimizer cannot learn from a trial that it did not propose.

    Attributes:
        reason: Why, in one phrase.
    """

    reason = ""

    @classmethod
    def refused(cls, optimizer: str, reason: str) -> ForeignHistoryError:
        """Return the error for foreign trials that the optimizer cannot take."""
        headline = f"Optimizer {optimizer!r} cannot learn from this history: {reason}"
        error = cls(headline, hint="`hpbridge backends` shows which optimizers can")
        error.reason = reason
        return error
