"""`hpbridge backends`: what is installed, and what each can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption

if TYPE_CHECKING:
    from hpbridge.contract.backend import Algorithm, BackendSpec
    from hpbridge.contract.registry import Registry


def backends(
    optimizer: Annotated[
        str | None,
        typer.Argument(
            metavar="[BACKEND[:ALGORITHM]]", help="Tell all about this one."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the backends and their algorithms, or tell all about one."""
    from hpbridge.cli.output import print_json
    from hpbridge.contract.registry import registry

    plugins = registry()
    if optimizer is None:
        found = [
            (spec, algorithm)
            for spec in plugins.backends.values()
            for algorithm in spec.algorithms.values()
        ]
        if json:
            listed = [describe(plugins, *each) for each in found]
            broken = {name: str(error) for name, error in plugins.broken.items()}
            clashes = {
                f"{kind} {name}": str(error)
                for (kind, name), error in plugins.clashes.items()
            }
            print_json({"algorithms": listed, "broken": broken, "clashes": clashes})
        else:
            _print_list(plugins, found)
        return
    spec, algorithm = _named(plugins, optimizer)
    if json:
        print_json(describe(plugins, spec, algorithm))
    else:
        _print_one(plugins, spec, algorithm)


def _named(plugins: Registry, optimizer: str) -> tuple[BackendSpec, Algorithm]:
    """Return backend and algorithm of a name; one that lacks its members, as it is."""
    name, _, algorithm = optimizer.partition(":")
    spec = plugins.backends.get(name)
    declared = spec and spec.algorithms.get(algorithm or spec.default)
    if spec and declared and declared.takes_members:
        return spec, declared
    return plugins.algorithm(optimizer)


def describe(
    plugins: Registry, spec: BackendSpec, algorithm: Algorithm
) -> dict[str, Any]:
    """Return all that is declared of an algorithm, as JSON data."""
    from hpbridge.contract.capabilities import Feature
    from hpbridge.contract.options import document_options
    from hpbridge.encoding.encoded import encoding_name

    missing = plugins.missing(spec, algorithm)
    return {
        "optimizer": f"{spec.name}:{algorithm.name}",
        "is_default": algorithm.name == spec.default,
        "summary": algorithm.summary,
        "plugin": plugins.plugin_of(spec.name),
        "requires": [*spec.requires, *algorithm.requires],
        "missing": missing,
        "install": plugins.install_command(spec, algorithm) if missing else None,
        "native_call": algorithm.native_call,
        "cost_per_ask": algorithm.cost_per_ask,
        "recommended_trials": algorithm.recommended_trials,
        "source": algorithm.source,
        "capabilities": {
            feature.value: {
                "support": capability.support.value,
                "note": capability.note,
                "encoding": encoding_name(capability.encoding),
            }
            for feature in Feature
            for capability in (algorithm.in_a_run(feature),)
        },
        "options": [vars(doc) for doc in document_options(algorithm.options)],
    }


def _print_list(plugins: Registry, found: list[tuple[BackendSpec, Algorithm]]) -> None:
    from hpbridge.cli.output import margin, screen, table

    rows = [
        [
            f"{spec.name}:{algorithm.name}"
            + (" *" if algorithm.name == spec.default else ""),
            f"no: {plugins.install_command(spec, algorithm)}"
            if plugins.missing(spec, algorithm)
            else "yes",
            algorithm.summary,
        ]
        for spec, algorithm in found
    ]
    columns = ["optimizer (* default)", "installed", "what it is"]
    screen().print(table("", columns, rows))
    for error in plugins.faults:
        margin().print(str(error), markup=False)
    if not rows:
        margin().print("No backend is installed.\nHint: `pip install hpbridge-optuna`.")


def _print_one(plugins: Registry, spec: BackendSpec, algorithm: Algorithm) -> None:
    from hpbridge.cli.output import screen, table

    entry = describe(plugins, spec, algorithm)
    out = screen()
    out.print(f"{entry['optimizer']}: {algorithm.summary}", markup=False)
    out.print(f"The library's own call: {algorithm.native_call}", markup=False)
    for label in ("cost_per_ask", "recommended_trials", "source", "install"):
        if entry[label]:
            out.print(f"{label.replace('_', ' ')}: {entry[label]}", markup=False)
    rows = [
        [name, cell["support"], cell["note"] or cell["encoding"] or ""]
        for name, cell in entry["capabilities"].items()
    ]
    out.print(table("Capabilities", ["feature", "support", "how, or why not"], rows))
    options = [
        [o["name"], o["kind"], o["default"], o["text"]] for o in entry["options"]
    ]
    columns = ["option", "type", "default", "what it does"]
    out.print(table("Options", columns, options))
