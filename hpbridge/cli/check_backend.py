"""`hpbridge check-backend`: the conformance kits over any installed plugin."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption


def check_backend(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Of a backend, of an optimizer, or of another record of the plugin.",
        ),
    ],
    algorithm: Annotated[
        list[str] | None,
        typer.Option("--algorithm", "-a", help="Check only this one; repeatable."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Check that all that a plugin registers keeps every rule."""
    from hpbridge.cli.output import margin, print_json, screen, table
    from hpbridge.testing.plugin_conformance import check_plugin

    name, algorithm = _chosen(name, algorithm or [])

    def tell(verdict: Any) -> None:
        result = verdict.result
        if not (json or result.same_as):
            word = (
                "skip" if result.skipped_reason else "ok" if result.passed else "FAIL"
            )
            line = f"{word:4} {verdict.title} {result.check}"
            margin().print(line, markup=False)

    verdicts = check_plugin(name, algorithms=algorithm, on_verdict=tell)
    results = [verdict.result for verdict in verdicts]
    failed = [v for v in verdicts if not v.result.passed]
    if json:
        print_json(
            [{"kind": v.kind, "name": v.name, **vars(v.result)} for v in verdicts]
        )
    else:
        first = [v for v in failed if not v.result.same_as]
        rows = [[v.title, v.result.check, v.result.message] for v in first]
        if rows:
            screen().print(table("", ["checked", "broken rule", "why"], rows))
        n_skipped = sum(bool(r.skipped_reason) for r in results)
        n_kept = len(results) - len(failed) - n_skipped
        n_same = len(failed) - len(first)
        same = f" and {n_same} more of the same cause" if n_same else ""
        line = f"{n_kept} kept, {len(first)} broken{same}, {n_skipped} skipped"
        screen().print(line, markup=False)
    return 1 if failed else 0


def _chosen(name: str, algorithms: list[str]) -> tuple[str, list[str]]:
    """Return the name of a record, and the algorithms alone that are to be checked.

    ``optuna:tpe`` is the algorithm ``tpe`` of ``optuna``, as everywhere else.

    Raises:
        BackendError: If there is no such algorithm.
    """
    from hpbridge.contract.registry import registry

    plugins = registry()
    backend, _, alone = name.partition(":")
    is_known = any(name in known for known in plugins.records.values())
    if alone and not is_known and backend in plugins.backends:
        name, algorithms = backend, [*algorithms, alone]
    for each in algorithms:
        plugins.algorithm(f"{name}:{each}")
    return name, algorithms
