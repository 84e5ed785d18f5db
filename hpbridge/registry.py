"""Find plugins, load them, look names up, and explain a broken one.

A plugin is a distribution with an entry point in the group ``hpbridge``; ours are
found the way a stranger's is. A plugin that fails to load is remembered, not raised:
the others still work.
"""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy

from hpbridge import hookspecs
from hpbridge.backend import BackendSpec, DriverSpec, HostSpec
from hpbridge.errors import (
    AlgorithmNotFoundError,
    BackendLoadError,
    BackendNotFoundError,
    LibraryNotInstalledError,
)
from hpbridge.foreign import StudyFormat

if TYPE_CHECKING:
    from hpbridge.backend import Algorithm

ENTRY_POINT_GROUP = "hpbridge"


@dataclass(frozen=True)
class Broken:
    """A plugin that is installed and does not load."""

    name: str
    """The name of its entry point."""
    distribution: str
    """Name and version of its distribution."""
    reason: str


@dataclass(frozen=True)
class Registry:
    """What the installed plugins offer.

    Attributes:
        backends: By name, in alphabetical order.
        distributions: Of each backend, its plugin's name and version.
        broken: Plugins that fail to load, and names that two plugins claim.
    """

    backends: dict[str, BackendSpec] = field(default_factory=dict)
    drivers: dict[str, DriverSpec] = field(default_factory=dict)
    formats: dict[str, StudyFormat] = field(default_factory=dict)
    hosts: dict[str, HostSpec] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)
    broken: dict[str, BackendLoadError] = field(default_factory=dict)

    def backend(self, name: str) -> BackendSpec:
        """Return the backend of this name.

        Raises:
            BackendLoadError: If its plugin fails to load, or two claim the name.
            BackendNotFoundError: If no plugin offers it.
        """
        if name in self.broken:
            raise self.broken[name]
        if name not in self.backends:
            raise BackendNotFoundError.named(name, self.backends)
        return self.backends[name]

    def algorithm(self, optimizer: str) -> tuple[BackendSpec, Algorithm]:
        """Return backend and algorithm for ``backend`` or ``backend:algorithm``.

        Raises:
            BackendLoadError: If the plugin fails to load.
            BackendNotFoundError: If no plugin offers the backend.
            AlgorithmNotFoundError: If the backend has no such algorithm.
        """
        name, _, algorithm = optimizer.partition(":")
        spec = self.backend(name)
        algorithm = algorithm or spec.default
        if algorithm not in spec.algorithms:
            raise AlgorithmNotFoundError.named(name, algorithm, spec.algorithms)
        return spec, spec.algorithms[algorithm]

    def missing(self, spec: BackendSpec, algorithm: Algorithm) -> list[str]:
        """Return the requirements of an algorithm that are not installed."""
        return [r for r in (*spec.requires, *algorithm.requires) if not is_met(r)]

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

    def install_command(self, spec: BackendSpec, algorithm: Algorithm) -> str:
        """Return the command that installs what an algorithm needs."""
        extra = f"[{algorithm.extra}]" if algorithm.extra else ""
        name = self.distributions.get(spec.name, f"hpbridge-{spec.name}").split()[0]
        quote = "'" if extra else ""
        return f"pip install {quote}{name}{extra}{quote}"


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
    broken: list[Broken] = []
    offers: list[tuple[str, str, BackendSpec]] = []
    found = Registry()
    for entry_point in sorted(entry_points, key=lambda e: e.name):
        dist = entry_point.dist
        distribution = f"{dist.name} {dist.version}" if dist else entry_point.value
        try:
            said = _ask_plugin(entry_point)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            reason = " ".join(str(error).split()) or type(error).__name__
            broken.append(Broken(entry_point.name, distribution, reason))
            continue
        offers += [(spec.name, distribution, spec) for spec in said[BackendSpec]]
        found.drivers.update({driver.name: driver for driver in said[DriverSpec]})
        found.formats.update({each.name: each for each in said[StudyFormat]})
        found.hosts.update({host.name: host for host in said[HostSpec]})
    return _settle(found, offers, broken)


_RECORDS: dict[str, type] = {
    "hpbridge_backends": BackendSpec,
    "hpbridge_drivers": DriverSpec,
    "hpbridge_hosts": HostSpec,
    "hpbridge_study_formats": StudyFormat,
}
"""The kind of record that each hook returns."""


def _ask_plugin(entry_point: importlib.metadata.EntryPoint) -> dict[type, list[Any]]:
    """Return the records of a plugin by their kind."""
    manager = pluggy.PluginManager("hpbridge")
    manager.add_hookspecs(hookspecs)
    plugin = entry_point.load()
    manager.register(plugin, entry_point.name)
    manager.check_pending()  # a misspelt hook must not be silence
    if not manager.get_hookcallers(plugin):
        msg = "it implements no hook of hpbridge"
        raise TypeError(msg)
    said: dict[type, list[Any]] = {}
    for hook, kind in _RECORDS.items():
        said[kind] = [each for found in getattr(manager.hook, hook)() for each in found]
        _require_records(said[kind], kind)
    return said


def _require_records(records: list[Any], kind: type) -> None:
    for record in records:
        if not isinstance(record, kind):
            msg = f"a hook returns a list of {kind.__name__}, got {record!r} in it"
            raise TypeError(msg)


def _settle(
    found: Registry, offers: list[tuple[str, str, BackendSpec]], broken: list[Broken]
) -> Registry:
    for plugin in broken:
        found.broken[plugin.name] = BackendLoadError.broken(
            plugin.name, plugin.distribution, plugin.reason
        )
    for name in sorted({name for name, _, _ in offers}):
        claims = [(dist, spec) for n, dist, spec in offers if n == name]
        if len(claims) > 1:
            dists = [dist for dist, _ in claims]
            found.broken[name] = BackendLoadError.clash(name, dists)
            continue
        found.distributions[name], found.backends[name] = claims[0]
    return found


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
