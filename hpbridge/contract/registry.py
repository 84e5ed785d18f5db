"""Find plugins, load them, look names up, and explain a broken one.

A plugin is a distribution with an entry point in the group ``hpbridge``; ours are
found the way a stranger's is. A plugin that fails to load is remembered, not raised:
the others still work.
"""

from __future__ import annotations

import functools
import importlib.metadata
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pluggy

from hpbridge.contract import hookspecs
from hpbridge.contract.backend import BackendSpec
from hpbridge.contract.execution import DriverSpec, LoopSpec
from hpbridge.contract.foreign import StudyFormat
from hpbridge.contract.hosting import HostSpec
from hpbridge.contract.members import Member, combine
from hpbridge.contract.optimizers import read_name
from hpbridge.contract.pruning import PrunerSpec
from hpbridge.contract.suites import SuiteSpec
from hpbridge.errors import (
    AlgorithmNotFoundError,
    BackendLoadError,
    BackendNotFoundError,
    DriverNotFoundError,
    FormatNotFoundError,
    HostNotFoundError,
    LibraryNotInstalledError,
    PrunerNotFoundError,
    SuiteNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hpbridge.contract.backend import Algorithm
    from hpbridge.contract.optimizers import OptimizerName

ENTRY_POINT_GROUP = "hpbridge"

CORE = "core"
"""The name of the entry point by which the core registers its own records."""

_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "backend": ("hpbridge_backends", (BackendSpec,)),
    "driver": ("hpbridge_drivers", (DriverSpec, LoopSpec)),
    "format": ("hpbridge_study_formats", (StudyFormat,)),
    "host": ("hpbridge_hosts", (HostSpec,)),
    "pruner": ("hpbridge_pruners", (PrunerSpec,)),
    "suite": ("hpbridge_suites", (SuiteSpec,)),
}
"""Of every kind of record: the hook that returns it, and the classes that it has."""


