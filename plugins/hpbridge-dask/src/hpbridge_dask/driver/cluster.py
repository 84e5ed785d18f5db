"""A Dask cluster: joined, seen to be able to run the trials, and given agents."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import warnings
from typing import TYPE_CHECKING, Any

from distributed import Client

from hpbridge.plugin import DriverError, describe_error, driver_options, open_hands
from hpbridge_dask._upstream import owner_of
from hpbridge_dask.driver import address
from hpbridge_dask.driver.crew import DaskCrew
from hpbridge_dask.options import DaskOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge.plugin import Executor, Experiment, Settings
    from hpbridge_dask.driver.own import OwnCluster

_JOIN_SECONDS = 6.0
_LOOPBACK = "127.0.0.1"
# Workers of a large cluster that share a problem.
_NAMED = 3
_NEEDED = ("hpbridge", "hpbridge-dask")


class _Client(Client):  # type: ignore[misc] # Dask has no types
    """A client that, where it never joined, is not closed: that waits, and fails."""

    def __del__(self) -> None:
        if self.status == "running":
            super().__del__()


@contextlib.contextmanager
def joined(place: str) -> Iterator[Client]:
    """Give a client of the scheduler at an address.

    Raises:
        DriverError: If what is there is none, or does not answer in time.
    """
    client = _join(place)
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            client.close(timeout=_JOIN_SECONDS)


def _join(place: str) -> Client:
    """Join in a thread: where something else listens, Dask can wait for ever."""
    found: queue.SimpleQueue[Client | Exception] = queue.SimpleQueue()
    is_late = threading.Event()

    def join() -> None:
        try:
            client = _Client(
                place, timeout=_JOIN_SECONDS, set_as_default=False, name="hpbridge"
            )
        except Exception as error:  # noqa: BLE001 - Dask's are of many kinds
            found.put(error)
            return
        found.put(client)
        if is_late.is_set():
            client.close()

    threading.Thread(target=join, daemon=True).start()
    try:
        answer = found.get(timeout=_JOIN_SECONDS)
    except queue.Empty:
        is_late.set()
        problem = f"what is there says nothing for {_JOIN_SECONDS:g} s, as no scheduler"
        raise address.refused(place, problem) from None
    if isinstance(answer, Exception):
        raise address.refused(place, describe_error(answer)) from answer
    return answer


def client_of(given: Any) -> tuple[Client, Mapping[str, Any]]:
    """Return the caller's client, and the words with which tasks are submitted.

    Raises:
        DriverError: If it is not connected, or speaks in coroutines.
    """
    client, words = given, dict[str, Any]()
    if not isinstance(given, Client):
        client, words = owner_of(given)
        words = {k: v for k, v in words.items() if k not in {"pure", "retries"}}
    if client.asynchronous:
        headline = "driver= takes no asynchronous Client"
        raise DriverError(headline, hint="make one with asynchronous=False")
    if client.status != "running":
        headline = f"The Dask Client is not connected: its status is {client.status!r}"
        raise DriverError(headline, hint="make a new one")
    return client, words


def check(
    client: Client,
    options: DaskOptions,
    workers: int,
    words: Mapping[str, Any] | None = None,
) -> None:
    """See that a cluster can run the trials, as far as it has workers by now.

    Raises:
        DriverError: With all that is missing.
    """
    known = _workers_of(client)
    problems = _of_versions(client)
    wanted = _wanted(client, options) if known else {}
    asked = {**wanted, **((words or {}).get("resources") or {})}
    capacity = [_capacity(each, asked) for each in known.values()]
    if known and not any(capacity):
        problems.append(_no_such_resources(known, asked))
    if problems:
        headline = f"The Dask cluster at {client.scheduler.address} runs no trials"
        raise DriverError(headline, problems)
    if known and sum(capacity) < workers:
        warnings.warn(
            f"the Dask cluster runs {sum(capacity)} trials at the same time, not "
            f"{workers}, as long as no more workers join it",
            stacklevel=2,
        )


def _workers_of(client: Client) -> dict[str, dict[str, Any]]:
    found = client.scheduler_info(n_workers=-1)["workers"]
    return dict(found)


def _of_versions(client: Client) -> list[str]:
    """Say what workers have not, or have in another version."""
    found = client.get_versions(packages=list(_NEEDED))
    ours = found["client"]["packages"]
    problems: dict[str, list[str]] = {}
    for worker, theirs in found["workers"].items():
        packages = (theirs or {}).get("packages", {})
        for problem in _differences(ours, packages):
            problems.setdefault(problem, []).append(worker)
    return [f"{problem} (worker {_some(on)})" for problem, on in problems.items()]


def _some(workers: list[str]) -> str:
    more = len(workers) - _NAMED
    return ", ".join(workers[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    python, other = (str(p["python"]).split(".") for p in (ours, theirs))
    if python[:2] != other[:2]:
        yield (
            f"its Python is {'.'.join(other[:3])}, this one's {'.'.join(python[:3])}, "
            "which cannot read what the other pickles"
        )
    for name in _NEEDED:
        if theirs.get(name) is None:
            yield f"{name} is not installed there"
        elif theirs[name] != ours[name]:
            yield f"{name} is {theirs[name]} there, {ours[name]} here"


def _wanted(client: Client, options: DaskOptions) -> dict[str, float]:
    """Return what a trial takes by the cluster's names, whatever their case."""
    names = {
        name.lower(): name
        for worker in _workers_of(client).values()
        for name in worker["resources"]
    }
    return {names.get(n.lower(), n): a for n, a in options.wanted().items()}


