"""What actors are to have of Ray: resources, a place, an environment."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import ray

from hpbridge.plugin import DriverError, read_resources, resources_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpbridge_ray.options import RayOptions, TuneOptions

# A placement group waits for bundles that others have; nobody says for how long.
_PATIENCE_SECONDS = 60.0

_BY_RAY = frozenset({"DEFAULT", "SPREAD"})


def bundle_of(text: str) -> dict[str, float]:
    """Return resources by Ray's names for them, what is zero left out."""
    wanted = read_resources(text)
    bundle = {"CPU": wanted.cpus, "GPU": wanted.gpus, "memory": wanted.memory or 0}
    return {name: n for name, n in (bundle | dict(wanted.custom)).items() if n}


def check_nodes(options: RayOptions | TuneOptions) -> None:
    """Make sure that the Ray that is joined has a node for a trial.

    Raises:
        DriverError: If no node is large enough, or has the labels.
    """
    bundle = bundle_of(options.resources)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    problems = [*_lacking(bundle, nodes), *_unlabelled(options, nodes)]
    if not problems:
        return
    wanted = resources_text(read_resources(options.resources))
    headline = f"No node of this Ray can run a trial that needs {wanted}"
    raise DriverError(headline, problems, "`ray status` shows what its nodes have")


def _lacking(bundle: Mapping[str, float], nodes: list[dict[str, Any]]) -> Iterator[str]:
    def has(node: dict[str, Any], name: str) -> float:
        return float(node["Resources"].get(name, 0))

    if any(all(has(node, name) >= n for name, n in bundle.items()) for node in nodes):
        return
    short = False
    for name, n in bundle.items():
        most = max((has(node, name) for node in nodes), default=0.0)
        if most < n:
            short = True
            yield f"{name}: {n:g} wanted, and no node has more than {most:g}"
    if not short:
        yield "some nodes have enough of each, but none of all"


def _unlabelled(
    options: RayOptions | TuneOptions, nodes: list[dict[str, Any]]
) -> Iterator[str]:
    for name, value in (getattr(options, "label_selector", None) or {}).items():
        labels = {node.get("Labels", {}).get(name) for node in nodes}
        if value.startswith(("!", "in(")):  # Ray's operators
            continue
        if value not in labels:
            known = ", ".join(sorted(filter(None, labels))) or "no node has it"
            yield f"label {name}={value} wanted; there is: {known}"


@contextlib.contextmanager
def granted(options: RayOptions, slots: int) -> Iterator[dict[str, Any]]:
    """Give what ``ray.remote`` takes for each actor, while the body runs.

    Raises:
        DriverError: If this Ray cannot give it.
    """
    bundle = bundle_of(options.resources)
    # Ray's list of calls would cost each trial a message to its directory.
    wishes: dict[str, Any] = {"enable_task_events": False}
    wishes |= {"num_cpus": bundle.pop("CPU", 0), "num_gpus": bundle.pop("GPU", 0)}
    others = {
        "memory": bundle.pop("memory", None),
        "resources": bundle,
        "runtime_env": options.runtime_env,
        "label_selector": options.label_selector,
    }
    wishes |= {name: wish for name, wish in others.items() if wish}
    if options.placement in _BY_RAY:
        _check(wishes)
        yield {**wishes, "scheduling_strategy": options.placement}
        return
    with _group(options, slots) as strategy:
        yield {**wishes, "scheduling_strategy": strategy}


def _check(wishes: Mapping[str, Any]) -> None:
    """Let Ray say what of it it does not know, before anything is started."""
    try:
        ray.remote(**wishes)(type("Actor", (), {}))
    except (TypeError, ValueError) as error:
        headline = f"Ray {ray.__version__} cannot start such actors"
        lines = str(error).strip().splitlines()
        raise DriverError(headline, [lines[0] if lines else repr(error)]) from error


@contextlib.contextmanager
def _group(options: RayOptions, slots: int) -> Iterator[Any]:
    """Reserve a bundle for each worker while the body runs."""
    from ray.util.placement_group import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    bundle = bundle_of(options.resources)
    if not bundle:
        problem = f"'placement' {options.placement} reserves resources, and there are 0"
        headline = "No bundle can be reserved on this Ray"
        raise DriverError(headline, [problem])
    problems = list(_too_few(options, bundle, slots))
    if problems:
        headline = f"This Ray has no place for {slots} workers {options.placement}"
        raise DriverError(headline, problems, "ask for fewer --workers")
    group = placement_group([bundle] * slots, strategy=options.placement)
    try:
        if not group.wait(_PATIENCE_SECONDS):
            headline = f"This Ray has not reserved {slots} bundles of {bundle}"
            problem = f"others hold them, for {_PATIENCE_SECONDS:g} s already"
            raise DriverError(headline, [problem], "`ray status` shows who has what")
        yield PlacementGroupSchedulingStrategy(
            group, placement_group_capture_child_tasks=False
        )
    finally:
        with contextlib.suppress(Exception):  # Ray may be gone
            remove_placement_group(group)


def _too_few(
    options: RayOptions, bundle: Mapping[str, float], slots: int
) -> Iterator[str]:
    """Say why the bundles cannot be reserved on the nodes as they are."""
    totals = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = [min(int(t.get(name, 0) // n) for name, n in bundle.items()) for t in totals]
    if options.placement == "STRICT_SPREAD":
        n_nodes = sum(n > 0 for n in room)
        if n_nodes < slots:
            yield f"{slots} nodes are wanted, and {n_nodes} are large enough"
    elif options.placement == "STRICT_PACK" and max(room, default=0) < slots:
        yield f"the largest node has room for {max(room, default=0)}"
    elif sum(room) < slots:
        yield f"all nodes have room for {sum(room)}"


def local_cpus(options: RayOptions | TuneOptions, workers: int, here: int) -> int:
    """Return how many processors a local Ray is to claim.

    One for each worker, whatever the machine has, as other worker processes are; but
    not more for one trial than are there.
    """
    each = bundle_of(options.resources).get("CPU", 0)
    return max(here, math.ceil(workers * each) if each <= here else 0)