@dataclass(frozen=True)
class Registry:
    """What the installed plugins offer, the core's own included.

    A name that two distributions claim belongs to neither, whatever the kind of record
    and whoever they are: it is in `clashes`, and looking it up raises.

    Attributes:
        records: By kind (``"backend"``, ``"driver"`` ...), then by name.
        distributions: Of each record, by kind and name, its plugin's name and version.
        broken: Plugins that fail to load, by the name of their entry point.
        clashes: Names that several plugins claim, by kind and name.
    """

    records: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {kind: {} for kind in _KINDS}
    )
    distributions: dict[tuple[str, str], str] = field(default_factory=dict)
    broken: dict[str, BackendLoadError] = field(default_factory=dict)
    clashes: dict[tuple[str, str], BackendLoadError] = field(default_factory=dict)
    _combined: dict[str, tuple[list[Any], Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def backends(self) -> dict[str, BackendSpec]:
        """By name, in alphabetical order."""
        return self.records["backend"]

    @property
    def libraries(self) -> dict[str, BackendSpec]:
        """The backends that propose by themselves: all but those made of others."""
        return {name: each for name, each in self.backends.items() if each.is_library}

    @property
    def drivers(self) -> dict[str, DriverSpec | LoopSpec]:
        """By name, the core's own first."""
        return self.records["driver"]

    @property
    def formats(self) -> dict[str, StudyFormat]:
        """By name, the core's own first."""
        return self.records["format"]

    @property
    def hosts(self) -> dict[str, HostSpec]:
        """By name, the core's own first."""
        return self.records["host"]

    @property
    def pruners(self) -> dict[str, PrunerSpec]:
        """By name, the core's own first."""
        return self.records["pruner"]

    @property
    def suites(self) -> dict[str, SuiteSpec]:
        """By name, the core's own first."""
        return self.records["suite"]

    @property
    def faults(self) -> list[BackendLoadError]:
        """What is wrong with any plugin: those that do not load, names that clash."""
        return [*self.broken.values(), *self.clashes.values()]

    def backend(self, name: str) -> BackendSpec:
        """Return the backend of this name.

        Raises:
            BackendLoadError: If its plugin fails to load, or two claim the name.
            BackendNotFoundError: If no plugin offers it.
        """
        if name in self.broken and name not in self.backends:
            raise self.broken[name]
        return cast("BackendSpec", self._find("backend", name, BackendNotFoundError))

    def driver(self, name: str) -> DriverSpec | LoopSpec:
        """Return the driver of this name.

        Raises:
            BackendLoadError: If two plugins claim the name.
            DriverNotFoundError: If no plugin offers it.
        """
        found = self._find("driver", name, DriverNotFoundError)
        return cast("DriverSpec | LoopSpec", found)

    def format(self, name: str) -> StudyFormat:
        """Return the format of this name.

        Raises:
            BackendLoadError: If two plugins claim the name.
            FormatNotFoundError: If no plugin offers it.
        """
        return cast("StudyFormat", self._find("format", name, FormatNotFoundError))

    def host(self, name: str) -> HostSpec:
        """Return the host of this name.

        Raises:
            BackendLoadError: If two plugins claim the name.
            HostNotFoundError: If no plugin offers it.
        """
        return cast("HostSpec", self._find("host", name, HostNotFoundError))

    def pruner(self, name: str) -> PrunerSpec:
        """Return the pruner of this name; of several variants, the first.

        Raises:
            BackendLoadError: If two plugins claim the name.
            PrunerNotFoundError: If no plugin offers it.
        """
        variants = [each for each in self.pruners if each.startswith(f"{name}:")]
        if name not in self.pruners and variants:
            name = variants[0]
        known = {*self.pruners, *(each.partition(":")[0] for each in self.pruners)}
        if ("pruner", name) not in self.clashes and name not in known:
            raise PrunerNotFoundError.named(name, sorted(known))
        return cast("PrunerSpec", self._find("pruner", name, PrunerNotFoundError))

    def suite(self, name: str) -> SuiteSpec:
        """Return the suite of this name.

        Raises:
            BackendLoadError: If two plugins claim the name.
            SuiteNotFoundError: If no plugin offers it.
        """
        return cast("SuiteSpec", self._find("suite", name, SuiteNotFoundError))

    def _find(self, kind: str, name: str, missing: Any) -> object:
        if (kind, name) in self.clashes:
            raise self.clashes[kind, name]
        if name not in self.records[kind]:
            raise missing.named(name, self.records[kind])
        return self.records[kind][name]

    def algorithm(self, optimizer: str) -> tuple[BackendSpec, Algorithm]:
        """Return backend and algorithm of an optimizer by its name.

        Args:
            optimizer: As of `hpbridge.contract.optimizers`. With members, the algorithm
                is what they make of it.

        Raises:
            BackendLoadError: If the plugin fails to load.
            BackendNotFoundError: If no plugin offers the backend.
            AlgorithmNotFoundError: If the backend has no such algorithm.
            OptimizerNameError: If no optimizer can have this name.
            UnsupportedFeatureError: If its members cannot be joined.
        """
        name = read_name(optimizer, self._variants)
        spec, algorithm = self._named(name)
        if not name.members:
            return spec, algorithm
        members = [Member(*self._named(each)) for each in name.members]
        # One class of options for one optimizer, so that options can be compared.
        kept, found = self._combined.get(str(name), ([], None))
        parts = [algorithm, *(m.spec for m in members), *(m.algorithm for m in members)]
        if found is None or [*map(id, kept)] != [*map(id, parts)]:
            found = combine(spec, algorithm, members)
            self._combined[str(name)] = parts, found
        return spec, found

    def _variants(self, backend: str) -> Collection[str] | None:
        spec = self.backends.get(backend)
        takes = spec and any(each.takes_members for each in spec.algorithms.values())
        return spec.algorithms if spec and takes else None

    def _named(self, name: OptimizerName) -> tuple[BackendSpec, Algorithm]:
        spec = self.backend(name.backend)
        algorithm = name.algorithm or spec.default
        if algorithm not in spec.algorithms:
            raise AlgorithmNotFoundError.named(name.backend, algorithm, spec.algorithms)
        return spec, spec.algorithms[algorithm]

    def missing(self, spec: BackendSpec, algorithm: Algorithm) -> list[str]:
        """Return the requirements of an algorithm that are not installed."""
        return self.lacking((*spec.requires, *algorithm.requires))

    def lacking(self, requires: Iterable[str]) -> list[str]:
        """Return those of some requirements that are not installed."""
        return [each for each in requires if not is_met(each)]

    def require(self, spec: BackendSpec, algorithm: Algorithm) -> None:
        """Check that an algorithm's libraries are installed.

        Raises:
            LibraryNotInstalledError: With the command that installs them.
        """
        missing = self.missing(spec, algorithm)
        if missing:
            name = f"{spec.name}:{algorithm.name}"
            command = self.install_command(spec, algorithm)
            raise LibraryNotInstalledError.missing(name, missing, command)

    def plugin_of(self, backend: str) -> str:
        """Return name and version of the distribution behind a backend."""
        return self.distributions.get(("backend", backend), f"hpbridge-{backend}")

    def install_command(self, spec: BackendSpec, algorithm: Algorithm) -> str:
        """Return the command that installs what an algorithm needs."""
        lacking = [m for m in algorithm.members if self.lacking(m.requires)]
        parts = [(each.spec, each.algorithm) for each in lacking] or [(spec, algorithm)]
        return "pip install " + " ".join(self._installed_by(*part) for part in parts)

    def _installed_by(self, spec: BackendSpec, algorithm: Algorithm) -> str:
        extra = f"[{algorithm.extra}]" if algorithm.extra else ""
        name = self.plugin_of(spec.name).split()[0]
        quote = "'" if extra else ""
        return f"{quote}{name}{extra}{quote}"


@functools.cache
def registry() -> Registry:
    """Return what is installed, loaded once per process."""
    entry_points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    return load_plugins(tuple(entry_points))


def load_plugins(entry_points: tuple[importlib.metadata.EntryPoint, ...]) -> Registry:
    """Load the plugins behind these entry points.

    Each is loaded and asked by itself, so that it is known who said what, and so that
    one that fails takes nobody down.
    """
    found = Registry()
    claims: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    # The core's own come first: what they recognize is plainest.
    for entry_point in sorted(entry_points, key=lambda e: (e.name != CORE, e.name)):
        dist = entry_point.dist
        distribution = f"{dist.name} {dist.version}" if dist else entry_point.value
        try:
            said = _ask_plugin(entry_point)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            reason = " ".join(str(error).split()) or type(error).__name__
            found.broken[entry_point.name] = BackendLoadError.broken(
                entry_point.name, distribution, reason
            )
            continue
        for kind, record in said:
            claims.setdefault((kind, record.name), []).append((distribution, record))
    _settle(found, claims)
    return found


def _ask_plugin(entry_point: importlib.metadata.EntryPoint) -> list[tuple[str, Any]]:
    """Return the records of a plugin, each with its kind."""
    manager = pluggy.PluginManager("hpbridge")
    manager.add_hookspecs(hookspecs)
    plugin = entry_point.load()
    manager.register(plugin, entry_point.name)
    manager.check_pending()  # a misspelt hook must not be silence
    if not manager.get_hookcallers(plugin):
        msg = "it implements no hook of hpbridge"
        raise TypeError(msg)
    said = []
    for kind, (hook, classes) in _KINDS.items():
        for record in itertools.chain(*getattr(manager.hook, hook)()):
            if not isinstance(record, classes):
                names = " or ".join(cls.__name__ for cls in classes)
                msg = f"a hook returns a list of {names}, got {record!r} in it"
                raise TypeError(msg)
            said.append((kind, record))
    return said


def _settle(
    found: Registry, claims: dict[tuple[str, str], list[tuple[str, Any]]]
) -> None:
    """Give each name to the one that claims it, and to nobody where several do."""
    for (kind, name), claimants in claims.items():
        if len(claimants) > 1:
            who = [distribution for distribution, _ in claimants]
            found.clashes[kind, name] = BackendLoadError.clash(kind, name, who)
        else:
            ((found.distributions[kind, name], found.records[kind][name]),) = claimants
    found.records["backend"] = dict(sorted(found.backends.items()))


@functools.cache
def is_met(requirement: str) -> bool:
    """Say whether a requirement such as ``optuna>=4.0`` is installed."""
    # Here and not above: its import would be a third of `import hpbridge`.
    from packaging.requirements import Requirement

    parsed = Requirement(requirement)
    if parsed.marker is not None and not parsed.marker.evaluate():
        return True
    installed = installed_version(parsed.name)
    if installed is None:
        return False
    return parsed.specifier.contains(installed, prereleases=True)


@functools.cache
def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, None when it is not there."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