def _capacity(worker: Mapping[str, Any], wanted: Mapping[str, float]) -> int:
    """Return how many trials a worker runs at the same time."""
    has = worker["resources"]
    shares = [int(has.get(name, 0) // amount) for name, amount in wanted.items()]
    return min([int(worker["nthreads"]), *shares])


def _no_such_resources(
    workers: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, float]
) -> str:
    has = {_text(w["resources"]) or "none at all" for w in workers.values()}
    return (
        f"no worker has {_text(wanted)} for a trial: they were started with "
        f"{' or '.join(sorted(has))} (`dask worker --resources`)"
    )


def _text(resources: Mapping[str, float]) -> str:
    return ",".join(f"{name}={amount:g}" for name, amount in resources.items())


@contextlib.contextmanager
def agents(
    client: Client,
    experiment: Experiment,
    settings: Settings,
    *,
    words: Mapping[str, Any] | None = None,
    own: OwnCluster | None = None,
) -> Iterator[Executor]:
    """Start agents on a cluster, and end them when the context ends.

    Raises:
        ExperimentError: If the experiment cannot be sent.
        DriverError: If no agent comes.
    """
    options = driver_options(DaskOptions, settings)
    given = dict(words or {})
    wanted = {**_wanted(client, options), **(given.pop("resources", None) or {})}
    if wanted:
        given["resources"] = wanted
    crew = DaskCrew(client, given, own)
    at = _at(client, options)
    with open_hands(
        experiment, settings, crew, at=at, patience=options.patience
    ) as executor:
        yield executor


def _at(client: Client, options: DaskOptions) -> str:
    """Return where this machine listens to its agents."""
    if options.listen is None:
        return f"{_host(client)}:0"
    has_port = options.listen.rpartition("]")[2].count(":") == 1
    return options.listen if has_port else f"{options.listen}:0"


def _host(client: Client) -> str:
    """Return the address from which this machine reaches the cluster's workers."""
    hosts = [str(each["host"]) for each in _workers_of(client).values()]
    hosts.append(address.host_of(client.scheduler.address))
    for host in hosts:
        found = _source_towards(host)
        if found and found not in {_LOOPBACK, "::1"}:
            return f"[{found}]" if ":" in found else found
    return _LOOPBACK


def _source_towards(host: str) -> str:
    """Return this machine's address on the way to a host; nothing is sent there."""
    with contextlib.suppress(OSError):
        family, kind, proto, _, place = socket.getaddrinfo(
            host, 9, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, proto) as probe:
            probe.connect(place)
            return str(probe.getsockname()[0])
    return ""
